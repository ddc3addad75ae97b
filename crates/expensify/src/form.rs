//! Writes `application/x-www-form-urlencoded` bodies. It must leave nothing unescaped that a server could misread:
//! unescaped `&`, `+` and `%` inside the JSON are what breaks the vendor's own samples.

use zeroize::Zeroizing;

/// The body for these fields; wiped from memory when dropped, as it holds the credentials.
pub(crate) fn encode(fields: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // Reserved whole, so that growing leaves no copies behind.
    let size = fields.iter().map(|(name, value)| 2 + 3 * (name.len() + value.len())).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(size));
    for (name, value) in fields {
        if !body.is_empty() {
            body.push(b'&');
        }
        escape(&mut body, name);
        body.push(b'=');
        escape(&mut body, value);
    }
    body
}

fn escape(body: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => body.push(byte),
            b' ' => body.push(b'+'),
            other => body.extend([b'%', HEX[usize::from(other >> 4)], HEX[usize::from(other & 15)]]),
        }
    }
}

#[cfg(test)]
mod tests;
