//! The report exporter's request: which reports it selects, and everything that is wrong with it.
//!
//! Reads only; a selection is report numbers, in the order of the numbers.

use super::company::{Company, Head, State};
use super::envelope::Refusal;
use super::{Assumptions, keys};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

/// Extensions that the exporter knows (documented); `pdf` is one file a report and not simulated.
const EXTENSIONS: [&str; 6] = ["csv", "xls", "xlsx", "txt", "json", "xml"];

/// What an export asks for, checked.
#[derive(Debug)]
pub struct ExportRequest {
    /// Reports to export.
    pub numbers: Vec<u32>,
    /// One file for each.
    pub extensions: Vec<String>,
    /// Beginning of the file names.
    pub basename: String,
    /// What the vendor ignores without a word: keys that mean nothing where they stand.
    pub ignored: Vec<String>,
}

/// Everything that narrows a selection.
#[derive(Debug, Default)]
struct Filter {
    states: Option<Vec<State>>,
    ids: Option<Vec<u32>>,
    policies: Option<Vec<String>>,
    start: Option<Date>,
    end: Option<Date>,
    approved_after: Option<Date>,
    label: Option<String>,
    email: Option<String>,
    limit: Option<usize>,
}

/// Checks the job and selects.
///
/// # Errors
/// The envelope with which the vendor refuses it.
pub fn read(company: &Company, job: &Value, assumptions: &Assumptions) -> Result<ExportRequest, Refusal> {
    let input = job
        .get("inputSettings")
        .filter(|value| value.is_object())
        .ok_or_else(|| Refusal::malformed("inputSettings"))?;
    if input.get("type").and_then(Value::as_str) != Some("combinedReportData") {
        return Err(Refusal::malformed("type"));
    }
    let responses =
        job.get("onReceive").and_then(|value| value.get("immediateResponse")).map(texts).unwrap_or_default();
    if !responses.iter().any(|mode| mode == "returnRandomFileName") {
        return Err(Refusal::malformed("onReceive"));
    }
    let ignored = keys::unknown(job);
    if let (true, Some(key)) = (assumptions.strict_keys, ignored.first()) {
        return Err(Refusal::malformed(key));
    }
    let filter = filter(company, input)?;
    check_anchor(&filter, company.options().today, assumptions)?;
    let (extensions, basename) = output(job)?;
    Ok(ExportRequest { numbers: select(company, &filter, assumptions), extensions, basename, ignored })
}

fn filter(company: &Company, input: &Value) -> Result<Filter, Refusal> {
    let empty = Value::Null;
    let filters = input.get("filters").unwrap_or(&empty);
    let list = |name: &str| filters.get(name).map(texts).filter(|list| !list.is_empty());
    let ids = list("reportIDList").map(|ids| ids.iter().filter_map(|id| company.ids().number(id)).collect());
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_string);
    Ok(Filter {
        states: input.get("reportState").map(states).transpose()?.filter(|states| !states.is_empty()),
        ids,
        policies: list("policyIDList"),
        start: day(filters, "startDate")?,
        end: day(filters, "endDate")?,
        approved_after: day(filters, "approvedAfter")?,
        label: text(filters.get("markedAsExported")),
        email: employee(input)?,
        limit: limit(input)?,
    })
}

/// A comma-separated text, or an array, as list of trimmed texts.
fn texts(value: &Value) -> Vec<String> {
    let parts: Vec<String> = match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => text.split(',').map(|part| part.trim().to_string()).collect(),
        Value::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

fn states(value: &Value) -> Result<Vec<State>, Refusal> {
    let state = |word: &String| State::ALL.into_iter().find(|state| state.api() == word.as_str());
    texts(value)
        .iter()
        .map(|word| state(word).ok_or_else(|| Refusal::invalid(format!("Status '{word}' is not supported"))))
        .collect()
}

fn day(filters: &Value, name: &str) -> Result<Option<Date>, Refusal> {
    let Some(value) = filters.get(name) else { return Ok(None) };
    let text = match value {
        Value::String(text) => text.trim().to_string(),
        other => other.to_string(),
    };
    if text.is_empty() || value.is_null() {
        return Ok(None);
    }
    let well_formed = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    let parsed = well_formed.then(|| text.parse::<Date>().ok()).flatten();
    parsed.map(Some).ok_or_else(|| Refusal::invalid(format!("Malformed date '{text}'. Expected format is yyyy-MM-dd")))
}

fn limit(input: &Value) -> Result<Option<usize>, Refusal> {
    let text = match input.get("limit") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().to_string(),
        Some(other) => other.to_string(),
    };
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Refusal::malformed("limit"))
}

