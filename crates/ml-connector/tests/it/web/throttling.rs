//! Guessing passwords gets slower and slower, by account and by address, and nobody is locked out for good.

use serde_json::json;

use super::site::{PASSWORD, Reply, Site, Visitor};

async fn guess(visitor: &Visitor, email: &str) -> Reply {
    visitor.post("/session", json!({ "email": email, "password": "a wrong password" })).await
}

fn wait_seconds(reply: &Reply) -> i64 {
    reply.refused(429, 425);
    let seconds: i64 = reply.header("retry-after").parse().unwrap();
    assert_eq!(reply.json()["retry_after_seconds"], seconds);
    seconds
}

#[tokio::test]
async fn an_account_waits_longer_with_each_failure_and_never_for_long() {
    let site = Site::start().await;
    let visitor = site.visitor();
    for email in ["known@x.com", "unknown@x.com"] {
        if email.starts_with("known") {
            site.person(email, false).await;
        }
        for _ in 0..5 {
            guess(&visitor, email).await.refused(401, 434);
        }
        for expected in [1, 2, 4, 8, 10, 10] {
            assert_eq!(wait_seconds(&guess(&visitor, email).await), expected, "{email}");
            site.pass_ms(expected * 1_000);
            guess(&visitor, email).await.refused(401, 434);
        }
        // Another address has failed too often meanwhile; wait until it is forgotten.
        site.pass_ms(3_600_001);
        guess(&visitor, email).await.refused(401, 434);
    }
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_waits_up_to_a_quarter_of_an_hour() {
    let site = Site::start().await;
    let visitor = site.visitor();
    for index in 0..20 {
        guess(&visitor, &format!("u{index}@x.com")).await.refused(401, 434);
    }
    let mut longest = 0;
    for index in 0..12 {
        let email = format!("v{index}@x.com");
        let seconds = wait_seconds(&guess(&visitor, &email).await);
        assert!(seconds > longest || seconds == 900, "{seconds} after {longest}");
        longest = seconds;
        site.pass_ms(seconds * 1_000);
        guess(&visitor, &email).await.refused(401, 434);
    }
    assert_eq!(longest, 900);
}

#[tokio::test]
async fn many_guesses_at_once_are_all_counted() {
    for (site, _database) in Site::on_both().await {
        many_at_once(&site).await;
    }
}

async fn many_at_once(site: &Site) {
    let visitor = site.visitor();
    let guesses = (0..12).map(|_| {
        let visitor = visitor.clone();
        tokio::spawn(async move { guess(&visitor, "u@x.com").await.status.as_u16() })
    });
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        looked_at += i32::from(guess.await.unwrap() == 401);
    }
    assert!((5..=6).contains(&looked_at), "{looked_at} were looked at");
}

#[tokio::test]
async fn success_forgets_the_failures_and_a_forwarded_address_counts_only_from_a_proxy() {
    let site = Site::with(&["web.trusted_proxies=[\"127.0.0.0/8\"]"]).await;
    let link = site.store.first_admin_link("test", site.now_ms()).await.unwrap().unwrap();
    let link = secrecy::ExposeSecret::expose_secret(&link).to_owned();
    let body = json!({ "link": link, "email": "a@x.com", "name": "A", "password": PASSWORD });
    site.visitor().post("/administrator", body).await.is(201);
    for _ in 0..3 {
        for _ in 0..4 {
            guess(&site.visitor(), "a@x.com").await.refused(401, 434);
        }
        site.visitor().sign_in("a@x.com", PASSWORD).await.is(201);
    }
    // Behind a proxy the far address counts, the last one that is no proxy: what a sender puts before it is theirs.
    let from = async |forwarded: &str, email: &str| {
        let body = json!({ "email": email, "password": "a wrong password" });
        let headers = [("x-forwarded-for", forwarded)];
        site.visitor().send(reqwest::Method::POST, "/session", Some(body), &headers).await.status.as_u16()
    };
    for index in 0..21 {
        assert_eq!(
            from(&format!("10.9.8.{index}, 203.0.113.7"), &format!("w{index}@x.com")).await,
            if index < 20 { 401 } else { 429 }
        );
    }
    assert_eq!(from("203.0.113.8", "w30@x.com").await, 401);
    assert_eq!(from("2001:db8::1, 127.0.0.1", "w31@x.com").await, 401);
}
