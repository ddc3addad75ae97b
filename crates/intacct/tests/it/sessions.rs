//! Sessions: one login however many ask, renewed in time, and an ended session asked for again only by reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use intacct::{Config, CreateReply, Error, NotSentCause, Query, Refusal, SendError, UnreachableKind};

use crate::gateway::{
    Gateway, Session, client, client_with, error, function, http, invalid_session, login_answer, page, success, xml,
};

fn rows() -> Query {
    Query::new("DEPARTMENT", ["RECORDNO"])
}

fn empty_page(seen: &crate::gateway::Seen) -> Result<intacct::Incoming, SendError> {
    Ok(xml(page(seen, "DEPARTMENT", &[], 0)))
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn fifty_at_once_log_in_once() {
    let gateway = Gateway::new(empty_page).slow(Duration::from_millis(100));
    let client = client(&gateway);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.query(&rows()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(gateway.logins(), 1);
    assert_eq!(client.requests_sent(), 51);
}

#[tokio::test]
async fn logins_go_to_the_gateway_and_the_rest_to_the_endpoint() {
    let gateway = Gateway::new(empty_page);
    let client = client(&gateway);
    client.query(&rows()).await.unwrap();
    client.renew_session().await.unwrap();
    let urls: Vec<_> = gateway.seen().iter().map(|seen| (seen.is_login(), seen.url.clone())).collect();
    let (login, rest) = ("https://api.intacct.com/ia/xml/xmlgw.phtml", "https://na12.intacct.com/ia/xml/xmlgw.phtml");
    assert_eq!(urls, [(true, login.to_owned()), (false, rest.to_owned()), (true, login.to_owned())]);
}

/// A gateway whose clock is ten years behind, with sessions of a given length in minutes.
fn sessions_of(minutes: u32) -> Arc<Gateway> {
    let times = move |body: String| {
        let session = Session::default();
        let timeout = format!("2015-10-25T{:02}:{:02}:34-07:00", 10 + minutes / 60, minutes % 60);
        body.replace(session.timestamp, "2015-10-25T10:00:34-07:00").replace(session.timeout, &timeout)
    };
    Gateway::with_login(
        move |seen| Ok(xml(times(page(seen, "DEPARTMENT", &[], 0)))),
        move |seen| Ok(xml(times(login_answer(seen, &Session::default())))),
    )
}

#[tokio::test(start_paused = true)]
async fn a_session_is_renewed_before_its_timeout() {
    let gateway = sessions_of(30);
    let client = client(&gateway);
    client.session().await.unwrap();
    tokio::time::advance(27 * MINUTE).await;
    client.session().await.unwrap();
    assert_eq!(gateway.logins(), 1);
    tokio::time::advance(MINUTE + Duration::from_secs(1)).await;
    client.session().await.unwrap();
    assert_eq!(gateway.logins(), 2, "two minutes before the timeout of 30 minutes");
}

#[tokio::test(start_paused = true)]
async fn use_keeps_a_session_but_not_beyond_fifty_minutes() {
    let gateway = sessions_of(30);
    let client = client(&gateway);
    for minute in [0, 20, 40] {
        client.query(&rows()).await.unwrap();
        assert_eq!(gateway.logins(), 1, "at {minute} minutes");
        tokio::time::advance(20 * MINUTE).await;
    }
    client.query(&rows()).await.unwrap();
    assert_eq!(gateway.logins(), 2, "at 60 minutes, though used 20 minutes ago");
}

#[tokio::test(start_paused = true)]
async fn a_long_session_is_renewed_at_fifty_minutes() {
    let gateway = sessions_of(480);
    let client = client(&gateway);
    client.session().await.unwrap();
    tokio::time::advance(48 * MINUTE - Duration::from_secs(1)).await;
    client.session().await.unwrap();
    assert_eq!(gateway.logins(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    client.session().await.unwrap();
    assert_eq!(gateway.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_shorter_than_the_margin_is_used_for_half_its_life() {
    let gateway = sessions_of(1);
    let client = client(&gateway);
    client.session().await.unwrap();
    client.session().await.unwrap();
    assert_eq!(gateway.logins(), 1);
    tokio::time::advance(Duration::from_secs(30)).await;
    client.session().await.unwrap();
    assert_eq!(gateway.logins(), 2);
}

#[tokio::test]
async fn a_session_without_times_lives() {
    let gateway = Gateway::with_login(empty_page, |seen| {
        let body = login_answer(seen, &Session { timestamp: "soon", timeout: "", ..Session::default() });
        Ok(xml(body))
    });
    let client = client(&gateway);
    let facts = client.session().await.unwrap();
    assert_eq!((facts.timestamp, facts.timeout), (None, None));
    client.query(&rows()).await.unwrap();
    assert_eq!(gateway.logins(), 1);
}

/// Says "invalid session" to the first `n` requests.
fn ends_sessions(n: usize) -> Arc<Gateway> {
    let left = AtomicUsize::new(n);
    Gateway::new(move |seen| {
        let ended = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let posted = "<data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>1</RECORDNO></glbatch></data>";
        Ok(xml(match (ended, seen.function()) {
            (true, _) => invalid_session(seen),
            (false, "create") => success(seen, posted),
            (false, _) => page(seen, "DEPARTMENT", &[], 0),
        }))
    })
}

#[tokio::test]
async fn a_read_renews_an_ended_session_once() {
    let gateway = ends_sessions(1);
    client(&gateway).query(&rows()).await.unwrap();
    assert_eq!(gateway.logins(), 2);

    let gateway = ends_sessions(2);
    let failed = client(&gateway).query(&rows()).await;
    assert!(matches!(failed, Err(Error::Refused { refusal: Refusal::Session, .. })), "{failed:?}");
    assert_eq!(gateway.logins(), 2);
    assert_eq!(gateway.seen().len(), 4);
}

#[tokio::test]
async fn a_create_never_repeats_and_drops_the_session() {
    let gateway = ends_sessions(1);
    let client = client(&gateway);
    let reply = client.create("R1", &[function("f1")], false).await;
    let CreateReply::Answered(answer) = reply else { panic!("{reply:?}") };
    assert_eq!(answer.refusal, Some(Refusal::Session));
    assert_eq!(gateway.seen().len(), 2, "one login, one create");

    let reply = client.create("R1", &[function("f1")], false).await;
    let CreateReply::Answered(answer) = reply else { panic!("{reply:?}") };
    assert_eq!(answer.functions[0].record_nos, ["1"]);
    assert_eq!(gateway.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_that_find_the_session_ended_renew_it_once() {
    let logins = AtomicUsize::new(0);
    let gateway = Gateway::with_login(
        |seen| {
            let ended = seen.body.contains("<sessionid>old</sessionid>");
            Ok(xml(if ended { invalid_session(seen) } else { page(seen, "D", &[], 0) }))
        },
        move |seen| {
            let id = if logins.fetch_add(1, Ordering::SeqCst) == 0 { "old" } else { "new" };
            Ok(xml(login_answer(seen, &Session { id, ..Session::default() })))
        },
    )
    .slow(Duration::from_millis(50));
    let client = client(&gateway);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.query(&rows()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(gateway.logins(), 2);
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again_until_told() {
    let refusals = AtomicUsize::new(1);
    let gateway = Gateway::with_login(empty_page, move |seen| {
        let refuse = refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        Ok(xml(if refuse {
            crate::gateway::authentication_failure(seen, &error("XL03000006", "Sign-in information is incorrect"))
        } else {
            login_answer(seen, &Session::default())
        }))
    });
    let client = client(&gateway);
    for _ in 0..3 {
        let refused = client.query(&rows()).await;
        assert!(matches!(refused, Err(Error::Refused { refusal: Refusal::Login, .. })), "{refused:?}");
        assert!(client.renew_session().await.is_err());
    }
    let reply = client.create("R1", &[function("f1")], false).await;
    assert!(matches!(reply, CreateReply::NotSent(NotSentCause::NoSession(_))), "{reply:?}");
    assert_eq!(gateway.logins(), 1);
    client.forget_failure();
    client.query(&rows()).await.unwrap();
    assert_eq!(gateway.logins(), 2);
}

#[tokio::test]
async fn a_login_that_did_not_get_through_is_tried_again() {
    let failures = AtomicUsize::new(3);
    let gateway = Gateway::with_login(empty_page, move |seen| {
        let left = failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Ok(3) => Err(SendError::NotSent {
                kind: UnreachableKind::Connect,
                cause: Arc::new(std::io::Error::other("refused")),
            }),
            Ok(2) => Ok(http(503, "<html>down</html>")),
            Ok(_) => Ok(http(429, "slow down")),
            Err(_) => Ok(xml(login_answer(seen, &Session::default()))),
        }
    });
    let client = client(&gateway);
    let first = client.session().await;
    assert!(matches!(first, Err(Error::Unreachable { .. })), "{first:?}");
    assert!(matches!(client.session().await, Err(Error::Html { .. })));
    assert!(matches!(client.session().await, Err(Error::RateLimited { .. })));
    client.session().await.unwrap();
    assert_eq!(client.requests_sent(), 3, "the one that was not sent does not count");
}

#[tokio::test]
async fn each_entity_has_a_session_of_its_own() {
    let gateway = Gateway::new(empty_page);
    let top = client(&gateway);
    let west = top.in_entity(Some("West & Co"));
    assert_eq!(top.session().await.unwrap().locationid, None);
    assert_eq!(west.session().await.unwrap().locationid.as_deref(), Some("West & Co"));
    top.in_entity(Some("West & Co")).session().await.unwrap();
    west.in_entity(None).session().await.unwrap();
    assert_eq!(gateway.logins(), 2);
    assert!(gateway.last().body.contains("<locationid>West &amp; Co</locationid>"));
}

#[tokio::test(start_paused = true)]
async fn a_create_that_gets_no_slot_is_not_sent() {
    let gateway = Gateway::new(empty_page).slow(90 * Duration::from_secs(1));
    let client = client_with(&gateway, Config { concurrency: 1, ..Config::default() });
    client.session().await.unwrap();
    let reader = tokio::spawn({
        let client = client.clone();
        async move { client.query(&rows()).await }
    });
    while gateway.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    let reply = client.create("R1", &[function("f1")], false).await;
    assert!(matches!(reply, CreateReply::NotSent(NotSentCause::Waited { waited_ms: 60_000 })), "{reply:?}");
    reader.await.unwrap().unwrap();
    assert!(gateway.seen().iter().all(|seen| seen.function() != "create"));
}

#[tokio::test(start_paused = true)]
async fn a_create_without_an_answer_in_time_is_unclear() {
    let gateway = Gateway::new(empty_page).slow(Duration::from_secs(50));
    let client = client_with(&gateway, Config::default());
    client.session().await.unwrap();
    let config = Config {
        timeouts: intacct::Timeouts { create: Duration::from_secs(40), ..intacct::Timeouts::default() },
        ..Config::default()
    };
    let hasty = client_with(&gateway, config);
    hasty.session().await.unwrap();
    let reply = hasty.create("R1", &[function("f1")], false).await;
    let CreateReply::Unclear(unclear) = reply else { panic!("{reply:?}") };
    assert!(matches!(unclear.why, intacct::UnclearCause::Timeout));
}

#[tokio::test]
async fn a_login_answer_that_lacks_something_is_told() {
    for missing in ["sessionid", "endpoint", "api"] {
        let gateway = Gateway::with_login(empty_page, move |seen| {
            let body = login_answer(seen, &Session::default());
            Ok(xml(body.replace(&format!("<{missing}>"), "<other>").replace(&format!("</{missing}>"), "</other>")))
        });
        let failed = client(&gateway).session().await;
        assert!(matches!(failed, Err(Error::Incomplete { .. })), "{missing}: {failed:?}");
    }
}
