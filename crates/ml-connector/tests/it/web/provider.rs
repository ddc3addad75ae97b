//! An identity provider on this machine, which can be told to misbehave. Its keys were made for it and open nothing.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

const RSA_KEY: &str = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDfmYk6/U4z/fRwVWcBtYJ1hj3buToqrO8AnoTV9aC0ovkINFKzxap2BWK6QQ\
    F93CkoOEd7kFELiMe8kQPFnL3szhf51UqtuiR+hSfv9SsMPKsdfGxXus3KShb2hSBzPJhwg+Upcb4g0w4JDJBJcUgQ28W5p7BezNBrQyUOuGqV\
    jk7CZ1j5iQSHwheB4xenuy1bYzaTO/bUl0k6plUON6Y4VX0FAuld4sVNKjRrcads2/AGKlICaSa6YUyExqeGNvXnDW2im79PI4SWP07cKXmkF4\
    rwUBnNaC0EUqwiqKckgYj08QoMJ3GHjBWHBhExfDxHKDu0RNIyf7nzJVH19Y/rAgMBAAECggEAOOIl88BaQ0bRhzxqwpgLEtvuY7YJEq9A9D7f\
    m1DsK9gkE47AFWTtey3eknSULREz1TwQD2LFA3KuIY4g0AaSmKpLli7JW032F8vHP7f21hufCpbLNzxaOyLDGb7/ZOGfBEzBoVwC2vXmZa3xDQ\
    YJJ+TJNfRvnYZsZUVFKawHzXjXLippHRdwgXtyM3Lb6CTkT54ZeJIw8+JABcBoAON02zbMJODyZpNIBQSQ/LQ9kTyDSfHeabeBE+kbbUJWznpD\
    rXt4B+/jlPhfndb76fRlJ5uUKajS8sHlQtpOv46qDZ/IbZO4EKDNO4I+EwigbYVwKxpySnkVLNa2I9WcaTNFGQKBgQD8lfE6snRKEV3sFNUCmd\
    tda8cXD+9gJ/jxD6KvhXQcupzNlJ04vcoKPVXfWdSPtOlnm5ST7+rgFzgBE+2iO8ESFD3sieD5HEmBYGbrCiynEWi9BdsqrjCV7Oq2VdtPiTb9\
    JHsP8FhUO2IGd0El0oO/8XgGfN6q5tO9+ZYtmriMIwKBgQDin0ohcseID+ZfwZTQSdhIEBAv9nbMTo2QMHlSD9yzFYus5yAfG/ed89obBi+xx4\
    /TRVMTKpAbFdOqGLFX4t6TTM75bqfB2QcZnfyJ2sfyfM58BqXn70pC2iXTg+RbavUU3TnYmXktPwdfF+V6wA1lUUefGHA5TsphC8QQziBlmQKB\
    gQCL9h4sk1Qi8sqjlcuO3GiUtLMmUVsoYh3snehc8Est3C4lMJOKLIh28hPSZrmFRA8NrUVAUHJK6DLNThigjBHpDbRejOxPvV/xw9Rjq0ig7u\
    Gl1Efkt48OlLBehua2hOcmkH9sjpazXhBsWsqLxcHhq1EB71GHS87K9zFDZfebFwKBgQCKlVhS3grwxLBfjFTBjvbpEpGjkveQ9tSRAWOfcD3J\
    cfqJUImPHJ4vBGkzL3RJJj1ouDMWPGgFeDKJCTKiCQWNVGIZnLaPz3UNEFTXxGeTfQkURUh9bhKekSKilzw1P1ICYUq3jxrQNYP/ffCCQSGv/K\
    VswBgYo3sVH4nVsQeUuQKBgBfG+3aSGJwzzUMGMePtNNj16fLbsbcn5Z7dcaAQwYVP0AIYQnyTUcSCswZO93Ipsf2rJiT5pxauOqnvbtob3rpl\
    /rz9rcea3LL31K4T++cn9xyRqbCbneZAr8bxhORISbH/UX7F0Y5gsGgnDP4y1uM77aM3s1Pd8gHTOlEZFvGx";
