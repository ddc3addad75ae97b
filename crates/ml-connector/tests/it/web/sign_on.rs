//! Single sign-on: who has an account with the address that a provider vouches for gets in, and nothing else does.

use ml_connector::web::State;
use reqwest::Url;
use reqwest::header::LOCATION;
use serde_json::json;

use super::provider::{CLIENT, Provider, SECRET};
use super::site::{Reply, Site, Visitor};

struct Office {
    provider: Provider,
    site: Site,
}

async fn office() -> Office {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let provider = Provider::start(ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).now_ms()).await;
    let site = Site::with(&[
        &format!("oidc.issuer={:?}", provider.issuer),
        &format!("oidc.client_id={CLIENT:?}"),
        &format!("oidc.client_secret={:?}", format!("file:{}", secret.display())),
    ])
    .await;
    site.person("mia@acme.com", false).await;
    Office { provider, site }
}

impl Office {
    /// As a browser does it: goes to the provider, and keeps the flow's cookie.
    async fn begin(&self) -> (Visitor, Vec<(String, String)>) {
        let begun = self.fetch(&self.site.visitor(), "/sign-in/oidc").await;
        begun.is(303);
        let cookie = begun.header("set-cookie").to_owned();
        assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("Max-Age=600"), "{cookie}");
        let visitor = Visitor { cookie: begun.cookie(), ..self.site.visitor() };
        (visitor, self.provider.authorize(begun.headers[LOCATION].to_str().unwrap()))
    }

    async fn come_back(&self, visitor: &Visitor, query: &[(String, String)]) -> Reply {
        let url = Url::parse_with_params(&format!("{}/sign-in/oidc/done", self.site.origin), query).unwrap();
        self.fetch(visitor, &url.as_str()[self.site.origin.len()..]).await
    }

    async fn whole_way(&self) -> Reply {
        let (visitor, back) = self.begin().await;
        self.come_back(&visitor, &back).await
    }

    async fn fetch(&self, visitor: &Visitor, path: &str) -> Reply {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = client.get(format!("{}{path}", self.site.origin)).header("sec-fetch-site", "cross-site");
        if let Some(cookie) = &visitor.cookie {
            request = request.header("cookie", cookie);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }
}

#[tokio::test]
async fn who_has_the_verified_address_gets_in() {
    let office = office().await;
    for alg in ["RS256", "ES256"] {
        office.provider.conduct(|conduct| conduct.alg = alg);
        let reply = office.whole_way().await;
        reply.is(200);
        let cookies: Vec<&str> =
            reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(cookies[0].contains("; SameSite=Strict"), "{cookies:?}");
        assert!(cookies[1].starts_with("ml-connector-sign-on=; Path=/; Max-Age=0"), "{cookies:?}");
        let session = Visitor { cookie: reply.cookie(), ..office.site.visitor() };
        assert_eq!(session.get("/me").await.is(200).json()["user"]["email"], "mia@acme.com", "{alg}");
    }
    let last = office.site.audit().await.pop().unwrap();
    assert_eq!(last.action, "session.began");
    assert!(last.detail.contains(&office.provider.issuer), "{}", last.detail);
    assert_eq!(office.provider.conduct.lock().unwrap().read, 1, "its keys are read once");
}

#[tokio::test]
async fn a_token_that_was_not_made_for_this_sign_on_is_refused() {
    let office = office().await;
    let now = office.site.now_ms() / 1_000;
    let cases = [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "another client" }),
        json!({ "aud": [CLIENT, "another"] }),
        json!({ "aud": [CLIENT, "another"], "azp": "another" }),
        json!({ "azp": "another" }),
        json!({ "exp": now - 120 }),
        json!({ "iat": now + 300 }),
        json!({ "iat": now - 3_600 }),
        json!({ "nonce": "of another sign-on" }),
        json!({ "nonce": null }),
        json!({ "email": null }),
        json!({ "email": "nobody@acme.com" }),
        json!({ "email_verified": false }),
        json!({ "email_verified": "false" }),
        json!({ "email_verified": null }),
        json!({ "exp": "soon" }),
    ];
    for claims in cases {
        office.provider.conduct(|conduct| conduct.claims = claims.clone());
        let reply = office.whole_way().await;
        assert_eq!(reply.status.as_u16(), 401, "{claims}: {}", reply.text);
        reply.refused(401, 445);
        assert!(reply.cookie().is_none(), "{claims}");
    }
    office.provider.conduct(|conduct| {
        conduct.claims = json!({ "aud": [CLIENT, "another"], "azp": CLIENT, "email_verified": "true" })
    });
    office.whole_way().await.is(200);
    assert_eq!(office.provider.conduct.lock().unwrap().exchanged, 17);
}

