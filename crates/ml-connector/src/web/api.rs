//! The one list of routes, with the description that is made of it: `/api/v1/openapi.json`, and the page `/api` for
//! people. A resource adds its routes here and nowhere else.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Description, Ref, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::state::State;
use super::{
    approvals, audit, cases, causes, chart_changes, charts, customers, dashboard, demonstrations, flow_settings,
    flow_versions, flows, foresight, grants, guard, hand_over, health, holds, installation, links, mapping, me,
    messages, metrics, operator, pages, passes, reconciliations, reference, report_lists, reports, secrets, sessions,
    tokens, users, wall, wishes,
};

/// Where every route of the API begins.
pub const PREFIX: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ml-connector",
        description = "Moves approved expense reports into the general ledger, exactly once. Times are RFC 3339 in \
            UTC, amounts are integers of minor units. Lists are read page by page: ask again with `after` set \
            to the `next` of the page before. A request that changes something may carry an `Idempotency-Key` and be \
            sent again: it is done once. Unknown fields are refused."
    ),
    components(schemas(Problem)),
    security(("token" = []), ("session" = []))
)]
struct Api;

/// Why a request was not answered as asked (RFC 9457, `application/problem+json`).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `problem` writes")]
struct Problem {
    /// Address of the code's page.
    r#type: String,
    /// The code's title.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened, in one sentence.
    detail: String,
    /// The code, such as `MLC-423`.
    code: String,
    /// What mends it.
    remedy: String,
    /// Who can mend it.
    who: String,
    /// The request's id, as in the log.
    instance: String,
    /// The offending field of the request, where there is one.
    field: Option<String>,
    /// Line of the body, from 1.
    line: Option<u64>,
    /// Column of the line, from 1.
    column: Option<u64>,
    /// The right that is missing.
    needs: Option<String>,
    /// When to ask again, in seconds.
    retry_after_seconds: Option<u64>,
}

/// All resources, with their descriptions.
fn resources() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .merge(sessions::routes())
        .merge(me::routes())
        .merge(links::routes())
        .merge(users::routes())
        .merge(customers::routes())
        .merge(demonstrations::routes())
        .merge(grants::routes())
        .merge(tokens::routes())
        .merge(installation::routes())
        .merge(flows::routes())
        .merge(flow_versions::routes())
        .merge(flow_settings::routes())
        .merge(mapping::routes())
        .merge(wishes::routes())
        .merge(reports::routes())
        .merge(report_lists::routes())
        .merge(holds::routes())
        .merge(secrets::routes())
        .merge(audit::routes())
        .merge(approvals::routes())
        .merge(cases::routes())
        .merge(causes::routes())
        .merge(foresight::routes())
        .merge(hand_over::routes())
        .merge(reconciliations::routes())
        .merge(charts::routes())
        .merge(chart_changes::routes())
        .merge(passes::routes())
        .merge(dashboard::routes())
        .merge(wall::routes())
        .merge(messages::routes())
}

/// Every route of the service.
pub fn router(state: State) -> Router {
    let (router, description) = described();
    let json = description.to_json().unwrap_or_default();
    let page = reference::page(&json);
    let document = move || {
        let json = json.clone();
        async move { described_as("application/json", json) }
    };
    let people = move || {
        let page = page.clone();
        async move { reference::answer(page) }
    };
    router
        .route(&format!("{PREFIX}/openapi.json"), get(document))
        .route("/api", get(people))
        .route("/problems/{code}", get(reference::problem))
        .route("/page.css", get(reference::style))
        .merge(pages::routes())
        .merge(super::sign_on::routes())
        .route_layer(from_fn(guard::routed))
        .fallback(guard::nothing_here)
        .method_not_allowed_fallback(guard::no_such_method)
        .layer(from_fn_with_state(state.clone(), guard::guard))
        .merge(of_operator())
        .with_state(state)
}

/// What an operator's tools ask, outside of the guard.
fn of_operator() -> Router<State> {
    health::routes().merge(metrics::routes()).layer(from_fn(operator::note_far))
}

/// The same by itself, for a process that serves no API.
pub(super) fn operator_router(state: State) -> Router {
    of_operator().with_state(state)
}

/// The routes of the API, and their description.
pub(super) fn described() -> (Router<State>, Description) {
    let api = OpenApiRouter::with_openapi(Api::openapi()).nest(PREFIX, resources());
    let (router, mut description) = api.split_for_parts();
    for item in description.paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        all.into_iter().flatten().for_each(add_problem);
    }
    let components = description.components.get_or_insert_default();
    let token = Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("A token of POST /tokens.")).build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    let cookie = ApiKeyValue::with_description("__Host-ml-connector", "The session of POST /session.");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    (router, description)
}

/// Every operation may be refused in the same form.
fn add_problem(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refused = ResponseBuilder::new().description("Refused").content("application/problem+json", content).build();
    operation.responses.responses.insert("default".to_owned(), refused.into());
}

fn described_as(content_type: &'static str, text: String) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, text).into_response()
}
