//! No secret in anything that is shown, stored or handed back.

use std::fmt::Debug;

use intacct::{Config, CreateReply, Query, RequestKind};

use crate::gateway::{
    Gateway, SENDER_PASSWORD, Session, USER_PASSWORD, between, client, function, http, login, login_answer, sender,
    success, xml,
};

const SESSION: &str = "session-secret-1";

fn assert_clean(what: &str, text: &str) {
    let escaped = |secret: &str| {
        let mut out = String::new();
        intacct::text::push(&mut out, secret);
        out
    };
    for secret in [SENDER_PASSWORD, USER_PASSWORD, SESSION] {
        assert!(!text.contains(secret) && !text.contains(&escaped(secret)), "{what}: {text}");
        let debugged = format!("{secret:?}");
        assert!(!text.contains(debugged.trim_matches('"')), "{what}: {text}");
    }
}

fn shown(what: &str, value: &impl Debug) {
    assert_clean(what, &format!("{value:?}{value:#?}"));
}

#[tokio::test]
async fn settings_clients_and_sessions_do_not_show_them() {
    let gateway = Gateway::new(|seen| Ok(xml(success(seen, "<data/>"))));
    let client = client(&gateway);
    let facts = client.session().await.unwrap();
    shown("session", &facts);
    shown("client", &client);
    shown("sender", &sender());
    shown("login", &login());
    shown("config", &Config::default());
    let request = intacct::Outgoing {
        url: "u".into(),
        body: gateway.last().body.into(),
        kind: RequestKind::Read,
        timeout: std::time::Duration::ZERO,
    };
    shown("request", &request);
}

/// Answers that quote the request back, in every place text can stand.
#[tokio::test]
async fn an_answer_that_quotes_a_secret_is_masked() {
    let quote = |seen: &crate::gateway::Seen| {
        let control = between(&seen.body, "<control>", "</control>").unwrap();
        let session = between(&seen.body, "<authentication>", "</authentication>").unwrap();
        let mut password = String::new();
        intacct::text::push(&mut password, USER_PASSWORD);
        format!("{} {} {password}", control.replace(['<', '>'], " "), session.replace(['<', '>'], " "))
    };
    type Shape = fn(&str, &str, &str) -> (u16, String);
    let shapes: [Shape; 6] = [
        |control, function, quoted| {
            (
                200,
                format!(
                    "<response><control><status>success</status><controlid>{control}</controlid></control><operation><authentication><status>success</status></authentication><result><status>failure</status><function>{function}</function><controlid>f1</controlid><errormessage><error><errorno>{quoted}</errorno><description>{quoted}</description><description2>{quoted}</description2><correction>{quoted}</correction><additionalinfo><placeholders><a>{quoted}</a></placeholders></additionalinfo></error></errormessage></result></operation></response>"
                ),
            )
        },
        |_, _, quoted| {
            (
                200,
                format!(
                    "<response><control><status>failure</status></control><errormessage><error><description2>{quoted}</description2></error></errormessage></response>"
                ),
            )
        },
        |_, _, quoted| (500, format!("<html>{quoted}</html>")),
        |_, _, quoted| (500, quoted.to_owned()),
        |_, _, quoted| (200, format!("<response>{quoted}")),
        |_, _, _| (200, format!("<response><control><sessionid>{SESSION}")),
    ];
    for shape in shapes {
        let gateway = Gateway::new(move |seen| {
            let (status, body) = shape(&seen.control_id, seen.function(), &quote(seen));
            let id = seen.function_ids[0].clone();
            Ok(http(status, body.replace("<controlid>f1<", &format!("<controlid>{id}<"))))
        });
        let client = client(&gateway);
        let reply = client.create("R1", &[function("f1")], false).await;
        shown("create", &reply);
        match &reply {
            CreateReply::Answered(answer) => assert!(answer.body.contains("***")),
            CreateReply::Unclear(unclear) => assert!(unclear.body_excerpt.contains("***")),
            CreateReply::NotSent(cause) => panic!("{cause}"),
        }
        let error = client.query(&Query::new("X", ["A"])).await.unwrap_err();
        shown("read", &error);
        assert_clean("message", &error.to_string());
    }
}

#[tokio::test]
async fn a_failed_login_does_not_show_them() {
    let gateway = Gateway::with_login(
        |_| Ok(http(200, "")),
        |seen| Ok(xml(login_answer(seen, &Session::default()).replace("<endpoint>", "<endpoint>http://x/"))),
    );
    let error = client(&gateway).session().await.unwrap_err();
    shown("login", &error);
    assert_clean("message", &error.to_string());

    let gateway = Gateway::with_login(|_| Ok(http(200, "")), |seen| Ok(http(500, seen.body.clone())));
    shown("echo", &client(&gateway).session().await.unwrap_err());
}

#[tokio::test]
async fn a_long_body_is_cut_and_masked_to_its_edge() {
    // Secrets all over, so that one lies across every possible cut.
    let body = format!("x{}", SESSION.repeat(10_000));
    let gateway = Gateway::new(move |_| Ok(http(200, body.clone())));
    let reply = client(&gateway).create("R1", &[function("f1")], false).await;
    let CreateReply::Unclear(unclear) = reply else { panic!("{reply:?}") };
    assert!(unclear.body_excerpt.len() <= 64 * 1024);
    assert!(unclear.body_excerpt.starts_with("x***"));
    assert!(!unclear.body_excerpt.contains("sess"), "{}", &unclear.body_excerpt[unclear.body_excerpt.len() - 40..]);
}

#[tokio::test]
async fn the_masked_envelope_is_the_one_sent() {
    let gateway = Gateway::new(|seen| Ok(xml(success(seen, ""))));
    let client = client(&gateway);
    for transaction in [false, true] {
        client.create("R1", &[function("f1"), function("f2")], transaction).await;
        let masked = client.masked_create_envelope("R1", transaction).unwrap();
        let functions: String = ["f1", "f2"]
            .map(|id| {
                let payload = String::from_utf8(function(id).payload.to_vec()).unwrap();
                format!("<function controlid=\"{id}\">{payload}</function>")
            })
            .concat();
        let mut password = String::new();
        intacct::text::push(&mut password, SENDER_PASSWORD);
        let sent = gateway.last().body.replace(&password, "***").replace(SESSION, "***");
        assert_eq!(format!("{}{functions}{}", masked.head, masked.tail), sent);
    }
    assert!(client.masked_create_envelope("", false).is_err());
}
