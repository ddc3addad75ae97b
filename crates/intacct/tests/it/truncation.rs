//! An answer cut short is never an answer, wherever it is cut.

use intacct::CreateReply;

use crate::gateway::{Gateway, client, error, function, http};
use crate::replies::told;

const AUTH: &str =
    "<authentication><status>success</status><userid>u</userid><companyid>c</companyid></authentication>";

fn answer(operation: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><control><status>success</status><senderid>s</senderid>\
         <controlid>R1</controlid></control><operation>{operation}</operation></response>\n"
    )
}

fn samples() -> [String; 6] {
    let posted = "<result><status>success</status><function>create</function><controlid>f1</controlid>\
        <data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>6679</RECORDNO></glbatch></data></result>";
    let failure = format!(
        "<result><status>failure</status><function>create</function><controlid>f1</controlid><errormessage>{}</errormessage></result>",
        error("BL01001973", "Périodes closes &amp; locked")
    );
    [
        answer(&format!("{AUTH}{posted}")),
        answer(&format!("{AUTH}{failure}")),
        answer(&format!("{AUTH}{}", failure.replace(">failure<", ">aborted<"))),
        answer(&format!(
            "<authentication><status>failure</status></authentication><errormessage>{}</errormessage>",
            error("XL03000006", "Invalid session")
        )),
        format!(
            "<response><control><status>failure</status></control><errormessage>{}</errormessage></response>",
            error("GW-0010", "API rate limit exceeded")
        ),
        answer(&format!("{AUTH}{posted}")).replace("UTF-8", "ISO-8859-1"),
    ]
}

#[tokio::test]
async fn a_cut_answer_is_unclear_at_every_byte() {
    for sample in samples() {
        let complete = sample.trim_end().len();
        for end in 0..=sample.len() {
            let body = sample.as_bytes()[..end].to_vec();
            let gateway = Gateway::new(move |_| Ok(http(200, body.clone())));
            let reply = client(&gateway).create("R1", &[function("f1")], false).await;
            let is_answer = matches!(reply, CreateReply::Answered(_));
            assert_eq!(is_answer, end >= complete, "cut at {end} of {}: {}", sample.len(), told(&reply));
        }
    }
}
