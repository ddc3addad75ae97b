//! Gets `requestJobDescription` and `template` out of a request, in every way that known clients send them.
//!
//! Query string, form body, multipart body; percent-encoded, or raw as in the documentation's samples. It does not
//! look into the values.

use super::Request;
use bytes::Bytes;

const NAMES: [&str; 4] = ["requestJobDescription", "template", "data", "file"];

/// The parameters of a request; the body wins over the query string.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// JSON text.
    pub request_job_description: Option<String>,
    /// FreeMarker source.
    pub template: Option<String>,
    /// Whether a value came without percent-encoding: a real server mangles its `+`, `&` and `%`.
    pub raw: bool,
}

impl Parameters {
    /// Reads them from `request`.
    pub fn of(request: &Request) -> Self {
        let mut parameters = Parameters::default();
        parameters.add_form(&request.query);
        match boundary(&request.content_type) {
            Some(boundary) => parameters.add_multipart(&request.body, &boundary),
            None => parameters.add_form(&String::from_utf8_lossy(&request.body)),
        }
        parameters
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "requestJobDescription" => self.request_job_description = Some(value),
            "template" => self.template = Some(value),
            _ => {}
        }
    }

    fn add_form(&mut self, form: &str) {
        for (name, value) in pairs(form) {
            // Line ends around a value come from shells; a raw JSON or template has characters that encoding removes.
            self.raw |= value.contains(['{', '<', '"', '\n']);
            let value = decode(value);
            self.set(name, value);
        }
    }

    fn add_multipart(&mut self, body: &Bytes, boundary: &str) {
        let text = String::from_utf8_lossy(body);
        for part in text.split(&format!("--{boundary}")) {
            let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
            let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
            let value = value.strip_suffix("\r\n").unwrap_or(value);
            self.set(name.unwrap_or_default(), value.to_string());
        }
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let rest = content_type.to_ascii_lowercase().starts_with("multipart/form-data").then_some(content_type)?;
    let at = rest.to_ascii_lowercase().find("boundary=")?;
    let value = rest[at + 9..].split(';').next()?.trim();
    Some(value.trim_matches('"').to_string())
}

/// Splits a form at the `&` that a known parameter name follows: raw JSON and templates hold `&` of their own.
fn pairs(form: &str) -> Vec<(&str, &str)> {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    for name in NAMES {
        let assignment = format!("{name}=");
        for (at, _) in form.match_indices(&assignment) {
            let at_start = at == 0 || form.as_bytes()[at - 1] == b'&' || form[..at].trim().is_empty();
            if at_start {
                starts.push((at, name));
            }
        }
    }
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|(at, _)| at.saturating_sub(1)).chain([form.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((at, name), end)| (*name, &form[at + name.len() + 1..end.max(at + name.len() + 1)]))
        .collect()
}

/// Percent-decoding of a form: `+` is a space, a `%` that no two hexadecimal digits follow stays.
fn decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match (bytes[at], escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests;
