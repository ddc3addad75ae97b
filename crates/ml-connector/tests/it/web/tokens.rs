//! Tokens: never further than their owner, for the customers and rights they name, until they are revoked or lapse.

use ml_connector::store::Role;
use serde_json::{Value, json};

use super::site::{Site, Visitor};

const DAY_MS: i64 = 24 * 3_600_000;

async fn token(visitor: &Visitor, site: &Site, body: Value) -> (String, Visitor) {
    let made = visitor.post("/tokens", body).await.is(201).json();
    let text = made["token"].as_str().unwrap().to_owned();
    let id = made["details"]["id"].as_str().unwrap().to_owned();
    (id, Visitor { token: Some(text), ..site.visitor() })
}

#[tokio::test]
async fn a_token_reaches_as_far_as_it_says_and_never_beyond_its_owner() {
    let site = Site::start().await;
    let (user, visitor) = site.signed_in("u@x.com", false).await;
    let (acme, beta) = (site.customer("Acme").await, site.customer("Beta").await);
    site.grant(&acme, &user, Role::Admin).await;
    site.grant(&beta, &user, Role::Admin).await;
    let body = json!({ "name": "ci", "customers": [acme.id().as_str()], "rights": ["view"] });
    let (id, narrow) = token(&visitor, &site, body).await;
    let shown = narrow.token.clone().unwrap();
    assert!(shown.starts_with("mlc_") && shown.len() == 56, "{shown}");

    let me = narrow.get("/me").await.is(200).json();
    assert_eq!(me["token"], id.as_str());
    assert_eq!(me["customers"], json!([{ "customer": acme.id().as_str(), "roles": ["admin"], "rights": ["view"] }]));
    let listed = narrow.get("/customers").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    narrow.get(&format!("/customers/{}", acme.id())).await.is(200);
    narrow.get(&format!("/customers/{}", beta.id())).await.refused(404, 422);
    narrow.get(&format!("/customers/{}/grants", acme.id())).await.refused(403, 421);
    narrow.get("/users").await.refused(403, 421);

    let body = json!({ "name": "admin", "customers": [acme.id().as_str()], "rights": ["administer", "audit"] });
    let (_, wide) = token(&visitor, &site, body).await;
    wide.get(&format!("/customers/{}/grants", acme.id())).await.is(200);
    wide.get("/users").await.refused(403, 421);
    // What changes who may come in takes a person.
    wide.get("/tokens").await.refused(403, 421);
    wide.post("/tokens", json!({ "name": "x", "rights": ["install"] })).await.refused(403, 421);
    wide.post("/me/password", json!({ "current": "x", "password": "long enough here" })).await.refused(403, 421);
    wide.get("/session").await.refused(404, 422);

    // The owner loses the role: so does the token, at once.
    let (_, admin) = site.signed_in("root@x.com", true).await;
    admin.delete(&format!("/customers/{}/grants/{}/admin", acme.id(), user.id)).await.is(204);
    wide.get(&format!("/customers/{}/grants", acme.id())).await.refused(404, 422);
    narrow.get(&format!("/customers/{}", acme.id())).await.refused(404, 422);
}

#[tokio::test]
async fn a_token_cannot_be_made_wider_than_its_owner() {
    let site = Site::start().await;
    let (user, visitor) = site.signed_in("u@x.com", false).await;
    let (acme, beta) = (site.customer("Acme").await, site.customer("Beta").await);
    site.grant(&acme, &user, Role::Viewer).await;
    let make = |customers: Value, rights: Value| {
        visitor.post("/tokens", json!({ "name": "t", "customers": customers, "rights": rights }))
    };
    make(json!([acme.id().as_str()]), json!(["map"])).await.refused(403, 421);
    make(json!([beta.id().as_str()]), json!(["view"])).await.refused(404, 422);
    make(json!([]), json!(["install"])).await.refused(403, 421);
    make(json!([]), json!(["view"])).await.refused(400, 423);
    make(json!([acme.id().as_str()]), json!([])).await.refused(400, 423);
    let unknown = make(json!([acme.id().as_str()]), json!(["view", "fly"])).await;
    assert_eq!(unknown.refused(400, 423).json()["field"], "rights[1]");
}

