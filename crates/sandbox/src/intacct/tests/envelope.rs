//! Requests that do not fit the schema, and who may ask.

use super::kit::*;
use crate::intacct::{Assumptions, Options};

#[test]
fn what_does_not_fit_the_schema_fails_at_control_level() {
    let gateway = Gateway::new();
    let good = gateway.request(&format!("<sessionid>{}</sessionid>", gateway.session), &[("f", "<getDimensions/>")]);
    let long = "x".repeat(257);
    let cases: Vec<(&str, String)> = vec![
        ("not XML", "hello".into()),
        ("empty", String::new()),
        ("two roots", format!("{good}<request/>")),
        ("mismatch", good.replace("</control>", "</controll>")),
        ("truncated", good[..good.len() - 4].into()),
        ("document type", good.replacen("<request>", "<!DOCTYPE request><request>", 1)),
        ("entity", good.replace("3.0", "&who;")),
        ("control character", good.replace("3.0", "3\u{1}0")),
        ("character reference", good.replace("3.0", "&#0;")),
        ("other root", good.replace("request>", "demand>")),
        ("no control", good.replace(&gateway.control(), "")),
        (
            "order of control",
            good.replace("<dtdversion>3.0</dtdversion>", "")
                .replace("<controlid>", "<dtdversion>3.0</dtdversion><controlid>"),
        ),
        ("sender twice", good.replace("<password>", "<senderid>x</senderid><password>")),
        ("no control id", good.replace("<controlid>r1</controlid>", "")),
        ("unknown in control", good.replace("<uniqueid>", "<mood>good</mood><uniqueid>")),
        (
            "no authentication",
            good.replace(inner(&good, "authentication"), "").replace("<authentication></authentication>", ""),
        ),
        ("empty authentication", good.replace(inner(&good, "authentication"), "")),
        (
            "content first",
            good.replace(
                "<authentication>",
                "<content><function controlid=\"x\"><getDimensions/></function></content><authentication>",
            ),
        ),
        ("no function", good.replace("<function controlid=\"f\"><getDimensions/></function>", "")),
        ("function without id", good.replace(" controlid=\"f\"", "")),
        ("function id too long", good.replace("controlid=\"f\"", &format!("controlid=\"{long}\""))),
        ("empty function", good.replace("<getDimensions/>", "")),
        ("two in a function", good.replace("<getDimensions/>", "<getDimensions/><getDimensions/>")),
        ("unknown function", good.replace("getDimensions", "makeCoffee")),
        ("transaction", good.replace("transaction=\"false\"", "transaction=\"maybe\"")),
    ];
    for (name, body) in cases {
        assert_ne!(body, good, "{name}");
        let mut gateway = Gateway::new();
        let reply = gateway.send(&body);
        assert!(reply.contains("<status>failure</status>") && !reply.contains("<operation>"), "{name}: {reply}");
        assert_eq!(inner(&reply, "errorno"), "XL03000003", "{name}");
        assert!(inner(&reply, "description2").starts_with("XML Parse schema error: "), "{name}: {reply}");
        assert!(reply.contains(". Line: ") && reply.contains(", column: "), "{name}: {reply}");
    }
}

#[test]
fn what_fits_is_taken() {
    let gateway = Gateway::new();
    let good = gateway.request(&format!("<sessionid>{}</sessionid>", gateway.session), &[("", "<getDimensions/>")]);
    let function = "<content><function controlid=\"g\"><getDimensions/></function></content>";
    for body in [
        good.clone(),
        format!("\u{FEFF}{good}"),
        good.replace("<uniqueid>false</uniqueid>", ""),
        good.replace("</content>", &format!("</content>{function}")),
        good.replace("<content>", "<preferences/><content>"),
        good.replace("<controlid>r1", "<!-- c --><controlid><![CDATA[r1]]>"),
        good.replace("<uniqueid>", "<showadditionalerrorinfo>true</showadditionalerrorinfo><uniqueid>"),
    ] {
        let mut gateway = Gateway::new();
        let reply = gateway.send(&body);
        assert!(reply.contains("<result><status>success</status>"), "{body}\n{reply}");
        assert_eq!(inner(&reply, "controlid"), "r1");
    }
}

