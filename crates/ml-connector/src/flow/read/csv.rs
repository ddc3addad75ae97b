//! A file of categories: comma-separated, with the header `category,account`. Quoted fields may hold commas, line
//! breaks and doubled quotes; a byte-order mark and blank lines are passed over.

/// One category with its account.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Line on which it begins, from 1.
    pub(super) line: usize,
    /// Category.
    pub(super) category: String,
    /// Account.
    pub(super) account: String,
}

/// All rows, or all mistakes with their lines.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, Vec<(usize, String)>> {
    let mut mistakes = Vec::new();
    let mut records = records(text.trim_start_matches('\u{FEFF}'), &mut mistakes).into_iter();
    match records.next() {
        Some((_, header)) if is_header(&header) => {}
        Some((line, header)) => {
            let found = header.join(",").chars().take(60).collect::<String>();
            mistakes.insert(0, (line, format!("the header must be category,account, not {found}")));
            return Err(mistakes);
        }
        None => mistakes.push((1, "the file is empty; its first line must be category,account".to_owned())),
    }
    let mut rows = Vec::new();
    for (line, fields) in records {
        match <[String; 2]>::try_from(fields) {
            Ok([category, _]) if category.is_empty() => mistakes.push((line, "the category is blank".to_owned())),
            Ok([_, account]) if account.is_empty() => mistakes.push((line, "the account is blank".to_owned())),
            Ok([category, account]) => rows.push(Row { line, category, account }),
            Err(fields) => {
                let message = format!("two columns are wanted, not {}; texts with commas need quotes", fields.len());
                mistakes.push((line, message));
            }
        }
    }
    mistakes.sort_by_key(|(line, _)| *line);
    if mistakes.is_empty() { Ok(rows) } else { Err(mistakes) }
}

fn is_header(fields: &[String]) -> bool {
    matches!(fields, [category, account]
        if category.eq_ignore_ascii_case("category") && account.eq_ignore_ascii_case("account"))
}

/// Every record that is not blank, with the line it begins on and its fields trimmed.
fn records(text: &str, mistakes: &mut Vec<(usize, String)>) -> Vec<(usize, Vec<String>)> {
    let mut records = Vec::new();
    let (mut line, mut begun_on) = (1, 1);
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut in_quotes, mut was_quoted) = (false, false);
    let mut characters = text.chars().peekable();
    loop {
        let character = characters.next();
        if character == Some('\n') {
            line += 1;
        }
        match character {
            Some('"') if in_quotes && characters.peek() == Some(&'"') => field.extend(characters.next()),
            Some('"') if in_quotes => in_quotes = false,
            Some('"') if field.trim().is_empty() && !was_quoted => {
                field.clear();
                (in_quotes, was_quoted) = (true, true);
            }
            Some(other) if in_quotes => field.push(other),
            Some(',') => {
                fields.push(std::mem::take(&mut field).trim().to_owned());
                was_quoted = false;
            }
            Some('\n') | None => {
                if in_quotes {
                    mistakes.push((begun_on, "a quote is opened here and never closed".to_owned()));
                }
                fields.push(std::mem::take(&mut field).trim().to_owned());
                let record = std::mem::take(&mut fields);
                if record.len() > 1 || record.iter().any(|field| !field.is_empty()) {
                    records.push((begun_on, record));
                }
                (begun_on, was_quoted) = (line, false);
                if character.is_none() {
                    return records;
                }
            }
            Some(stray) if was_quoted && !stray.is_whitespace() => {
                mistakes.push((line, "text follows a closing quote; double the quotes inside a text".to_owned()));
                was_quoted = false;
            }
            Some(other) => field.push(other),
        }
    }
}
