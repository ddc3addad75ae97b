//! Approvals: what waits at a gate, what a person decides about the bytes of an entry, and the register of it all. A
//! decision counts for the person, whichever of that person's tokens it came with: nobody is two.

use accounting::Code;
use accounting::identity::Reference;
use axum::extract::State as Shared;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::flow_id;
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::store::{
    Approval, CustomerStore, FlowId, Judgement, Right, StoredPosting, WaitingReport, WaitingTotal, standing,
};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_waiting))
        .routes(routes!(sum_up_waiting))
        .routes(routes!(list_approvals))
        .routes(routes!(approve_posting))
        .routes(routes!(reject_posting))
        .routes(routes!(lift_rejection))
}

/// A report that waits at a gate.
#[derive(Serialize, ToSchema)]
pub(super) struct WaitingAnswer {
    /// The flow.
    pub(super) flow: String,
    /// The report.
    pub(super) report_id: String,
    /// The number that people quote.
    pub(super) number: Option<String>,
    /// Its name.
    pub(super) name: String,
    /// Who spent the money.
    pub(super) employee: String,
    /// What it waits for, such as `MLC-141`.
    pub(super) gate: String,
    /// The gate's title.
    pub(super) title: &'static str,
    /// What was seen.
    pub(super) detail: String,
    /// What ends the waiting.
    pub(super) remedy: &'static str,
    /// Currency of the entries.
    pub(super) currency: String,
    /// Their total, in minor units.
    pub(super) total_minor: i64,
    /// Since when it waits.
    pub(super) since_at: Moment,
    /// The entries that wait with it.
    pub(super) entries: Vec<EntryAnswer>,
}

/// An entry that waits.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryAnswer {
    /// Its reference.
    pub(super) reference: String,
    /// Hash of the bytes that would be sent: whoever decides gives it back.
    pub(super) payload_sha256: String,
    /// Where it stands.
    pub(super) state: &'static str,
    /// Journal.
    pub(super) journal: String,
    /// Posting date.
    pub(super) date: String,
    /// Currency.
    pub(super) currency: String,
    /// Debits, in minor units.
    pub(super) total_minor: i64,
    /// Decisions that count for these bytes.
    pub(super) decisions: Vec<ApprovalAnswer>,
}

/// What waits, added up.
#[derive(Serialize, ToSchema)]
pub(super) struct WaitingTotalAnswer {
    /// The flow.
    flow: String,
    /// The gate.
    gate: String,
    /// The gate's title.
    title: &'static str,
    /// The currency.
    currency: String,
    /// How many reports.
    reports: u64,
    /// Their money, in minor units.
    total_minor: i64,
    /// Since when the first of them waits.
    oldest_at: Moment,
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalAnswer {
    /// Its number in the register.
    pub(super) number: i64,
    /// The flow.
    pub(super) flow: String,
    /// The report.
    pub(super) report_id: String,
    /// The entry.
    pub(super) reference: String,
    /// Hash of the bytes that were looked at.
    pub(super) payload_sha256: String,
    /// `approve`, `reject`, or `release` where a rejection was lifted.
    pub(super) decision: &'static str,
    /// Who decided.
    pub(super) actor: String,
    /// Why.
    pub(super) note: String,
    /// When.
    pub(super) decided_at: Moment,
}

/// A decision about an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Judged {
    /// Hash of the bytes that were looked at; others are not decided about.
    pub(super) payload_sha256: String,
    /// Why; a rejection needs it.
    #[serde(default)]
    pub(super) note: String,
}

/// Which waiting reports are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WaitingPaging {
    /// Of this flow alone.
    pub(super) flow: Option<String>,
    /// At this gate alone, such as `MLC-142`.
    pub(super) gate: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    pub(super) after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub(super) limit: Option<u32>,
}

/// Which decisions are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RegisterPaging {
    /// Of this flow alone.
    pub(super) flow: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    pub(super) after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub(super) limit: Option<u32>,
}

/// Which entry of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EntryPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The entry's reference.
    pub(super) reference: String,
}

impl From<Approval> for ApprovalAnswer {
    fn from(approval: Approval) -> Self {
        Self {
            number: approval.number,
            flow: approval.flow.to_string(),
            report_id: approval.report_id,
            reference: approval.reference.to_string(),
            payload_sha256: HEXLOWER.encode(&approval.payload_sha256),
            decision: approval.decision.name(),
            actor: approval.actor,
            note: approval.note,
            decided_at: Moment(approval.at_ms),
        }
    }
}