#[test]
fn several_operations_answer_in_order() {
    let mut gateway = Gateway::new();
    let one = gateway.request(&format!("<sessionid>{}</sessionid>", gateway.session), &[("a", "<getDimensions/>")]);
    let start = one.find("<operation").unwrap();
    let operation = &one[start..one.find("</request>").unwrap()];
    let two = one.replace("</request>", &format!("{}</request>", operation.replace("\"a\"", "\"b\"")));
    let reply = gateway.send(&two);
    assert_eq!(all(&reply, "controlid"), ["r1", "a", "b"]);
    assert_eq!(reply.matches("<operation>").count(), 2);
}

#[test]
fn who_may_not_ask_is_told_at_the_right_level() {
    let mut gateway = Gateway::new();
    let login = gateway.login("");
    let request = |gateway: &Gateway| gateway.request(&login, &[("f", "<getAPISession/>")]);
    let control = |reply: &str| reply.contains("<response>\n    <control>\n        <status>failure");
    type Change = fn(&mut Assumptions);
    let cases: [(&str, Change); 2] = [
        ("is not authorized to make Web Services requests", |a| a.sender_authorised = false),
        ("Please subscribe to the XML Gateway", |a| a.subscribed = false),
    ];
    for (text, change) in cases {
        let mut gateway = Gateway::new();
        gateway.assume(change);
        let reply = gateway.send(&request(&gateway));
        assert!(reply.contains(text) && !control(&reply), "{reply}");
        assert!(reply.contains("<authentication><status>failure"), "{reply}");
    }
    gateway.extra = "<policyid>test</policyid>";
    let reply = gateway.send(&request(&gateway));
    assert!(control(&reply) && reply.contains("test is not a valid transport policy."), "{reply}");
    gateway.extra = "";
    for wrong in ["<userid>", "<companyid>", "<password>user"] {
        let body = request(&gateway).replace(wrong, &format!("{wrong}x"));
        let reply = gateway.send(&body);
        assert_eq!(all(&reply, "description2"), ["Sign-in information is incorrect"], "{wrong}");
    }
    assert_eq!(gateway.model.state(false)["failed_logins"], 3);
}

#[test]
fn sessions_slide_and_end() {
    let mut gateway = Gateway::with(Options { session_ms: 1_000, ..Options::default() }, Assumptions::default());
    for _ in 0..3 {
        gateway.now_ms += 900;
        assert!(gateway.call("<getDimensions/>").contains("<result><status>success"));
    }
    gateway.now_ms += 1_000;
    let reply = gateway.call("<getDimensions/>");
    assert!(reply.contains("Invalid session") && !reply.contains("<result>"), "{reply}");
}

#[test]
fn entities_have_sessions_of_their_own() {
    let options = Options { multi_entity: true, ..Options::default() };
    let mut gateway = Gateway::with(options, Assumptions::default());
    gateway.session = gateway.sign_in("<getAPISession><locationid>UK</locationid></getAPISession>");
    let reply = gateway.call("<getAPISession/>");
    assert_eq!(all(&reply, "locationid"), ["UK", "UK"]);
    let reply = gateway.call("<getAPISession><locationid/></getAPISession>");
    assert_eq!(all(&reply, "locationid"), ["UK", ""]);
    let login = gateway.login("<locationid>US</locationid>");
    let reply = gateway.send(&gateway.request(&login, &[("f", "<getAPISession/>")]));
    assert_eq!(all(&reply, "locationid"), ["US", "US"]);
    let login = gateway.login("<locationid>MARS</locationid>");
    let reply = gateway.send(&gateway.request(&login, &[("f", "<getAPISession/>")]));
    assert!(reply.contains("Sign-in information is incorrect"), "{reply}");
    // Without entities no location can be signed in to.
    let mut flat = Gateway::new();
    let login = flat.login("<locationid>US</locationid>");
    let reply = flat.send(&flat.request(&login, &[("f", "<getAPISession/>")]));
    assert!(reply.contains("Sign-in information is incorrect"), "{reply}");
}

#[test]
fn getapisession_beside_others_is_noted_or_refused() {
    let mut gateway = Gateway::new();
    let both = [("a", "<getAPISession/>"), ("b", "<getDimensions/>")];
    assert_eq!(gateway.calls(&both).matches("<result><status>success").count(), 2);
    assert_eq!(gateway.model.state(false)["sessions_mixed"], 1);
    gateway.assume(|a| a.mixes_sessions = false);
    assert!(!gateway.calls(&both).contains("<operation>"));
}
