//! Flow documents that are about to be kept: what they would change, key by key and in money from stored reports, and
//! how they become a version. One road for the command line and the API; no vendor is called.

use accounting::{Chart, Code, Date, ExpenseReport, Problem};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::WorkError;
use super::start::identifier;
use super::what_if::{Question, WhatIf, what_if};
use crate::flow::{Destination, Difference, Flow, FlowError, SecretRef, Source, differences};
use crate::store::{AuditEvent, CustomerStore, FlowId, FlowVersion, StoreError, StoredChart, StoredFlow};
use crate::systems::expensify::report_of;

/// Which references to secrets a document may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum References {
    /// Any: it was written by somebody who may use this machine.
    Any,
    /// Sealed ones only: a document that came over the network must not name variables and files of this machine.
    SealedOnly,
}

/// Who keeps a document, and why.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// In the audit.
    pub actor: &'a str,
    /// In words; may be empty.
    pub reason: &'a str,
}

/// What a document is to the flow of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There is no such flow yet.
    New,
    /// It is the newest version.
    Same,
    /// It would become a new version.
    Changed,
}

/// What keeping a document would do.
#[derive(Debug)]
pub struct FlowPlan {
    /// The flow's name.
    pub name: String,
    /// The flow, where it is known.
    pub flow: Option<FlowId>,
    /// Version that the document is compared with; 0 where there is none.
    pub version: u32,
    /// What it is to that version.
    pub change: Change,
    /// Keys that differ; none where only comments or layout do.
    pub differences: Vec<Difference>,
    /// What the change would do to stored reports.
    pub what_if: Option<WhatIf>,
    /// Why that is not told.
    pub untold: Option<String>,
    /// The document, complete in itself.
    pub document: String,
}

/// Why a document is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It has mistakes.
    #[error("the document has mistakes")]
    Flow(#[source] FlowError),
    /// Something else.
    #[error("the document was not kept")]
    Work(#[source] WorkError),
}

impl From<WorkError> for PutError {
    fn from(error: WorkError) -> Self {
        Self::Work(error)
    }
}

impl From<StoreError> for PutError {
    fn from(error: StoreError) -> Self {
        Self::Work(error.into())
    }
}

/// What keeping the flow's document would do, looking back `months` months from `at_ms`.
///
/// # Errors
/// [`WorkError::Refused`] for a flow of another customer; those of the store.
pub async fn plan(customer: &CustomerStore, flow: &Flow, months: u32, at_ms: i64) -> Result<FlowPlan, WorkError> {
    check_customer(customer, flow).await?;
    let stored = customer.flows().await?.into_iter().find(|stored| stored.name == flow.name);
    let Some(stored) = stored else { return Ok(FlowPlan::new_flow(flow)) };
    if stored.document == flow.document {
        return Ok(FlowPlan::of(flow, Some(&stored), Change::Same));
    }
    let mut planned = FlowPlan::of(flow, Some(&stored), Change::Changed);
    planned.differences = differences(&stored.document, &flow.document);
    match foretell(customer, &stored, flow, months, at_ms).await {
        Ok(found) => planned.what_if = Some(found),
        // Without the ledger's chart, or where the stored version reads no more, the rest still stands.
        Err(WorkError::Refused { detail, .. }) => planned.untold = Some(detail),
        Err(error) => return Err(error),
    }
    Ok(planned)
}

/// What a document would do to the stored reports of a flow.
///
/// # Errors
/// [`WorkError::Refused`] where the ledger's chart was never read, or the stored version can no longer be read; those
/// of the store.
pub async fn foretell(
    customer: &CustomerStore,
    stored: &StoredFlow,
    new: &Flow,
    months: u32,
    at_ms: i64,
) -> Result<WhatIf, WorkError> {
    let old = Flow::parse(&stored.document, "the stored version", None).map_err(|_| WorkError::Refused {
        code: Code::FlowInvalid,
        detail: format!("version {} of the flow can no longer be read, so the two are not compared", stored.version),
    })?;
    let (company, chart) = known_ledger(customer, new).await?;
    let question = Question {
        old: &old.with_version(stored.version),
        new,
        chart: &chart,
        company: &company,
        today: today(new, at_ms)?,
        months,
    };
    what_if(customer, &stored.id, &question, reader(new)).await
}

/// Keeps what was planned, all or nothing, as the versions that the plans say.
///
/// # Errors
/// [`WorkError::Refused`] with [`Code::FlowChanged`] where a flow has a newer version than its plan was made for;
/// those of the store.
pub async fn apply(
    customer: &CustomerStore,
    plans: &[FlowPlan],
    author: Author<'_>,
    at_ms: i64,
) -> Result<Vec<FlowVersion>, WorkError> {
    let mut versions = Vec::new();
    let mut events = Vec::new();
    let mut tx = customer.begin().await?;
    for plan in plans.iter().filter(|plan| plan.change != Change::Same) {
        let put = tx.put_flow(&plan.name, &plan.document, author.actor, at_ms).await;
        let version = put.map_err(|error| refused_if_stale(error, &plan.name))?;
        if version.version != plan.version + 1 || !version.new {
            return Err(changed_meanwhile(&plan.name));
        }
        let detail = json!({
            "version": version.version,
            "sha256": HEXLOWER.encode(&Sha256::digest(plan.document.as_bytes())),
            "reason": author.reason,
            "keys": plan.differences.iter().map(|difference| &difference.key).take(100).collect::<Vec<_>>(),
        });
        events.push(AuditEvent::new(author.actor, "flow.changed", version.id.as_str(), detail));
        versions.push(version);
    }
    if !events.is_empty() {
        tx.commit(at_ms, events).await?;
    }
    Ok(versions)
}

/// Reads a document and keeps it as the version after `expected_version` (0: as a new flow). The same document again
/// changes nothing.
///
/// # Errors
/// [`PutError::Flow`] with every mistake in it; [`PutError::Work`] with [`Code::SecretNotSealed`],
/// [`Code::FlowChanged`], or what the store says.
pub async fn put_flow_document(
    customer: &CustomerStore,
    text: &str,
    expected_version: u32,
    references: References,
    author: Author<'_>,
    at_ms: i64,
) -> Result<FlowVersion, PutError> {
    let flow = Flow::parse(text, "document", None).map_err(PutError::Flow)?;
    check_references(&flow, references)?;
    check_customer(customer, &flow).await?;
    let stored = customer.flows().await?.into_iter().find(|stored| stored.name == flow.name);
    let version = stored.as_ref().map_or(0, |stored| stored.version);
    if version != expected_version {
        return Err(changed_meanwhile(&flow.name).into());
    }
    if let Some(stored) = stored.as_ref().filter(|stored| stored.document == flow.document) {
        return Ok(FlowVersion { id: stored.id.clone(), version, new: false });
    }
    let change = if stored.is_some() { Change::Changed } else { Change::New };
    let before = stored.as_ref().map_or("", |stored| stored.document.as_str());
    let planned =
        FlowPlan { differences: differences(before, &flow.document), ..FlowPlan::of(&flow, stored.as_ref(), change) };
    let versions = apply(customer, std::slice::from_ref(&planned), author, at_ms).await?;
    versions.into_iter().next().ok_or_else(|| changed_meanwhile(&flow.name).into())
}

impl Change {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::Changed => "changed",
        }
    }
}

