//! The pages around a customer's work, over HTTP: what each shows, what a role does not see, that forms are taken with
//! their token alone, and that whatever comes from outside is shown as text.

use ml_connector::store::{AuditEvent, InboxState, Role, Store};
use reqwest::Method;
use serde_json::json;

use super::browser::{ask, get, send};
use crate::service::desk::Desk;
use crate::stories::fix_once::recode;
use crate::stories::office::clean;
use crate::web::belongings::{Belongings, master_key};
use crate::web::site::{Site, Visitor};

/// Names that try to be more than names.
const HOSTILE: [&str; 3] = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202e}gnp.exe"];

/// A service where secrets can be sealed, and a customer with one of everything.
async fn scene() -> (Site, Belongings) {
    let clock = ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC);
    let ids = ml_connector::store::Ids::system();
    let site = Site::over(Store::in_memory(master_key(), ids, clock.now_ms()).await.unwrap(), &[]).await;
    let own = Belongings::of(&site, "acme", 1).await;
    (site, own)
}

async fn with_role(site: &Site, own: &Belongings, role: Role) -> Visitor {
    let (user, visitor) = site.signed_in(&format!("{}@acme.com", role.name()), false).await;
    site.grant(&own.customer, &user, role).await;
    visitor
}

#[tokio::test]
async fn home_shows_money_days_what_to_do_and_what_comes_next() {
    let desk = Desk::open(clean(6, 2)).await;
    recode(&desk.office, 3, HOSTILE[0]);
    let site = Site::over(desk.store.clone(), &[]).await;
    let (user, viewer) = site.signed_in("viewer@acme.com", false).await;
    site.grant(&desk.customer, &user, Role::Viewer).await;
    let home = format!("/c/{}", desk.customer.id());
    get(&viewer, &home).await.is(200).shows("Nothing was read yet").shows("Nothing to do");
    let at_work = desk.work();
    desk.until("three are posted", async || (desk.count(InboxState::Posted).await == 3).then_some(())).await;
    desk.until("home shows what holds the others", async || {
        get(&viewer, &home).await.is(200).text.contains("Category has no account").then_some(())
    })
    .await;
    assert!(at_work.end().await);
    let page = get(&viewer, &home).await.is(200);
    for what in ["Posted in ", "Unmapped value", "<svg viewBox", "As a table", "Expensify is read", "3 reports"] {
        page.shows(what);
    }
    page.shows("&#60;script&#62;alert(1)").hides(HOSTILE[0]).shows("Posting").hides("Take the first steps");
    assert_eq!(page.text.matches("<rect class=\"day\"").count() % 30, 0, "thirty days for each currency");
    let (_, stranger) = site.signed_in("stranger@other.com", false).await;
    get(&stranger, &home).await.is(404);
    get(&site.visitor(), &home).await.leads(&format!("/sign-in?to=%2Fc%2F{}", desk.customer.id()));
}

#[tokio::test]
async fn the_wall_lists_customers_and_opens_none_without_a_role() {
    let (site, own) = scene().await;
    site.customer(HOSTILE[1]).await;
    let (_, administrator) = site.signed_in("root@firm.com", true).await;
    let page = get(&administrator, "/wall").await.is(200);
    page.shows("acme").shows("&#60;img src=x").hides("<img").shows("New customer");
    page.hides(&format!("href=\"/c/{}\"", own.customer.id()));
    let page = get(&own.admin, "/wall").await.is(200);
    page.shows(&format!("href=\"/c/{}\"", own.customer.id())).hides("&#60;img").hides("New customer");
    let (_, nobody) = site.signed_in("nobody@firm.com", false).await;
    get(&nobody, "/wall").await.is(200).shows("Nobody has given you a role");
}

