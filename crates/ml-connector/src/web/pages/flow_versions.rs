//! The versions of a flow: who made which when, what each changed, and the way back to one. Nothing is taken back: an
//! earlier document becomes the newest version once more.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::change_review::{Proposed, review};
use super::flow_settings::check_maps;
use super::form::Fields;
use super::frame::Frame;
use super::refused::show;
use super::visit::{Visit, go};
use crate::web::flow_versions::{
    Restoration, VersionAnswer, list_flow_versions, restore_flow_version, show_flow_version,
};
use crate::web::flows::{FlowPlace, VersionPlace, flow_id, readable};
use crate::web::foresight::{Compared, ComparedWith, compare_flow_versions};
use crate::web::page::Paging;
use crate::web::problem::Refusal;
use crate::web::request::{Asked, Body, Place};
use crate::web::state::State;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/flows/{flow}/versions", get(list))
        .route("/c/{customer}/flows/{flow}/versions/{version}", get(one))
        .route("/c/{customer}/flows/{flow}/versions/{version}/restore", post(restore))
}

#[derive(askama::Template)]
#[template(path = "flow_versions.html")]
struct Versions {
    frame: Frame,
    flow: String,
    flow_name: String,
    newest: u32,
    versions: Vec<VersionAnswer>,
    first: String,
    next: String,
}

#[derive(askama::Template)]
#[template(path = "flow_version.html")]
struct Version {
    frame: Frame,
    flow: String,
    flow_name: String,
    version: u32,
    newest: u32,
    made_ms: i64,
    by: String,
    compared: Compared,
    document: String,
}

#[derive(Debug, Default, serde::Deserialize)]
struct Query {
    #[serde(default)]
    after: String,
}

fn own(visit: &Visit, end: &str) -> String {
    visit.frame.at(&format!("/flows/{}{end}", visit.place("flow")))
}

fn version_place(visit: &Visit) -> Result<VersionPlace, Refusal> {
    let version = visit.place("version").parse().map_err(|_| Refusal::not_found())?;
    Ok(VersionPlace { customer: visit.customer_id(), flow: visit.place("flow").to_owned(), version })
}

async fn list(visit: Visit, Asked(query): Asked<Query>) -> Result<Response, Refusal> {
    let stored = visit.customer.flow(&flow_id(visit.place("flow"))?).await?;
    let here = own(&visit, "/versions");
    let place = FlowPlace { customer: visit.customer_id(), flow: stored.id.to_string() };
    let paging = Paging::of(query.after.clone(), None);
    let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
    let page = list_flow_versions(shared, caller, Place(place), Asked(paging)).await?.0;
    Ok(show(&Versions {
        flow: own(&visit, ""),
        flow_name: stored.name,
        newest: stored.version,
        versions: page.items,
        first: if query.after.is_empty() { String::new() } else { here.clone() },
        next: page.next.map(|next| format!("{here}?after={next}")).unwrap_or_default(),
        frame: visit.frame,
    }))
}

async fn one(visit: Visit) -> Result<Response, Refusal> {
    let place = version_place(&visit)?;
    let version = place.version;
    let stored = visit.customer.flow(&flow_id(&place.flow)?).await?;
    let shared = || Shared(visit.state.clone());
    let shown = show_flow_version(shared(), visit.caller.clone(), Place(version_place(&visit)?)).await?.0;
    let compared =
        compare_flow_versions(shared(), visit.caller.clone(), Place(place), Asked(ComparedWith { from: None }))
            .await?
            .0;
    // The list tells who made it: the version after it is where its page begins.
    let infos = visit.customer.flow_versions(&stored.id, Some(version.saturating_add(1)), 1).await?;
    let author = infos.into_iter().next().and_then(|info| info.author);
    let by = match author {
        Some(author) => crate::web::flow_versions::author_name(&visit.state, &author).await?,
        None => String::new(),
    };
    Ok(show(&Version {
        flow: own(&visit, ""),
        flow_name: stored.name,
        version,
        newest: stored.version,
        made_ms: shown.flow.changed_at.0,
        by,
        compared,
        document: shown.document,
        frame: visit.frame,
    }))
}

/// Back to an earlier version: shown first, then kept.
async fn restore(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let place = version_place(&visit)?;
    let expected_version = fields.parsed::<u32>("version")?;
    if fields.text("do") == "keep" {
        let body = Restoration { expected_version, reason: fields.text("reason").to_owned() };
        let _ =
            restore_flow_version(Shared(visit.state.clone()), visit.caller.clone(), Place(place), Body(body)).await?;
        return Ok(go(&own(&visit, "/versions?done=restored")));
    }
    check_maps(&visit)?;
    let stored = visit.customer.flow(&flow_id(&place.flow)?).await?;
    let older = visit.customer.flow_version(&stored.id, place.version).await?;
    let changed = readable(&visit.customer, &older.document, Some(&older)).await;
    let proposed = Proposed {
        title: format!("Back to version {}", older.version),
        action: own(&visit, &format!("/versions/{}/restore", older.version)),
        back: own(&visit, "/versions"),
        carried: vec![("version".to_owned(), expected_version.to_string())],
    };
    review(visit, &stored, changed, proposed).await
}
