//! The switch from the old way: what a hand-over check found in the ledger, what looks like a report that is booked
//! already, and how far a rehearsal agrees with the books. The checks themselves are asked of the flow's worker.

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, flow_id};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::reports::ReportPlace;
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::store::{Answer, HandOver, LookAlike, Right, StoredAgreement};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_hand_overs))
        .routes(routes!(confirm_hand_over))
        .routes(routes!(list_look_alikes))
        .routes(routes!(answer_look_alike))
        .routes(routes!(list_agreements))
}

/// A hand-over check.
#[derive(Serialize, ToSchema)]
pub(super) struct HandOverAnswer {
    /// Its number: whoever confirms gives it back.
    check: i64,
    /// The company at the destination.
    company: String,
    /// The journals that the flow posts to.
    journals: String,
    /// Whether the flow may post: nothing was found, or a person has confirmed.
    passed: bool,
    /// When the ledger was searched.
    checked_at: Moment,
    /// What was searched and found, in figures.
    result: Value,
    /// Who confirmed.
    confirmed_by: Option<String>,
    /// Why.
    note: Option<String>,
    /// When.
    confirmed_at: Option<Moment>,
}

impl From<HandOver> for HandOverAnswer {
    fn from(check: HandOver) -> Self {
        Self {
            check: check.checked_ms,
            company: check.company,
            journals: check.journals,
            passed: check.passed,
            checked_at: Moment(check.checked_ms),
            result: check.result,
            confirmed_by: check.confirmed_by,
            note: check.note,
            confirmed_at: check.confirmed_ms.map(Moment),
        }
    }
}

/// A confirmation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    /// The check that was looked at.
    check: i64,
    /// Why the flow may post all the same.
    note: String,
}

/// An entry of the ledger that looks like a report.
#[derive(Serialize, ToSchema)]
pub(super) struct LookAlikeAnswer {
    /// The report.
    report_id: String,
    /// The company at the destination.
    company: String,
    /// The entry's number there.
    record_no: String,
    /// How much they look alike, of 100.
    score: i64,
    /// What speaks for it.
    evidence: Vec<String>,
    /// The entry, as far as it was read.
    entry: Value,
    /// When it was found.
    found_at: Moment,
    /// `same` or `another`; null while nobody has answered.
    answer: Option<&'static str>,
    /// Who answered.
    answered_by: Option<String>,
    /// Why.
    note: Option<String>,
    /// When.
    answered_at: Option<Moment>,
}

impl From<LookAlike> for LookAlikeAnswer {
    fn from(found: LookAlike) -> Self {
        Self {
            report_id: found.report_id,
            company: found.company,
            record_no: found.record_no,
            score: found.score,
            evidence: found.evidence,
            entry: found.entry,
            found_at: Moment(found.found_ms),
            answer: found.answer.map(Answer::name),
            answered_by: found.answered_by,
            note: found.note,
            answered_at: found.answered_ms.map(Moment),
        }
    }
}

/// Whether a report is booked already.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    /// `same`: it is left alone; `another`: it is posted.
    answer: String,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Which look-alikes are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LookAlikePaging {
    /// Only those without an answer.
    #[serde(default)]
    open: bool,
    /// `next` of the page before.
    #[serde(default)]
    after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    limit: Option<u32>,
}

/// A comparison of a rehearsal with the books.
#[derive(Serialize, ToSchema)]
pub(super) struct AgreementAnswer {
    /// Its number.
    number: i64,
    /// When it was made.
    taken_at: Moment,
    /// How far they agree, in reports, lines and money, with both sides of what does not.
    result: Value,
}

impl From<StoredAgreement> for AgreementAnswer {
    fn from(agreement: StoredAgreement) -> Self {
        Self { number: agreement.number, taken_at: Moment(agreement.taken_ms), result: agreement.result }
    }
}

async fn checks(
    customer: &crate::store::CustomerStore,
    flow: &crate::store::FlowId,
) -> Result<Vec<HandOverAnswer>, Refusal> {
    Ok(customer.hand_overs(flow).await?.into_iter().map(HandOverAnswer::from).collect())
}

