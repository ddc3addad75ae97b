//! `<errormessage>`: the gateway's errors, their texts cleaned of support ids and doubled escapes.
//!
//! Texts are kept as texts. What an error means is not decided here.

use super::Malformed;
use super::pull::{Pull, Token};
use crate::facts::GatewayError;

/// Reads `<errormessage>`, whose start was just taken.
pub(crate) fn read(pull: &mut Pull<'_>) -> Result<Vec<GatewayError>, Malformed> {
    let mut errors = Vec::new();
    while let Some(child) = pull.child("errormessage")? {
        if child.name() != "error" {
            return Err(Malformed::UnexpectedElement {
                parent: "errormessage".to_owned(),
                element: child.name().to_owned(),
            });
        }
        errors.push(error(pull)?);
    }
    Ok(errors)
}

fn error(pull: &mut Pull<'_>) -> Result<GatewayError, Malformed> {
    let mut error = GatewayError::default();
    while let Some(child) = pull.child("error")? {
        match child.name() {
            "errorno" => error.errorno = pull.leaf("errorno")?.trim().to_owned(),
            "description" => error.description = clean(&pull.leaf("description")?, &mut error.support_id),
            "description2" => error.description2 = clean(&pull.leaf("description2")?, &mut error.support_id),
            "correction" => error.correction = clean(&pull.leaf("correction")?, &mut error.support_id),
            "additionalinfo" => additional(pull, &mut error)?,
            _ => pull.skip()?,
        }
    }
    Ok(error)
}

/// `additionalinfo`: the leaves that carry codes, wherever they stand in it (its inner order is assumed).
fn additional(pull: &mut Pull<'_>, error: &mut GatewayError) -> Result<(), Malformed> {
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut pending_name: Option<String> = None;
    loop {
        match pull.next()? {
            Token::Open(open) => {
                path.push(open.name().to_ascii_lowercase());
                value.clear();
            }
            Token::Text(text) => value.push_str(&text),
            Token::Close => {
                let Some(leaf) = path.pop() else { return Ok(()) };
                let value = std::mem::take(&mut value).trim().to_owned();
                if value.is_empty() {
                    continue;
                }
                let in_placeholder = path.iter().any(|name| name.starts_with("placeholder"));
                match leaf.as_str() {
                    "errorid" => error.errorid = Some(value),
                    "category" => error.category = Some(value),
                    "messageid" => error.message_ids.push(value),
                    "name" | "key" if in_placeholder => pending_name = Some(value),
                    "value" if in_placeholder => {
                        error.placeholders.push((pending_name.take().unwrap_or_default(), value));
                    }
                    _ if in_placeholder => error.placeholders.push((leaf, value)),
                    _ => {}
                }
            }
            Token::End => return Err(Malformed::Truncated),
        }
    }
}

/// A text without its support id, and with escapes undone that the gateway applied to the text itself.
fn clean(text: &str, support_id: &mut Option<String>) -> String {
    let text = unescape(text.trim());
    let Some(start) = text.find("[Support ID: ") else { return text };
    let Some(length) = text[start..].find(']') else { return text };
    let id = &text[start + "[Support ID: ".len()..start + length];
    support_id.get_or_insert_with(|| percent_decoded(id));
    let mut kept = text[..start].trim_end().to_owned();
    kept.push_str(&text[start + length + 1..]);
    kept
}

/// Undoes one more level of escaping (`&#039;` arrives as `&amp;#039;` \[F\]). What is no such escape stays.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(10).position(|byte| byte == b';');
        match end.and_then(|end| entity(&rest[1..end]).map(|ch| (ch, end))) {
            Some((ch, end)) => {
                out.push(ch);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code).filter(|ch| crate::text::is_legal(*ch))
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
