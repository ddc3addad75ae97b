//! The shapes of answers, letter by letter: (a) to (g) of the fact sheet.

use super::kit::*;
use crate::intacct::{Assumptions, Options};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><control><status>success</status><senderid>sandbox-sender</senderid><controlid>r1</controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control><operation><authentication><status>success</status><userid>xml_connector</userid><companyid>example-services</companyid><locationid></locationid><sessiontimestamp>2026-11-25T08:00:00+00:00</sessiontimestamp><sessiontimeout>2026-11-25T16:00:00+00:00</sessiontimeout></authentication>";
const TAIL: &str = "</operation></response>";

fn whole(results: &str) -> String {
    format!("{HEAD}{results}{TAIL}")
}

#[test]
fn a_create_answers_the_lower_case_object_with_its_record_number() {
    let reply = Gateway::new().call(&entry("R-1"));
    let expected = "<result><status>success</status><function>create</function><controlid>f1</controlid><data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>4</RECORDNO></glbatch></data></result>";
    assert_eq!(reply, whole(expected));
    let reply = Gateway::new()
        .call("<create><DEPARTMENT><DEPARTMENTID>700</DEPARTMENTID><TITLE>Lab</TITLE></DEPARTMENT></create>");
    let expected = "<result><status>success</status><function>create</function><controlid>f1</controlid><data listtype=\"objects\" count=\"1\"><department><RECORDNO>8</RECORDNO><DEPARTMENTID>700</DEPARTMENTID></department></data></result>";
    assert_eq!(reply, whole(expected));
}

#[test]
fn b_legacy_creates_answer_a_key_and_deletes_nothing() {
    let mut gateway = Gateway::new();
    let folder = "<create_supdocfolder><supdocfoldername>Reports</supdocfoldername></create_supdocfolder>";
    let reply = gateway.call(folder);
    assert_eq!(
        reply,
        whole(
            "<result><status>success</status><function>create_supdocfolder</function><controlid>f1</controlid><key>1</key></result>"
        )
    );
    let reply = gateway.call("<delete><object>GLBATCH</object><keys>1</keys></delete>");
    assert_eq!(
        reply,
        whole("<result><status>success</status><function>delete</function><controlid>f1</controlid></result>")
    );
}

#[test]
fn c_lists_carry_their_counts() {
    let mut gateway = Gateway::new();
    let query = "<query><object>CLASS</object><select><field>CLASSID</field></select><orderby><order><field>RECORDNO</field><ascending/></order></orderby><pagesize>1</pagesize></query>";
    let expected = "<result><status>success</status><function>query</function><controlid>f1</controlid><data listtype=\"CLASS\" totalcount=\"2\" offset=\"0\" count=\"1\" numremaining=\"1\"><CLASS><CLASSID>B</CLASSID></CLASS></data></result>";
    assert_eq!(gateway.call(query), whole(expected));
    let none =
        "<readByQuery><object>CLASS</object><fields>CLASSID</fields><query>CLASSID = 'none'</query></readByQuery>";
    let expected = "<result><status>success</status><function>readByQuery</function><controlid>f1</controlid><data listtype=\"class\" count=\"0\" totalcount=\"0\" numremaining=\"0\" resultId=\"\"></data></result>";
    assert_eq!(gateway.call(none), whole(expected));
    let read = "<read><object>CLASS</object><keys>2</keys><fields>CLASSID,NAME</fields></read>";
    let expected = "<result><status>success</status><function>read</function><controlid>f1</controlid><data listtype=\"CLASS\" count=\"1\"><CLASS><CLASSID>N</CLASSID><NAME>Non-billable</NAME></CLASS></data></result>";
    assert_eq!(gateway.call(read), whole(expected));
    let list = gateway.call("<get_list object=\"class\" maxitems=\"1\"/>");
    assert!(list.contains("<listtype start=\"0\" end=\"0\" total=\"2\">class</listtype><data><class>"), "{list}");
}

#[test]
fn d_a_control_failure_has_no_operation() {
    let mut gateway = Gateway::new();
    let body = gateway.request("<sessionid>x</sessionid>", &[("f", "<getDimensions/>")]);
    let reply = gateway.send(&body.replace("<password>sender-", "<password>other-"));
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>
    <control>
        <status>failure</status>
        <senderid>sandbox-sender</senderid>
        <controlid>r1</controlid>
        <uniqueid>false</uniqueid>
        <dtdversion>3.0</dtdversion>
    </control>
    <errormessage>
        <error>
            <errorno>XL03000006</errorno>
            <description></description>
            <description2>Incorrect Intacct XML Partner ID or password.</description2>
            <correction></correction>
        </error>
    </errormessage>
</response>";
    assert_eq!(reply, expected);
}

