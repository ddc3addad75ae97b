//! Shapes of answers to a create, each with the facts it must come to.

use std::error::Error as _;

use intacct::{CreateReply, FunctionAnswer, GatewayError};

mod malformed;
mod not_ours;
mod outcomes;
mod refusals;

use crate::gateway::{Gateway, client, function, http};

/// Everything a reply says, on one line.
pub fn told(reply: &CreateReply) -> String {
    match reply {
        CreateReply::NotSent(cause) => format!("not sent: {cause}"),
        CreateReply::Unclear(unclear) => {
            let source = unclear.why.source().map(|source| format!(": {source}")).unwrap_or_default();
            format!("unclear: {}{source}", unclear.why)
        }
        CreateReply::Answered(answer) => {
            let mut told = format!("{} control {:?}", answer.http_status, answer.control);
            if !answer.control_id_echoed {
                told.push_str(" not echoed");
            }
            if let Some(status) = &answer.authentication {
                told.push_str(&format!(", auth {status:?}"));
            }
            if let Some(refusal) = &answer.refusal {
                told.push_str(&format!(", refused {refusal:?}"));
            }
            told.push_str(&errors(&answer.errors));
            for function in &answer.functions {
                told.push_str(&function_told(function));
            }
            told
        }
    }
}

fn function_told(function: &FunctionAnswer) -> String {
    let mut told = format!("; {} {:?}", function.control_id, function.status);
    if !function.record_nos.is_empty() {
        told.push_str(&format!(" #{}", function.record_nos.join("+#")));
    }
    if let Some(count) = function.count {
        told.push_str(&format!(" x{count}"));
    }
    if let Some(key) = &function.key {
        told.push_str(&format!(" key {key}"));
    }
    told + &errors(&function.errors)
}

fn errors(errors: &[GatewayError]) -> String {
    errors
        .iter()
        .map(|error| format!(" [{} {}]", error.errorid.as_ref().unwrap_or(&error.errorno), error.text()))
        .collect()
}

pub const CONTROL: &str = "<control><status>success</status><senderid>s</senderid><controlid>R1</controlid>\
    <uniqueid>true</uniqueid><dtdversion>3.0</dtdversion></control>";
pub const AUTH: &str = "<authentication><status>success</status><userid>u</userid><companyid>c</companyid><locationid></locationid>\
    <sessiontimestamp>2026-11-02T14:17:56+00:00</sessiontimestamp><sessiontimeout>2026-11-02T22:17:56+00:00</sessiontimeout></authentication>";
pub const F1: &str = "<result><status>success</status><function>create</function><controlid>f1</controlid>\
    <data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>6679</RECORDNO></glbatch></data></result>";
pub const F2: &str = "<result><status>success</status><function>create</function><controlid>f2</controlid>\
    <data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>6680</RECORDNO></glbatch></data></result>";

pub fn whole(operation: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>{CONTROL}<operation>{operation}</operation></response>"
    )
}

pub fn both(first: &str, second: &str) -> String {
    whole(&format!("{AUTH}{first}{second}"))
}

pub fn failed(id: &str, status: &str, inner: &str) -> String {
    format!("<result><status>{status}</status><function>create</function><controlid>{id}</controlid>{inner}</result>")
}

pub fn messages(errors: &str) -> String {
    format!("<errormessage>{errors}</errormessage>")
}

pub fn refused(errors: &str) -> String {
    whole(&format!(
        "<authentication><status>failure</status><userid></userid><companyid></companyid></authentication>{}",
        messages(errors)
    ))
}

pub fn control_failure(inner: &str, errors: &str) -> String {
    format!("<response><control><status>failure</status>{inner}</control>{}</response>", messages(errors))
}

/// (name, HTTP status, body, what must be told)
pub type Case = (&'static str, u16, Vec<u8>, &'static str);

pub const BOTH_POSTED: &str = "200 control Success, auth Success; f1 Success #6679 x1; f2 Success #6680 x1";

#[tokio::test]
async fn every_shape_of_answer_is_told_exactly() {
    let groups = [outcomes::cases(), refusals::cases(), not_ours::cases(), malformed::cases(), malformed::no_xml()];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    assert!(cases.len() >= 90, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for (name, status, body, expected) in cases {
        let gateway = Gateway::new(move |_| Ok(http(status, body.clone())));
        let reply = client(&gateway).create("R1", &[function("f1"), function("f2")], false).await;
        let found = told(&reply);
        if found != expected {
            wrong.push(format!("{name}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn details_of_an_error_are_kept() {
    let body = both(
        &failed(
            "f1",
            "failure",
            &messages(
                "<error><errorno>BL01001973</errorno><description>d</description><description2>Taken [Support ID: p5%7Ex%5B]</description2><correction>c</correction>\
         <additionalinfo><errorid>GL-0493</errorid><category>Duplication Prevention</category><target>T</target>\
         <description><messageid>IA.DUP</messageid><placeholders><placeholder><name>ACCT</name><value>6420</value></placeholder></placeholders></description>\
         <correction><messageid>IA.FIX</messageid></correction></additionalinfo></error>",
            ),
        ),
        F2,
    );
    let gateway = Gateway::new(move |_| Ok(http(200, body.clone())));
    let reply = client(&gateway).create("R1", &[function("f1"), function("f2")], false).await;
    let CreateReply::Answered(answer) = reply else { panic!("{reply:?}") };
    let expected = GatewayError {
        errorno: "BL01001973".into(),
        errorid: Some("GL-0493".into()),
        category: Some("Duplication Prevention".into()),
        description: "d".into(),
        description2: "Taken".into(),
        correction: "c".into(),
        support_id: Some("p5~x[".into()),
        message_ids: vec!["IA.DUP".into(), "IA.FIX".into()],
        placeholders: vec![("ACCT".into(), "6420".into())],
    };
    assert_eq!(answer.functions[0].errors, [expected]);
    assert_eq!(answer.session_timeout.unwrap().as_second() - answer.session_timestamp.unwrap().as_second(), 8 * 3600);
}

#[tokio::test]
async fn an_answer_of_more_than_a_million_nodes_is_refused() {
    let many = "<a/>".repeat(1_000_001);
    let body = both(&F1.replace("</glbatch>", &format!("{many}</glbatch>")), F2);
    let gateway = Gateway::new(move |_| Ok(http(200, body.clone())));
    let reply = client(&gateway).create("R1", &[function("f1"), function("f2")], false).await;
    assert_eq!(told(&reply), "unclear: the answer is malformed: more than 1000000 nodes");
}