#[tokio::test]
async fn the_audit_is_filtered_verified_and_exported() {
    let (site, own) = scene().await;
    let auditor = with_role(&site, &own, Role::Auditor).await;
    let tx = own.customer.begin().await.unwrap();
    let event = AuditEvent::new("test", "a.test", HOSTILE[0], json!({ "said": HOSTILE[1], "by": HOSTILE[2] }));
    tx.commit(site.now_ms(), vec![event]).await.unwrap();
    let audit = format!("/c/{}/audit", own.customer.id());
    let page = get(&auditor, &audit).await.is(200);
    page.shows("a.test").shows("flow.changed").shows("&#60;script&#62;").hides("<script>alert").hides("<img");
    page.shows(&format!("/api/v1/customers/{}/audit/export", own.customer.id()));
    let page = get(&auditor, &format!("{audit}?action=a.test")).await.is(200);
    page.shows("a.test").hides("flow.changed").shows("Show all");
    get(&auditor, &format!("{audit}?action=nothing.such")).await.is(200).shows("Nothing on record fits");
    get(&auditor, &format!("{audit}?verify=yes")).await.is(200).shows("The audit is whole");
    let viewer = with_role(&site, &own, Role::Viewer).await;
    get(&viewer, &audit).await.is(403);
    get(&viewer, &format!("/c/{}", own.customer.id())).await.is(200).hides("/audit\"");
}

#[tokio::test]
async fn a_reconciliation_is_shown_and_asked_for() {
    let (site, own) = scene().await;
    let operator = with_role(&site, &own, Role::Operator).await;
    let viewer = with_role(&site, &own, Role::Viewer).await;
    let list = format!("/c/{}/reconciliation", own.customer.id());
    get(&viewer, &list).await.is(200).shows("2026-10-01 to 2026-10-31").shows("Ties out").hides("Reconcile now");
    let one = format!("{list}/{}", own.ids["reconciliation"]);
    get(&viewer, &one).await.is(200).shows("=1+1").shows("/csv").shows("No difference");
    get(&viewer, &format!("{list}/rec_{}", "0".repeat(26))).await.is(404);
    let flow = own.ids["flow"].as_str();
    let asked = [("flow", flow), ("from", "2026-10-01"), ("to", "2026-10-31")];
    send(&operator, &list, &list, &asked).await.leads(&format!("{list}?done=asked"));
    let wrong = [("flow", flow), ("from", "yesterday")];
    send(&operator, &list, &list, &wrong).await.is(400).shows("value=\"yesterday\"");
    ask(&operator, Method::POST, &list, &asked).await.is(403);
    let open = own.customer.open_wanted(&own.customer.flows().await.unwrap()[0].id, 50).await.unwrap();
    assert_eq!(open.iter().filter(|wanted| wanted.kind.name() == "reconcile").count(), 1);
}

#[tokio::test]
async fn messages_are_shown_with_their_tries_and_sent_again() {
    let (site, own) = scene().await;
    let flow = own.customer.flows().await.unwrap().remove(0).id;
    let mut tx = own.customer.begin().await.unwrap();
    let id = tx.add_message(&flow, "0 mail", "held", (HOSTILE[0], HOSTILE[1]), 5).await.unwrap();
    tx.tried_message(&id, None, None, Some("it did not answer")).await.unwrap();
    tx.commit_untraced(5).await.unwrap();
    let notices = format!("/c/{}/notices", own.customer.id());
    let viewer = with_role(&site, &own, Role::Viewer).await;
    let page = get(&viewer, &format!("{notices}?state=given_up")).await.is(200);
    page.shows("Given up").shows("it did not answer").hides("<script>alert").hides("<img").hides("Send again");
    let operator = with_role(&site, &own, Role::Operator).await;
    let again = format!("{notices}/{id}/again");
    send(&operator, &notices, &again, &[]).await.leads(&format!("{notices}?done=sent"));
    ask(&operator, Method::POST, &again, &[("form_token", "guessed")]).await.is(403);
    get(&operator, &format!("{notices}?state=waiting&done=sent")).await.is(200).shows("It is sent again.");
}

