//! Links, passwords, sessions: how people get in, and how they are kept out.

use ml_connector::store::{Access, Role, Store};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::site::{PASSWORD, Site, Visitor};
use crate::databases;

const HOUR_MS: i64 = 3_600_000;

/// Makes the first administrator, and signs them in.
async fn first(site: &Site) -> Visitor {
    let link = site.store.first_admin_link("test", site.now_ms()).await.unwrap().unwrap();
    let mut visitor = site.visitor();
    let body = json!({ "link": link.expose_secret(), "email": "Ada@Example.com", "name": "Ada", "password": PASSWORD });
    let made = visitor.post("/administrator", body).await;
    made.is(201);
    assert_eq!(made.json()["email"], "ada@example.com");
    visitor.sign_in("ada@example.com", PASSWORD).await.is(201);
    visitor
}

/// From an empty database to a mapper who signs in, on one database.
async fn whole_way(store: Store) {
    let site = Site::over(store, &[]).await;
    let admin = first(&site).await;
    assert!(site.store.first_admin_link("test", site.now_ms()).await.unwrap().is_none(), "there is one now");
    assert_eq!(admin.get("/me").await.json()["may_install"], true);

    let customer = admin.post("/customers", json!({ "name": "Acme" })).await;
    let customer = customer.is(201).json()["id"].as_str().unwrap().to_owned();
    let user = admin.post("/users", json!({ "email": "mia@acme.com", "name": "Mia" })).await;
    let user = user.is(201).json()["id"].as_str().unwrap().to_owned();
    let grants = format!("/customers/{customer}/grants");
    admin.post(&grants, json!({ "user": user, "role": "mapper" })).await.is(201);
    admin.post(&grants, json!({ "user": user, "role": "mapper" })).await.is(200);

    let link = admin.ask(Method::POST, &format!("/users/{user}/link"), None).await;
    let link = link.is(201).json()["link"].as_str().unwrap().to_owned();
    let (page, secret) = link.split_once('#').unwrap();
    assert_eq!(page, format!("{}/link", site.origin));
    let mut mia = site.visitor();
    mia.post("/password", json!({ "link": secret, "password": PASSWORD })).await.is(204);
    mia.post("/password", json!({ "link": secret, "password": PASSWORD })).await.refused(410, 429);
    let session = mia.sign_in(" MIA@acme.com ", PASSWORD).await;
    assert_eq!(session.is(201).json()["user"], user.as_str());

    let me = mia.get("/me").await.json();
    assert_eq!(me["customers"][0]["rights"], json!(["view", "map"]));
    assert_eq!(mia.get("/customers").await.json()["items"][0]["name"], "Acme");
    mia.get(&grants).await.refused(403, 421);
    mia.get("/users").await.refused(403, 421);

    let actions: Vec<String> = site.audit().await.into_iter().map(|entry| entry.action).collect();
    let expected = [
        "link.created",
        "user.created",
        "session.began",
        "customer.created",
        "user.created",
        "grant.given",
        "link.created",
        "password.set",
        "session.began",
    ];
    assert_eq!(actions, expected);
    let customer = ml_connector::store::CustomerId::parse(&customer).unwrap();
    let own: Vec<String> = site.audit_of(&customer).await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(own, ["customer.created", "grant.given"]);
    site.store.installation_chain(0).await.unwrap().verify_audit(true).await.unwrap();
    site.store.customer(&customer).await.unwrap().verify_audit(true).await.unwrap();
    assert_eq!(site.store.customers().await.unwrap().len(), 1, "the installation's own row is no customer");
}

#[tokio::test]
async fn from_an_empty_database_to_a_mapper_who_signs_in() {
    let database = databases::sqlite();
    whole_way(database.store().await).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some(database) = databases::postgres().await else { return };
    whole_way(database.store().await).await;
}

#[tokio::test]
async fn of_the_first_administrators_links_only_the_newest_works_once_and_for_a_day() {
    let site = Site::start().await;
    let link = || async {
        let link = site.store.first_admin_link("test", site.now_ms()).await.unwrap();
        link.unwrap().expose_secret().to_owned()
    };
    let body = |link: &str, email: &str| json!({ "link": link, "email": email, "name": "A", "password": PASSWORD });
    let visitor = site.visitor();
    let old = link().await;
    let new = link().await;
    visitor.post("/administrator", body(&old, "a@x.com")).await.refused(410, 429);
    visitor.post("/administrator", body("", "a@x.com")).await.refused(410, 429);
    visitor.post("/password", json!({ "link": new, "password": PASSWORD })).await.refused(410, 429);
    site.pass_ms(24 * HOUR_MS);
    visitor.post("/administrator", body(&new, "a@x.com")).await.refused(410, 429);
    let new = link().await;
    let (one, two) = tokio::join!(
        visitor.post("/administrator", body(&new, "a@x.com")),
        visitor.post("/administrator", body(&new, "b@x.com"))
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410], "it is used up by one");
}

