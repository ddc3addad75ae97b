//! Where the service may listen, how it stops, and connections that want to stay for ever.

use std::time::Duration;

use accounting::problem::Code;
use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::settings::Settings;
use ml_connector::store::{Ids, Store};
use ml_connector::web::{State, WebError, bind, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::site::Site;

fn settings(overrides: &[&str]) -> Settings {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    Settings::load(None, &overrides).unwrap()
}

#[tokio::test]
async fn others_reach_it_only_encrypted_or_where_the_operator_insists() {
    let open = ["web.listen=\"0.0.0.0:0\""];
    let refused = bind(&settings(&open).web).await.unwrap_err();
    assert!(matches!(refused, WebError::Unsafe { .. }), "{refused}");
    assert_eq!(refused.code(), Code::WebUnsafe);
    let plain = ["web.listen=\"[::]:0\"", "web.public_url=\"http://books.example.com\""];
    assert_eq!(bind(&settings(&plain).web).await.unwrap_err().code(), Code::WebUnsafe);
    bind(&settings(&["web.listen=\"0.0.0.0:0\"", "web.public_url=\"https://books.example.com\""]).web).await.unwrap();
    bind(&settings(&["web.listen=\"0.0.0.0:0\"", "web.insecure=true"]).web).await.unwrap();
    let own = bind(&settings(&["web.listen=\"localhost:0\""]).web).await.unwrap();
    assert!(own.local_addr().unwrap().ip().is_loopback());
    let taken = format!("web.listen=\"{}\"", own.local_addr().unwrap());
    assert_eq!(bind(&settings(&[&taken]).web).await.unwrap_err().code(), Code::WebAddress);
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused() {
    for listen in ["", "8600", "127.0.0.1", "http://127.0.0.1:8600", "localhost:x"] {
        let refused = bind(&settings(&[&format!("web.listen=\"{listen}\"")]).web).await.unwrap_err();
        assert!(matches!(refused, WebError::Setting { key: "web.listen", .. }), "{listen}: {refused}");
    }
    let store = Store::in_memory(None, Ids::system(), 0).await.unwrap();
    let state = |setting: &str| State::new(store.clone(), settings(&[setting]), Clock::system(TimeZone::UTC));
    for url in ["books.example.com", "ftp://x", "https://", "https://x/path", "https://u:p@x", "https://x?y"] {
        assert!(state(&format!("web.public_url=\"{url}\"")).is_err(), "{url}");
    }
    for proxy in ["proxy", "10.0.0.0/33", "10.0.0.0/x", "::/129", ""] {
        assert!(state(&format!("web.trusted_proxies=[\"{proxy}\"]")).is_err(), "{proxy}");
    }
    for setting in ["web.session_idle_hours=0", "web.session_days=91", "web.request_seconds=1"] {
        assert!(Settings::load(None, &[setting.to_owned()]).is_err(), "{setting}");
    }
}

#[tokio::test]
async fn it_stops_once_what_is_under_way_has_ended() {
    let store = Store::in_memory(None, Ids::system(), 0).await.unwrap();
    let state = State::new(store, settings(&[]), Clock::system(TimeZone::UTC)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, state, async {
        let _ = stopped.await;
    }));
    // A request that has begun is answered, one that has not is not waited for.
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut begun = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{";
    begun.write_all(head.as_bytes()).await.unwrap();
    // It is under way once the service answers another request on a connection that came later.
    let mut third = TcpStream::connect(address).await.unwrap();
    third.write_all(b"GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    third.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
    stop.send(()).unwrap();
    begun.write_all(b"}").await.unwrap();
    let mut answer = Vec::new();
    begun.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_sender_that_trickles_its_request_is_let_go() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.origin.strip_prefix("http://").unwrap()).await.unwrap();
    // From here on time passes as soon as everybody waits for it.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let mut sent = 0;
    for byte in b"GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\nx-slow: ".iter().chain([b'a'; 200].iter()) {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sent += 1;
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0; 1])).await;
        if ended.is_ok() {
            break;
        }
    }
    let took = began.elapsed();
    assert!(sent < 100 && took < Duration::from_secs(120), "let go after {sent} bytes and {took:?}");
}