const RSA_N: &str = "35mJOv1OM_30cFVnAbWCdYY927k6KqzvAJ6E1fWgtKL5CDRSs8WqdgViukEBfdwpKDhHe5BRC4jHvJEDxZy97M4X-\
    dVKrbokfoUn7_UrDDyrHXxsV7rNykoW9oUgczyYcIPlKXG-INMOCQyQSXFIENvFuaewXszQa0MlDrhqlY5OwmdY-YkEh8IXgeMXp7stW2M2kzv\
    21JdJOqZVDjemOFV9BQLpXeLFTSo0a3GnbNvwBipSAmkmumFMhManhjb15w1topu_TyOElj9O3Cl5pBeK8FAZzWgtBFKsIqinJIGI9PEKDCdxh\
    4wVhwYRMXw8Ryg7tETSMn-58yVR9fWP6w";
const EC_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSFpVl3sLMGC8dXKOhQaet7QGbw2X64pRvLK4U11H11ihRANCAASAhQ06p3vFFX\
    g2WRIkmJ0t7nyR62VbV6XU4l07UEkhzOesJEiQh2cZVfW8kSxbi0waQpTO/Gqua3yGg7iF0iEm";
const EC_X: &str = "gIUNOqd7xRV4NlkSJJidLe58ketlW1el1OJdO1BJIcw";
const EC_Y: &str = "56wkSJCHZxlV9byRLFuLTBpClM78aq5rfIaDuIXSISY";

pub const CLIENT: &str = "ml connector";
pub const SECRET: &str = "s3cret:with/signs";

/// How it behaves.
#[derive(Clone)]
pub struct Conduct {
    /// Members of the identity token over what is right.
    pub claims: Value,
    /// Members of its description over what is right.
    pub description: Value,
    /// `RS256`, `ES256`, or what a header may claim.
    pub alg: &'static str,
    /// Whether the token is altered after it was signed.
    pub altered: bool,
    /// Whether the keys that it publishes are others.
    pub other_keys: bool,
    /// Requests for tokens that were right.
    pub exchanged: usize,
    /// Requests for its keys.
    pub read: usize,
}

pub struct Provider {
    pub issuer: String,
    pub conduct: Arc<Mutex<Conduct>>,
    /// What the last authorization request asked for.
    pub asked: Arc<Mutex<Value>>,
}

#[derive(Clone)]
struct Shared {
    issuer: String,
    conduct: Arc<Mutex<Conduct>>,
    asked: Arc<Mutex<Value>>,
    now_seconds: i64,
}

impl Provider {
    pub async fn start(now_ms: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let conduct = Conduct {
            claims: json!({}),
            description: json!({}),
            alg: "RS256",
            altered: false,
            other_keys: false,
            exchanged: 0,
            read: 0,
        };
        let conduct = Arc::new(Mutex::new(conduct));
        let asked = Arc::new(Mutex::new(Value::Null));
        let shared = Shared {
            issuer: issuer.clone(),
            conduct: Arc::clone(&conduct),
            asked: Arc::clone(&asked),
            now_seconds: now_ms / 1_000,
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(description))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, conduct, asked }
    }

    /// The person signs in there: notes what the browser brought, and gives what it takes back.
    pub fn authorize(&self, url: &str) -> Vec<(String, String)> {
        let url = reqwest::Url::parse(url).unwrap();
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.issuer)), "{url}");
        let asked: Value =
            url.query_pairs().map(|(key, value)| (key.into_owned(), Value::from(value.into_owned()))).collect();
        assert_eq!((&asked["response_type"], &asked["scope"]), (&json!("code"), &json!("openid email profile")));
        assert_eq!((&asked["client_id"], &asked["code_challenge_method"]), (&json!(CLIENT), &json!("S256")));
        let state = asked["state"].as_str().unwrap().to_owned();
        *self.asked.lock().unwrap() = asked;
        vec![("code".to_owned(), "the-code".to_owned()), ("state".to_owned(), state)]
    }

    pub fn conduct(&self, change: impl FnOnce(&mut Conduct)) {
        change(&mut self.conduct.lock().unwrap());
    }
}

