//! Every role against every route of people and customers: what each may is a table here, and anything else is refused.

use ml_connector::store::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::site::Site;

/// Who asks.
const ASKING: [&str; 9] =
    ["nobody", "stranger", "viewer", "operator", "mapper", "approver", "admin", "auditor", "administrator"];

/// Method, path with `{c}` and `{u}` for the customer and one of its people, body, and the status for each of
/// [`ASKING`].
fn table() -> Vec<(Method, &'static str, Option<Value>, [u16; 9])> {
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let user = json!({ "email": "new@acme.com", "name": "New" });
    let user_here = json!({ "email": "new@acme.com", "name": "New", "customer": "{c}" });
    let grant = json!({ "user": "{u}", "role": "operator" });
    let token = json!({ "name": "t", "customers": ["{c}"], "rights": ["view"] });
    let name = json!({ "name": "Named" });
    vec![
        (get.clone(), "/me", None, [401, 200, 200, 200, 200, 200, 200, 200, 200]),
        (get.clone(), "/session", None, [401, 200, 200, 200, 200, 200, 200, 200, 200]),
        (get.clone(), "/users", None, [401, 403, 403, 403, 403, 403, 200, 403, 200]),
        (post.clone(), "/users", Some(user), [401, 403, 403, 403, 403, 403, 403, 403, 201]),
        (post.clone(), "/users", Some(user_here), [401, 404, 403, 403, 403, 403, 201, 403, 201]),
        (get.clone(), "/users/{u}", None, [401, 404, 404, 404, 404, 404, 200, 404, 200]),
        (patch.clone(), "/users/{u}", Some(name.clone()), [401, 404, 404, 404, 404, 404, 200, 404, 200]),
        (post.clone(), "/users/{u}/link", None, [401, 404, 404, 404, 404, 404, 201, 404, 201]),
        (get.clone(), "/customers", None, [401, 200, 200, 200, 200, 200, 200, 200, 200]),
        (post.clone(), "/customers", Some(name.clone()), [401, 403, 403, 403, 403, 403, 403, 403, 201]),
        (get.clone(), "/customers/{c}", None, [401, 404, 200, 200, 200, 200, 200, 200, 200]),
        (patch, "/customers/{c}", Some(name), [401, 404, 403, 403, 403, 403, 200, 403, 200]),
        (get.clone(), "/customers/{c}/grants", None, [401, 404, 403, 403, 403, 403, 200, 200, 200]),
        (post.clone(), "/customers/{c}/grants", Some(grant), [401, 404, 403, 403, 403, 403, 201, 403, 201]),
        (delete, "/customers/{c}/grants/{u}/viewer", None, [401, 404, 403, 403, 403, 403, 204, 403, 204]),
        (get.clone(), "/audit", None, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
        (get, "/tokens", None, [401, 200, 200, 200, 200, 200, 200, 200, 200]),
        // The administrator of the installation has no role for the customer, so a token cannot have one either.
        (post, "/tokens", Some(token), [401, 404, 201, 201, 201, 201, 201, 201, 403]),
    ]
}

#[tokio::test]
async fn each_role_may_what_its_table_says() {
    for (method, path, body, expected) in table() {
        for (who, expected) in ASKING.into_iter().zip(expected) {
            let site = Site::start().await;
            let acme = site.customer("Acme").await;
            let visitor = match who {
                "nobody" => site.visitor(),
                who => {
                    let (user, visitor) = site.signed_in("asking@x.com", who == "administrator").await;
                    if let Some(role) = Role::parse(who) {
                        site.grant(&acme, &user, role).await;
                    }
                    visitor
                }
            };
            // Somebody whom the customer's admin made, and who is a viewer there.
            let (maker, making) = site.signed_in("maker@x.com", false).await;
            site.grant(&acme, &maker, Role::Admin).await;
            let made = json!({ "email": "made@acme.com", "name": "Made", "customer": acme.id().as_str() });
            let made = making.post("/users", made).await.is(201).json()["id"].as_str().unwrap().to_owned();
            let grant = json!({ "user": made, "role": "viewer" });
            making.post(&format!("/customers/{}/grants", acme.id()), grant).await.is(201);

            let fill = |text: &str| text.replace("{c}", acme.id().as_str()).replace("{u}", &made);
            let body = body.as_ref().map(|body| serde_json::from_str(&fill(&body.to_string())).unwrap());
            let before = site.audit().await.len();
            let reply = visitor.ask(method.clone(), &fill(path), body).await;
            assert_eq!(reply.status.as_u16(), expected, "{who}: {method} {path}: {}", reply.text);
            let changed = site.audit().await.len() > before;
            assert_eq!(changed, expected < 300 && method != Method::GET, "{who}: {method} {path}: the audit");
        }
    }
}
