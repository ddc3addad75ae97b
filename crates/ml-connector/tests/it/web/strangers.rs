//! Nobody reaches another customer's data: every operation of the description, with every id that stands in its path,
//! query, body or cursor set to what belongs to another customer, asked by every role with a session and with a token,
//! is answered as if that id did not exist, to the byte. Also that nothing is open to whoever did not sign in, and that
//! who only looks changes nothing. The list of operations comes from the service itself, so a route that is added is
//! tried as well.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::store::{Ids, Role, Store};
use ml_connector::web::router;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::belongings::{Belongings, absent, master_key};
use super::site::Site;

/// Parameters and members that hold the id of something that belongs to somebody.
const IDS: [&str; 12] = [
    "customer",
    "user",
    "token",
    "flow",
    "wish",
    "report",
    "case",
    "reconciliation",
    "message",
    "reference",
    "reports",
    "customers",
];
/// What may be done without having signed in.
const OPEN: [&str; 4] = ["sign_in", "sign_out", "set_password", "create_first_administrator"];

/// An operation of the description.
struct Operation {
    id: String,
    method: String,
    path: String,
    query: Vec<String>,
    content_type: Option<String>,
    body: Option<Value>,
}

/// Somebody with something to show.
struct Asking {
    role: Role,
    header: (&'static str, String),
}

/// What came back, without what differs by chance.
#[derive(Debug, PartialEq, Eq)]
struct Essence {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn operations(description: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            let content = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
            let body = content.map(|(_, content)| sample(description, &content["schema"]));
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
                content_type: content.map(|(kind, _)| kind.clone()),
                body,
            });
        }
    }
    operations
}

/// Something of the schema's form, with places for ids.
fn sample(description: &Value, schema: &Value) -> Value {
    let schema = match schema["$ref"].as_str() {
        Some(name) => &description["components"]["schemas"][name.rsplit('/').next().unwrap()],
        None => schema,
    };
    let Some(properties) = schema["properties"].as_object() else { return json!("text") };
    let mut body = json!({});
    for (name, field) in properties {
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
        let kind = field["type"].as_array().map_or(&field["type"], |kinds| &kinds[0]);
        let value = match (name.as_str(), kind.as_str()) {
            ("customers" | "reports", _) => json!([format!("{{{name}}}")]),
            (name, _) if IDS.contains(&name) => json!(format!("{{{name}}}")),
            ("rights", _) => json!(["view"]),
            ("role", _) => json!("viewer"),
            ("email", _) => json!("someone@x.com"),
            ("payload_sha256", _) => json!("0".repeat(64)),
            (_, Some("boolean")) => json!(false),
            (_, Some("integer")) => json!(1),
            (_, Some("array")) => json!([]),
            _ => json!("text of a test"),
        };
        if required || IDS.contains(&name.as_str()) {
            body[name] = value;
        }
    }
    body
}

fn fill(text: &str, ids: &BTreeMap<String, String>) -> String {
    ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
}

