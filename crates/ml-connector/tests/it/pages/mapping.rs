//! The pages of a mapping and of a flow's settings over HTTP: what each shows, that nothing is kept before it was seen,
//! what a role does not see, and that whatever comes from outside is shown as text.

use accounting::uses::{Count, Place};
use ml_connector::store::FlowId;

use super::reports::{HOSTILE, ask, see, send};
use crate::store::facts::event;
use crate::web::mapping::{Desk, used};
use crate::web::site::Site;

fn at(desk: &Desk, end: &str) -> String {
    format!("/c/{}/flows/{}{end}", desk.customer.id(), desk.flow_id)
}

#[tokio::test]
async fn the_grid_shows_what_is_at_stake_and_keeps_what_was_looked_at() {
    let desk = Desk::open(Site::start().await).await;
    let here = at(&desk, "/mapping");
    let page = see(&desk.mapper, &here).await.is(200);
    for shown in [
        "Team Offsite",
        "900.00",
        "6950</strong> Team offsites",
        "the same name",
        "Inactive in Intacct",
        "3 open",
        "needs department",
        "category &#34;Meals &#38; Entertainment&#34; and tag 1 &#34;Sales&#34;",
    ] {
        page.shows(shown);
    }
    see(&desk.mapper, &format!("/c/{}/mapping", desk.customer.id())).await.is(303);
    see(&desk.mapper, &format!("{here}?table=department&status=unmapped")).await.is(200).shows("Robotics");
    see(&desk.mapper, &format!("{here}?search=nowhere")).await.is(200).shows("No row fits");
    see(&desk.mapper, &format!("{here}?table=nothing")).await.is(404);
    see(&desk.mapper, &format!("{here}?status=wrong")).await.is(400);

    // What is ticked and typed is shown first; nothing is kept yet.
    let version = [("version", "1"), ("table", "categories"), ("back", "table=categories")];
    let cells = [
        ("target:Team Offsite", ""),
        ("was:Team Offsite", ""),
        ("take:Team Offsite", "6950"),
        ("target:Airfare", "6400"),
        ("was:Airfare", "6410"),
        ("target:Hosting", "6210"),
        ("was:Hosting", "6210"),
    ];
    let asked: Vec<(&str, &str)> = version.iter().chain(&cells).chain(&[("do", "ask")]).copied().collect();
    let review = send(&desk.mapper, &here, &here, &asked).await.is(200);
    review.shows("What 2 changes would do");
    review.shows("6950 Team offsites");
    review.hides("Hosting");
    assert_eq!(desk.version().await, 1, "nothing is kept before it was looked at");

    let keep: Vec<(&str, &str)> = version.iter().chain(&cells).chain(&[("do", "keep")]).copied().collect();
    let kept = send(&desk.mapper, &here, &here, &keep).await.is(303);
    assert_eq!(kept.to, format!("{here}?table=categories&done=saved"));
    assert_eq!(desk.version().await, 2);
    see(&desk.mapper, &kept.to).await.is(200).shows("Saved.");
    see(&desk.mapper, &here).await.is(200).shows("was unmapped");
    let late = send(&desk.mapper, &here, &here, &keep).await.is(409);
    late.shows("Not saved");
}

#[tokio::test]
async fn what_is_pasted_is_looked_at_first_and_wrong_targets_are_named() {
    let desk = Desk::open(Site::start().await).await;
    let here = at(&desk, "/mapping");
    let pasted = "Team Offsite\t6950\r\nSeminars;6520\r\nLegacy Travel,6990x\r\nnothing\r\n";
    let fields = [("version", "1"), ("table", "categories"), ("back", ""), ("pasted", pasted), ("do", "ask")];
    let review = send(&desk.mapper, &here, &here, &fields).await.is(200);
    review.shows("What 3 changes would do");
    review.shows("not in Intacct");
    let changes = [
        ("version", "1"),
        ("change:categories:Team Offsite", "6950"),
        ("change:categories:Legacy Travel", "6990x"),
        ("do", "keep"),
    ];
    let refused = send(&desk.mapper, &here, &here, &changes).await.is(422);
    refused.shows("6990x is not in the ledger");
    assert_eq!(refused.field("change:categories:Team Offsite"), "6950", "what was entered is still there");
    let all: Vec<(&str, &str)> =
        changes.iter().chain(&[("unchecked", "yes"), ("reason", "for later")]).copied().collect();
    send(&desk.mapper, &here, &here, &all).await.is(303);
    assert_eq!(desk.version().await, 2);
}

