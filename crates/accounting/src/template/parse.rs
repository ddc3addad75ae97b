//! From a template's text to its parts, with the place of every mistake.

use super::filter::{ALLOWED, DateFormat, Filter};
use super::token::Token;
use super::{Part, TemplateError};

/// Reads all parts of `source`.
pub(super) fn parts(source: &str) -> Result<Vec<Part>, TemplateError> {
    let letters: Vec<char> = source.chars().collect();
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let doubled = letters.get(at + 1) == Some(&letter);
        match letter {
            '{' | '}' if doubled => {
                literal.push(letter);
                at += 2;
            }
            '{' => {
                let end = closing_brace(&letters, at)?;
                flush(&mut literal, &mut parts);
                parts.push(token(letters.get(at + 1..end).unwrap_or(&[]), at + 1)?);
                at = end + 1;
            }
            '}' => return Err(error(at, "'}' without '{': write '}}' for a brace itself")),
            _ => {
                literal.push(letter);
                at += 1;
            }
        }
    }
    flush(&mut literal, &mut parts);
    Ok(parts)
}

fn error(at: usize, message: impl Into<String>) -> TemplateError {
    TemplateError { message: message.into(), position: at + 1 }
}

fn flush(literal: &mut String, parts: &mut Vec<Part>) {
    let text = std::mem::take(literal);
    if text.is_empty() {
        return;
    }
    parts.push(if text.chars().any(char::is_alphanumeric) { Part::Text(text) } else { Part::Separator(text) });
}

/// The brace that closes the one at `open`, outside of quotes.
fn closing_brace(letters: &[char], open: usize) -> Result<usize, TemplateError> {
    let mut quoted = false;
    for (at, letter) in letters.iter().enumerate().skip(open + 1) {
        match letter {
            '"' => quoted = !quoted,
            '}' if !quoted => return Ok(at),
            _ => {}
        }
    }
    Err(error(open, "'{' is never closed: write '{{' for a brace itself"))
}

/// The inside of a pair of braces, which begins at `start`.
fn token(inside: &[char], start: usize) -> Result<Part, TemplateError> {
    let mut pieces = pieces(inside, start).into_iter();
    let (name, at) = pieces.next().unwrap_or_default();
    let token = Token::parse(&name).ok_or_else(|| unknown_token(&name, at))?;
    let (mut date, mut filters) = (DateFormat::default(), Vec::new());
    for (text, at) in pieces {
        let (word, argument) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        let argument = argument.trim();
        let argument = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(argument);
        match (word, argument) {
            ("upper", "") => filters.push(Filter::Upper),
            ("strip", "") => filters.push(Filter::Strip),
            ("upper" | "strip", _) => return Err(error(at, format!("'{word}' takes no argument"))),
            ("truncate", count) => match count.parse() {
                Ok(count) if count > 0 => filters.push(Filter::Truncate(count)),
                _ => return Err(error(at, "'truncate' needs a count of characters, such as truncate 40")),
            },
            ("default", "") => return Err(error(at, "'default' needs a text, such as default \"none\"")),
            ("default", text) => filters.push(Filter::Default(text.to_owned())),
            ("date", _) if !token.is_date() => {
                return Err(error(at, format!("'date' fits submitted, approved and expense_date, not {name}")));
            }
            ("date", format) => {
                let wrong = || error(at, "'date' needs a format of %Y, %y, %m, %b and %d, such as date %d %b %Y");
                date =
                    Some(format).filter(|format| !format.is_empty()).and_then(DateFormat::parse).ok_or_else(wrong)?;
            }
            _ => return Err(error(at, format!("unknown filter '{word}': allowed are {ALLOWED}"))),
        }
    }
    Ok(Part::Token { token, date, filters })
}

/// What bars outside of quotes part, trimmed, each with its place.
fn pieces(inside: &[char], start: usize) -> Vec<(String, usize)> {
    let mut quoted = false;
    let ranges = inside.split(|letter| {
        quoted ^= *letter == '"';
        *letter == '|' && !quoted
    });
    let mut at = start;
    let mut pieces = Vec::new();
    for range in ranges {
        let blank = range.iter().take_while(|letter| letter.is_whitespace()).count();
        let text: String = range.iter().collect();
        pieces.push((text.trim().to_owned(), at + blank));
        at += range.len() + 1;
    }
    pieces
}

fn unknown_token(name: &str, at: usize) -> TemplateError {
    let names: Vec<&str> = Token::NAMES.iter().map(|(name, _)| *name).collect();
    error(at, format!("unknown token '{name}': allowed are tag_1, tag_2, ..., {}", names.join(", ")))
}