impl Operation {
    /// Which ids of it are tried.
    fn fields(&self) -> BTreeSet<&'static str> {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let places = format!("{} {body}", self.path);
        let placed = IDS.into_iter().filter(|name| places.contains(&format!("{{{name}}}")));
        let asked = IDS.into_iter().chain(["after"]).filter(|name| self.query.iter().any(|query| query == name));
        // A list of the installation is bound to who asks, not to a customer.
        placed.chain(asked.filter(|name| *name != "after" || self.path.contains("{customer}"))).collect()
    }

    fn request(
        &self,
        ids: &BTreeMap<String, String>,
        field: Option<&str>,
        header: &(&'static str, String),
    ) -> Request<Body> {
        let mut uri = fill(&self.path, ids);
        if let Some(field) = field.filter(|field| self.query.iter().any(|query| query == field)) {
            uri.push_str(&format!("?{field}={}", ids[field]));
        }
        let mut request = Request::builder().method(self.method.as_str()).uri(uri);
        request = request.header(header.0, &header.1).header("sec-fetch-site", "same-origin");
        let body = self.body.as_ref().map(|body| fill(&body.to_string(), ids));
        if let Some(kind) = &self.content_type {
            request = request.header("content-type", kind);
        }
        request.body(Body::from(body.unwrap_or_default())).unwrap()
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Essence {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let id = parts.headers.get("x-request-id").unwrap().to_str().unwrap().to_owned();
    let body = String::from_utf8_lossy(&body).replace(&id, "REQUEST");
    Essence { status: parts.status.as_u16(), headers: kept(&parts.headers), body }
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    let mut kept: Vec<_> = kept.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    kept.sort();
    kept
}

/// A service, what belongs to the one who asks, and what belongs to another.
struct Scene {
    router: Router,
    site: Site,
    operations: Vec<Operation>,
    own: Belongings,
    foreign: Belongings,
}

impl Scene {
    async fn set() -> Self {
        let clock = Clock::system(TimeZone::UTC);
        let store = Store::in_memory(master_key(), Ids::system(), clock.now_ms()).await.unwrap();
        let site = Site::over(store, &[]).await;
        let (own, foreign) = (Belongings::of(&site, "acme", 1).await, Belongings::of(&site, "other", 101).await);
        let operations = operations(&site.visitor().get("/openapi.json").await.json());
        let router = router(site.state.clone());
        Self { router, site, operations, own, foreign }
    }

    /// Each role with a session, with a token of all its rights, and with tokens of one right each.
    async fn asking(&self) -> Vec<Asking> {
        let mut asking = Vec::new();
        for role in Role::ALL {
            let (user, session) = self.site.signed_in(&format!("{}@acme.com", role.name()), false).await;
            self.site.grant(&self.own.customer, &user, role).await;
            let rights: Vec<&str> = role.rights().iter().map(|right| right.name()).collect();
            for rights in [rights.clone(), rights[..1].to_vec(), rights[rights.len() - 1..].to_vec()] {
                let body = json!({ "name": "t", "customers": [self.own.customer.id().as_str()], "rights": rights });
                let token = session.post("/tokens", body).await.is(201).json()["token"].as_str().unwrap().to_owned();
                asking.push(Asking { role, header: ("authorization", format!("Bearer {token}")) });
            }
            asking.push(Asking { role, header: ("cookie", session.cookie.unwrap()) });
        }
        asking
    }

    /// A cursor of the other customer's list, or of its register where that list has one page.
    async fn cursor(&self, operation: &Operation, usual: &str) -> String {
        let header = ("cookie", self.foreign.admin.cookie.clone().unwrap());
        let uri = format!("{}?limit=1", fill(&operation.path, &self.foreign.ids));
        let request = Request::builder().uri(uri).header(header.0, header.1).body(Body::empty()).unwrap();
        let page: Value = serde_json::from_str(&ask(&self.router, request).await.body).unwrap();
        page["next"].as_str().unwrap_or(usual).to_owned()
    }
}

#[tokio::test]
async fn nothing_of_another_customer_is_reached_by_any_id_of_any_operation_in_any_role() {
    let scene = Scene::set().await;
    assert!(scene.operations.len() >= 70, "{}", scene.operations.len());
    let cases = scene.operations.iter().find(|operation| operation.id == "list_cases").unwrap();
    let usual = scene.cursor(cases, "").await;
    assert!(!usual.is_empty());
    let mut cursors = BTreeMap::new();
    for operation in scene.operations.iter().filter(|operation| operation.fields().contains("after")) {
        cursors.insert(&operation.id, scene.cursor(operation, &usual).await);
    }
    let audited = scene.foreign.customer.list_audit(&Default::default(), 0, 1_000).await.unwrap().len();
    let mut tries = 0;
    for asking in scene.asking().await {
        for operation in &scene.operations {
            for field in operation.fields() {
                let one = |name: &str| name.trim_end_matches('s').to_owned();
                let key = if field == "reports" || field == "customers" { one(field) } else { field.to_owned() };
                let theirs = match field {
                    "after" => cursors[&operation.id].clone(),
                    _ => scene.foreign.ids[&key].clone(),
                };
                for others in [&scene.own.ids, &scene.foreign.ids] {
                    let with = |id: String| {
                        let mut ids = others.clone();
                        for name in ["report", "customer"] {
                            ids.insert(format!("{name}s"), others[name].clone());
                        }
                        ids.insert(field.to_owned(), id);
                        ids
                    };
                    let found = operation.request(&with(theirs.clone()), Some(field), &asking.header);
                    let missing = operation.request(&with(absent(&key, &theirs)), Some(field), &asking.header);
                    let (found, missing) = (ask(&scene.router, found).await, ask(&scene.router, missing).await);
                    tries += 1;
                    let what = format!("{} as {} with a foreign {field}", operation.id, asking.role.name());
                    // What does not wait is passed over: naming it lets nothing go.
                    let nothing = operation.id == "release_reports" && found.body.contains("\"released\":0");
                    assert!(found.status >= 400 || nothing, "{what}: {found:?}");
                    assert_eq!(found, missing, "{what}");
                }
            }
        }
    }
    println!("{tries} tries");
    assert!(tries >= 5_000, "{tries}");
    let after = scene.foreign.customer.list_audit(&Default::default(), 0, 1_000).await.unwrap().len();
    assert_eq!(after, audited, "strangers do not fill a customer's audit");
}

#[tokio::test]
async fn nothing_is_open_to_who_did_not_sign_in_and_who_only_looks_changes_nothing() {
    let scene = Scene::set().await;
    let nobody = ("x-nobody", "1".to_owned());
    for operation in scene.operations.iter().filter(|operation| !OPEN.contains(&operation.id.as_str())) {
        let refused = ask(&scene.router, operation.request(&scene.own.ids, None, &nobody)).await;
        assert_eq!(refused.status, 401, "{}: {refused:?}", operation.id);
    }
    let asking = scene.asking().await;
    let mut ids = scene.own.ids.clone();
    for name in ["report", "customer"] {
        ids.insert(format!("{name}s"), ids[name].clone());
    }
    let audited = scene.own.customer.list_audit(&Default::default(), 0, 1_000).await.unwrap().len();
    let changing = |operation: &&Operation| operation.method != "GET" && operation.path.contains("{customer}");
    for operation in scene.operations.iter().filter(changing) {
        for asking in asking.iter().filter(|asking| matches!(asking.role, Role::Viewer | Role::Auditor)) {
            let refused = ask(&scene.router, operation.request(&ids, None, &asking.header)).await;
            assert_eq!(refused.status, 403, "{} as {}: {refused:?}", operation.id, asking.role.name());
        }
    }
    let after = scene.own.customer.list_audit(&Default::default(), 0, 1_000).await.unwrap().len();
    assert_eq!(after, audited, "who only looks changed something");
    // And each list and page answers who may see it, so that the refusals above are not all there is.
    let mut shown = 0;
    for operation in scene.operations.iter().filter(|operation| operation.method == "GET") {
        for asking in asking.iter().filter(|asking| asking.header.0 == "cookie") {
            let answer = ask(&scene.router, operation.request(&ids, None, &asking.header)).await;
            assert!(answer.status < 500, "{}: {answer:?}", operation.id);
            shown += usize::from(answer.status == 200);
        }
    }
    assert!(shown >= 150, "{shown}");
}