#[tokio::test]
async fn who_only_looks_has_no_fields_and_no_form_is_taken_without_its_token() {
    let desk = Desk::open(Site::start().await).await;
    for end in ["/mapping", "/settings", "/document", "/versions", "/versions/1"] {
        let page = see(&desk.viewer, &at(&desk, end)).await.is(200);
        page.hides("See what it would do");
        page.hides("name=\"target:");
        let fields = [("version", "1"), ("do", "keep"), ("change:categories:Airfare", "6400")];
        if matches!(end, "/mapping" | "/settings" | "/document") {
            ask(&desk.mapper, reqwest::Method::POST, &at(&desk, end), &fields)
                .await
                .is(403)
                .shows("session that ended");
        }
    }
    let fields = [("version", "1"), ("do", "keep"), ("change:categories:Airfare", "6400")];
    send(&desk.viewer, &at(&desk, "/mapping"), &at(&desk, "/mapping"), &fields).await.is(403);
    let fields = [("version", "1"), ("do", "ask"), ("set:mode", "post"), ("was:mode", "rehearsal")];
    send(&desk.viewer, &at(&desk, "/mapping"), &at(&desk, "/settings"), &fields).await.is(403);
    assert_eq!(desk.version().await, 1);
    let other = desk.site.customer("other").await;
    let (user, stranger) = desk.site.signed_in("stranger@other.com", false).await;
    desk.site.grant(&other, &user, ml_connector::store::Role::Mapper).await;
    for end in ["/mapping", "/settings", "/document", "/versions", "/versions/1"] {
        see(&stranger, &at(&desk, end)).await.is(404);
        let absent = format!("/c/{}/flows/{}{end}", desk.customer.id(), absent());
        see(&desk.mapper, &absent).await.is(404);
    }
}

fn absent() -> FlowId {
    FlowId::parse(&format!("flow_{}", "0".repeat(26))).unwrap()
}

#[tokio::test]
async fn hostile_texts_are_shown_as_text_and_can_be_mapped() {
    let desk = Desk::open(Site::start().await).await;
    let mut count = Count::default();
    count.found.extend(HOSTILE.iter().map(|text| used(Place::Category, text, 1, 100, Some(text))));
    let mut tx = desk.customer.begin().await.unwrap();
    tx.count_mapping_uses(&desk.flow_id, &count).await.unwrap();
    tx.commit(desk.site.now_ms(), vec![event("counted", "test")]).await.unwrap();
    let here = at(&desk, "/mapping");
    let page = see(&desk.mapper, &here).await.is(200);
    page.shows("&#60;script&#62;alert(1)");
    page.hides("<script>alert");
    page.hides("<img src=x");
    let mut fields = vec![("version", "1".to_owned()), ("table", "categories".to_owned()), ("do", "ask".to_owned())];
    let named: Vec<String> = HOSTILE.iter().map(|text| format!("target:{text}")).collect();
    fields.extend(named.iter().map(|name| (name.as_str(), "6400".to_owned())));
    let borrowed: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let review = send(&desk.mapper, &here, &here, &borrowed).await.is(200);
    review.shows("What 4 changes would do");
    review.hides("<script>alert");
    review.hides("<img src=x");
    let keep: Vec<(&str, &str)> =
        borrowed.iter().map(|(name, value)| (*name, if *name == "do" { "keep" } else { value })).collect();
    send(&desk.mapper, &here, &here, &keep).await.is(303);
    let rows = desk.rows("categories", "search=alert").await;
    assert!(rows.iter().all(|row| row["status"] == "mapped") && rows.len() == 2, "{rows:?}");
}

#[tokio::test]
async fn settings_are_changed_one_by_one_and_the_document_keeps_its_comments() {
    let desk = Desk::open(Site::start().await).await;
    let here = at(&desk, "/settings");
    let page = see(&desk.mapper, &here).await.is(200);
    for shown in
        ["When the last 45 days are read again", "next open day", "per report (default)", "Dimension department"]
    {
        page.shows(shown);
    }
    let entered = [
        ("version", "1"),
        ("set:schedule.poll", "every 30 minutes"),
        ("was:schedule.poll", "*/15 * * * *"),
        ("set:control.review_first", "5"),
        ("was:control.review_first", "0"),
        ("set:posting.closed_period", "next_open_day"),
        ("was:posting.closed_period", "hold"),
        ("set:selection.zero_amounts", "block"),
        ("was:selection.zero_amounts", ""),
        ("set:posting.ceiling_entry", ""),
        ("was:posting.ceiling_entry", "50000.00 USD"),
    ];
    let asked: Vec<(&str, &str)> = entered.iter().chain(&[("do", "ask")]).copied().collect();
    let review = send(&desk.mapper, &here, &here, &asked).await.is(200);
    review.shows("schedule.poll");
    review.shows("selection.zero_amounts");
    assert_eq!(desk.version().await, 1);
    let keep: Vec<(&str, &str)> = entered.iter().chain(&[("do", "keep"), ("reason", "less")]).copied().collect();
    send(&desk.mapper, &here, &here, &keep).await.is(303);
    let stored = desk.customer.flow(&desk.flow_id).await.unwrap();
    assert_eq!(stored.version, 2);
    for line in [
        "poll = \"every 30 minutes\"",
        "review_first = 5                       # 10 is the default",
        "closed_period = \"next_open_day\"                 # a person decides",
        "[selection]\nzero_amounts = \"block\"",
    ] {
        assert!(stored.document.contains(line), "{line}\n{}", stored.document);
    }
    assert!(!stored.document.contains("ceiling_entry ="), "an empty field goes back to the default");

    let wrong =
        [("version", "2"), ("set:schedule.time_zone", "Mars/Olympus"), ("was:schedule.time_zone", ""), ("do", "ask")];
    let refused = send(&desk.mapper, &here, &here, &wrong).await.is(422);
    refused.shows("schedule.time_zone");
    refused.shows("Mars/Olympus");
    let wrong =
        [("version", "2"), ("set:control.watch_days", "many"), ("was:control.watch_days", "60"), ("do", "keep")];
    send(&desk.mapper, &here, &here, &wrong).await.is(422).shows("0 to 730");
    let late = [("version", "1"), ("set:mode", "post"), ("was:mode", "rehearsal"), ("do", "keep")];
    send(&desk.mapper, &here, &here, &late).await.is(409);
    document_and_versions(&desk, &stored.document).await;
}