#[tokio::test]
async fn every_failed_sign_in_is_answered_alike() {
    let site = Site::start().await;
    let admin = first(&site).await;
    let gone = site.person("gone@x.com", false).await;
    let link = admin.ask(Method::POST, &format!("/users/{}/link", gone.id), None).await.json();
    let secret = link["link"].as_str().unwrap().split_once('#').unwrap().1;
    admin.post("/password", json!({ "link": secret, "password": PASSWORD })).await.is(204);
    admin.patch(&format!("/users/{}", gone.id), json!({ "disabled": true })).await.is(200);
    site.person("new@x.com", false).await;

    let mut seen = Vec::new();
    let tries = [
        ("ada@example.com", "not this password"),
        ("nobody@x.com", PASSWORD),
        ("gone@x.com", PASSWORD),
        ("new@x.com", PASSWORD),
    ];
    for (email, password) in tries {
        let reply = site.visitor().sign_in(email, password).await;
        reply.refused(401, 434);
        assert!(reply.cookie().is_none());
        let mut body = reply.json();
        body["instance"] = json!("");
        let mut headers = reply.headers.clone();
        for own in ["x-request-id", "date"] {
            headers.remove(own);
        }
        seen.push((body, headers));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn signing_in_makes_a_new_session_and_ends_the_one_before() {
    let site = Site::start().await;
    let mut visitor = first(&site).await;
    // A cookie that somebody else chose is never taken over.
    let planted = "ml-connector=0123456789abcdef".to_owned();
    let mut victim = Visitor { cookie: Some(planted.clone()), ..site.visitor() };
    let reply = victim.sign_in("ada@example.com", PASSWORD).await;
    reply.is(201);
    assert_ne!(victim.cookie.as_ref().unwrap(), &planted);
    Visitor { cookie: Some(planted), ..site.visitor() }.get("/me").await.refused(401, 420);
    let attributes = reply.header("set-cookie").split_once(';').unwrap().1;
    assert_eq!(attributes, " Path=/; Max-Age=604800; HttpOnly; SameSite=Strict");

    let before = visitor.clone();
    visitor.sign_in("ada@example.com", PASSWORD).await.is(201);
    before.get("/me").await.refused(401, 420);
    visitor.get("/session").await.is(200);
    let out = visitor.delete("/session").await;
    assert_eq!(out.is(204).cookie().unwrap(), "ml-connector=");
    visitor.get("/session").await.refused(401, 420);
    victim.get("/session").await.is(200);
}

#[tokio::test]
async fn sessions_end_unused_old_with_the_password_with_a_role_and_with_the_person() {
    let site = Site::start().await;
    let admin = first(&site).await;
    let user = site.person("u@x.com", false).await;
    let customer = site.customer("Acme").await;

    let idle = site.session(&user).await;
    site.pass_ms(11 * HOUR_MS);
    idle.get("/me").await.is(200);
    site.pass_ms(11 * HOUR_MS);
    idle.get("/me").await.is(200);
    site.pass_ms(12 * HOUR_MS);
    idle.get("/me").await.refused(401, 420);
    admin.get("/me").await.refused(401, 420);

    let old = site.session(&user).await;
    for _ in 0..16 {
        site.pass_ms(10 * HOUR_MS);
        old.get("/me").await.is(200);
    }
    site.pass_ms(8 * HOUR_MS);
    old.get("/me").await.refused(401, 420);

    let mut admin = site.visitor();
    admin.sign_in("ada@example.com", PASSWORD).await.is(201);
    let session = site.session(&user).await;
    session.get("/me").await.is(200);
    let grants = format!("/customers/{}/grants", customer.id());
    admin.post(&grants, json!({ "user": user.id.as_str(), "role": "viewer" })).await.is(201);
    session.get("/me").await.refused(401, 420);
    let session = site.session(&user).await;
    admin.delete(&format!("{grants}/{}/viewer", user.id)).await.is(204);
    session.get("/me").await.refused(401, 420);
    let session = site.session(&user).await;
    admin.patch(&format!("/users/{}", user.id), json!({ "disabled": true })).await.is(200);
    session.get("/me").await.refused(401, 420);
    admin.patch(&format!("/users/{}", user.id), json!({ "disabled": false })).await.is(200);
    session.get("/me").await.refused(401, 420);

    // One's own password: the others end, this one goes on under a new cookie.
    let mut other = site.visitor();
    other.sign_in("ada@example.com", PASSWORD).await.is(201);
    let before = admin.clone();
    let change = json!({ "current": "no password of mine", "password": "another long password" });
    admin.post("/me/password", change).await.refused(401, 434);
    let change = json!({ "current": PASSWORD, "password": "another long password" });
    let reply = admin.post("/me/password", change).await;
    admin.keep_cookie(reply.is(204));
    admin.get("/me").await.is(200);
    before.get("/me").await.refused(401, 420);
    other.get("/me").await.refused(401, 420);
    site.visitor().sign_in("ada@example.com", PASSWORD).await.refused(401, 434);
}

#[tokio::test]
async fn giving_oneself_a_role_is_seen_and_keeps_one_signed_in() {
    let site = Site::start().await;
    let (ada, mut admin) = site.signed_in("ada@x.com", true).await;
    let customer = site.customer("Acme").await;
    let of_customer = format!("/customers/{}", customer.id());
    // An administrator of the installation knows the customer, and sees nothing of it without a role.
    admin.get(&of_customer).await.is(200);
    let before = admin.clone();
    let body = json!({ "user": ada.id.as_str(), "role": "viewer" });
    let reply = admin.post(&format!("{of_customer}/grants"), body).await;
    admin.keep_cookie(reply.is(201));
    before.get("/me").await.refused(401, 420);
    assert_eq!(admin.get("/me").await.json()["customers"][0]["roles"], json!(["viewer"]));
    let entry = site.audit_of(customer.id()).await.pop().unwrap();
    assert_eq!((entry.actor.as_str(), entry.action.as_str()), (ada.id.as_str(), "grant.given"));
    assert!(entry.detail.contains("\"to_oneself\":true"), "{}", entry.detail);
}

#[tokio::test]
async fn passwords_have_a_length_and_are_not_the_address() {
    let site = Site::start().await;
    let (_, admin) = site.signed_in("ada@x.com", true).await;
    let user = site.person("a.very.long.address@x.com", false).await;
    let link = admin.ask(Method::POST, &format!("/users/{}/link", user.id), None).await.json();
    let secret = link["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let long = "x1".repeat(65);
    for password in ["eleven byte", &long, "aaaaaaaaaaaaaaaa", "A.Very.Long.Address@x.com"] {
        let reply = site.visitor().post("/password", json!({ "link": secret, "password": password })).await;
        reply.refused(400, 423);
        assert_eq!(reply.json()["field"], "password");
    }
    site.visitor().post("/password", json!({ "link": secret, "password": PASSWORD })).await.is(204);
    // A password of a megabyte is refused before any work.
    let flood = json!({ "email": user.email, "password": "x".repeat(900_000) });
    site.visitor().post("/session", flood).await.refused(400, 423);
}

#[tokio::test]
async fn an_older_link_works_no_more_and_none_of_somebody_shut_out() {
    let site = Site::start().await;
    let (_, admin) = site.signed_in("ada@x.com", true).await;
    let user = site.person("u@x.com", false).await;
    let path = format!("/users/{}/link", user.id);
    let secret = |reply: super::site::Reply| {
        reply.is(201).json()["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
    };
    let old = secret(admin.ask(Method::POST, &path, None).await);
    let new = secret(admin.ask(Method::POST, &path, None).await);
    let visitor = site.visitor();
    visitor.post("/password", json!({ "link": old, "password": PASSWORD })).await.refused(410, 429);
    admin.patch(&format!("/users/{}", user.id), json!({ "disabled": true })).await.is(200);
    visitor.post("/password", json!({ "link": new, "password": PASSWORD })).await.refused(410, 429);
    admin.ask(Method::POST, &path, None).await.refused(409, 424);
    admin.patch(&format!("/users/{}", user.id), json!({ "disabled": false })).await.is(200);
    visitor.post("/password", json!({ "link": new, "password": PASSWORD })).await.refused(410, 429);
    let late = secret(admin.ask(Method::POST, &path, None).await);
    site.pass_ms(24 * HOUR_MS);
    visitor.post("/password", json!({ "link": late, "password": PASSWORD })).await.refused(410, 429);
}

#[tokio::test]
async fn no_credential_stands_in_the_database() {
    let database = databases::sqlite();
    let site = Site::over(database.open(Access::Write, None).await.unwrap(), &[]).await;
    let admin = first(&site).await;
    let user = site.person("u@x.com", false).await;
    let customer = site.customer("Acme").await;
    let link = admin.send(Method::POST, &format!("/users/{}/link", user.id), None, &[("idempotency-key", "k-1")]).await;
    let link = link.is(201).json()["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let token = {
        let ada = site.store.user_by_email("ada@example.com").await.unwrap().unwrap();
        site.grant(&customer, &ada, Role::Viewer).await;
        let body = json!({ "name": "t", "customers": [customer.id().as_str()], "rights": ["view"] });
        let reply = admin.send(Method::POST, "/tokens", Some(body), &[("idempotency-key", "k-2")]).await;
        reply.is(201).json()["token"].as_str().unwrap().to_owned()
    };
    let session = admin.cookie.as_ref().unwrap().split_once('=').unwrap().1.to_owned();
    site.store.clone().close().await;
    let path = database.url.strip_prefix("sqlite:").unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    for secret in [link, token, session, PASSWORD.to_owned()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "a secret is in the file");
    }
    let hash = b"$argon2id$v=19$m=19456,t=2,p=1$";
    assert!(bytes.windows(hash.len()).any(|window| window == hash), "the password's hash is there");
}
