//! Changes of a mapping's conditional rules: they become a new version of the flow's document.

use std::collections::BTreeMap;

use accounting::Code;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::flow::Flow;
use crate::flow::rule_edit::{RuleChange, with_rules};
use crate::store::{CustomerStore, Right, StoredFlow};
use crate::web::caller::Caller;
use crate::web::flows::{FlowDocument, FlowPlace, check_version, keep, readable, stored_flow};
use crate::web::problem::Refusal;
use crate::web::request::{Body, Place};
use crate::web::state::State;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(change_mapping_rules))
}

/// Changes of rules.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct RulesChange {
    /// The version that they were made from; they are refused where another has come since.
    pub(in crate::web) expected_version: u32,
    /// The rules, each as it is wanted.
    pub(in crate::web) changes: Vec<WantedRule>,
    /// Why, for the audit.
    #[serde(default)]
    pub(in crate::web) reason: String,
}

/// A rule as it is wanted.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct WantedRule {
    /// Its place in the document, from 1; without one it is added behind the others.
    #[serde(default)]
    pub(in crate::web) number: Option<usize>,
    /// The parts of a new rule's condition by their keys, such as `category`, `tag_1` or `amount_at_least`.
    #[serde(default)]
    pub(in crate::web) when: BTreeMap<String, String>,
    /// Where it books; null takes the rule out.
    #[serde(default)]
    pub(in crate::web) account: Option<String>,
}

/// Change the rules of a flow's mapping: other accounts, rules taken out, and rules added
///
/// They become a new version of the flow's document; what is held is translated again by itself.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/mapping/rules", operation_id = "change_mapping_rules",
    tag = "Mapping", params(FlowPlace), request_body = RulesChange,
    responses((status = 200, description = "As it is now", body = FlowDocument)))]
pub(in crate::web) async fn change_mapping_rules(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<RulesChange>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Map).await?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    check_version(&stored, asked.expected_version)?;
    let changed = changed_rules(&state, &customer, (&stored, &flow), &asked.changes).await?;
    let author = caller.user().id.as_str();
    let kept = (Some(asked.expected_version), asked.reason.as_str());
    Ok(axum::Json(keep(&state, &customer, (author, &actor), &changed, kept).await?))
}

/// The flow with its rules changed.
///
/// # Errors
/// A refusal of what cannot be changed so, or of an account that the ledger does not take.
pub(in crate::web) async fn changed_rules(
    state: &State,
    customer: &CustomerStore,
    (stored, flow): (&StoredFlow, &Flow),
    wanted: &[WantedRule],
) -> Result<Flow, Refusal> {
    let mut changes = Vec::with_capacity(wanted.len());
    let known = state.charts().of(customer, flow).await?;
    for rule in wanted {
        let account = rule.account.as_deref().map(str::trim).filter(|account| !account.is_empty());
        if let (Some(number), Some(known)) = (account, &known)
            && !known.chart.accounts.get(number).is_some_and(|account| account.active)
        {
            let shown: String = number.chars().take(60).collect();
            return Err(refused(&format!("account {shown} is not taken by the ledger")));
        }
        changes.push(match (rule.number, account) {
            (Some(number), Some(account)) => RuleChange::Account(number, account.to_owned()),
            (Some(number), None) => RuleChange::Remove(number),
            (None, Some(account)) => {
                let mut when = rule.when.clone();
                when.retain(|_, value| !value.trim().is_empty());
                RuleChange::Add(when, account.to_owned())
            }
            (None, None) => return Err(refused("a new rule needs an account")),
        });
    }
    let document = with_rules(flow, &changes).map_err(|message| refused(&message))?;
    readable(customer, &document, Some(stored)).await
}

fn refused(message: &str) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, Code::FlowInvalid, "The rules cannot be changed so.")
        .with("mistakes", json!([{ "key": "rules", "detail": message }]))
}
