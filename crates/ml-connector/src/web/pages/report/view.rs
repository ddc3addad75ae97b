//! A report as its page shows it: expenses and lines with numbers by which they name each other, and sums that a person
//! can check by eye.

use accounting::amount::Currency;
use accounting::report::{ExpenseReport, ReportState};
use accounting::{Amount, Problem};
use data_encoding::HEXLOWER;

use super::super::called::Called;
use super::super::frame::Frame;
use super::super::mending::{Mending, mending};
use super::super::words::sentence;
use crate::store::{Approval, InboxReport, StoredLine, standing};
use crate::work::told::Told;

/// What stands in a report's way.
pub(super) struct Cause {
    pub code: String,
    pub title: &'static str,
    pub value: String,
    pub detail: String,
    pub remedy: &'static str,
    pub owner: &'static str,
    /// The number of the expense that it is about, on the page.
    pub expense: Option<usize>,
    /// Where it is mended here.
    pub mend: Option<(String, &'static str)>,
}

/// An expense with its number on the page.
pub(super) struct Expense {
    pub n: usize,
    pub id: String,
    pub date: String,
    pub merchant: String,
    pub category: String,
    pub tags: Vec<String>,
    pub comment: String,
    pub fund_source: &'static str,
    /// In the report's currency, as it is booked.
    pub amount: Option<(i64, String)>,
    /// As it was paid, where that is another currency.
    pub paid: String,
    pub receipt: String,
    /// Why it is left out, where it is.
    pub left_out: Option<String>,
    /// Whether it is part of any line.
    pub booked: bool,
}

/// An entry.
pub(super) struct Entry {
    pub reference: String,
    pub kind: &'static str,
    pub state: &'static str,
    pub mark: &'static str,
    pub journal: String,
    pub date: String,
    pub original_date: String,
    pub record_no: String,
    pub currency: String,
    pub debit_minor: i64,
    pub credit_minor: i64,
    pub lines: Vec<Line>,
    pub problem: Option<(String, &'static str, String, &'static str)>,
    pub sha256: String,
    pub mapping_version: u32,
    pub decisions: Vec<Decision>,
    pub attempts: Vec<Attempt>,
}

/// A line of an entry.
pub(super) struct Line {
    pub n: usize,
    pub account: String,
    /// What the account is called in the ledger.
    pub title: String,
    pub debit_minor: Option<i64>,
    pub credit_minor: Option<i64>,
    pub memo: String,
    pub reason: String,
    /// Dimension, value, and why.
    pub dimensions: Vec<(String, String, String)>,
    pub badges: Vec<String>,
    /// Numbers of the expenses it stands for, on the page.
    pub expenses: Vec<usize>,
    /// The same for the script that draws the threads.
    pub from: String,
}

/// What a person decided about an entry's bytes.
pub(super) struct Decision {
    pub what: &'static str,
    pub by: String,
    pub at_ms: i64,
    pub note: String,
    pub counts: bool,
}

/// An attempt to post.
pub(super) struct Attempt {
    pub n: u32,
    pub started_ms: i64,
    pub outcome: String,
    pub detail: String,
    pub http_status: String,
    pub request: String,
    pub reply: String,
}

/// The sums that must agree.
pub(super) struct Totals {
    pub currency: String,
    /// What Expensify states.
    pub source_minor: Option<i64>,
    pub left_out_minor: i64,
    /// Net of what is or would be posted.
    pub posted_minor: i64,
    /// Debits and credits of the entries.
    pub debit_minor: i64,
    pub credit_minor: i64,
    pub any_entry: bool,
    /// The source's total is what is posted and what is left out.
    pub ties: Option<bool>,
    pub balances: bool,
}

/// Where Expensify shows a report: its address as people know it from their browser, which is assumed.
pub(super) fn expensify_address(report_id: &str) -> String {
    let param = format!("{{\"pageReportID\":\"{report_id}\"}}");
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("param", &param).finish();
    format!("https://www.expensify.com/report?{query}")
}

pub(super) fn cause(frame: &Frame, flow: &str, problem: &Problem, expenses: &[Expense]) -> Cause {
    Cause {
        code: problem.code.to_string(),
        title: problem.code.title(),
        value: problem.value.clone(),
        detail: sentence(&problem.detail),
        remedy: problem.code.remedy(),
        owner: problem.code.owner().name(),
        expense: expenses.iter().find(|one| problem.expense.as_deref() == Some(one.id.as_str())).map(|one| one.n),
        mend: mending(frame, flow, problem.code, &problem.value).map(|page| match page {
            Mending::Mapping(to) => (to, "Map it now"),
            Mending::Settings(to) => (to, "Open the flow's settings"),
        }),
    }
}

/// The report's expenses, numbered, each with its amount as it is booked.
pub(super) fn expenses(source: Option<&ExpenseReport>, report: &InboxReport, entries: &[&Told]) -> Vec<Expense> {
    let Some(source) = source else { return Vec::new() };
    let currency = report.currency.as_deref().and_then(|code| Currency::parse(code).ok());
    let lines = || entries.iter().flat_map(|told| &told.history.lines);
    let expense = |(index, expense): (usize, &accounting::report::Expense)| {
        let own = currency.filter(|currency| expense.currency.as_deref() == Some(currency.code()));
        let figure = if own.is_some() { expense.modified.or(expense.original) } else { expense.converted };
        let amount = figure.zip(currency).and_then(|(figure, currency)| figure.to_amount(currency).ok());
        let paid = expense.modified.or(expense.original).filter(|_| own.is_none());
        let left_out = report.skipped.iter().find(|skipped| skipped.expense == expense.id);
        Expense {
            n: index + 1,
            id: expense.id.clone(),
            date: expense.date.map(|date| date.to_string()).unwrap_or_default(),
            merchant: expense.merchant.clone().unwrap_or_default(),
            category: expense.category.clone().unwrap_or_default(),
            tags: expense.tags.iter().map(|tag| tag.name.clone()).filter(|name| !name.is_empty()).collect(),
            comment: expense.comment.clone().unwrap_or_default(),
            fund_source: match expense.fund_source() {
                accounting::FundSource::Reimbursable => "Out of pocket",
                accounting::FundSource::CompanyCard => "Company card",
                accounting::FundSource::Other => "Other",
            },
            amount: amount.map(|amount: Amount| (amount.minor, amount.currency.code().to_owned())),
            paid: paid
                .map(|paid| format!("{} {}", paid.decimals(), expense.currency.as_deref().unwrap_or_default()))
                .unwrap_or_default(),
            receipt: expense.receipt_url.clone().filter(|url| url.starts_with("https://")).unwrap_or_default(),
            left_out: left_out.map(|skipped| skipped.reason.to_string()),
            booked: lines().any(|line| line.expenses.contains(&expense.id)),
        }
    };
    source.expenses.iter().enumerate().map(expense).collect()
}

pub(super) fn entry(
    told: &Told,
    approvals: &[Approval],
    expenses: &[Expense],
    name: &impl Fn(&str) -> String,
    called: &Called,
) -> Entry {
    let history = &told.history;
    let posting = &history.posting;
    let state = posting.machine.state.name();
    let (words, mark) = posting_words(state);
    let (debit_minor, credit_minor) = sides(&history.lines);
    let problem = posting.problem.as_ref().filter(|problem| posting.machine.state.code() == Some(problem.code));
    let decided: Vec<Approval> =
        approvals.iter().filter(|approval| approval.reference == posting.reference).cloned().collect();
    let in_force: Vec<i64> = standing(&decided, &posting.payload_sha256).iter().map(|one| one.number).collect();
    Entry {
        reference: posting.reference.to_string(),
        kind: match posting.key.kind {
            accounting::identity::Kind::Entry => "Journal entry",
            accounting::identity::Kind::Difference => "Entry of the difference",
            _ => "Reversal",
        },
        state: words,
        mark,
        journal: posting.journal.clone(),
        date: posting.posting_date.to_string(),
        original_date: posting.original_date.map(|day| day.to_string()).unwrap_or_default(),
        record_no: posting.machine.state.record_no().unwrap_or_default().to_owned(),
        currency: posting.total.currency.code().to_owned(),
        debit_minor,
        credit_minor,
        lines: history
            .lines
            .iter()
            .enumerate()
            .map(|(index, line)| self::line(index, line, expenses, called))
            .collect(),
        problem: problem.map(|problem| {
            (problem.code.to_string(), problem.code.title(), sentence(&problem.detail), problem.code.remedy())
        }),
        sha256: HEXLOWER.encode(&posting.payload_sha256),
        mapping_version: posting.mapping_version,
        decisions: decided
            .iter()
            .map(|one| Decision {
                what: judgement(one.decision),
                by: name(&one.actor),
                at_ms: one.at_ms,
                note: one.note.clone(),
                counts: in_force.contains(&one.number),
            })
            .collect(),
        attempts: history
            .attempts
            .iter()
            .zip(&told.bodies)
            .map(|(attempt, body)| self::attempt(attempt, body))
            .collect(),
    }
}

/// A decision in a word.
pub(super) const fn judgement(decision: crate::store::Judgement) -> &'static str {
    match decision {
        crate::store::Judgement::Approve => "Approved",
        crate::store::Judgement::Reject => "Refused",
        crate::store::Judgement::Release => "Refusal lifted",
    }
}