/// List the hand-over checks of a flow, the newest first
///
/// One for each company and set of journals.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/hand_overs", operation_id = "list_hand_overs",
    tag = "Hand-over", params(FlowPlace),
    responses((status = 200, description = "All of them", body = Page<HandOverAnswer>)))]
async fn list_hand_overs(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<Page<HandOverAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    Ok(axum::Json(Page { items: checks(&customer, &flow.id).await?, next: None }))
}

/// Confirm a hand-over check: a person has looked at what it found
///
/// The flow posts from then on.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/hand_overs/confirm",
    operation_id = "confirm_hand_over", tag = "Hand-over", params(FlowPlace), request_body = Confirmed,
    responses((status = 200, description = "As they are now", body = Page<HandOverAnswer>)))]
async fn confirm_hand_over(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<Confirmed>,
) -> Result<axum::Json<Page<HandOverAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::Approve).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    if asked.note.trim().is_empty() {
        return Err(Refusal::invalid("note", "This needs a note that says why."));
    }
    let (person, at_ms) = (caller.user().id.as_str(), state.clock.now_ms());
    customer.confirm_hand_over(&flow.id, asked.check, person, asked.note.trim(), at_ms).await?;
    Ok(axum::Json(Page { items: checks(&customer, &flow.id).await?, next: None }))
}

/// List entries of the ledger that look like reports of a flow, by report
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/look_alikes", operation_id = "list_look_alikes",
    tag = "Hand-over", params(FlowPlace, LookAlikePaging),
    responses((status = 200, description = "A page of look-alikes", body = Page<LookAlikeAnswer>)))]
async fn list_look_alikes(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(asked): Asked<LookAlikePaging>,
) -> Result<axum::Json<Page<LookAlikeAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "look_alikes", flow.id.as_str());
    let read = |key: &str| serde_json::from_str::<(String, String, String)>(key).ok();
    let after = cursors.after_as(&paging, read)?.map(|(report_id, company, record_no)| LookAlike {
        flow: flow.id.clone(),
        report_id,
        company,
        record_no,
        score: 0,
        evidence: Vec::new(),
        entry: Value::Null,
        found_ms: 0,
        answer: None,
        answered_by: None,
        note: None,
        answered_ms: None,
    });
    let rows = customer.list_look_alikes(&flow.id, asked.open, after.as_ref(), paging.rows()).await?;
    let key = |row: &LookAlike| serde_json::json!([row.report_id, row.company, row.record_no]).to_string();
    Ok(axum::Json(cursors.cut(&paging, rows, key, LookAlikeAnswer::from)))
}

/// Answer whether a report is booked already
///
/// A later answer replaces an earlier one.
#[utoipa::path(put, path = "/customers/{customer}/flows/{flow}/reports/{report}/look_alike",
    operation_id = "answer_look_alike", tag = "Hand-over", params(ReportPlace), request_body = Answered,
    responses((status = 200, description = "The report's look-alikes", body = Page<LookAlikeAnswer>)))]
async fn answer_look_alike(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
    Body(asked): Body<Answered>,
) -> Result<axum::Json<Page<LookAlikeAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let answer = Answer::parse(&asked.answer);
    let answer = answer.ok_or_else(|| Refusal::invalid("answer", "It is neither `same` nor `another`."))?;
    let (person, at_ms) = (caller.user().id.as_str(), state.clock.now_ms());
    customer.answer_look_alikes(&flow.id, &place.report, answer, person, asked.note.trim(), at_ms).await?;
    let items = customer.look_alikes_of(&flow.id, &place.report).await?;
    Ok(axum::Json(Page { items: items.into_iter().map(LookAlikeAnswer::from).collect(), next: None }))
}

/// List how far a flow's rehearsals agreed with the books, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/agreements", operation_id = "list_agreements",
    tag = "Hand-over", params(FlowPlace, Paging),
    responses((status = 200, description = "A page of comparisons", body = Page<AgreementAnswer>)))]
async fn list_agreements(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<AgreementAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "agreements", flow.id.as_str());
    let before = cursors.after_as(&paging, |key| key.parse().ok())?;
    let rows = customer.agreements(&flow.id, before, paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.number.to_string(), AgreementAnswer::from)))
}
