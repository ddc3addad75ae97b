//! The source adapter for Expensify: its client's words into expense reports, its errors into faults. It cannot
//! write: the client has no job that does.

use std::collections::VecDeque;
use std::time::Duration;

use accounting::report::{Card, Person, Tag};
use accounting::{Code, Date, Expense, ExpenseReport, Problem, ReportState, SourceAmount};
use expensify::{Anchor, Client, DateText, Error, ReportQuery, ReportStream, windows};

use super::{Arrival, Arrivals, Fault, Incoming, Source, Wanted};

/// How many ids one export is asked for.
const IDS_PER_EXPORT: usize = 500;

/// How often a refusal for too many requests is waited out, and how long: the shorter of the vendor's two windows.
const RATE_LIMIT_TRIES: u32 = 2;
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(11);

/// Expensify, read through its client.
#[derive(Clone)]
pub struct Expensify {
    client: Client,
}

impl Expensify {
    /// An adapter over a client.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client, for questions only a ping asks.
    pub const fn client(&self) -> &Client {
        &self.client
    }
}

impl Source for Expensify {
    type Arrivals = Reports;

    fn read(&self, wanted: &Wanted) -> Reports {
        Reports { client: self.client.clone(), queries: queries(wanted), stream: None }
    }

    fn report_of(&self, raw: &[u8]) -> Result<ExpenseReport, Problem> {
        report_of(raw)
    }

    fn requests(&self) -> u64 {
        self.client.requests_sent()
    }
}

/// Reads what a record's bytes say; needs no connection.
///
/// # Errors
/// The problem, where they are no report.
pub fn report_of(raw: &[u8]) -> Result<ExpenseReport, Problem> {
    let report = expensify::parse_record(raw)
        .map_err(|error| Problem::of_report(Code::ReportUnreadable, "", error.to_string()))?;
    convert(report)
}

/// The exports that together hold what is wanted. Approved reports are asked for by approval; those of workspaces
/// without approval end archived and are asked for by submission.
fn queries(wanted: &Wanted) -> VecDeque<ReportQuery> {
    match wanted {
        Wanted::Reports(ids) => {
            ids.chunks(IDS_PER_EXPORT).map(|ids| ReportQuery::new(Anchor::ReportIds(ids.to_vec()))).collect()
        }
        Wanted::Period { from, to, states, policies } => {
            let (archived, approved): (Vec<_>, Vec<_>) =
                states.iter().map(|state| vendor_state(*state)).partition(|s| *s == expensify::ReportState::Archived);
            let query = |anchor, states: &[expensify::ReportState]| {
                let mut query = ReportQuery::new(anchor);
                query.states = states.to_vec();
                query.policy_ids = policies.clone();
                query
            };
            let windows = windows(*from, *to);
            let by_approval = windows.iter().filter(|_| !approved.is_empty()).map(|w| query(w.approved(), &approved));
            let by_submission =
                windows.iter().filter(|_| !archived.is_empty()).map(|w| query(w.submitted(), &archived));
            by_approval.chain(by_submission).collect()
        }
    }
}

/// A series of exports, read one after the other.
pub struct Reports {
    client: Client,
    queries: VecDeque<ReportQuery>,
    stream: Option<ReportStream>,
}

impl Reports {
    /// One export, ready to be read. Another program may use up the credential's allowance: a refusal for that is waited
    /// out, a few times.
    async fn open(&self, query: &ReportQuery) -> Result<ReportStream, Fault> {
        let mut tries = 0;
        loop {
            let opened = match self.client.export_reports(query).await {
                Ok(file) => self.client.download(&file).await,
                Err(error) => Err(error),
            };
            match opened {
                Err(Error::RateLimited { retry_after, .. }) if tries < RATE_LIMIT_TRIES => {
                    tries += 1;
                    let pause = retry_after.unwrap_or(RATE_LIMIT_PAUSE).min(RATE_LIMIT_PAUSE * 6);
                    tokio::time::sleep(pause).await;
                }
                other => return other.map_err(fault),
            }
        }
    }
}

impl Arrivals for Reports {
    async fn next(&mut self) -> Result<Option<Arrival>, Fault> {
        loop {
            let Some(stream) = &mut self.stream else {
                let Some(query) = self.queries.pop_front() else { return Ok(None) };
                self.stream = Some(self.open(&query).await?);
                continue;
            };
            match stream.next().await {
                Ok(Some(record)) => {
                    let id = record.report.report_id.clone();
                    return Ok(Some(match convert(record.report) {
                        Ok(report) => Arrival::Report(Box::new(Incoming { raw: record.raw, report })),
                        Err(problem) => Arrival::Unreadable { report: Some(id), problem },
                    }));
                }
                Ok(None) => self.stream = None,
                Err(Error::Record { line, source: error }) => {
                    let report = error.report_id.clone();
                    let detail = format!("line {line} of the export: {error}");
                    let problem =
                        Problem::of_report(Code::ReportUnreadable, report.clone().unwrap_or_default(), detail);
                    return Ok(Some(Arrival::Unreadable { report, problem }));
                }
                Err(error) => return Err(fault(error)),
            }
        }
    }
}

/// The client's error as a fault.
pub(crate) fn fault(error: Error) -> Fault {
    let code = match &error {
        Error::Authentication(_) => Code::SourceCredentials,
        Error::Permission(_) => Code::SourcePermission,
        Error::RateLimited { .. } => Code::SourceRateLimited,
        Error::Unreachable { .. } => Code::SourceUnreachable,
        Error::NotFound(_) => Code::PolicyUnknown,
        Error::FileNotReady { .. } => Code::ExportNotReady,
        Error::Truncated { .. } | Error::MissingHeader { .. } => Code::ExportTruncated,
        Error::Setup { .. } | Error::Query { .. } | Error::Validation(_) => Code::SourceRefused,
        _ => Code::SourceFault,
    };
    let retryable = error.is_retryable();
    Fault { code, detail: error.to_string(), retryable, source: Some(Box::new(error)) }
}

