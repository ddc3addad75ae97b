//! A flow's settings one by one. A change of them becomes a new version of the flow's document, with its comments and all
//! else as it was; the document itself stays the one truth.

use std::collections::BTreeMap;

use accounting::Code;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowDocument, FlowPlace, check_version, keep, readable, stored_flow};
use super::problem::Refusal;
use super::request::{Body, Place};
use super::state::State;
use crate::flow::Flow;
use crate::flow::setting::{Section, Setting, SettingError, settings, with_settings};
use crate::store::{CustomerStore, Right, StoredFlow};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_settings)).routes(routes!(change_settings))
}

/// A flow's settings.
#[derive(Serialize, ToSchema)]
pub(super) struct SettingsAnswer {
    /// Version of the flow's document.
    pub(super) version: u32,
    /// Settings that belong together.
    pub(super) sections: Vec<SectionAnswer>,
}

/// Settings that belong together.
#[derive(Serialize, ToSchema)]
pub(super) struct SectionAnswer {
    /// The table's path in the document; empty for the document itself.
    pub(super) path: String,
    /// In words.
    pub(super) title: String,
    /// Its settings.
    pub(super) settings: Vec<SettingAnswer>,
}

/// A setting.
#[derive(Serialize, ToSchema)]
pub(super) struct SettingAnswer {
    /// Its path, such as `schedule.poll`.
    pub(super) path: String,
    /// Its name.
    pub(super) name: &'static str,
    /// What it decides.
    pub(super) meaning: &'static str,
    /// What it may hold.
    pub(super) values: &'static str,
    /// What stands in the document; null where the default holds.
    pub(super) value: Option<String>,
    /// The default; empty where there is none to write.
    pub(super) default: String,
    /// Whether the document must have it.
    pub(super) required: bool,
    /// The words to choose from, where it has nothing else.
    pub(super) choices: Vec<&'static str>,
    /// Whether it is a list or a table, and typed as TOML.
    pub(super) is_toml: bool,
}

impl From<Section> for SectionAnswer {
    fn from(section: Section) -> Self {
        let settings = section.settings.into_iter().map(SettingAnswer::from).collect();
        Self { path: section.path, title: section.title, settings }
    }
}

impl From<Setting> for SettingAnswer {
    fn from(setting: Setting) -> Self {
        Self {
            path: setting.path,
            name: setting.key.name,
            meaning: setting.key.meaning,
            values: setting.key.values,
            value: setting.value,
            default: setting.default,
            required: setting.key.absent == crate::flow::keys::Absent::Required,
            choices: setting.choices,
            is_toml: setting.is_toml,
        }
    }
}

/// Changes of settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsChange {
    /// The version that they were made from; they are refused where another has come since.
    pub(super) expected_version: u32,
    /// The settings, each as it is wanted.
    pub(super) changes: Vec<WantedSetting>,
    /// Why, for the audit.
    #[serde(default)]
    pub(super) reason: String,
}

/// A setting as it is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedSetting {
    /// Its path, such as `schedule.poll`.
    pub(super) path: String,
    /// What it is to hold; null goes back to the default.
    pub(super) value: Option<String>,
}

/// List a flow's settings, with what each decides
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/settings", operation_id = "list_settings", tag = "Flows",
    params(FlowPlace), responses((status = 200, description = "The settings", body = SettingsAnswer)))]
pub(super) async fn list_settings(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<SettingsAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    let sections = settings(&flow).into_iter().map(SectionAnswer::from).collect();
    Ok(axum::Json(SettingsAnswer { version: stored.version, sections }))
}

/// Change a flow's settings
///
/// They become a new version of the flow's document. Ask `foretell_flow` what a document would do.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/settings", operation_id = "change_settings",
    tag = "Flows", params(FlowPlace), request_body = SettingsChange,
    responses((status = 200, description = "As it is now", body = FlowDocument)))]
pub(super) async fn change_settings(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<SettingsChange>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Map).await?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    check_version(&stored, asked.expected_version)?;
    let changes = asked.changes.into_iter().map(|wanted| (wanted.path, wanted.value)).collect();
    let changed = changed_settings(&customer, (&stored, &flow), &changes).await?;
    let author = caller.user().id.as_str();
    let kept = (Some(asked.expected_version), asked.reason.as_str());
    Ok(axum::Json(keep(&state, &customer, (author, &actor), &changed, kept).await?))
}

/// The flow with these settings changed.
///
/// # Errors
/// A refusal with every setting that cannot be changed so.
pub(super) async fn changed_settings(
    customer: &CustomerStore,
    (stored, flow): (&StoredFlow, &Flow),
    changes: &BTreeMap<String, Option<String>>,
) -> Result<Flow, Refusal> {
    let document = with_settings(flow, changes).map_err(|errors| unchangeable(&errors))?;
    readable(customer, &document, Some(stored)).await
}

fn unchangeable(errors: &[SettingError]) -> Refusal {
    let all: Vec<_> = errors.iter().map(|error| json!({ "key": error.path, "detail": error.to_string() })).collect();
    let detail = format!("{} settings cannot be changed so.", all.len());
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, Code::FlowInvalid, detail).with("mistakes", json!(all))
}