#[test]
fn e_an_authentication_failure_stands_beside_its_error_and_without_results() {
    let mut gateway = Gateway::new();
    gateway.session = "unknown".into();
    let reply = gateway.call("<getDimensions/>");
    let expected = "<operation><authentication><status>failure</status><userid></userid><companyid></companyid></authentication><errormessage><error><errorno>XL03000006</errorno><description></description><description2>Invalid session. The session has expired or does not exist.</description2><correction></correction></error></errormessage></operation></response>";
    assert!(reply.ends_with(expected), "{reply}");
    let login = gateway.login("").replace("<password>user-", "<password>other-");
    let reply = gateway.send(&gateway.request(&login, &[("f", "<getAPISession/>")]));
    let expected = "<operation><authentication><status>failure</status><userid>xml_connector</userid><companyid>example-services</companyid></authentication><errormessage><error><errorno>XL03000006</errorno><description></description><description2>Sign-in information is incorrect</description2><correction></correction></error></errormessage></operation></response>";
    assert!(reply.ends_with(expected), "{reply}");
}

#[test]
fn f_a_result_fails_alone_with_its_errors_stacked() {
    let mut gateway = Gateway::new();
    let bad = entry("R-1").replace("6420", "9999");
    let reply = gateway.calls(&[("bad", &bad), ("good", &entry("R-2"))]);
    let expected = "<result><status>failure</status><function>create</function><controlid>bad</controlid><data listtype=\"objects\" count=\"0\"></data><errormessage><error><errorno>BL01001973</errorno><description></description><description2>Account 9999 is not valid</description2><correction></correction></error><error><errorno>BL01001973</errorno><description></description><description2>Currently, we can&#039;t create the transaction</description2><correction>Check the transaction for errors or inconsistencies, then try again.</correction></error><error><errorno>BL01001973</errorno><description></description><description2>Could not create GLBatch record.</description2><correction></correction></error></errormessage></result><result><status>success</status><function>create</function><controlid>good</controlid><data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>4</RECORDNO></glbatch></data></result>";
    assert_eq!(reply, whole(expected));
}

#[test]
fn f_one_create_of_two_objects_can_fail_and_still_make_one() {
    let mut gateway = Gateway::new();
    let reply = gateway.call("<create><CLASS><CLASSID>X</CLASSID><NAME>x</NAME></CLASS><CLASS><CLASSID>B</CLASSID><NAME>b</NAME></CLASS></create>");
    assert!(reply.contains("<result><status>failure</status>"), "{reply}");
    assert!(reply.contains("<data listtype=\"objects\" count=\"1\"><class><RECORDNO>3</RECORDNO>"), "{reply}");
    assert!(reply.contains("<errorno>BL34000061</errorno>"), "{reply}");
}

#[test]
fn g_a_transaction_rolls_back_and_aborts_the_siblings() {
    let mut gateway = Gateway::new();
    gateway.transaction = true;
    let bad = entry("R-2").replace("6420", "9999");
    let rolled = "<error><errorno>XL03000009</errorno><description></description><description2>The entire transaction in this operation has been rolled back due to an error.</description2><correction></correction></error></errormessage></result>";
    let reply = gateway.calls(&[("one", &entry("R-1")), ("two", &bad), ("three", &entry("R-3"))]);
    let aborted = |id: &str| {
        format!(
            "<result><status>aborted</status><function>create</function><controlid>{id}</controlid><errormessage>{rolled}"
        )
    };
    assert!(reply.contains(&aborted("one")), "{reply}");
    assert!(reply.contains(&aborted("three")), "{reply}");
    assert!(reply.contains("<result><status>failure</status><function>create</function><controlid>two</controlid><errormessage><error><errorno>BL01001973</errorno>"), "{reply}");
    assert_eq!(reply.matches(rolled).count(), 3);
    assert_eq!(gateway.model.state(false)["journal_entries"], 0);

    let reply = gateway.call(&bad);
    assert!(reply.contains("<result><status>aborted</status>") && reply.contains(rolled), "{reply}");
}

#[test]
fn sessions_name_endpoint_and_location_even_when_it_is_empty() {
    let mut gateway = Gateway::new();
    let reply = gateway.call("<getAPISession/>");
    assert!(
        reply.contains(
            "<endpoint>https://api.intacct.com/ia/xml/xmlgw.phtml</endpoint><locationid></locationid></api></data>"
        ),
        "{reply}"
    );
}

#[test]
fn additional_information_and_support_ids_come_when_asked_for() {
    let mut gateway = Gateway::with(Options::default(), Assumptions::default());
    gateway.extra =
        "<includewhitespace>false</includewhitespace><showadditionalerrorinfo>true</showadditionalerrorinfo>";
    let unbalanced = create("", &(line("1000", "1", "2", "") + &line("2010", "-1", "1", "")));
    let reply = gateway.call(&unbalanced);
    assert_eq!(all(&reply, "errorid"), ["GL-1009", "", "GL-0951"]);
    assert!(inner(&reply, "description2").contains(" [Support ID: sandbox%7E"), "{reply}");
    gateway.extra = "";
    let reply = gateway.call(&unbalanced);
    assert!(!reply.contains("additionalinfo"), "{reply}");
    assert!(reply.contains("<response>\n    <control>\n        <status>success"), "white space by default: {reply}");
}