#[tokio::test]
async fn a_signature_that_is_not_the_providers_is_refused() {
    let office = office().await;
    for alg in ["none", "HS256", "RS512", ""] {
        office.provider.conduct(|conduct| conduct.alg = alg);
        office.whole_way().await.refused(401, 445);
    }
    for alg in ["RS256", "ES256"] {
        office.provider.conduct(|conduct| (conduct.alg, conduct.altered) = (alg, true));
        office.whole_way().await.refused(401, 445);
    }
    office.provider.conduct(|conduct| (conduct.alg, conduct.altered, conduct.other_keys) = ("RS256", false, true));
    office.site.pass_ms(3_600_000);
    let fresh = json!({ "iat": office.site.now_ms() / 1_000, "exp": office.site.now_ms() / 1_000 + 300 });
    office.provider.conduct(|conduct| conduct.claims = fresh);
    office.whole_way().await.refused(401, 445);
    // The provider's keys change: an unknown one makes us read them again, but not at each attempt.
    let read = office.provider.conduct.lock().unwrap().read;
    office.provider.conduct(|conduct| conduct.other_keys = false);
    office.whole_way().await.refused(401, 445);
    assert_eq!(office.provider.conduct.lock().unwrap().read, read);
    office.site.pass_ms(61_000);
    office.whole_way().await.is(200);
}

#[tokio::test]
async fn only_the_browser_that_began_comes_back_and_within_ten_minutes() {
    let office = office().await;
    let (visitor, back) = office.begin().await;
    office.come_back(&office.site.visitor(), &back).await.refused(401, 445);
    let (other, _) = office.begin().await;
    office.come_back(&other, &back).await.refused(401, 445);
    let forged = Visitor { cookie: Some("ml-connector-sign-on=AAAA".to_owned()), ..office.site.visitor() };
    office.come_back(&forged, &back).await.refused(401, 445);
    let mut refused = back.clone();
    refused.push(("error".to_owned(), "access_denied".to_owned()));
    office.come_back(&visitor, &refused).await.refused(401, 445);
    let mut mixed = back.clone();
    mixed.push(("iss".to_owned(), "https://evil.example".to_owned()));
    office.come_back(&visitor, &mixed).await.refused(401, 445);
    office.site.pass_ms(600_000);
    office.come_back(&visitor, &back).await.refused(401, 445);
    assert_eq!(office.provider.conduct.lock().unwrap().exchanged, 0);
}

#[tokio::test]
async fn somebody_shut_out_stays_out() {
    let office = office().await;
    let (_, admin) = office.site.signed_in("root@x.com", true).await;
    let mia = office.site.store.user_by_email("mia@acme.com").await.unwrap().unwrap();
    admin.patch(&format!("/users/{}", mia.id), json!({ "disabled": true })).await.is(200);
    office.whole_way().await.refused(401, 445);
}

#[tokio::test]
async fn a_provider_that_is_not_as_it_should_be_is_not_used() {
    for description in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "token_endpoint": "http://evil.example/token" }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
    ] {
        let office = office().await;
        office.provider.conduct(|conduct| conduct.description = description);
        office.fetch(&office.site.visitor(), "/sign-in/oidc").await.refused(502, 445);
    }
    // Without a provider there is no such page.
    let site = Site::start().await;
    let client = reqwest::Client::builder().build().unwrap();
    assert_eq!(client.get(format!("{}/sign-in/oidc", site.origin)).send().await.unwrap().status().as_u16(), 404);
}

#[tokio::test]
async fn settings_of_a_provider_that_cannot_be_used_are_refused() {
    let site = Site::start().await;
    let state = |changes: &[(&str, &str)]| {
        let mut settings = (*site.state.settings).clone();
        settings.oidc.issuer = "https://id.example.com".to_owned();
        settings.oidc.client_id = "client".to_owned();
        settings.oidc.client_secret = "file:/nonexistent".to_owned();
        for (key, value) in changes {
            match *key {
                "issuer" => settings.oidc.issuer = (*value).to_owned(),
                "client_id" => settings.oidc.client_id = (*value).to_owned(),
                _ => settings.oidc.client_secret = (*value).to_owned(),
            }
        }
        State::new(site.store.clone(), settings, site.state.clock.clone()).err().map(|error| error.to_string())
    };
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "secret").unwrap();
    let good = format!("file:{}", secret.path().display());
    assert_eq!(state(&[("client_secret", &good)]), None);
    assert!(state(&[]).unwrap().contains("oidc.client_secret"));
    let literal = state(&[("client_secret", "hunter2hunter2")]).unwrap();
    assert!(literal.contains("oidc.client_secret") && !literal.contains("hunter2"), "{literal}");
    for issuer in ["http://id.example.com", "id.example.com", "https://u:p@id.example.com", "https://id.example.com/#x"]
    {
        assert!(state(&[("client_secret", &good), ("issuer", issuer)]).unwrap().contains("oidc.issuer"), "{issuer}");
    }
    assert!(state(&[("client_secret", &good), ("client_id", "")]).unwrap().contains("oidc.client_id"));
}