impl From<WaitingTotal> for WaitingTotalAnswer {
    fn from(total: WaitingTotal) -> Self {
        Self {
            flow: total.flow.to_string(),
            gate: total.gate.to_string(),
            title: total.gate.title(),
            currency: total.currency,
            reports: total.reports,
            total_minor: total.total_minor,
            oldest_at: Moment(total.oldest_ms),
        }
    }
}

/// A flow of this customer, where one is named.
pub(super) async fn named_flow(customer: &CustomerStore, flow: Option<&str>) -> Result<Option<FlowId>, Refusal> {
    match flow {
        None => Ok(None),
        Some(text) => Ok(Some(customer.flow(&flow_id(text)?).await?.id)),
    }
}

/// A report with the entries that wait, and what was decided about each.
async fn waiting(customer: &CustomerStore, report: WaitingReport) -> Result<WaitingAnswer, Refusal> {
    let postings = customer.postings_of(&report.flow, &report.report_id).await?;
    let waits = |posting: &&StoredPosting| matches!(posting.machine.state.name(), "frozen" | "absent" | "rejected");
    let postings: Vec<&StoredPosting> = postings.iter().filter(waits).collect();
    let references: Vec<&Reference> = postings.iter().map(|posting| &posting.reference).collect();
    let decided = customer.approvals_of(&references).await?;
    let entry = |posting: &&StoredPosting| {
        let all = decided.get(&posting.reference).map(Vec::as_slice).unwrap_or_default();
        let in_force = standing(all, &posting.payload_sha256);
        EntryAnswer {
            reference: posting.reference.to_string(),
            payload_sha256: HEXLOWER.encode(&posting.payload_sha256),
            state: posting.machine.state.name(),
            journal: posting.journal.clone(),
            date: posting.posting_date.to_string(),
            currency: posting.total.currency.to_string(),
            total_minor: posting.total.minor,
            decisions: in_force.into_iter().cloned().map(ApprovalAnswer::from).collect(),
        }
    };
    Ok(WaitingAnswer {
        flow: report.flow.to_string(),
        entries: postings.iter().map(entry).collect(),
        report_id: report.report_id,
        number: report.number,
        name: report.name,
        employee: report.employee,
        gate: report.gate.to_string(),
        title: report.gate.title(),
        detail: report.detail,
        remedy: report.gate.remedy(),
        currency: report.currency,
        total_minor: report.total_minor,
        since_at: Moment(report.since_ms),
    })
}

/// List reports that wait for an approval, a hand-over, a ceiling or a time, with their entries
#[utoipa::path(get, path = "/customers/{customer}/waiting", operation_id = "list_waiting", tag = "Approvals",
    params(("customer" = String, Path, description = "The customer's id"), WaitingPaging),
    responses((status = 200, description = "A page of reports, by flow", body = Page<WaitingAnswer>)))]
pub(super) async fn list_waiting(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<WaitingPaging>,
) -> Result<axum::Json<Page<WaitingAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let flow = named_flow(&customer, asked.flow.as_deref()).await?;
    let no_gate = || Refusal::invalid("gate", "It is no code such as MLC-142.");
    let gate = asked.gate.as_deref().map(|text| Code::parse(text).ok_or_else(no_gate)).transpose()?;
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "waiting", "");
    let read =
        |key: &str| key.split_once(' ').and_then(|(flow, report)| Some((FlowId::parse(flow)?, report.to_owned())));
    let after = cursors.after_as(&paging, read)?;
    let after = after.as_ref().map(|(flow, report)| (flow, report.as_str()));
    let rows = customer.list_waiting(flow.as_ref(), gate, after, paging.rows()).await?;
    let page = cursors.cut(&paging, rows, |row| format!("{} {}", row.flow, row.report_id), |row| row);
    let mut items = Vec::new();
    for report in page.items {
        items.push(waiting(&customer, report).await?);
    }
    Ok(axum::Json(Page { items, next: page.next }))
}

