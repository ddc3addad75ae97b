//! How things are printed: tables on a terminal, JSON for machines, errors with their remedy. Colour only on a terminal
//! and only where NO_COLOR is not set.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use accounting::{Code, Problem};
use comfy_table::{Attribute, Cell, CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::flow::FlowError;
use crate::settings::SettingsError;
use crate::store::StoreError;
use crate::web::WebError;
use crate::work::WorkError;
pub use crate::work::summary::problem_json;

/// Why a command failed, ready to show.
#[derive(Debug)]
pub enum Failure {
    /// A problem with a code.
    Problem(Box<Problem>),
    /// A flow file with mistakes.
    Flow(FlowError),
    /// Settings that cannot be used.
    Settings(String),
    /// A command that was not given as it must be.
    Usage(String),
    /// Anything else, in one sentence.
    Plain(String),
}

impl Failure {
    /// Prints it, and gives the exit code: 2 where the caller's input is wrong, else 1.
    pub fn show(&self, as_json: bool) -> ExitCode {
        if as_json {
            print_json(&json!({ "error": self.to_json() }));
        } else {
            eprint!("{}", self.to_text());
        }
        match self {
            Self::Flow(_) | Self::Settings(_) | Self::Usage(_) => ExitCode::from(2),
            Self::Problem(problem) if matches!(problem.code, Code::FlowInvalid | Code::DatabaseAddress) => {
                ExitCode::from(2)
            }
            _ => ExitCode::FAILURE,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Problem(problem) => problem_json(problem),
            Self::Flow(error) => json!({
                "code": error.code().to_string(),
                "title": error.code().title(),
                "problems": error.problems.iter().map(|problem| json!({
                    "line": problem.line,
                    "column": problem.column,
                    "key": problem.path,
                    "message": problem.message,
                    "remedy": problem.remedy,
                })).collect::<Vec<_>>(),
            }),
            Self::Settings(message) | Self::Usage(message) | Self::Plain(message) => json!({ "message": message }),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Problem(problem) => problem_text(problem),
            Self::Flow(error) => format!("{error}\n"),
            Self::Settings(message) | Self::Usage(message) | Self::Plain(message) => format!("error: {message}\n"),
        }
    }
}

impl From<WorkError> for Failure {
    fn from(error: WorkError) -> Self {
        Self::Problem(Box::new(error.problem()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        WorkError::from(error).into()
    }
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        Self::Flow(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let mut message = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            message.push_str(&format!(": {source}"));
        }
        Self::Settings(message)
    }
}

impl From<WebError> for Failure {
    fn from(error: WebError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::Problem(Box::new(Problem::of_report(error.code(), "", format!("{error}{cause}"))))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Plain(error.to_string())
    }
}

/// Prints one line of JSON.
pub fn print_json(value: &Value) {
    print_text(&format!("{value}\n"));
}

/// Prints text; a reader that went away is no error.
pub fn print_text(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Whether colour may be used on standard output.
pub fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A problem in a few lines: what, where, and how to mend it.
pub fn problem_text(problem: &Problem) -> String {
    let value = if problem.value.is_empty() { String::new() } else { format!("  value:  {}\n", problem.value) };
    format!(
        "error[{}]: {}\n  detail: {}\n{value}  cause:  {}\n  remedy: {} ({})\n",
        problem.code,
        problem.code.title(),
        problem.detail,
        problem.code.cause(),
        problem.code.remedy(),
        problem.code.owner().name(),
    )
}

/// A table with a header; columns named in `right` are aligned right, as figures are.
pub fn table(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !io::stdout().is_terminal() {
        table.force_no_tty();
    }
    table.set_header(header.iter().map(|title| {
        let cell = Cell::new(title);
        if colour() { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    for row in rows {
        table.add_row(row.into_iter().map(|text| Cell::new(clean(&text))));
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.to_string();
    // The style pads every line by one space, which helps nobody who pipes it on.
    lines.lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line).trim_end())).collect()
}

/// Text without what could steer a terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c }).collect()
}

/// A heading.
pub fn heading(text: &str) -> String {
    if colour() { format!("\n\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("\n{text}\n") }
}

/// Minor units with thousands grouped: `1,234.50`.
pub fn money(minor: i64, currency: &str) -> String {
    let amount = accounting::Currency::parse(currency).map(|c| accounting::Amount::new(minor, c).decimals());
    let text = amount.unwrap_or_else(|_| minor.to_string());
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{sign}{grouped}{fraction}")
}
