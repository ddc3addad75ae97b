//! Text into XML: the only place where a value is escaped.
//!
//! Whatever comes in, what goes out is well-formed XML 1.0 text. It does not shorten or reinterpret a value.

/// Appends a value as XML text or attribute value. Code points that XML 1.0 can not hold become U+FFFD; returns how
/// many did. CR, LF and TAB are written as character references, so that no parser normalises them away.
pub fn push(out: &mut String, value: &str) -> usize {
    let mut replaced = 0;
    let mut plain_from = 0;
    for (at, ch) in value.char_indices() {
        let written = match ch {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&apos;",
            '\r' => "&#13;",
            '\n' => "&#10;",
            '\t' => "&#9;",
            _ if is_legal(ch) => continue,
            _ => {
                replaced += 1;
                "\u{FFFD}"
            }
        };
        out.push_str(&value[plain_from..at]);
        out.push_str(written);
        plain_from = at + ch.len_utf8();
    }
    out.push_str(&value[plain_from..]);
    replaced
}

/// Whether XML 1.0 can hold a code point.
pub fn is_legal(ch: char) -> bool {
    matches!(ch, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Appends `<name>value</name>`; returns how many code points were replaced.
pub(crate) fn element(out: &mut String, name: &str, value: &str) -> usize {
    open(out, name);
    let replaced = push(out, value);
    close(out, name);
    replaced
}

/// Appends `<name>`. The name is ours or was checked with [`is_name`].
pub(crate) fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

/// Appends `</name>`.
pub(crate) fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Whether a name may stand as an element of ours: a letter or underscore, then letters, digits, `_`, `-` or `.`, at
/// most 128 bytes, ASCII only.
pub(crate) fn is_name(name: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let is_next = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match name.as_bytes() {
        [first, rest @ ..] => is_first(first) && name.len() <= 128 && rest.iter().all(is_next),
        [] => false,
    }
}