async fn document_and_versions(desk: &Desk, document: &str) {
    let here = at(desk, "/document");
    let wrong = [("version", "2"), ("document", "name = 3\r\n"), ("do", "ask")];
    let refused = send(&desk.mapper, &here, &here, &wrong).await.is(422);
    refused.shows("Line 1");
    refused.shows("name = 3");
    let text = document.replace("review_first = 5 ", "review_first = 7 ").replace('\n', "\r\n");
    let asked = [("version", "2"), ("document", text.as_str()), ("do", "ask")];
    send(&desk.mapper, &here, &here, &asked).await.is(200).shows("control.review_first");
    let keep = [("version", "2"), ("document", text.as_str()), ("do", "keep")];
    send(&desk.mapper, &here, &here, &keep).await.is(303);
    let stored = desk.customer.flow(&desk.flow_id).await.unwrap();
    assert_eq!((stored.version, stored.document.as_str()), (3, text.replace("\r\n", "\n").as_str()));

    let versions = at(desk, "/versions");
    let page = see(&desk.mapper, &versions).await.is(200);
    page.shows("In force");
    page.shows("mapper");
    see(&desk.mapper, &at(desk, "/versions/2")).await.is(200).shows("every 30 minutes");
    see(&desk.mapper, &at(desk, "/versions/9")).await.is(404);
    let back = at(desk, "/versions/1/restore");
    let review = send(&desk.mapper, &versions, &back, &[("version", "3"), ("do", "ask")]).await.is(200);
    review.shows("Back to version 1");
    send(&desk.mapper, &versions, &back, &[("version", "2"), ("do", "keep")]).await.is(409);
    let kept = send(&desk.mapper, &versions, &back, &[("version", "3"), ("do", "keep")]).await.is(303);
    see(&desk.mapper, &kept.to).await.is(200).shows("in force again");
    assert_eq!(desk.version().await, 4);
}

#[tokio::test]
async fn rules_are_changed_added_and_taken_out_in_the_order_of_their_precedence() {
    let desk = Desk::open(Site::start().await).await;
    let (here, rules) = (at(&desk, "/mapping"), at(&desk, "/mapping/rules"));
    let added = [
        ("version", "1"),
        ("rule:1", "6425"),
        ("old:1", "6425"),
        ("when:category", "Airfare"),
        ("when:tag_1", "Sales"),
        ("when:amount_at_least", "1000.00 USD"),
        ("when:policy", ""),
        ("new_account", "6400"),
    ];
    let asked: Vec<(&str, &str)> = added.iter().chain(&[("do", "ask")]).copied().collect();
    let review = send(&desk.mapper, &here, &rules, &asked).await.is(200);
    review.shows("rules[2].when.amount_at_least");
    assert_eq!((review.field("new_account"), desk.version().await), ("6400".to_owned(), serde_json::json!(1)));
    let keep: Vec<(&str, &str)> = added.iter().chain(&[("do", "keep")]).copied().collect();
    send(&desk.viewer, &here, &rules, &keep).await.is(403);
    send(&desk.mapper, &here, &rules, &keep).await.is(303);
    let mapping = desk.viewer.get(&format!("{}/mapping", desk.flow)).await.is(200).json();
    let numbers: Vec<u64> =
        mapping["rules"].as_array().unwrap().iter().map(|rule| rule["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [2, 1], "the one with more conditions goes first");

    let wrong = [("version", "2"), ("rule:1", "6990"), ("old:1", "6425"), ("do", "ask")];
    send(&desk.mapper, &here, &rules, &wrong).await.is(422).shows("account 6990 is not taken by the ledger");
    let wrong = [("version", "2"), ("when:shoe_size", "42"), ("new_account", "6400"), ("do", "ask")];
    send(&desk.mapper, &here, &rules, &wrong).await.is(422).shows("shoe_size");
    let gone = [("version", "2"), ("rule:1", "6425"), ("old:1", "6425"), ("gone:1", "yes"), ("do", "keep")];
    send(&desk.mapper, &here, &rules, &gone).await.is(303);
    let mapping = desk.viewer.get(&format!("{}/mapping", desk.flow)).await.is(200).json();
    assert_eq!(mapping["rules"].as_array().unwrap().len(), 1);
    assert_eq!(mapping["rules"][0]["account"], "6400");
}
