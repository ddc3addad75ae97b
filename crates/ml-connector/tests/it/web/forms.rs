//! What a page of another site can make a browser send: none of it changes anything.

use reqwest::Method;
use serde_json::json;

use super::site::Site;

#[tokio::test]
async fn a_change_with_a_cookie_must_come_from_our_own_pages() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    let own = site.origin.clone();
    let cases: [(&[(&str, &str)], bool); 10] = [
        (&[("origin", &own)], true),
        (&[("origin", ""), ("sec-fetch-site", "same-origin")], true),
        (&[("origin", &own), ("sec-fetch-site", "same-origin")], true),
        (&[("origin", "")], false),
        (&[("origin", "null")], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "http://localhost.evil.example")], false),
        (&[("origin", &own), ("sec-fetch-site", "cross-site")], false),
        (&[("origin", &own), ("sec-fetch-site", "same-site")], false),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
    ];
    for (index, (headers, taken)) in cases.into_iter().enumerate() {
        let body = json!({ "name": format!("Customer {index}") });
        let reply = visitor.send(Method::POST, "/customers", Some(body), headers).await;
        if taken {
            reply.is(201)
        } else {
            reply.refused(403, 427)
        };
    }
    assert_eq!(site.store.customers().await.unwrap().len(), 3);
    // Reading changes nothing, so a link from elsewhere may lead to it.
    visitor.send(Method::GET, "/me", None, &[("origin", "https://evil.example")]).await.is(200);
}

#[tokio::test]
async fn a_sign_in_that_another_site_began_is_refused() {
    let site = Site::start().await;
    let body = json!({ "email": "attacker@x.com", "password": "of the attacker" });
    let headers = [("sec-fetch-site", "cross-site")];
    site.visitor().send(Method::POST, "/session", Some(body.clone()), &headers).await.refused(403, 427);
    let headers = [("origin", "https://evil.example")];
    site.visitor().send(Method::POST, "/session", Some(body.clone()), &headers).await.refused(403, 427);
    site.visitor().send(Method::POST, "/session", Some(body), &[]).await.refused(401, 434);
}

#[tokio::test]
async fn forms_and_method_overrides_are_not_taken() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/csv", ""] {
        let client = reqwest::Client::builder().build().unwrap();
        let mut request = client.post(format!("{}/api/v1/customers", site.origin));
        request = request.header("cookie", visitor.cookie.as_ref().unwrap()).header("origin", &site.origin);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let reply = request.body("{\"name\":\"x\"}").send().await.unwrap();
        assert_eq!(reply.status().as_u16(), 415, "{kind}");
        assert!(reply.text().await.unwrap().contains("MLC-431"));
    }
    let headers = [("x-http-method-override", "DELETE"), ("x-method-override", "DELETE")];
    visitor.send(Method::GET, "/session?_method=DELETE", None, &headers).await.is(200);
    visitor.get("/session").await.is(200);
}

#[tokio::test]
async fn a_token_needs_no_origin() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    let token = visitor.post("/tokens", json!({ "name": "t", "rights": ["install"] })).await.is(201).json();
    let robot = super::site::Visitor { token: Some(token["token"].as_str().unwrap().to_owned()), ..site.visitor() };
    robot.post("/customers", json!({ "name": "Acme" })).await.is(201);
}

#[tokio::test]
async fn another_name_for_this_machine_is_refused() {
    let site = Site::start().await;
    let port = site.origin.rsplit_once(':').unwrap().1;
    for (host, status) in [
        (format!("localhost:{port}"), 401),
        (format!("127.0.0.1:{port}"), 401),
        (format!("[::1]:{port}"), 401),
        (format!("evil.example:{port}"), 421),
        (format!("127.0.0.1.evil.example:{port}"), 421),
        ("169.254.169.254".to_owned(), 421),
    ] {
        let client = reqwest::Client::builder().build().unwrap();
        let request = client.get(format!("{}/api/v1/me", site.origin)).header("host", &host);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{host}");
    }
}

#[tokio::test]
async fn behind_an_encrypting_proxy_the_cookie_is_bound_to_the_host() {
    let site =
        Site::with(&["web.public_url=\"https://books.example.com\"", "web.trusted_proxies=[\"127.0.0.1\"]"]).await;
    let user = site.person("u@x.com", false).await;
    let visitor = site.session(&user).await;
    let value = visitor.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
    // The plain name counts for nothing here.
    visitor.get("/me").await.refused(401, 420);
    let secure = super::site::Visitor { cookie: Some(format!("__Host-ml-connector={value}")), ..visitor };
    let me = secure.get("/me").await;
    assert_eq!(me.is(200).header("strict-transport-security"), "max-age=31536000");
    let headers = [("origin", "https://books.example.com")];
    let out = secure.send(Method::DELETE, "/session", None, &headers).await;
    let cookie = out.is(204).header("set-cookie").to_owned();
    assert_eq!(cookie, "__Host-ml-connector=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
}
