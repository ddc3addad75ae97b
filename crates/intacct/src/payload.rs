//! Is a payload exactly one `<create>` element: the last look before anything is frozen or sent.
//!
//! A payload is elements and text, without attributes, comments or other markup, as `render` writes it. One pass over
//! the bytes, for it runs over everything that goes out. Which fields an entry has is not looked at.

use crate::text;

/// The payload as text, if it is exactly one `<create>` element with no function inside; else what it is instead.
pub(crate) fn one_create(payload: &[u8]) -> Result<&str, &'static str> {
    let payload = std::str::from_utf8(payload).map_err(|_| "not UTF-8")?;
    if !payload.starts_with("<create>") {
        return Err("no create element");
    }
    let mut open: Vec<&str> = Vec::with_capacity(16);
    let mut rest = payload;
    loop {
        rest = take_tag(&rest[1..], &mut open)?;
        if open.is_empty() {
            return if rest.is_empty() { Ok(payload) } else { Err("something after the element") };
        }
        rest = take_text(rest)?;
    }
}

/// Takes a tag, whose `<` was taken; gives what follows it.
fn take_tag<'p>(rest: &'p str, open: &mut Vec<&'p str>) -> Result<&'p str, &'static str> {
    let end = rest.bytes().position(|byte| byte == b'>').ok_or("a tag that does not end")?;
    let (tag, after) = (&rest[..end], &rest[end + 1..]);
    if let Some(name) = tag.strip_prefix('/') {
        return if open.pop() == Some(name) { Ok(after) } else { Err("an end tag without its start") };
    }
    let name = tag.strip_suffix('/').unwrap_or(tag);
    if !text::is_name(name) {
        return Err("markup that is neither plain element nor text");
    }
    if name.eq_ignore_ascii_case("function") {
        return Err("a function inside");
    }
    if name.len() == tag.len() {
        open.push(name);
    }
    Ok(after)
}

/// Takes text up to the next `<`, and makes sure that each `&` begins a reference XML knows by itself.
fn take_text(mut rest: &str) -> Result<&str, &'static str> {
    loop {
        let at = rest.bytes().position(|byte| matches!(byte, b'<' | b'&')).ok_or("an element that does not end")?;
        rest = &rest[at..];
        if rest.starts_with('<') {
            return Ok(rest);
        }
        let (name, after) = rest[1..].split_once(';').ok_or("a lone ampersand")?;
        let is_number = name
            .strip_prefix('#')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_number && !matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") {
            return Err("a reference XML does not know");
        }
        rest = after;
    }
}
