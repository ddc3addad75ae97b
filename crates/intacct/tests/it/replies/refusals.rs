//! Answers that stop above the functions: at the edge, at control, at authentication.

use super::{Case, control_failure, refused};
use crate::gateway::error;

pub fn cases() -> Vec<Case> {
    let ids = "<senderid></senderid><controlid></controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion>";
    let ours = "<senderid>s</senderid><controlid>R1</controlid>";
    let x6 = |text: &str| error("XL03000006", text);
    vec![
        ("sender refused", 200, control_failure(ids, &x6("Incorrect Intacct XML Partner ID or password.")).into(), "200 control Failure not echoed, refused Sender [XL03000006 Incorrect Intacct XML Partner ID or password.]"),
        ("bad policy", 200, control_failure(ours, &x6("test is not a valid transport policy.")).into(), "200 control Failure [XL03000006 test is not a valid transport policy.]"),
        ("schema error", 200, control_failure(ours, &error("XL03000003", "XML Parse schema error: Fatal Error 76: x. Line: 1, column: 8.")).into(), "200 control Failure [XL03000003 XML Parse schema error: Fatal Error 76: x. Line: 1, column: 8.]"),
        ("edge: sign-in", 401, control_failure("", "<error><errorno>XMLGW_JPP0002</errorno><description>Sign-in information is incorrect. Please check your request.</description></error>").into(), "401 control Failure not echoed, refused Edge [XMLGW_JPP0002 Sign-in information is incorrect. Please check your request.]"),
        ("edge: rate limit", 429, control_failure("", "<error><errorno>GW-0010</errorno><description>API rate limit exceeded</description></error>").into(), "429 control Failure not echoed [GW-0010 API rate limit exceeded]"),
        ("edge: invalid request", 200, control_failure("", "<error><errorno>GW-0011</errorno><description>Invalid Request [Request ID: AC47:1]</description></error>").into(), "200 control Failure not echoed [GW-0011 Invalid Request [Request ID: AC47:1]]"),
        ("edge: unavailable", 503, control_failure("", &error("GW-0001", "Unable to process request")).into(), "503 control Failure not echoed [GW-0001 Unable to process request]"),
        ("control failure without errors", 200, format!("<response><control><status>failure</status>{ours}</control></response>").into(), "200 control Failure"),
        ("unknown control status", 200, format!("<response><control><status>maybe</status>{ours}</control></response>").into(), "200 control Other(\"maybe\")"),
        ("login refused", 200, refused(&x6("Sign-in information is incorrect")).into(), "200 control Success, auth Failure, refused Login [XL03000006 Sign-in information is incorrect]"),
        ("sender not authorised", 200, refused("<error><errorno>XL03000006</errorno><description>Invalid Web Services Authorization</description><description2>The sender ID &#039;s&#039; is not authorized to make Web Services requests to company ID &#039;c&#039;.</description2><correction/></error>").into(), "200 control Success, auth Failure, refused SenderNotAuthorised [XL03000006 Invalid Web Services Authorization The sender ID 's' is not authorized to make Web Services requests to company ID 'c'.]"),
        ("invalid session", 200, refused(&x6("Invalid session token")).into(), "200 control Success, auth Failure, refused Session [XL03000006 Invalid session token]"),
        ("no subscription", 200, refused(&error("", "This company is not authorized for XML transactions. Please subscribe to the XML Gateway.")).into(), "200 control Success, auth Failure, refused SubscriptionOff [ This company is not authorized for XML transactions. Please subscribe to the XML Gateway.]"),
        ("authentication refused otherwise", 200, refused(&error("PL04000055", "This company is a demo company and has expired.")).into(), "200 control Success, auth Failure [PL04000055 This company is a demo company and has expired.]"),
    ]
}
