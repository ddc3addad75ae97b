//! Takes secrets out of what the gateway sent back, before any of it is kept or shown.
//!
//! It masks the values it is told and the elements that hold secrets by name. It does not shorten meaning away.

use secrecy::{ExposeSecret, SecretString};

use crate::envelope::MASK;
use crate::text;

/// Most of a body that is kept, in bytes.
pub(crate) const MAX_EXCERPT_BYTES: usize = 64 * 1024;
/// Read beyond the excerpt, so that a secret across its edge is still recognised whole.
const OVERLAP_BYTES: usize = 4 * 1024;

/// A body as it may be kept: the secrets and the elements that hold secrets masked, at most 64 KiB.
pub(crate) fn excerpt(body: &[u8], secrets: &[&SecretString]) -> String {
    let cut = body.len() > MAX_EXCERPT_BYTES + OVERLAP_BYTES;
    let taken = if cut { &body[..MAX_EXCERPT_BYTES + OVERLAP_BYTES] } else { body };
    let mut masked = mask(&String::from_utf8_lossy(taken), secrets);
    let limit = if cut { masked.len().saturating_sub(OVERLAP_BYTES) } else { masked.len() };
    let mut end = limit.min(MAX_EXCERPT_BYTES);
    while !masked.is_char_boundary(end) {
        end -= 1;
    }
    masked.truncate(end);
    masked
}

/// A text with secrets masked.
pub(crate) fn mask(text: &str, secrets: &[&SecretString]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.is_empty() {
            continue;
        }
        if masked.contains(secret) {
            masked = masked.replace(secret, MASK);
        }
        let mut escaped = String::new();
        text::push(&mut escaped, secret);
        if escaped != secret && masked.contains(&escaped) {
            masked = masked.replace(&escaped, MASK);
        }
    }
    for element in ["sessionid", "password"] {
        masked = mask_element(&masked, element);
    }
    masked
}

/// Masks what stands in every `<element>`, to the text's end where it is not closed.
fn mask_element(text: &str, element: &str) -> String {
    let opening = format!("<{element}>");
    if !text.contains(&opening) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&opening) {
        let (before, after) = rest.split_at(at + opening.len());
        out.push_str(before);
        out.push_str(MASK);
        rest = after.find('<').map_or("", |end| &after[end..]);
    }
    out.push_str(rest);
    out
}
