//! A request with an `Idempotency-Key` is done once, however often it is sent.

use reqwest::Method;
use serde_json::json;

use super::site::{Reply, Site, Visitor};

async fn create(visitor: &Visitor, name: &str, key: &str) -> Reply {
    let body = json!({ "name": name });
    visitor.send(Method::POST, "/customers", Some(body), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn the_same_request_gets_the_same_reply() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    let first = create(&visitor, "Acme", "key-1").await;
    let again = create(&visitor, "Acme", "key-1").await;
    assert_eq!(
        (first.is(201).text.as_str(), first.header("content-type")),
        (again.is(201).text.as_str(), again.header("content-type"))
    );
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(site.store.customers().await.unwrap().len(), 1);
    create(&visitor, "Other", "key-1").await.refused(409, 428);
    let body = json!({ "name": "Acme" });
    let headers = [("idempotency-key", "key-1")];
    visitor.send(Method::POST, "/customers?x=1", Some(body.clone()), &headers).await.refused(409, 428);
    // Another caller's key is another key.
    let (_, other) = site.signed_in("ben@x.com", true).await;
    create(&other, "Ben's", "key-1").await.is(201);
    // A refused request changed nothing; its key is free.
    create(&visitor, "Acme", "key-2").await.refused(409, 424);
    create(&visitor, "Beta", "key-2").await.is(201);
    site.pass_ms(7 * 24 * 3_600_000 + 1);
    let visitor = site.session(&site.store.user_by_email("ada@x.com").await.unwrap().unwrap()).await;
    create(&visitor, "Gamma", "key-1").await.is(201);
}

#[tokio::test]
async fn what_is_shown_once_is_shown_again_to_the_same_session_alone() {
    let site = Site::start().await;
    let (user, visitor) = site.signed_in("ada@x.com", true).await;
    let body = json!({ "name": "t", "rights": ["install"] });
    let headers = [("idempotency-key", "a-token")];
    let first = visitor.send(Method::POST, "/tokens", Some(body.clone()), &headers).await;
    let again = visitor.send(Method::POST, "/tokens", Some(body.clone()), &headers).await;
    assert_eq!(first.is(201).json()["token"], again.is(201).json()["token"]);
    let elsewhere = site.session(&user).await;
    elsewhere.send(Method::POST, "/tokens", Some(body), &headers).await.refused(409, 424);
    assert_eq!(visitor.get("/tokens").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    for (site, _database) in Site::on_both().await {
        of_many_one(&site).await;
    }
}

async fn of_many_one(site: &Site) {
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    let requests = (0..8).map(|_| {
        let visitor = visitor.clone();
        tokio::spawn(async move { create(&visitor, "Acme", "same").await })
    });
    for request in requests.collect::<Vec<_>>() {
        let reply = request.await.unwrap();
        match reply.status.as_u16() {
            201 => {}
            _ => assert_eq!(reply.refused(409, 435).header("retry-after"), "2"),
        }
    }
    assert_eq!(site.store.customers().await.unwrap().len(), 1);
    let created = site.audit().await.into_iter().filter(|entry| entry.action == "customer.created").count();
    assert_eq!(created, 1);
}

#[tokio::test]
async fn keys_of_another_form_are_refused() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    for key in ["with space", &"x".repeat(256)] {
        create(&visitor, "Acme", key).await.refused(400, 423);
    }
    assert!(site.store.customers().await.unwrap().is_empty());
}
