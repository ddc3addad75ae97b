//! Finds string literals with an escape that FreeMarker's language does not have, such as `"\u0041"`.
//!
//! The engine takes them, the vendor's does not. Only literals inside `${...}`, `<#...>` and `<@...>` count: the same
//! letters in the text around them are text.

/// The escapes that there are; `\x` takes hexadecimal digits.
const ESCAPES: &str = "\"'\\nrtfbglax{=";

/// The first escape of `source` that the language does not have, as `\u`.
pub fn unknown_escape(source: &str) -> Option<String> {
    let mut rest = source;
    while let Some(at) = rest.find(['$', '#', '<']) {
        rest = &rest[at..];
        if rest.starts_with("<#--") {
            rest = after(rest, "-->");
        } else if rest.starts_with("<#noparse>") {
            rest = after(rest, "</#noparse>");
        } else if rest.starts_with("${") || rest.starts_with("#{") {
            rest = match code(&rest[2..], '}') {
                Ok(behind) => behind,
                Err(escape) => return Some(escape),
            };
        } else if rest.starts_with("<#") || rest.starts_with("<@") {
            rest = match code(&rest[2..], '>') {
                Ok(behind) => behind,
                Err(escape) => return Some(escape),
            };
        } else {
            rest = &rest[1..];
        }
    }
    None
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.find(mark).map_or("", |at| &text[at + mark.len()..])
}

/// Skips the code up to `end` outside of brackets and literals; gives what is behind, or a wrong escape.
fn code(text: &str, end: char) -> Result<&str, String> {
    let mut depth = 0_usize;
    let mut raw = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '"' | '\'' => rest = literal(rest, first, raw)?,
            '(' | '{' | '[' => depth += 1,
            _ if first == end && depth == 0 => return Ok(rest),
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        raw = first == 'r';
    }
    Ok("")
}

fn literal(text: &str, quote: char, raw: bool) -> Result<&str, String> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok(&text[at + 1..]);
        }
        if c == '\\' && !raw {
            match chars.next() {
                Some((_, escaped)) if !ESCAPES.contains(escaped) => return Err(format!("\\{escaped}")),
                _ => {}
            }
        }
    }
    Ok("")
}