const fn vendor_state(state: ReportState) -> expensify::ReportState {
    match state {
        ReportState::Open => expensify::ReportState::Open,
        ReportState::Submitted => expensify::ReportState::Submitted,
        ReportState::Approved => expensify::ReportState::Approved,
        ReportState::Reimbursed => expensify::ReportState::Reimbursed,
        ReportState::Archived => expensify::ReportState::Archived,
    }
}

const fn state(state: expensify::ReportState) -> ReportState {
    match state {
        expensify::ReportState::Open => ReportState::Open,
        expensify::ReportState::Submitted => ReportState::Submitted,
        expensify::ReportState::Approved => ReportState::Approved,
        expensify::ReportState::Reimbursed => ReportState::Reimbursed,
        expensify::ReportState::Archived => ReportState::Archived,
    }
}

/// A report in the core's words. A field that is there and cannot be understood is a problem, never an absence.
fn convert(report: expensify::Report) -> Result<ExpenseReport, Problem> {
    let unreadable = |field: &str, value: &str| {
        Problem::of_report(Code::ReportUnreadable, value, format!("{field} '{value}' is not understood"))
    };
    let Some(vendor_state) = report.state else {
        return Err(unreadable("status", report.status.as_deref().unwrap_or("")));
    };
    let day = |field: &str, text: &Option<DateText>| day(text).map_err(|value| unreadable(field, &value));
    let submitter = report.submitter;
    let manager = report.manager;
    let manager = Person {
        name: full_name(manager.full_name, manager.first_name, manager.last_name),
        email: manager.email.unwrap_or_default(),
        id: manager.user_id.or(manager.payroll_id),
    };
    let approver = report.approvers.into_iter().next_back().map(|last| Person {
        name: full_name(last.full_name, last.first_name, last.last_name),
        email: last.email.unwrap_or_default(),
        id: last.employee_user_id.or(last.employee_payroll_id),
    });
    Ok(ExpenseReport {
        number: report.old_report_id,
        name: report.report_name.unwrap_or_default(),
        policy_id: report.policy_id.unwrap_or_default(),
        policy_name: report.policy_name.unwrap_or_default(),
        employee: Person {
            name: full_name(submitter.full_name, submitter.first_name, submitter.last_name),
            email: report.account_email.unwrap_or_default(),
            id: submitter.custom_field_1.or(submitter.user_id).or(submitter.payroll_id),
        },
        manager: (manager != Person::default()).then_some(manager),
        approver,
        state: state(vendor_state),
        url: None,
        currency: report.currency,
        total: report.total.map(SourceAmount::hundredths),
        created: day("created", &report.created)?,
        submitted: day("submitted", &report.submitted)?,
        approved: day("approved", &report.approved)?,
        reimbursed: day("reimbursed", &report.reimbursed)?,
        fields: report.report_fields,
        expenses: report.expenses.into_iter().map(expense).collect::<Result<_, _>>()?,
        id: report.report_id,
    })
}

fn expense(expense: expensify::Expense) -> Result<Expense, Problem> {
    let date = day(if expense.modified_created.is_some() { &expense.modified_created } else { &expense.created })
        .map_err(|value| {
            let detail = format!("expense date '{value}' is not understood");
            Problem::of_expense(Code::ReportUnreadable, expense.transaction_id.clone(), value, detail)
        })?;
    let tags = tags(&expense);
    let card = Card {
        last_four: expense.card.last_four().map(str::to_owned),
        name: expense.card.name.or(expense.card.number),
        feed: expense.bank,
    };
    Ok(Expense {
        id: expense.transaction_id,
        kind: expense.expense_type.or_else(|| expense.is_distance.unwrap_or(false).then(|| "distance".to_owned())),
        original: expense.amount.map(SourceAmount::hundredths),
        modified: expense.modified_amount.map(SourceAmount::hundredths),
        converted: expense.converted_amount.map(SourceAmount::hundredths),
        currency: expense.currency,
        rate: expense.currency_conversion_rate,
        date,
        card_posted: None,
        merchant: expense.modified_merchant.or_else(|| expense.merchant.clone()),
        original_merchant: expense.merchant,
        category: expense.category,
        category_code: expense.category_gl_code,
        tags,
        comment: expense.comment,
        reimbursable: expense.reimbursable,
        billable: expense.billable.unwrap_or(false),
        card: (card != Card::default()).then_some(card),
        receipt_url: expense.receipt.url,
    })
}

/// Tag levels by position, blank where the employee left one out.
fn tags(expense: &expensify::Expense) -> Vec<Tag> {
    let mut positional = Vec::new();
    for tag in expense.tag_levels() {
        let position = usize::from(tag.level).saturating_sub(1);
        if positional.len() <= position {
            positional.resize(position + 1, Tag::default());
        }
        positional[position] = Tag { name: tag.name, code: tag.gl_code };
    }
    positional
}

fn full_name(full: Option<String>, first: Option<String>, last: Option<String>) -> String {
    full.unwrap_or_else(|| [first, last].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// The calendar day, or the text that is none.
fn day(text: &Option<DateText>) -> Result<Option<Date>, String> {
    match text {
        None => Ok(None),
        Some(text) => text.date().map(Some).ok_or_else(|| text.as_str().to_owned()),
    }
}
