//! The tables of the reference page `docs/flow-file.md`, made of the list of keys, so that page and parser cannot
//! disagree. The prose around them is written by hand.

use accounting::template::Token;

use super::keys::{Absent, Key, TABLES, TAG_LEVELS, Table};

/// The page with every table between its two markers made anew. A table without markers is appended with them.
pub fn with_tables(page: &str) -> String {
    let mut page = page.to_owned();
    for table in TABLES {
        fill(&mut page, &format!("<!-- keys: {} -->\n", title(table)), &rows(table));
    }
    fill(&mut page, "<!-- tokens -->\n", &tokens());
    page
}

fn fill(page: &mut String, begin: &str, rows: &str) {
    const END: &str = "<!-- end -->";
    let start = page.find(begin).unwrap_or_else(|| {
        page.push_str(&format!("\n{begin}{END}\n"));
        page.len() - begin.len() - END.len() - 1
    }) + begin.len();
    let length = page.get(start..).and_then(|rest| rest.find(END)).unwrap_or(0);
    page.replace_range(start..start + length, rows);
}

fn tokens() -> String {
    let head = "| token | stands for |\n|---|---|\n".to_owned();
    let fields =
        Token::NAMES.iter().fold(head, |rows, (name, meaning)| rows + &format!("| `{{{name}}}` | {meaning} |\n"));
    fields + &format!("| `{{tag_1}}` to `{{tag_{TAG_LEVELS}}}` | Tag of that level |\n")
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