#[tokio::test]
async fn a_revoked_or_lapsed_token_or_one_of_somebody_shut_out_works_no_more() {
    let site = Site::start().await;
    let (user, visitor) = site.signed_in("u@x.com", false).await;
    let acme = site.customer("Acme").await;
    site.grant(&acme, &user, Role::Viewer).await;
    let (_, admin) = site.signed_in("root@x.com", true).await;
    let body = |days: Option<u32>| json!({ "name": "t", "customers": [acme.id().as_str()], "rights": ["view"], "expires_days": days });
    let (first, one) = token(&visitor, &site, body(None)).await;
    let (second, two) = token(&visitor, &site, body(None)).await;
    let (third, three) = token(&visitor, &site, body(None)).await;
    let (_, short) = token(&visitor, &site, body(Some(30))).await;
    for one in [&one, &two, &three, &short] {
        one.get("/me").await.is(200);
    }
    // By a person, by the token itself, by the administrator; not by another token.
    two.delete(&format!("/tokens/{first}")).await.refused(404, 422);
    visitor.delete(&format!("/tokens/{first}")).await.is(204);
    one.get("/me").await.refused(401, 420);
    two.delete(&format!("/tokens/{second}")).await.is(204);
    two.get("/me").await.refused(401, 420);
    admin.delete(&format!("/tokens/{third}")).await.is(204);
    three.get("/me").await.refused(401, 420);
    let (_, stranger) = site.signed_in("s@x.com", false).await;
    stranger.delete(&format!("/tokens/{third}")).await.refused(404, 422);

    let listed = visitor.get("/tokens").await.json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert!(items[..3].iter().all(|item| item["revoked_at"].is_string() && item["used_at"].is_string()), "{listed}");
    assert!(!listed.to_string().contains(short.token.as_ref().unwrap()));
    assert_eq!(items[3]["prefix"], short.token.as_ref().unwrap()[..10]);

    site.pass_ms(30 * DAY_MS);
    short.get("/me").await.refused(401, 420);
    let visitor = site.session(&user).await;
    let (_, last) = token(&visitor, &site, body(None)).await;
    last.get("/me").await.is(200);
    let admin = site.session(&site.store.user_by_email("root@x.com").await.unwrap().unwrap()).await;
    admin.patch(&format!("/users/{}", user.id), json!({ "disabled": true })).await.is(200);
    last.get("/me").await.refused(401, 420);
    admin.patch(&format!("/users/{}", user.id), json!({ "disabled": false })).await.is(200);
    last.get("/me").await.refused(401, 420);
}

#[tokio::test]
async fn a_token_that_is_none_is_not_made_good_by_a_cookie() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("u@x.com", false).await;
    visitor.get("/me").await.is(200);
    for header in ["Bearer mlc_nothing", "Bearer", "Basic dTpw", "Bearer  ", "mlc_x"] {
        let reply = visitor.send(reqwest::Method::GET, "/me", None, &[("authorization", header)]).await;
        assert_eq!(reply.refused(401, 420).header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn the_audit_names_the_token_and_its_owner() {
    let site = Site::start().await;
    let (user, visitor) = site.signed_in("u@x.com", false).await;
    let acme = site.customer("Acme").await;
    site.grant(&acme, &user, Role::Admin).await;
    let body = json!({ "name": "robot", "customers": [acme.id().as_str()], "rights": ["administer"] });
    let (id, robot) = token(&visitor, &site, body).await;
    robot.patch(&format!("/customers/{}", acme.id()), json!({ "name": "Acme Ltd" })).await.is(200);
    let entry = site.audit_of(acme.id()).await.pop().unwrap();
    assert_eq!(entry.actor, id);
    let detail: Value = serde_json::from_str(&entry.detail).unwrap();
    assert_eq!((&detail["by"], &detail["for"]), (&json!("robot"), &json!(user.id.as_str())));
}
