//! Requests that mean harm, or mean nothing: each is answered, none breaks the gateway, none books by accident.

use super::kit::*;
use crate::intacct::read;

/// A number that follows from the one before.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 40).unwrap()
}

fn bodies(gateway: &Gateway) -> Vec<String> {
    let session = format!("<sessionid>{}</sessionid>", gateway.session);
    let functions = [
        entry("R-1"),
        "<query><object>GLENTRY</object><select><field>GLBATCH.JOURNAL.SYMBOL</field><sum>AMOUNT</sum></select><filter><and><between><field>RECORDNO</field><value>1</value><value>9</value></between><like><field>DOCUMENT</field><value>%_x%</value></like></and></filter><orderby><order><field>AMOUNT</field><descending/></order></orderby><pagesize>10</pagesize><offset>2</offset></query>".into(),
        "<readByQuery><object>EMPLOYEE</object><fields>*</fields><query>CONTACT.LASTNAME = 'O\\'Brien' AND (STATUS = 'T' OR NOT RECORDNO in (1,2))</query></readByQuery>".into(),
        "<update><GLBATCH><RECORDNO>1</RECORDNO><BATCH_TITLE>x</BATCH_TITLE></GLBATCH></update>".into(),
        "<inspect detail=\"1\"><object>GLBATCH</object></inspect>".into(),
        "<get_list object=\"class\" maxitems=\"1\" start=\"1\"/>".into(),
    ];
    functions.iter().map(|f| gateway.request(&session, &[("f&#49;", f)])).collect()
}

#[test]
fn every_beginning_of_a_request_is_refused() {
    let mut gateway = Gateway::new();
    let before = gateway.model.state(true)["ledger"].clone();
    for body in bodies(&gateway) {
        for cut in 0..body.len() {
            let reply = gateway.model.handle(NOW_MS, &body.as_bytes()[..cut]);
            assert!(reply.body.windows(11).any(|w| w == b">XL03000003"), "{}", &body[..cut]);
        }
    }
    assert_eq!(gateway.model.state(true)["ledger"], before);
}

#[test]
fn mangled_requests_are_answered_with_xml() {
    let mut gateway = Gateway::new();
    let mut state = 7;
    let bits: [&[u8]; 8] = [b"<", b">", b"&", b"'", b"\0", b"]]>", b"\xFF", b"</function>"];
    for body in bodies(&gateway) {
        for _ in 0..400 {
            let mut bytes = body.clone().into_bytes();
            for _ in 0..1 + next(&mut state) % 3 {
                let at = next(&mut state) % bytes.len();
                match next(&mut state) % 3 {
                    0 => _ = bytes.remove(at),
                    1 => bytes[at] = u8::try_from(next(&mut state) % 128).unwrap(),
                    _ => drop(bytes.splice(at..at, bits[next(&mut state) % bits.len()].iter().copied())),
                }
            }
            let reply = gateway.model.handle(NOW_MS, &bytes);
            let text = std::str::from_utf8(&reply.body).unwrap();
            if text.starts_with("<?xml") {
                assert!(text.ends_with("</response>"), "{text}");
            }
        }
    }
}

#[test]
fn texts_come_back_as_they_went_in() {
    let texts =
        ["]]>", "<b>&amp;</b>", "a\"b'c", "寿司 🍣", "\u{202E}abc", "tab\tand\nline", "=SUM(A1)", "'; DROP", "%_\\"];
    let mut gateway = Gateway::new();
    for (n, text) in texts.iter().enumerate() {
        let escaped: String = text.chars().map(|c| format!("&#{};", u32::from(c))).collect();
        let body =
            entry(&format!("H-{n}")).replace(DIMENSIONS, &format!("{DIMENSIONS}<DESCRIPTION>{escaped}</DESCRIPTION>"));
        gateway.call(&body);
        let ledger = gateway.model.state(true)["ledger"].clone();
        assert_eq!(ledger[n]["lines"][0]["description"], *text);
        let query = format!(
            "<query><object>GLENTRY</object><select><field>DESCRIPTION</field></select><filter><equalto><field>DESCRIPTION</field><value>{escaped}</value></equalto></filter></query>"
        );
        let reply = gateway.call(&query);
        assert!(reply.contains("totalcount=\"1\""), "{text}: {reply}");
        let unescaped = inner(&reply, "DESCRIPTION");
        let unescaped =
            unescaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#039;", "'");
        assert_eq!(unescaped.replace("&amp;", "&"), *text);
    }
}

#[test]
fn deep_nesting_ends_at_a_bound() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(read(deep.as_bytes()).names().is_empty());
    assert!(Gateway::new().send(&deep).contains("Excessive depth"));
}
