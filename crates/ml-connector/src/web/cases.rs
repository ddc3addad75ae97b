//! Cases: what a person must decide, and what came of it. A decision is kept here and carried out by the flow's worker;
//! it counts for the person, whichever of that person's tokens it came with.

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::approvals::named_flow;
use super::caller::Caller;
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::store::{Case, CaseFilter, CaseId, CaseKind, CaseState, Consent, Decision, Right, Verdict};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_cases)).routes(routes!(show_case)).routes(routes!(decide_case))
}

/// A case.
#[derive(Serialize, ToSchema)]
pub(super) struct CaseAnswer {
    /// Its id.
    id: String,
    /// The flow.
    flow: String,
    /// What it is about, such as `drift_changed`.
    kind: &'static str,
    /// The report's id or the entry's reference.
    subject: String,
    /// The report, where there is one.
    report_id: Option<String>,
    /// Tells this cause from every other; whoever decides gives it back.
    cause: String,
    /// `open`, `decided` (a worker is about it) or `done`.
    state: &'static str,
    /// The problem's code.
    code: String,
    /// The problem's title.
    title: &'static str,
    /// What mends it.
    remedy: &'static str,
    /// Who can mend it.
    owner: &'static str,
    /// What was found.
    detail: Value,
    /// What can be decided.
    proposals: Vec<&'static str>,
    /// What was decided.
    decision: Option<&'static str>,
    /// The entry's number that was vouched for.
    record_no: Option<String>,
    /// Who decided, last where several had to.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<Moment>,
    /// Why.
    note: Option<String>,
    /// Who agreed, where two persons must.
    consents: Vec<ConsentAnswer>,
    /// What was done about it, or why that was not possible.
    outcome: Option<Value>,
    /// When it was opened.
    opened_at: Moment,
    /// When it last moved.
    changed_at: Moment,
}

/// One person's consent.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentAnswer {
    /// Who.
    actor: String,
    /// When.
    given_at: Moment,
}

impl From<Consent> for ConsentAnswer {
    fn from(consent: Consent) -> Self {
        Self { actor: consent.actor, given_at: Moment(consent.at_ms) }
    }
}

impl From<Case> for CaseAnswer {
    fn from(case: Case) -> Self {
        Self {
            id: case.id.to_string(),
            flow: case.flow.to_string(),
            kind: case.kind.name(),
            subject: case.subject,
            report_id: case.report_id,
            cause: case.cause,
            state: case.state.name(),
            code: case.code.to_string(),
            title: case.code.title(),
            remedy: case.code.remedy(),
            owner: case.code.owner().name(),
            detail: case.detail,
            proposals: case.proposals.into_iter().map(Decision::name).collect(),
            decision: case.decision.map(Decision::name),
            record_no: case.record_no,
            decided_by: case.decided_by,
            decided_at: case.decided_ms.map(Moment),
            note: case.note,
            consents: case.consents.into_iter().map(ConsentAnswer::from).collect(),
            outcome: case.outcome,
            opened_at: Moment(case.opened_ms),
            changed_at: Moment(case.changed_ms),
        }
    }
}

/// A decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decided {
    /// The cause that was shown; where the case has another by now, nothing is decided.
    pub(super) cause: String,
    /// One of the case's proposals.
    pub(super) decision: String,
    /// The entry's number at the destination, for `vouch`.
    pub(super) record_no: Option<String>,
    /// Why; `accept` and `mark_handled` need it.
    #[serde(default)]
    pub(super) note: String,
}

/// Which cases are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CasePaging {
    /// `open`, `decided` or `done`.
    state: Option<String>,
    /// Of this kind alone, such as `drift_changed`.
    kind: Option<String>,
    /// Of this flow alone.
    flow: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    limit: Option<u32>,
}

/// Which case of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CasePlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The case's id.
    pub(super) case: String,
}

/// List cases, the newest first
#[utoipa::path(get, path = "/customers/{customer}/cases", operation_id = "list_cases", tag = "Cases",
    params(("customer" = String, Path, description = "The customer's id"), CasePaging),
    responses((status = 200, description = "A page of cases", body = Page<CaseAnswer>)))]
async fn list_cases(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<CasePaging>,
) -> Result<axum::Json<Page<CaseAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let no_state = || Refusal::invalid("state", "It is none of open, decided, done.");
    let no_kind = || Refusal::invalid("kind", "It is no kind of a case.");
    let filter = CaseFilter {
        state: asked.state.as_deref().map(|name| CaseState::parse(name).ok_or_else(no_state)).transpose()?,
        kind: asked.kind.as_deref().map(|name| CaseKind::parse(name).ok_or_else(no_kind)).transpose()?,
        flow: named_flow(&customer, asked.flow.as_deref()).await?,
    };
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "cases", "");
    let before = cursors.after_as(&paging, CaseId::parse)?;
    let rows = customer.cases(&filter, before.as_ref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.id.to_string(), CaseAnswer::from)))
}

/// Show a case
#[utoipa::path(get, path = "/customers/{customer}/cases/{case}", operation_id = "show_case", tag = "Cases",
    params(CasePlace), responses((status = 200, description = "The case", body = CaseAnswer)))]
async fn show_case(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<CasePlace>,
) -> Result<axum::Json<CaseAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let id = CaseId::parse(&place.case).ok_or_else(Refusal::not_found)?;
    Ok(axum::Json(customer.case(&id).await?.into()))
}

/// Decide a case
///
/// The flow's worker carries it out, and the case then tells what was done. Deciding the same again changes nothing;
/// where two persons must agree, the first one's consent is kept and the case stays open.
#[utoipa::path(post, path = "/customers/{customer}/cases/{case}/decision", operation_id = "decide_case", tag = "Cases",
    params(CasePlace), request_body = Decided, responses((status = 200, description = "As it is now", body = CaseAnswer)))]
pub(super) async fn decide_case(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<CasePlace>,
    Body(asked): Body<Decided>,
) -> Result<axum::Json<CaseAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let id = CaseId::parse(&place.case).ok_or_else(Refusal::not_found)?;
    let unknown = || Refusal::invalid("decision", "Nothing of this name can be decided.");
    let decision = Decision::parse(&asked.decision).ok_or_else(unknown)?;
    let verdict = Verdict { decision: Some(decision), record_no: asked.record_no, note: asked.note };
    let at_ms = state.clock.now_ms();
    let case = customer.decide(&id, &asked.cause, &verdict, caller.user().id.as_str(), at_ms).await?;
    if case.state == CaseState::Decided {
        let mut tx = customer.begin().await?;
        tx.await_flow(&case.flow, at_ms).await?;
        tx.commit_untraced(at_ms).await?;
    }
    Ok(axum::Json(case.into()))
}