impl FlowPlan {
    /// The plan of a flow that nobody knows yet.
    pub fn new_flow(flow: &Flow) -> Self {
        Self {
            differences: differences("", &flow.document),
            untold: Some("the flow is new: nothing of it is stored".to_owned()),
            ..Self::of(flow, None, Change::New)
        }
    }

    fn of(flow: &Flow, stored: Option<&StoredFlow>, change: Change) -> Self {
        Self {
            name: flow.name.clone(),
            flow: stored.map(|stored| stored.id.clone()),
            version: stored.map_or(0, |stored| stored.version),
            change,
            differences: Vec::new(),
            what_if: None,
            untold: None,
            document: flow.document.clone(),
        }
    }
}

/// The company that a flow posts to.
///
/// # Errors
/// [`WorkError::Refused`] where it is named by a secret that cannot be read; those of the store.
pub async fn company_of(customer: &CustomerStore, flow: &Flow) -> Result<String, WorkError> {
    let Destination::Intacct(destination) = &flow.destination;
    identifier(&destination.company_id, Some(customer)).await
}

/// The company that a flow posts to, and its chart as last read, where it was.
///
/// # Errors
/// [`WorkError::Refused`] where the company is named by a secret that cannot be read; those of the store.
pub async fn newest_chart(customer: &CustomerStore, flow: &Flow) -> Result<(String, Option<StoredChart>), WorkError> {
    let company = company_of(customer, flow).await?;
    let chart = customer.latest_chart(&company).await?;
    Ok((company, chart))
}

async fn known_ledger(customer: &CustomerStore, flow: &Flow) -> Result<(String, Chart), WorkError> {
    let (company, stored) = newest_chart(customer, flow).await?;
    let Some(stored) = stored else {
        let detail = format!("the chart of {company} was never read, so nothing can be said of stored reports");
        return Err(WorkError::Refused { code: Code::ChartUnread, detail });
    };
    Ok((company, stored.chart))
}

/// How the stored bytes of a flow's source are read.
fn reader(flow: &Flow) -> impl Fn(&[u8]) -> Result<ExpenseReport, Problem> + use<> {
    match flow.source {
        Source::Expensify(_) => report_of,
    }
}

fn today(flow: &Flow, at_ms: i64) -> Result<Date, WorkError> {
    let now = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(now.to_zoned(flow.schedule.zone.clone()).date())
}

async fn check_customer(customer: &CustomerStore, flow: &Flow) -> Result<(), WorkError> {
    let name = customer.record().await?.name;
    if flow.customer == name {
        return Ok(());
    }
    let detail = format!("the document says customer = \"{}\" and is to be kept for \"{name}\"", flow.customer);
    Err(WorkError::Refused { code: Code::FlowInvalid, detail })
}

fn check_references(flow: &Flow, references: References) -> Result<(), WorkError> {
    let all = flow.references();
    let outside = all.into_iter().filter(|(_, reference)| !matches!(reference, SecretRef::Sealed(_)));
    let keys: Vec<&str> = outside.map(|(key, _)| key).collect();
    if references == References::Any || keys.is_empty() {
        return Ok(());
    }
    let detail = format!("these keys name a variable or a file of the service's machine: {}", keys.join(", "));
    Err(WorkError::Refused { code: Code::SecretNotSealed, detail })
}

fn changed_meanwhile(name: &str) -> WorkError {
    let detail = format!("the flow \"{name}\" has another version than the one this change was made for");
    WorkError::Refused { code: Code::FlowChanged, detail }
}

fn refused_if_stale(error: StoreError, name: &str) -> WorkError {
    match error {
        StoreError::Stale { .. } => changed_meanwhile(name),
        other => other.into(),
    }
}
