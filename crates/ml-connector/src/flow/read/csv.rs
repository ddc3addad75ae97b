//! A table of two columns as a file: comma-separated, with a header. Quoted fields may hold commas, line breaks and
//! doubled quotes; a byte-order mark and blank lines are passed over. A text that a spreadsheet would take for a formula
//! has an apostrophe before it in the file.

/// Header of a file of categories.
pub(in crate::flow) const CATEGORIES: [&str; 2] = ["category", "account"];

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::flow) struct Row {
    /// Line on which it begins, from 1.
    pub(in crate::flow) line: usize,
    /// The text of the source.
    pub(in crate::flow) key: String,
    /// What it leads to.
    pub(in crate::flow) target: String,
}

/// The text of a file.
///
/// # Errors
/// A sentence, where it is UTF-16 or no UTF-8.
pub(in crate::flow) fn text(bytes: &[u8]) -> Result<&str, &'static str> {
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || bytes.iter().take(64).any(|byte| *byte == 0) {
        return Err("the file is UTF-16, as a spreadsheet's \"Unicode text\" is; save it as CSV UTF-8");
    }
    std::str::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text; save it as CSV UTF-8")
}

/// A field as it is written: quoted where it must be, and never a formula.
pub(in crate::flow) fn field(text: &str) -> String {
    let text = if is_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A field as it was meant.
fn meant(field: String) -> String {
    match field.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest.to_owned(),
        _ => field,
    }
}

/// Whether a spreadsheet would work out such a text.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// All rows, or all mistakes with their lines.
pub(in crate::flow) fn rows(text: &str, header: [&str; 2]) -> Result<Vec<Row>, Vec<(usize, String)>> {
    let [first, second] = header;
    let mut mistakes = Vec::new();
    let mut records = records(text.trim_start_matches('\u{FEFF}'), &mut mistakes).into_iter();
    match records.next() {
        Some((_, found)) if is_header(&found, header) => {}
        Some((line, found)) => {
            let found = found.join(",").chars().take(60).collect::<String>();
            mistakes.insert(0, (line, format!("the header must be {first},{second}, not {found}")));
            return Err(mistakes);
        }
        None => mistakes.push((1, format!("the file is empty; its first line must be {first},{second}"))),
    }
    let mut rows = Vec::new();
    for (line, fields) in records {
        match <[String; 2]>::try_from(fields) {
            Ok([key, _]) if key.is_empty() => mistakes.push((line, format!("the {first} is blank"))),
            Ok([_, target]) if target.is_empty() => mistakes.push((line, format!("the {second} is blank"))),
            Ok([key, target]) => rows.push(Row { line, key: meant(key), target: meant(target) }),
            Err(fields) => {
                let message = format!("two columns are wanted, not {}; texts with commas need quotes", fields.len());
                mistakes.push((line, message));
            }
        }
    }
    mistakes.sort_by_key(|(line, _)| *line);
    if mistakes.is_empty() { Ok(rows) } else { Err(mistakes) }
}

/// All rows of a file that a person filled in, or all mistakes with their lines: further columns are passed over, and
/// rows without a target are left out.
pub(in crate::flow) fn filled(text: &str, header: [&str; 2]) -> Result<Vec<Row>, Vec<(usize, String)>> {
    let [first, second] = header;
    let mut mistakes = Vec::new();
    let mut records = records(text.trim_start_matches('\u{FEFF}'), &mut mistakes).into_iter();
    match records.next() {
        Some((_, found)) if found.get(..2).is_some_and(|found| is_header(found, header)) => {}
        Some((line, _)) => {
            mistakes.insert(0, (line, format!("the first two columns must be {first},{second}")));
            return Err(mistakes);
        }
        None => mistakes.push((1, format!("the file is empty; its first line must be {first},{second}"))),
    }
    let mut rows = Vec::new();
    for (line, fields) in records {
        let mut fields = fields.into_iter();
        match (fields.next().unwrap_or_default(), fields.next()) {
            (key, Some(target)) if key.is_empty() && !target.is_empty() => {
                mistakes.push((line, format!("the {first} is blank")));
            }
            (_, None) => mistakes.push((line, "two columns are wanted, not 1".to_owned())),
            (_, Some(target)) if target.is_empty() => {}
            (key, Some(target)) => rows.push(Row { line, key: meant(key), target: meant(target) }),
        }
    }
    mistakes.sort_by_key(|(line, _)| *line);
    if mistakes.is_empty() { Ok(rows) } else { Err(mistakes) }
}

fn is_header(fields: &[String], header: [&str; 2]) -> bool {
    fields.len() == 2 && fields.iter().zip(header).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted))
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