#[tokio::test]
async fn an_admin_makes_people_and_gives_and_takes_roles() {
    let (site, own) = scene().await;
    let people = format!("/c/{}/people", own.customer.id());
    let page = get(&own.admin, &people).await.is(200);
    page.shows("owner@acme.com").shows("New person");
    let new = [("name", "Ada Lovelace"), ("email", "ada@acme.com"), ("role", "mapper")];
    let made = send(&own.admin, &people, &format!("{people}/new"), &new).await.is(200);
    made.shows("A way in for <bdi>Ada Lovelace</bdi>").shows("/link#").shows("ada@acme.com");
    let twice = send(&own.admin, &people, &format!("{people}/new"), &new).await.is(409);
    twice.shows("value=\"Ada Lovelace\"");
    let hostile = [("name", HOSTILE[2]), ("email", "x@acme.com"), ("role", "viewer")];
    send(&own.admin, &people, &format!("{people}/new"), &hostile).await.is(400).shows("invisible");
    let admin = get(&own.admin, &people).await.is(200);
    let option = admin.text.split("<option value=\"usr_").skip(1).find(|rest| rest.contains("Ada Lovelace")).unwrap();
    let ada = format!("usr_{}", option.split('"').next().unwrap());
    let conflicting = [("user", ada.as_str()), ("role", "approver")];
    send(&own.admin, &people, &format!("{people}/give"), &conflicting).await.is(409).shows("does not go together with");
    let given = [("user", ada.as_str()), ("role", "operator")];
    let done = send(&own.admin, &people, &format!("{people}/give"), &given).await;
    done.leads(&format!("{people}?done=granted"));
    let taken = send(&own.admin, &people, &format!("{people}/take"), &given).await;
    taken.leads(&format!("{people}?done=revoked"));
    let viewer = with_role(&site, &own, Role::Viewer).await;
    let page = get(&viewer, &people).await.is(200);
    page.shows("<span class=\"chip\">viewer</span>").hides("owner@acme.com").hides("New person");
    let refused = send(&viewer, &people, &format!("{people}/give"), &given).await;
    assert!(matches!(refused.status.as_u16(), 403 | 404), "{refused:?}");
}

#[tokio::test]
async fn the_administrator_lists_everybody_and_shuts_somebody_out() {
    let (site, own) = scene().await;
    let (_, root) = site.signed_in("root@firm.com", true).await;
    let page = get(&root, "/people").await.is(200);
    page.shows("owner@acme.com").shows("(you)").shows("Administers the installation");
    let new = [("name", "Grace"), ("email", "grace@firm.com")];
    send(&root, "/people", "/people", &new).await.is(200).shows("/link#");
    let owner = own.ids["user"].as_str();
    let shut = send(&root, "/people", &format!("/people/{owner}/change"), &[("disabled", "yes")]).await;
    shut.leads("/people?done=saved");
    get(&root, "/people").await.is(200).shows("Shut out").shows("Let in again");
    let (_, nobody) = site.signed_in("nobody@firm.com", false).await;
    get(&nobody, "/people").await.is(403);
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_revoked() {
    let (_site, own) = scene().await;
    let customer = own.customer.id().as_str();
    let asked = [("name", "nightly export"), ("customers", customer), ("rights", "view"), ("days", "30")];
    let made = send(&own.admin, "/tokens", "/tokens", &asked).await.is(200);
    made.shows("It is shown this once").shows("nightly export").shows("mlc_");
    let wrong = [("name", "none"), ("customers", customer), ("rights", "view"), ("days", "many")];
    send(&own.admin, "/tokens", "/tokens", &wrong).await.is(400).shows("value=\"many\"");
    let page = get(&own.admin, "/tokens").await.is(200);
    page.shows("nightly export").hides("It is shown this once");
    let id = page.text.split("/tokens/").find(|rest| rest.starts_with("tok_")).unwrap();
    let id = id.split('/').next().unwrap();
    let revoked = send(&own.admin, "/tokens", &format!("/tokens/{id}/revoke"), &[]).await;
    revoked.leads("/tokens?done=saved");
    get(&own.admin, "/tokens").await.is(200).shows("Revoked");
}

#[tokio::test]
async fn ones_own_page_shows_roles_and_changes_the_password() {
    let (_site, own) = scene().await;
    let page = get(&own.admin, "/me").await.is(200);
    page.shows("owner@acme.com").shows("<span class=\"chip\">admin</span>");
    let fields = [("current", "wrong wrong wrong"), ("password", "another long one"), ("again", "another long one")];
    send(&own.admin, "/me", "/me", &fields).await.is(400).shows("role=\"alert\"");
    let fields = [("current", "x"), ("password", "another long one"), ("again", "not the same one")];
    send(&own.admin, "/me", "/me", &fields).await.is(400).shows("not entered twice alike");
}
