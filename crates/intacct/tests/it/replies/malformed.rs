//! Bodies that are no answer at all.

use super::{AUTH, CONTROL, Case, F1, F2, both, whole};

// A table reads best with one case a line.
#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let good = both(F1, F2);
    let with = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
    vec![
        ("DOCTYPE", 200, with("<response>", "<!DOCTYPE response [<!ENTITY x \"y\">]><response>"), "unclear: the answer is malformed: a DOCTYPE"),
        ("external DOCTYPE", 200, with("<response>", "<!DOCTYPE response SYSTEM \"file:///etc/passwd\"><response>"), "unclear: the answer is malformed: a DOCTYPE"),
        ("unknown entity", 200, with("6679", "&x;"), "unclear: the answer is malformed: the entity \"x\""),
        ("stylesheet", 200, with("<response>", "<?xml-stylesheet href=\"x\"?><response>"), "unclear: the answer is malformed: a processing instruction"),
        ("comment inside a value", 200, with("6679", "66<!-- 1 -->79"), "unclear: the answer is malformed: a comment"),
        ("namespace prefix", 200, with("<status>success</status>", "<x:status>success</x:status>"), "unclear: the answer is malformed: the name \"x:status\""),
        ("namespace", 200, with("<response>", "<response xmlns=\"urn:x\">"), "unclear: the answer is malformed: attributes of response not well-formed"),
        ("attribute twice", 200, with("count=\"1\"", "count=\"1\" count=\"2\""), "unclear: the answer is malformed: attributes of data not well-formed"),
        ("attribute too long", 200, with("count=\"1\"", &format!("count=\"{}\"", "1".repeat(65 * 1024))), "unclear: the answer is malformed: attributes of more than 65536 bytes"),
        ("count that is no number", 200, with("count=\"1\"", "count=\"many\""), "unclear: the answer is malformed: count=\"many\""),
        ("control status twice", 200, with("<status>success</status>", "<status>success</status><status>failure</status>"), "unclear: the answer is malformed: a second status inside control"),
        ("result status twice", 200, both(&F1.replace("</status>", "</status><status>failure</status>"), F2).into(), "unclear: the answer is malformed: a second status inside result"),
        ("result without status", 200, both(&F1.replace("<status>success</status>", ""), F2).into(), "unclear: the answer is malformed: no status inside result"),
        ("result without control id", 200, both(&F1.replace("<controlid>f1</controlid>", ""), F2).into(), "unclear: the answer is malformed: no controlid inside result"),
        ("data twice", 200, both(&F1.replace("</data>", "</data><data/>"), F2).into(), "unclear: the answer is malformed: a second data inside result"),
        ("control twice", 200, with("<operation>", &format!("{CONTROL}<operation>")), "unclear: the answer is malformed: a second control inside response"),
        ("second operation", 200, with("</response>", &format!("<operation>{AUTH}</operation></response>")), "unclear: the answer is malformed: a second operation inside response"),
        ("no operation", 200, format!("<response>{CONTROL}</response>").into(), "unclear: the answer is malformed: no operation inside response"),
        ("no authentication", 200, whole(F1).into(), "unclear: the answer is malformed: result inside operation"),
        ("failed control with results", 200, with("success", "failure"), "unclear: the answer is malformed: operation inside response"),
        ("failed authentication with results", 200, both(F1, F2).replace("<authentication><status>success", "<authentication><status>failure").into(), "unclear: the answer is malformed: result inside operation"),
        ("acknowledgement of an asynchronous request", 200, with("<control>", "<acknowledgement><status>success</status></acknowledgement><control>"), "unclear: the answer is malformed: acknowledgement inside response"),
        ("unknown block", 200, with("<operation>", "<operations/><operation>"), "unclear: the answer is malformed: operations inside response"),
        ("element inside a status", 200, with("success", "<b>success</b>"), "unclear: the answer is malformed: b inside status"),
        ("text between blocks", 200, with("<operation>", "oops<operation>"), "unclear: the answer is malformed: text inside response"),
        ("another root", 200, b"<page><body/></page>".to_vec(), "unclear: the answer is malformed: root element \"page\""),
        ("second document", 200, (good.clone() + "<response/>").into(), "unclear: the answer is malformed: something after the end"),
        ("the same document twice", 200, (good.clone() + &good).into(), "unclear: the answer is malformed: a processing instruction"),
        ("text after the end", 200, (good.clone() + "x").into(), "unclear: the answer is malformed: something after the end"),
        ("mismatched tags", 200, with("</glbatch>", "</GLBATCH>"), "unclear: the answer is malformed: not well-formed"),
        ("too deep", 200, with("</glbatch>", &format!("{deep}</glbatch>")), "unclear: the answer is malformed: nested deeper than 64"),
        ("UTF-16 declared", 200, with("UTF-8", "UTF-16"), "unclear: the answer is malformed: encoding \"UTF-16\""),
        ("UTF-7 declared", 200, with("UTF-8", "UTF-7"), "unclear: the answer is malformed: encoding \"UTF-7\""),
        ("UTF-16 in fact", 200, [0xFF, 0xFE].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect(), "unclear: the answer is malformed: invalid UTF-8"),
        ("invalid UTF-8", 200, good.replace("<userid>u", "<userid>\u{1}").bytes().map(|b| if b == 1 { 0xE9 } else { b }).collect(), "unclear: the answer is malformed: invalid UTF-8"),
        ("NUL", 200, with("6679", "66\0"), "unclear: the answer is malformed: an illegal code point"),
        ("NUL by reference", 200, with("6679", "&#0;"), "unclear: the answer is malformed: the entity \"#0\""),
        ("illegal code point by reference", 200, with("6679", "&#1;"), "unclear: the answer is malformed: an illegal code point"),
    ]
}

pub fn no_xml() -> Vec<Case> {
    vec![
        (
            "HTML page",
            200,
            b"<!DOCTYPE HTML><html><body>Sign in</body></html>".to_vec(),
            "unclear: the answer is an HTML page",
        ),
        (
            "HTML page without DOCTYPE",
            503,
            b"\n<HTML><body>Service Unavailable</body></HTML>".to_vec(),
            "unclear: the answer is an HTML page",
        ),
        ("HTTP 524 page", 524, b"<!doctype html><title>524</title>".to_vec(), "unclear: the answer is an HTML page"),
        ("empty", 200, Vec::new(), "unclear: the answer is not XML"),
        ("plain text", 429, b"API rate limit exceeded".to_vec(), "unclear: the answer is not XML"),
        ("JSON", 200, b"{\"ok\":true}".to_vec(), "unclear: the answer is not XML"),
        ("redirect", 302, b"<response/>".to_vec(), "unclear: the gateway redirected to another address"),
        (
            "permanent redirect with an answer in it",
            308,
            both(F1, F2).into(),
            "unclear: the gateway redirected to another address",
        ),
    ]
}