async fn description(State(shared): State<Shared>) -> axum::Json<Value> {
    let at = |path: &str| format!("{}{path}", shared.issuer);
    let mut description = json!({
        "issuer": shared.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
    });
    merge(&mut description, &shared.conduct.lock().unwrap().description);
    axum::Json(description)
}

async fn keys(State(shared): State<Shared>) -> axum::Json<Value> {
    let mut conduct = shared.conduct.lock().unwrap();
    conduct.read += 1;
    if conduct.other_keys {
        return axum::Json(
            json!({ "keys": [{ "kty": "RSA", "kid": "old", "n": "AQAB", "e": "AQAB" }, { "kty": "oct" }] }),
        );
    }
    axum::Json(json!({ "keys": [
        { "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": RSA_N, "e": "AQAB" },
        { "kty": "EC", "kid": "ec", "crv": "P-256", "x": EC_X, "y": EC_Y },
        { "kty": "RSA", "kid": "enc", "use": "enc", "n": RSA_N, "e": "AQAB" },
    ] }))
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<Value>) -> Response {
    let asked = shared.asked.lock().unwrap().clone();
    let basic = headers["authorization"].to_str().unwrap().strip_prefix("Basic ").unwrap();
    let pair = String::from_utf8(BASE64.decode(basic.as_bytes()).unwrap()).unwrap();
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(form["code_verifier"].as_str().unwrap().as_bytes()));
    let right = pair == "ml%20connector:s3cret%3Awith%2Fsigns"
        && form["grant_type"] == "authorization_code"
        && form["code"] == "the-code"
        && form["redirect_uri"] == asked["redirect_uri"]
        && asked["code_challenge"] == challenge.as_str();
    if !right {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let mut conduct = shared.conduct.lock().unwrap();
    conduct.exchanged += 1;
    let mut claims = json!({
        "iss": shared.issuer,
        "sub": "1234",
        "aud": CLIENT,
        "iat": shared.now_seconds,
        "exp": shared.now_seconds + 300,
        "nonce": asked["nonce"],
        "email": "Mia@Acme.com",
        "email_verified": true,
    });
    merge(&mut claims, &conduct.claims);
    let token = signed(conduct.alg, &claims, conduct.altered);
    axum::Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": token })).into_response()
}

/// The token in its compact form.
fn signed(alg: &str, claims: &Value, altered: bool) -> String {
    let kid = if alg == "ES256" { "ec" } else { "rsa" };
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = part(&json!({ "alg": alg, "kid": kid, "typ": "JWT" }));
    let text = format!("{header}.{}", part(claims));
    let (key, scheme) = match alg {
        "ES256" => (EC_KEY, SignatureScheme::ECDSA_NISTP256_SHA256),
        _ => (RSA_KEY, SignatureScheme::RSA_PKCS1_SHA256),
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(BASE64.decode(key.as_bytes()).unwrap()));
    let signer = any_supported_type(&key).unwrap().choose_scheme(&[scheme]).unwrap();
    let mut signature = signer.sign(text.as_bytes()).unwrap();
    if alg == "ES256" {
        signature = [number(&signature, 0), number(&signature, 1)].concat();
    }
    if alg == "none" {
        signature.clear();
    }
    let text = if altered { format!("{header}.{}", part(&json!({ "email": "root@x.com" }))) } else { text };
    format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// One of the two numbers of a signature in DER, in 32 bytes.
fn number(der: &[u8], index: usize) -> Vec<u8> {
    let mut rest = &der[2..];
    for _ in 0..index {
        rest = &rest[2 + usize::from(rest[1])..];
    }
    let digits = &rest[2..2 + usize::from(rest[1])];
    let digits = &digits[digits.iter().position(|digit| *digit != 0).unwrap()..];
    [vec![0; 32 - digits.len()], digits.to_vec()].concat()
}

fn merge(into: &mut Value, over: &Value) {
    for (key, value) in over.as_object().unwrap() {
        into[key] = value.clone();
    }
}