fn attempt((attempt, request): &(crate::store::Attempt, crate::store::Request), body: &str) -> Attempt {
    let reply = request.reply.as_deref().map(|reply| String::from_utf8_lossy(reply).into_owned());
    Attempt {
        n: attempt.n,
        started_ms: attempt.started_ms,
        outcome: attempt.outcome.clone().unwrap_or_else(|| "not known yet".to_owned()),
        detail: attempt.detail.clone().unwrap_or_default(),
        http_status: request.http_status.map(|status| status.to_string()).unwrap_or_default(),
        request: body.to_owned(),
        reply: reply.unwrap_or_default(),
    }
}

/// Debits and credits of lines, in minor units.
fn sides(lines: &[StoredLine]) -> (i64, i64) {
    lines.iter().fold((0_i64, 0_i64), |(debit, credit), line| {
        if line.direction == "debit" {
            (debit.saturating_add(line.amount_minor), credit)
        } else {
            (debit, credit.saturating_add(line.amount_minor))
        }
    })
}

fn line(index: usize, line: &StoredLine, expenses: &[Expense], called: &Called) -> Line {
    let numbers: Vec<usize> =
        expenses.iter().filter(|expense| line.expenses.contains(&expense.id)).map(|expense| expense.n).collect();
    let why = |name: &String| line.dimension_reasons.get(name).map(|why| without_version(why)).unwrap_or_default();
    let is_debit = line.direction == "debit";
    Line {
        n: index + 1,
        account: line.account.clone(),
        title: called.account(&line.account),
        debit_minor: is_debit.then_some(line.amount_minor),
        credit_minor: (!is_debit).then_some(line.amount_minor),
        memo: line.memo.clone(),
        reason: without_version(&line.account_reason),
        dimensions: line
            .dimensions
            .iter()
            .map(|(name, value)| (name.clone(), called.value(name, value), why(name)))
            .collect(),
        badges: line.badges.clone(),
        from: numbers.iter().map(|n| format!("x{n}")).collect::<Vec<_>>().join(" "),
        expenses: numbers,
    }
}

