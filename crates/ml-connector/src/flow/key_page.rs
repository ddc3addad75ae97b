//! The tables of the reference page `docs/flow-file.md`, made of the list of keys, so that page and parser cannot
//! disagree. The prose around them is written by hand.

use super::keys::{Absent, Key, TABLES, Table};

/// The page with every table between its two markers made anew. A table without markers is appended with them.
pub fn with_tables(page: &str) -> String {
    let mut page = page.to_owned();
    for table in TABLES {
        let (begin, end) = (format!("<!-- keys: {} -->\n", title(table)), "<!-- end -->");
        let start = page.find(&begin).unwrap_or_else(|| {
            page.push_str(&format!("\n{begin}{end}\n"));
            page.len() - begin.len() - end.len() - 1
        }) + begin.len();
        let length = page.get(start..).and_then(|rest| rest.find(end)).unwrap_or(0);
        page.replace_range(start..start + length, &rows(table));
    }
    page
}

fn title(table: &Table) -> &'static str {
    if table.path.is_empty() { "the document" } else { table.path }
}

fn rows(table: &Table) -> String {
    let head = "| key | meaning | values | default |\n|---|---|---|---|\n".to_owned();
    table.keys.iter().fold(head, |rows, key| rows + &row(key))
}

fn row(key: &Key) -> String {
    let absent = match key.absent {
        Absent::Required => "required".to_owned(),
        Absent::Default(toml) => format!("`{toml}`"),
        Absent::Means(words) => words.to_owned(),
    };
    format!("| `{}` | {} | {} | {absent} |\n", key.name, key.meaning, key.values)
}
