//! Files that a browser saves: always as an attachment with a name of our own making, and tables in which no cell is
//! taken for a formula.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use super::problem::Refusal;

/// Signs with which spreadsheets begin a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A table as comma-separated values (RFC 4180), with a byte order mark so that spreadsheets read it as UTF-8.
pub(super) struct Csv(String);

impl Csv {
    /// With its header.
    pub(super) fn new(columns: &[&str]) -> Self {
        let mut csv = Self("\u{feff}".to_owned());
        csv.row(columns.iter().map(|column| (*column).to_owned()));
        csv
    }

    /// More rows of a table whose header went out before.
    pub(super) const fn more() -> Self {
        Self(String::new())
    }

    /// One more row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            self.cell(&cell);
        }
        self.0.push_str("\r\n");
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn cell(&mut self, text: &str) {
        let cell = if is_formula(text) { format!("'{text}") } else { text.to_owned() };
        if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') {
            self.0.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            self.0.push_str(&cell);
        }
    }
}

/// Whether a spreadsheet would compute with it; a plain number is harmless.
fn is_formula(text: &str) -> bool {
    text.starts_with(FORMULA) && !is_number(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

/// A file to be saved under this name, which holds nothing from outside.
///
/// # Errors
/// A refusal where the name is no header.
pub(super) fn attachment(kind: &'static str, name: &str, bytes: Vec<u8>) -> Result<Response, Refusal> {
    attachment_of(kind, name, Body::from(bytes))
}

/// The same of a body that may be made while it is sent.
///
/// # Errors
/// See [`attachment`].
pub(super) fn attachment_of(kind: &'static str, name: &str, body: Body) -> Result<Response, Refusal> {
    let safe: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_') { letter } else { '_' })
        .collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\""));
    let disposition = disposition.map_err(|cause| Refusal::failed("naming a download", &cause))?;
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, body).into_response())
}
