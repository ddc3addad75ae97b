//! Reads one JSON value of a record by the rule of its field. It must not go through a float, and must not make a
//! value up: absent, null and "" are `None`, anything unreadable is a `Fault`.

use serde_json::value::RawValue;

/// A value not yet read.
pub(crate) type Raw<'a> = Option<&'a RawValue>;

/// Why a field, or a whole record, cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The line is not JSON, or not shaped as a report.
    #[error("not a report in JSON")]
    Malformed(#[source] serde_json::Error),
    /// The line is longer than the settings allow.
    #[error("longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// A field every record needs is absent or empty.
    #[error("missing")]
    Missing,
    /// Not a whole number: a fraction, an exponent, grouping, or no number at all.
    #[error("{shown} is not a whole number")]
    NotWhole {
        /// The value, cut.
        shown: String,
    },
    /// A whole number beyond 64 bits.
    #[error("{shown} is too large a number")]
    TooLarge {
        /// The value, cut.
        shown: String,
    },
    /// Not a plain decimal.
    #[error("{shown} is not a decimal number")]
    NotDecimal {
        /// The value, cut.
        shown: String,
    },
    /// Not a text.
    #[error("{shown} is not a text")]
    NotText {
        /// The value, cut.
        shown: String,
    },
    /// Neither true nor false.
    #[error("{shown} is neither true nor false")]
    NotFlag {
        /// The value, cut.
        shown: String,
    },
    /// The count sent with the report is not the number of expenses in it.
    #[error("said to be {said}, found {found}")]
    CountDiffers {
        /// What the vendor counted.
        said: u64,
        /// What is there.
        found: usize,
    },
    /// The same transaction twice in one report.
    #[error("the same as an earlier one's")]
    Repeated,
}

/// A fault and the field it is in.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) field: &'static str,
    pub(crate) fault: Fault,
}

type Read<T> = Result<T, Flaw>;

/// A text. A bare number is taken as its digits: ids may come as numbers.
pub(crate) fn text(field: &'static str, raw: Raw<'_>) -> Read<Option<String>> {
    let Some(token) = raw.map(RawValue::get) else { return Ok(None) };
    let text = match token.as_bytes().first() {
        Some(b'"') => unquote(field, token)?,
        Some(b'-' | b'0'..=b'9') => token.to_owned(),
        _ => return Err(Flaw { field, fault: Fault::NotText { shown: shown(token) } }),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A text every record needs.
pub(crate) fn needed(field: &'static str, raw: Raw<'_>) -> Read<String> {
    text(field, raw)?.ok_or(Flaw { field, fault: Fault::Missing })
}

/// A whole number, as a number or as a string of digits with an optional sign.
pub(crate) fn whole(field: &'static str, raw: Raw<'_>) -> Read<Option<i64>> {
    let Some(token) = raw.map(RawValue::get) else { return Ok(None) };
    let fault = |fault: fn(String) -> Fault| Flaw { field, fault: fault(shown(token)) };
    let not_whole: fn(String) -> Fault = |shown| Fault::NotWhole { shown };
    let owned;
    let number = if token.starts_with('"') {
        owned = unquote(field, token).map_err(|_| fault(not_whole))?;
        owned.as_str()
    } else {
        token
    };
    if number.is_empty() {
        return Ok(None);
    }
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault(not_whole));
    }
    number.parse().map(Some).map_err(|_| fault(|shown| Fault::TooLarge { shown }))
}

/// A plain decimal, kept as text: no exponent, no grouping.
pub(crate) fn decimal(field: &'static str, raw: Raw<'_>) -> Read<Option<String>> {
    let Some(number) = text(field, raw)? else { return Ok(None) };
    let digits = number.strip_prefix('-').unwrap_or(&number);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(Some(number));
    }
    Err(Flaw { field, fault: Fault::NotDecimal { shown: shown(&number) } })
}

/// True or false, bare or as a string.
pub(crate) fn flag(field: &'static str, raw: Raw<'_>) -> Read<Option<bool>> {
    let Some(token) = raw.map(RawValue::get) else { return Ok(None) };
    match token.trim_matches('"').to_ascii_lowercase().as_str() {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        "" => Ok(None),
        _ => Err(Flaw { field, fault: Fault::NotFlag { shown: shown(token) } }),
    }
}

/// The content of a JSON string.
fn unquote(field: &'static str, token: &str) -> Read<String> {
    let inside = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
    if !inside.contains('\\') {
        return Ok(inside.to_owned());
    }
    serde_json::from_str(token).map_err(|cause| Flaw { field, fault: Fault::Malformed(cause) })
}

/// A value fit for a message: escaped, at most 40 characters of it.
fn shown(value: &str) -> String {
    let cut: String = value.chars().take(40).collect();
    let more = if cut.len() < value.len() { "…" } else { "" };
    format!("`{}{more}`", cut.escape_debug())
}