/// A reason without the mapping's version, which the entry tells once.
fn without_version(reason: &str) -> String {
    let end = reason.rfind(" (mapping ").filter(|_| reason.ends_with(')'));
    reason.get(..end.unwrap_or(reason.len())).unwrap_or(reason).to_owned()
}

/// The sums of the entries of the newest generation, where the report has a currency.
pub(super) fn totals(report: &InboxReport, entries: &[&Told]) -> Option<Totals> {
    let currency = report.currency.clone()?;
    let content = || entries.iter().filter(|told| !told.history.posting.key.kind.is_reversal());
    let posted_minor = match report.amount_minor {
        Some(amount) => amount,
        None if content().next().is_none() => return None,
        None => content().map(|told| told.history.posting.amount.minor).fold(0, i64::saturating_add),
    };
    let left_out_minor = report.skipped_minor.unwrap_or(0);
    let (debit_minor, credit_minor) = content().map(|told| sides(&told.history.lines)).fold(
        (0_i64, 0_i64),
        |(debit, credit), (more_debit, more_credit)| {
            (debit.saturating_add(more_debit), credit.saturating_add(more_credit))
        },
    );
    Some(Totals {
        ties: report.total_minor.map(|total| Some(total) == posted_minor.checked_add(left_out_minor)),
        source_minor: report.total_minor,
        balances: debit_minor == credit_minor,
        any_entry: content().next().is_some(),
        currency,
        left_out_minor,
        posted_minor,
        debit_minor,
        credit_minor,
    })
}

/// Where a report stands at Expensify, in a word.
pub(super) const fn source_words(state: ReportState) -> &'static str {
    match state {
        ReportState::Open => "Open",
        ReportState::Submitted => "Submitted",
        ReportState::Approved => "Approved",
        ReportState::Reimbursed => "Reimbursed",
        ReportState::Archived => "Closed",
    }
}

/// Where an entry stands, in a word, and how that is marked.
pub(super) fn posting_words(state: &str) -> (&'static str, &'static str) {
    match state {
        "frozen" => ("Ready to post", "wait"),
        "sending" => ("Being posted", "wait"),
        "posted" => ("Posted", "ok"),
        "rejected" => ("Refused by Intacct", "bad"),
        "unknown" => ("Being verified", "wait"),
        "absent" => ("Not in the ledger; is sent again", "wait"),
        "conflict" => ("Differs in the ledger", "bad"),
        "duplicate" => ("Twice in the ledger", "bad"),
        "reversed" => ("Reversed", "off"),
        _ => ("Withdrawn or held", "off"),
    }
}
