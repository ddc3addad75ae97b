//! The JSON form of problems and of expenses that were left out, as they are kept with a report.

use std::borrow::Cow;

use accounting::amount::{Amount, Currency};
use accounting::problem::{Code, Problem};
use accounting::report::FundSource;
use accounting::translate::SkippedExpense;
use serde::{Deserialize, Serialize};

use super::error::StoreError;

#[derive(Serialize, Deserialize)]
struct ProblemDocument<'a> {
    code: u16,
    value: Cow<'a, str>,
    expense: Option<Cow<'a, str>>,
    detail: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct SkippedDocument<'a> {
    expense: Cow<'a, str>,
    fund_source: Cow<'a, str>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    reason: Cow<'a, str>,
}

fn problem_document(problem: &Problem) -> ProblemDocument<'_> {
    ProblemDocument {
        code: problem.code.number(),
        value: problem.value.as_str().into(),
        expense: problem.expense.as_deref().map(Into::into),
        detail: problem.detail.as_str().into(),
    }
}

fn skipped_document(skipped: &SkippedExpense) -> SkippedDocument<'_> {
    SkippedDocument {
        expense: skipped.expense.as_str().into(),
        fund_source: skipped.fund_source.name().into(),
        amount_minor: skipped.amount.map(|amount| amount.minor),
        currency: skipped.amount.map(|amount| amount.currency.to_string()),
        reason: AsRef::<str>::as_ref(&skipped.reason).into(),
    }
}

/// Problems as JSON; `None` where there is none.
pub(super) fn problems_to_json(problems: &[Problem]) -> Result<Option<String>, StoreError> {
    if problems.is_empty() {
        return Ok(None);
    }
    let documents: Vec<_> = problems.iter().map(problem_document).collect();
    serde_json::to_string(&documents).map(Some).map_err(|source| StoreError::Json { what: "problems", source })
}

/// Problems of stored JSON.
pub(super) fn problems_from_json(text: Option<&str>) -> Result<Vec<Problem>, StoreError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let documents: Vec<ProblemDocument<'_>> =
        serde_json::from_str(text).map_err(|source| StoreError::Json { what: "stored problems", source })?;
    let read = |document: ProblemDocument<'_>| {
        let code = Code::from_number(document.code);
        let unknown = || StoreError::Stored { what: "problem code", id: document.code.to_string() };
        Ok(Problem {
            code: code.ok_or_else(unknown)?,
            value: document.value.into_owned(),
            expense: document.expense.map(Into::into),
            detail: document.detail.into_owned(),
        })
    };
    documents.into_iter().map(read).collect()
}

/// Expenses left out, as JSON; `None` where there is none.
pub(super) fn skipped_to_json(skipped: &[SkippedExpense]) -> Result<Option<String>, StoreError> {
    if skipped.is_empty() {
        return Ok(None);
    }
    let documents: Vec<_> = skipped.iter().map(skipped_document).collect();
    serde_json::to_string(&documents).map(Some).map_err(|source| StoreError::Json { what: "skipped expenses", source })
}

/// Expenses left out, of stored JSON.
pub(super) fn skipped_from_json(text: Option<&str>) -> Result<Vec<SkippedExpense>, StoreError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let documents: Vec<SkippedDocument<'_>> =
        serde_json::from_str(text).map_err(|source| StoreError::Json { what: "stored skipped expenses", source })?;
    let read = |document: SkippedDocument<'_>| {
        let unknown = || StoreError::Stored { what: "fund source", id: document.fund_source.to_string() };
        let currency = document.currency.as_deref().and_then(|code| Currency::parse(code).ok());
        Ok(SkippedExpense {
            expense: document.expense.into_owned(),
            fund_source: FundSource::parse(&document.fund_source).ok_or_else(unknown)?,
            amount: document.amount_minor.zip(currency).map(|(minor, currency)| Amount::new(minor, currency)),
            reason: document.reason.into_owned(),
        })
    };
    documents.into_iter().map(read).collect()
}
