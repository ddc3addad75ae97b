//! Nobody reaches another customer's data: every operation of the description, with every id that stands in its path or
//! body set to what belongs to another customer, is answered as if that id did not exist, to the byte. The list of
//! operations comes from the service itself, so a route that is added is tried as well.

use std::collections::BTreeMap;

use ml_connector::store::{Role, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use super::site::{Reply, Site, Visitor};

/// An operation with ids in its path or body.
struct Operation {
    id: String,
    method: Method,
    path: String,
    /// A body made of its schema, where it has one.
    body: Option<Value>,
}

fn operations(description: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let schema = name.map(|name| &description["components"]["schemas"][name.rsplit('/').next().unwrap()]);
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema.map(sample),
            });
        }
    }
    operations
}

/// Something of the schema's form.
fn sample(schema: &Value) -> Value {
    let mut body = json!({});
    for (name, field) in schema["properties"].as_object().unwrap() {
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
        if let Some(value) = value_for(name, field).filter(|_| required || is_id(name)) {
            body[name] = value;
        }
    }
    body
}

fn value_for(name: &str, field: &Value) -> Option<Value> {
    let kind = field["type"].as_array().map_or(&field["type"], |kinds| &kinds[0]);
    Some(match (name, kind.as_str()) {
        ("user", _) => json!("{user}"),
        ("customer", _) => json!("{customer}"),
        ("customers", _) => json!(["{customer}"]),
        ("rights", _) => json!(["view"]),
        ("role", _) => json!("viewer"),
        ("email", _) => json!("someone@x.com"),
        (_, Some("string")) => json!("text of a test"),
        (_, Some("boolean")) => json!(true),
        (_, Some("integer")) => json!(1),
        (_, Some("array")) => json!([]),
        _ => return None,
    })
}

fn is_id(name: &str) -> bool {
    matches!(name, "user" | "customer" | "customers" | "token")
}

/// What remains once what differs by chance is taken out.
fn essence(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let request = reply.header("x-request-id").to_owned();
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (reply.status.as_u16(), headers, reply.text.replace(&request, "REQUEST"))
}

async fn try_with(visitor: &Visitor, operation: &Operation, ids: &BTreeMap<&str, String>) -> Reply {
    let fill =
        |text: &str| ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id));
    let body = operation.body.as_ref().map(|body| serde_json::from_str(&fill(&body.to_string())).unwrap());
    visitor.ask(operation.method.clone(), &fill(&operation.path), body).await
}

#[tokio::test]
async fn what_belongs_to_another_customer_is_answered_as_if_it_did_not_exist() {
    let site = Site::start().await;
    let (acme, other) = (site.customer("Acme").await, site.customer("Other").await);
    let theirs = site.person("theirs@other.com", false).await;
    site.grant(&other, &theirs, Role::Viewer).await;
    let their_session = site.session(&theirs).await;
    let body = json!({ "name": "theirs", "customers": [other.id().as_str()], "rights": ["view"] });
    let token = their_session.post("/tokens", body).await.is(201).json()["details"]["id"].as_str().unwrap().to_owned();
    let foreign: BTreeMap<&str, String> = BTreeMap::from([
        ("customer", other.id().to_string()),
        ("user", theirs.id.to_string()),
        ("token", token.clone()),
        ("role", "viewer".to_owned()),
    ]);
    let absent = |id: &str| format!("{}{}", &id[..4], "0".repeat(26));
    let description = site.visitor().get("/openapi.json").await.json();
    let operations = operations(&description);
    assert!(operations.len() >= 20, "{}", operations.len());

    let mut tries = 0;
    for role in Role::ALL {
        let (user, session) = site.signed_in(&format!("{}@acme.com", role.name()), false).await;
        site.grant(&acme, &user, role).await;
        for operation in &operations {
            let text = format!("{} {}", operation.path, operation.body.as_ref().unwrap_or(&Value::Null));
            for field in ["customer", "user", "token"] {
                if !text.contains(&format!("{{{field}}}")) {
                    continue;
                }
                // This id is the stranger's; all others are one's own, or also the stranger's.
                let own = BTreeMap::from([
                    ("customer", acme.id().to_string()),
                    ("user", user.id.to_string()),
                    ("token", absent("tok_")),
                    ("role", "viewer".to_owned()),
                ]);
                for others in [&own, &foreign] {
                    let mut there = others.clone();
                    there.insert(field, foreign[field].clone());
                    let mut nowhere = others.clone();
                    nowhere.insert(field, absent(&foreign[field]));
                    let found = try_with(&session, operation, &there).await;
                    let missing = try_with(&session, operation, &nowhere).await;
                    tries += 1;
                    let what = format!("{} as {} with a foreign {field}", operation.id, role.name());
                    assert!(!found.status.is_success(), "{what}: {}", found.text);
                    assert_eq!(essence(&found), essence(&missing), "{what}");
                }
            }
        }
    }
    assert!(tries >= 100, "{tries}");
    assert_eq!(site.audit_of(other.id()).await.len(), 2, "strangers do not fill a customer's audit");
    assert!(site.state.foreign_requests() > 0);
    assert_eq!(site.store.user(&UserId::parse(theirs.id.as_str()).unwrap()).await.unwrap().disabled_ms, None);
    their_session.get("/me").await.is(200);
}

#[tokio::test]
async fn every_operation_is_described_and_may_be_refused() {
    let site = Site::start().await;
    let description = site.visitor().get("/openapi.json").await;
    assert_eq!(description.header("content-type"), "application/json");
    let description = description.is(200).json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
    let mut names = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(!names.contains(&name.to_owned()), "{name} twice");
            names.push(name.to_owned());
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{name} says not what it does");
            assert!(!operation["tags"][0].as_str().unwrap_or_default().is_empty(), "{name} belongs nowhere");
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{name}");
        }
    }
    for name in ["sign_in", "sign_out", "show_me", "list_users", "create_user", "create_grant", "create_token"] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    let references = description.to_string();
    for (start, _) in references.match_indices("#/components/schemas/") {
        let name = references[start + 21..].split('"').next().unwrap();
        assert!(!description["components"]["schemas"][name].is_null(), "{name} is not described");
    }
    let page = site.visitor().get("/api").await;
    assert_eq!(page.is(200).header("content-type"), "text/html; charset=utf-8");
    assert!(names.iter().all(|name| page.text.contains(&format!("id=\"{name}\""))));
    assert!(!page.text.contains("<script"), "nothing runs on the page");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
}