/// Sum up what waits, by flow, gate and currency
#[utoipa::path(get, path = "/customers/{customer}/waiting/totals", operation_id = "sum_up_waiting", tag = "Approvals",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "All of it", body = Page<WaitingTotalAnswer>)))]
async fn sum_up_waiting(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<Page<WaitingTotalAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let items = customer.waiting_totals().await?.into_iter().map(WaitingTotalAnswer::from).collect();
    Ok(axum::Json(Page { items, next: None }))
}

/// List the register of approvals, the newest first
#[utoipa::path(get, path = "/customers/{customer}/approvals", operation_id = "list_approvals", tag = "Approvals",
    params(("customer" = String, Path, description = "The customer's id"), RegisterPaging),
    responses((status = 200, description = "A page of decisions", body = Page<ApprovalAnswer>)))]
pub(super) async fn list_approvals(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<RegisterPaging>,
) -> Result<axum::Json<Page<ApprovalAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let flow = named_flow(&customer, asked.flow.as_deref()).await?;
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "approvals", "");
    let before = cursors.after_as(&paging, |key| key.parse().ok())?;
    let rows = customer.list_approvals(flow.as_ref(), before, paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.number.to_string(), ApprovalAnswer::from)))
}

/// Approve the bytes of an entry
///
/// Whoever wrote the mapping that made it, or the flow's newest version, may not. Approving twice is one approval.
#[utoipa::path(post, path = "/customers/{customer}/entries/{reference}/approve", operation_id = "approve_posting",
    tag = "Approvals", params(EntryPlace), request_body = Judged,
    responses((status = 200, description = "Approved", body = ApprovalAnswer)))]
pub(super) async fn approve_posting(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<EntryPlace>,
    Body(asked): Body<Judged>,
) -> Result<axum::Json<ApprovalAnswer>, Refusal> {
    judge(&state, &caller, &place, &asked, Judgement::Approve).await
}

/// Reject the bytes of an entry
///
/// Its report waits until the rejection is lifted, or its content changes.
#[utoipa::path(post, path = "/customers/{customer}/entries/{reference}/reject", operation_id = "reject_posting",
    tag = "Approvals", params(EntryPlace), request_body = Judged,
    responses((status = 200, description = "Rejected", body = ApprovalAnswer)))]
pub(super) async fn reject_posting(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<EntryPlace>,
    Body(asked): Body<Judged>,
) -> Result<axum::Json<ApprovalAnswer>, Refusal> {
    judge(&state, &caller, &place, &asked, Judgement::Reject).await
}

/// Lift the rejection of an entry
///
/// Approvals are asked for anew.
#[utoipa::path(post, path = "/customers/{customer}/entries/{reference}/lift_rejection",
    operation_id = "lift_rejection", tag = "Approvals", params(EntryPlace), request_body = Judged,
    responses((status = 200, description = "Lifted", body = ApprovalAnswer)))]
pub(super) async fn lift_rejection(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<EntryPlace>,
    Body(asked): Body<Judged>,
) -> Result<axum::Json<ApprovalAnswer>, Refusal> {
    judge(&state, &caller, &place, &asked, Judgement::Release).await
}

async fn judge(
    state: &State,
    caller: &Caller,
    place: &EntryPlace,
    asked: &Judged,
    judgement: Judgement,
) -> Result<axum::Json<ApprovalAnswer>, Refusal> {
    let (customer, _) = caller.customer(state, &place.customer, Right::Approve).await?;
    let reference = Reference::parse(&place.reference).ok_or_else(Refusal::not_found)?;
    let sha256 = HEXLOWER_PERMISSIVE.decode(asked.payload_sha256.as_bytes()).ok();
    let sha256: Option<[u8; 32]> = sha256.and_then(|bytes| bytes.try_into().ok());
    let sha256 = sha256.ok_or_else(|| Refusal::invalid("payload_sha256", "It is no SHA-256 of 64 digits."))?;
    let (person, at_ms) = (caller.user().id.as_str(), state.clock.now_ms());
    let approval = match judgement {
        Judgement::Approve => customer.approve(&reference, &sha256, person, &asked.note, at_ms).await?,
        Judgement::Reject => customer.reject(&reference, &sha256, person, &asked.note, at_ms).await?,
        Judgement::Release => customer.lift_rejection(&reference, &sha256, person, &asked.note, at_ms).await?,
    };
    Ok(axum::Json(approval.into()))
}
