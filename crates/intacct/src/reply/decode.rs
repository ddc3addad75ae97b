//! Bytes to text: which encodings are taken, and what a body is at first sight.
//!
//! UTF-8 and ISO-8859-1 only; nothing is guessed and nothing is replaced.

use std::borrow::Cow;

use super::Malformed;

/// What a body is at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Begins like XML.
    Xml,
    /// Begins like an HTML page.
    Html,
    /// Anything else, nothing included.
    Other,
}

/// What a body is at first sight.
pub(crate) fn kind(body: &[u8]) -> Kind {
    let start = strip_bom(body).trim_ascii_start();
    let begins = |with: &str| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()));
    if begins("<!doctype html") || begins("<html") {
        Kind::Html
    } else if start.first() == Some(&b'<') || body.starts_with(&[0xFE, 0xFF]) || body.starts_with(&[0xFF, 0xFE]) {
        Kind::Xml
    } else {
        Kind::Other
    }
}

/// The body as text.
pub(crate) fn decode(body: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let body = strip_bom(body);
    match declared_encoding(body) {
        Some(name) if name.eq_ignore_ascii_case("ISO-8859-1") => {
            Ok(Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect()))
        }
        Some(name) if !name.eq_ignore_ascii_case("UTF-8") => Err(Malformed::Encoding { declared: name.to_owned() }),
        _ => std::str::from_utf8(body).map(Cow::Borrowed).map_err(|_| Malformed::InvalidUtf8),
    }
}

fn strip_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(body)
}

/// The encoding named in the XML declaration. The declaration itself is ASCII in every encoding taken here.
fn declared_encoding(body: &[u8]) -> Option<&str> {
    let body = body.strip_prefix(b"<?xml")?;
    let end = body.iter().take(256).position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(&body[..end]).ok()?;
    let (_, after) = declaration.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|ch| matches!(ch, '"' | '\''))?;
    after[1..].split(quote).next()
}
