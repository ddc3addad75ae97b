//! Bodies, addresses and methods that a service must not stumble over. Each is refused as a problem, with every header
//! that a browser needs to keep out of trouble.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::site::{Reply, Site};

const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
];

fn guarded(reply: &Reply) {
    for (name, value) in HEADERS {
        assert_eq!(reply.header(name), value, "{name} of {}", reply.text);
    }
    assert_eq!(reply.header("x-request-id").len(), 26);
}

/// Sends a body as it is, signed in as an administrator of the installation.
async fn raw(site: &Site, cookie: &str, body: impl Into<reqwest::Body>) -> Reply {
    let client = reqwest::Client::builder().build().unwrap();
    let request = client
        .post(format!("{}/api/v1/customers", site.origin))
        .header("cookie", cookie)
        .header("origin", &site.origin)
        .header("content-type", "application/json")
        .body(body);
    let response = request.send().await.unwrap();
    Reply { status: response.status(), headers: response.headers().clone(), text: response.text().await.unwrap() }
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_is_refused_with_its_place() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    let cookie = visitor.cookie.clone().unwrap();
    /// A body, the field that is wrong, and where.
    type Case = (&'static str, &'static str, Option<(u64, u64)>);
    let cases: [Case; 12] = [
        ("", "", Some((1, 0))),
        ("{", "", Some((1, 1))),
        ("{\n  \"name\": \"a\",\n  \"nome\": 1\n}", "nome", Some((3, 8))),
        ("{\"name\": 7}", "name", Some((1, 10))),
        ("{}", "name", Some((1, 2))),
        ("{\"name\": \"a\", \"name\": \"b\"}", "name", Some((1, 20))),
        ("{\"name\": \"a\"} x", "", Some((1, 15))),
        ("[]", "", None),
        ("{\"name\": \"\\ud800\"}", "name", None),
        ("NaN", "", None),
        ("{\"name\": \"a\", \"role\": \"admin\"}", "role", None),
        ("{\"name\": \"a\", \"customer_id\": \"cus_x\"}", "customer_id", None),
    ];
    for (body, field, place) in cases {
        let reply = raw(&site, &cookie, body).await;
        reply.refused(400, 423);
        guarded(&reply);
        let problem = reply.json();
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{body}: {}", reply.text);
        if let Some((line, column)) = place {
            assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(line), Some(column)), "{body}");
        }
    }
    for body in ["[".repeat(200_000), "{\"a\":".repeat(100_000)] {
        raw(&site, &cookie, body).await.refused(400, 423);
    }
    raw(&site, &cookie, vec![b'{', 0xFF, 0xFE, b'}']).await.refused(400, 423);
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    raw(&site, &cookie, large.clone()).await.refused(413, 426);
    // The same without an announced length.
    let pieces =
        large.into_bytes().chunks(65_536).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    raw(&site, &cookie, reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))).await.refused(413, 426);
    assert!(site.store.customers().await.unwrap().is_empty());
}

#[tokio::test]
async fn nested_fields_are_named_by_their_path() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    let reply = visitor.post("/tokens", json!({ "name": "t", "rights": ["view", 5] })).await;
    assert_eq!(reply.refused(400, 423).json()["field"], "rights[1]");
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_are_refused_alike() {
    let site = Site::start().await;
    let (_, visitor) = site.signed_in("ada@x.com", true).await;
    for path in ["/nothing", "/api/v2/me", "/api/v1", "/me/", "//me", "/customers/%ff%fe", "/users/'%20OR%201=1--"] {
        let reply = visitor.get(path).await;
        reply.refused(404, 422);
        guarded(&reply);
    }
    let reply = visitor.ask(Method::PUT, "/me", None).await;
    assert_eq!(reply.refused(405, 430).header("allow"), "GET,HEAD");
    guarded(&reply);
    visitor.ask(Method::from_bytes(b"TRACE").unwrap(), "/me", None).await.refused(405, 430);
    let options = visitor.ask(Method::OPTIONS, "/customers", None).await;
    assert_eq!(options.is(204).header("allow"), "GET,HEAD,POST");
    assert_eq!(options.header("access-control-allow-origin"), "", "nothing is shared with other sites");
    guarded(&options);
    let head = visitor.ask(Method::HEAD, "/me", None).await;
    assert_eq!(head.is(200).text, "");
    guarded(&head);
    guarded(visitor.get("/me").await.is(200));
}

#[tokio::test]
async fn a_refusal_leads_to_the_page_of_its_code() {
    let site = Site::start().await;
    let problem = site.visitor().get("/me").await.json();
    for member in ["type", "title", "detail", "remedy", "who", "instance"] {
        assert!(!problem[member].as_str().unwrap().is_empty(), "{member}");
    }
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(401), Some("MLC-420")));
    let client = reqwest::Client::builder().build().unwrap();
    let page = client.get(format!("{}{}", site.origin, problem["type"].as_str().unwrap())).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    assert!(page.text().await.unwrap().contains("Not signed in"));
    let page = client.get(format!("{}/problems/MLC-999", site.origin)).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 404);
}

#[tokio::test]
async fn the_pages_of_links_run_their_own_script_alone() {
    let site = Site::start().await;
    let client = reqwest::Client::builder().build().unwrap();
    for path in ["/link", "/administrator", "/sign-in"] {
        let page = client.get(format!("{}{path}", site.origin)).send().await.unwrap();
        assert_eq!(page.status().as_u16(), 200);
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let html = page.text().await.unwrap();
        assert!(html.contains("name=\"form_token\"") && html.contains("method=\"post\""), "{html}");
        assert_eq!(html.matches("<script").count(), 1);
        assert!(!html.contains("onclick") && !html.contains("style="), "{html}");
        let script = html.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap();
        let script = client.get(format!("{}{script}", site.origin)).send().await.unwrap();
        assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
        assert!(script.text().await.unwrap().contains("replaceState"));
    }
}

#[tokio::test]
async fn what_is_no_http_ends_the_connection_and_nothing_else() {
    let site = Site::start().await;
    let address = site.origin.strip_prefix("http://").unwrap();
    let long = format!("GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    for text in [
        "\0\x01\x02\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        &long,
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // It may be refused while it is still being sent.
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply).await;
        let status = String::from_utf8_lossy(&reply);
        let status = status.split(' ').nth(1).unwrap_or("closed");
        assert!(
            matches!(status, "400" | "401" | "431" | "505" | "closed"),
            "{status} for {:?}",
            &text[..text.len().min(60)]
        );
    }
    site.visitor().get("/me").await.refused(401, 420);
}
