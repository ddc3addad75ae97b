//! The form of a mapping's rules: other accounts, rules taken out, and one added. What was entered is first shown with what
//! it would do.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::post;

use super::change_review::{Proposed, review};
use super::flow_settings::check_maps;
use super::form::Fields;
use super::visit::{Visit, go};
use crate::web::flows::{FlowPlace, stored_flow};
use crate::web::mapping::{RulesChange, WantedRule, change_mapping_rules, changed_rules};
use crate::web::problem::Refusal;
use crate::web::request::{Body, Place};
use crate::web::state::State;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/flows/{flow}/mapping/rules", post(rules))
}

/// Parts of a condition that a rule may be added with: the key, and its words.
pub(super) const PARTS: [(&str, &str); 10] = [
    ("category", "Category"),
    ("tag_1", "Tag 1"),
    ("tag_2", "Tag 2"),
    ("tag_3", "Tag 3"),
    ("policy", "Workspace"),
    ("entity", "Entity"),
    ("card", "Card"),
    ("employee", "Employee"),
    ("amount_at_least", "Amount at least, such as 100.00 USD"),
    ("amount_at_most", "Amount at most"),
];

/// Rules that were changed, ticked to be taken out, or added: shown first with what they would do, or kept.
async fn rules(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let expected_version = fields.parsed::<u32>("version")?;
    let (changes, mut carried) = wanted_rules(&fields);
    let here = visit.frame.at(&format!("/flows/{}/mapping", visit.place("flow")));
    if fields.text("do") == "keep" {
        let place = FlowPlace { customer: visit.customer_id(), flow: visit.place("flow").to_owned() };
        let body = RulesChange { expected_version, changes, reason: fields.text("reason").to_owned() };
        let _ =
            change_mapping_rules(Shared(visit.state.clone()), visit.caller.clone(), Place(place), Body(body)).await?;
        return Ok(go(&format!("{here}?done=saved")));
    }
    check_maps(&visit)?;
    let (stored, flow) = stored_flow(&visit.customer, visit.place("flow")).await?;
    let changed = changed_rules(&visit.state, &visit.customer, (&stored, &flow), &changes).await;
    carried.push(("version".to_owned(), expected_version.to_string()));
    let title = "What these rules would do".to_owned();
    let action = format!("{here}/rules");
    review(visit, &stored, changed, Proposed { title, action, back: here, carried }).await
}

/// The rules that a person changed, and the fields that say so.
fn wanted_rules(fields: &Fields) -> (Vec<WantedRule>, Vec<(String, String)>) {
    let mut changes = Vec::new();
    let mut carried = Vec::new();
    let mut carry = |name: &str| carried.push((name.to_owned(), fields.text(name).to_owned()));
    for (number, account) in fields.beginning("rule:") {
        let gone = fields.ticked(&format!("gone:{number}"));
        if !gone && account.trim() == fields.text(&format!("old:{number}")) {
            continue;
        }
        ["rule:", "old:", "gone:"].iter().for_each(|start| carry(&format!("{start}{number}")));
        let account = Some(account.trim().to_owned()).filter(|_| !gone);
        changes.push(WantedRule { number: number.parse().ok(), when: BTreeMap::new(), account });
    }
    let when: BTreeMap<String, String> = fields
        .beginning("when:")
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect();
    let account = fields.text("new_account").to_owned();
    if !when.is_empty() || !account.is_empty() {
        when.keys().for_each(|key| carry(&format!("when:{key}")));
        carry("new_account");
        changes.push(WantedRule { number: None, when, account: Some(account) });
    }
    (changes, carried)
}