/// Exporting from another account is for the company's own domain (documented); the refusal's text is documented.
fn employee(input: &Value) -> Result<Option<String>, Refusal> {
    match input.get("employeeEmail").and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(email) if email.ends_with("@example.com") => Ok(Some(email.to_string())),
        Some(email) => Err(Refusal::new(500, format!("Not authorized to authenticate as user {email}"))),
    }
}

/// At least one anchor (documented); no range over a year (documented, its text is assumed).
fn check_anchor(filter: &Filter, today: Date, assumptions: &Assumptions) -> Result<(), Refusal> {
    let starts = [filter.start, filter.approved_after];
    if filter.ids.is_none() && starts.iter().all(Option::is_none) {
        return Err(Refusal::invalid("At least one of 'reportIDList', 'startDate' or 'approvedAfter' is required"));
    }
    if !assumptions.one_year_rule {
        return Ok(());
    }
    let year_ago = today.saturating_sub(1.year());
    for start in starts.into_iter().flatten() {
        match filter.end {
            None if start < year_ago => return Err(Refusal::missing("endDate")),
            Some(end) if end > start.saturating_add(1.year()) => {
                return Err(Refusal::invalid("Date range exceeds one year"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn output(job: &Value) -> Result<(Vec<String>, String), Refusal> {
    let settings = job.get("outputSettings");
    let extensions = settings.and_then(|value| value.get("fileExtension")).map(texts).unwrap_or_default();
    if extensions.is_empty() {
        return Err(Refusal::malformed("fileExtension"));
    }
    for extension in &extensions {
        if extension == "pdf" {
            return Err(Refusal::invalid("The sandbox does not make pdf files"));
        }
        if !EXTENSIONS.contains(&extension.as_str()) {
            return Err(Refusal::malformed("fileExtension"));
        }
    }
    let basename = settings.and_then(|value| value.get("fileBasename")).and_then(Value::as_str).unwrap_or("export");
    let basename: String =
        basename.chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c)).take(64).collect();
    Ok((extensions, basename))
}

fn select(company: &Company, filter: &Filter, assumptions: &Assumptions) -> Vec<u32> {
    let limit = filter.limit.unwrap_or(usize::MAX);
    let wanted = |n: &u32| company.head(*n).is_some_and(|head| matches(&head, filter, assumptions));
    match &filter.ids {
        Some(ids) => {
            let mut ids = ids.clone();
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter().filter(wanted).take(limit).collect()
        }
        None => company.numbers().filter(wanted).take(limit).collect(),
    }
}

fn matches(head: &Head, filter: &Filter, assumptions: &Assumptions) -> bool {
    let later = head.submitted.map_or(head.created, |submitted| submitted.max(head.created)).date();
    let approved_in_time = |after: Date| {
        head.approved.is_some_and(|approved| {
            approved.date() > after || (assumptions.approved_after_inclusive && approved.date() == after)
        })
    };
    let states_fit = filter.states.as_ref().is_none_or(|states| states.contains(&head.state));
    let account_fits = filter.email.as_ref().is_none_or(|email| {
        // Open reports of another account are out of reach (documented).
        head.state != State::Open && crate::world::employee(head.submitter).email == *email
    });
    states_fit
        && account_fits
        && filter.policies.as_ref().is_none_or(|ids| ids.iter().any(|id| id == head.policy.id))
        && filter.start.is_none_or(|start| later >= start)
        && filter.end.is_none_or(|end| later <= end)
        && filter.approved_after.is_none_or(approved_in_time)
        && filter.label.as_ref().is_none_or(|label| !head.labels.contains(label))
}
