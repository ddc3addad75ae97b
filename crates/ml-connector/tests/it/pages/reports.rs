//! The pages of reports, causes, approvals and cases over HTTP: what each shows, what a role does not see, that forms
//! are taken with their token alone, and that whatever comes from outside is shown as text.

use ml_connector::store::NewReport;
use reqwest::header::{ACCEPT, COOKIE, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::service::desk::Desk;
use crate::store::facts::{World, report};
use crate::stories::clerk::change_amount;
use crate::stories::fix_once::recode;
use crate::stories::ledger;
use crate::stories::office::clean;
use crate::web::belongings::Belongings;
use crate::web::day::Day;
use crate::web::reports::sealing;
use crate::web::site::Visitor;

/// Names that try to be more than names.
pub const HOSTILE: [&str; 4] =
    ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'; DROP TABLE reports; --", "\u{202e}gnp.exe"];

/// A page as somebody's browser gets it.
pub struct Page {
    pub status: StatusCode,
    pub to: String,
    pub text: String,
}

pub async fn ask(visitor: &Visitor, method: Method, path: &str, fields: &[(&str, &str)]) -> Page {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = client.request(method.clone(), format!("{}{path}", visitor.origin)).header(ACCEPT, "text/html");
    request = request.header(COOKIE, visitor.cookie.as_ref().unwrap());
    if method == Method::POST {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        request = request.header(ORIGIN, &visitor.origin).header("content-type", "application/x-www-form-urlencoded");
        request = request.body(body);
    }
    let reply = request.send().await.unwrap();
    let to = reply.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
    Page { status: reply.status(), to, text: reply.text().await.unwrap() }
}

impl Page {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn shows(&self, what: &str) {
        assert!(self.text.contains(what), "it does not show {what}:\n{}", self.text);
    }

    #[track_caller]
    pub fn hides(&self, what: &str) {
        assert!(!self.text.contains(what), "it shows {what}:\n{}", self.text);
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&start).nth(1).unwrap_or_else(|| panic!("no field {name}:\n{}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }
}

pub async fn see(visitor: &Visitor, path: &str) -> Page {
    ask(visitor, Method::GET, path, &[]).await
}

/// Sends a form of the page at `from` with its token.
pub async fn send(visitor: &Visitor, from: &str, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = see(visitor, from).await.is(200).field("form_token");
    let mut all = vec![("form_token", token.as_str())];
    all.extend(fields);
    ask(visitor, Method::POST, path, &all).await
}

#[tokio::test]
async fn the_list_is_filtered_by_its_address_and_shows_whatever_was_read_as_text() {
    let site = sealing().await;
    let own = Belongings::of(&site, "acme", 101).await;
    let foreign = Belongings::of(&site, "other", 201).await;
    let flow = own.customer.flows().await.unwrap().remove(0).id;
    let run = site.store.ids().run(site.now_ms()).unwrap();
    let world = World { store: site.store.clone(), customer: own.customer.clone(), flow, run };
    let hostile = |(index, name): (usize, &&str)| NewReport {
        name: (*name).to_owned(),
        employee: (*name).to_owned(),
        number: Some((*name).to_owned()),
        ..report(index + 1, 1)
    };
    let mut reports: Vec<NewReport> = HOSTILE.iter().enumerate().map(hostile).collect();
    reports.extend((10..90).map(|index| report(index, 1)));
    world.put(&reports, site.now_ms()).await;
    let base = format!("/c/{}/reports", own.customer.id());
    let page = see(&own.admin, &base).await.is(200);
    page.shows("&#60;script&#62;alert(1)");
    page.hides("<script>alert");
    page.hides("<img src=x");
    page.shows("Next page");
    let found = see(&own.admin, &format!("{base}?search=N42")).await.is(200);
    found.shows("N42");
    found.hides("N43");
    let typed = see(&own.admin, &format!("{base}?search=%3Cb%3E&amount_from=abc")).await.is(400);
    typed.shows("&#60;b&#62;");
    typed.shows("no amount");
    see(&own.admin, &format!("{base}?search=nobody+at+all")).await.is(200).shows("No report fits");
    see(&own.admin, &format!("{base}?flow={}", foreign.ids["flow"])).await.is(404);
    see(&own.admin, &format!("/c/{}/reports", foreign.customer.id())).await.is(404);
    let shown = format!("/c/{}/flows/{}/reports/R00001", own.customer.id(), own.ids["flow"]);
    let one = see(&own.admin, &shown).await.is(200);
    one.shows("&#60;script&#62;");
    one.hides("<script>alert");
    for page in ["inbox", "approvals", "approvals/register", "cases", "cases?state=all"] {
        see(&own.admin, &format!("/c/{}/{page}", own.customer.id())).await.is(200);
        see(&own.admin, &format!("/c/{}/{page}", foreign.customer.id())).await.is(404);
    }
    let case = format!("/c/{}/cases/{}", own.customer.id(), foreign.ids["case"]);
    see(&own.admin, &case).await.is(404);
    let theirs = format!("/c/{}/flows/{}/reports/R00201", own.customer.id(), own.ids["flow"]);
    see(&own.admin, &theirs).await.is(404);
}

/// Addresses of a day's pages.
fn at(day: &Day, end: &str) -> String {
    format!("/c/{}{end}", day.desk.customer.id())
}

#[tokio::test]
async fn a_report_is_kept_back_approved_and_let_go_by_the_people_who_may() {
    let day = Day::begin(Desk::open(clean(2, 2)).await, "review_first = 0", "review_first = 2").await;
    let at_work = day.desk.work();
    let waiting = day.rows(&format!("{}/waiting", day.customer), 2).await;
    let kept = waiting[0]["report_id"].as_str().unwrap();
    let here = at(&day, &format!("/flows/{}/reports/{kept}", day.desk.flow));

    let shown = see(&day.viewer, &here).await.is(200);
    shown.shows("Waits for review");
    shown.shows("Debits");
    shown.shows("data-from=\"x1");
    shown.hides("Keep it back");
    ask(&day.operator, Method::POST, &format!("{here}/hold"), &[("reason", "why?")]).await.is(403);
    send(&day.viewer, &here, &format!("{here}/hold"), &[("reason", "why?")]).await.is(403);
    let refused = send(&day.operator, &here, &format!("{here}/hold"), &[("reason", " ")]).await.is(400);
    refused.shows("MLC-423");
    let held = send(&day.operator, &here, &format!("{here}/hold"), &[("reason", "a <b>copy</b>?")]).await.is(303);
    assert_eq!(held.to, format!("{here}?done=held"));
    see(&day.viewer, &here).await.is(200).shows("a &#60;b&#62;copy&#60;/b&#62;?");

    let approvals = at(&day, "/approvals");
    see(&day.viewer, &approvals).await.is(200).hides("value=\"approve\"");
    for report in &waiting {
        let entry = &report["entries"][0];
        let (reference, sha256) = (entry["reference"].as_str().unwrap(), entry["payload_sha256"].as_str().unwrap());
        let (decide, entry) = (format!("{approvals}/decide"), format!("entry:{reference}"));
        let form = [("decision", "approve"), (entry.as_str(), sha256), ("note", "")];
        let zeros = "0".repeat(64);
        let other = [("decision", "approve"), (entry.as_str(), zeros.as_str()), ("note", "")];
        send(&day.approver, &approvals, &decide, &other).await.is(409).shows("MLC-424");
        send(&day.mapper, &approvals, &decide, &form).await.is(403);
        send(&day.approver, &approvals, &decide, &[("decision", "approve")]).await.is(400);
        // What is kept back is approved in the list; the other one on its own page, which it leads back to.
        let own = at(&day, &format!("/flows/{}/reports/{}", day.desk.flow, report["report_id"].as_str().unwrap()));
        if report["report_id"] == kept {
            see(&day.approver, &own).await.is(200).hides("Approve or refuse</h3>");
            send(&day.approver, &approvals, &decide, &form).await.is(303);
            continue;
        }
        see(&day.viewer, &own).await.is(200).hides("Approve or refuse</h3>");
        let shown = see(&day.approver, &own).await.is(200);
        assert_eq!(shown.field(&entry), sha256);
        let back = [form[0], form[1], ("back", own.as_str())];
        assert_eq!(send(&day.approver, &own, &decide, &back).await.is(303).to, format!("{own}?done=approved"));
        let away = [form[0], form[1], ("back", "//evil.example/c/")];
        let stayed = send(&day.approver, &approvals, &decide, &away).await;
        assert!(!stayed.to.contains("evil"), "{}", stayed.to);
    }
    see(&day.viewer, &at(&day, "/approvals/register")).await.is(200).shows("Approved");
    day.reports("posted", 1).await;
    assert_eq!(ledger::entries(&day.desk.office).len(), 1);
    see(&day.viewer, &at(&day, "/reports?states=ready")).await.is(200).shows("Kept back:");
    see(&day.viewer, &at(&day, "/inbox")).await.is(200).shows("Kept back by a person");
    send(&day.operator, &here, &format!("{here}/let-go"), &[]).await.is(303);
    day.reports("posted", 2).await;
    let posted = see(&day.operator, &here).await.is(200);
    posted.shows("record <strong>");
    posted.shows("What was sent");
    posted.hides("Keep it back");
    let secret = std::fs::read_to_string(day.desk.office.folder.path().join("user_password")).unwrap();
    posted.hides(&secret);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_cause_is_one_card_and_a_changed_report_is_decided_line_by_line() {
    let desk = Desk::open(clean(5, 2)).await;
    let chosen = recode(&desk.office, 3, "Team <Offsite>");
    let mut day = Day::begin(desk, "review_first = 0", "review_first = 0").await;
    let at_work = day.desk.work();
    day.reports("posted", 2).await;
    let inbox = at(&day, "/inbox");
    let card = see(&day.mapper, &inbox).await.is(200);
    card.shows("Team &#60;Offsite&#62;");
    card.shows("Map it and release 3 reports");
    assert_eq!(card.text.matches("<article class=\"card cause").count(), 1, "{}", card.text);
    see(&day.viewer, &inbox).await.is(200).hides("Map it and release");
    let run = at(&day, &format!("/flows/{}/ask", day.desk.flow));
    let asked = send(&day.operator, &inbox, &run, &[("kind", "poll"), ("back", &inbox)]).await.is(303);
    assert_eq!(asked.to, format!("{inbox}?done=asked"));
    let here = at(&day, &format!("/flows/{}/reports/{}", day.desk.flow, chosen[0]));
    see(&day.operator, &here).await.is(200).shows("Category has no account");
    let handled = send(&day.operator, &here, &format!("{here}/handled"), &[("reason", "by hand")]).await.is(303);
    assert_eq!(handled.to, format!("{here}?done=handled"));
    day.reports("skipped", 1).await;
    see(&day.viewer, &here).await.is(200).shows("Handled elsewhere");
    send(&day.operator, &here, &format!("{here}/take-back"), &[]).await.is(303);
    day.reports("held", 3).await;

    let mapped = "\"Airfare\" = \"6410\"\n\"Team <Offsite>\" = \"6520\"";
    day.desk.office.edit_flow("\"Airfare\" = \"6410\"", mapped);
    let version = day.viewer.get(&day.flow).await.is(200).json()["version"].clone();
    let body = json!({ "document": day.desk.office.flow, "expected_version": version, "reason": "a test" });
    day.mapper.put(&format!("{}/document", day.flow), body).await.is(200);
    day.reports("posted", 5).await;
    see(&day.viewer, &inbox).await.is(200).shows("Nothing to do");

    change_amount(&day.desk.office, &chosen[0], 77_77);
    day.operator.post(&format!("{}/wishes", day.flow), json!({ "kind": "sweep" })).await.is(202);
    let case = day.rows(&format!("{}/cases?state=open", day.customer), 1).await.remove(0);
    let address = at(&day, &format!("/cases/{}", case["id"].as_str().unwrap()));
    see(&day.viewer, &at(&day, "/cases")).await.is(200).shows(&chosen[0]);
    let shown = see(&day.operator, &address).await.is(200);
    shown.shows("Line by line");
    shown.shows("77.77");
    shown.shows("Leave it as it is");
    see(&day.viewer, &address).await.is(200).hides("value=\"accept\"");
    let cause = shown.field("cause");
    let accept = |note| [("decision", "accept"), ("cause", cause.as_str()), ("note", note)];
    send(&day.operator, &address, &address, &accept("")).await.is(409);
    send(&day.viewer, &address, &address, &accept("as it is")).await.is(403);
    let decided = send(&day.operator, &address, &address, &accept("as it is")).await.is(303);
    assert_eq!(decided.to, format!("{address}?done=decided"));
    day.reports("posted", 5).await;
    day.desk
        .until("the case is done", async || see(&day.viewer, &address).await.text.contains("Done").then_some(()))
        .await;
    assert!(at_work.end().await);
    assert_eq!(day.site.state.foreign_requests(), 0);
}
