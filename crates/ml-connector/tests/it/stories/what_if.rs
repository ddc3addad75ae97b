//! What a what-if foretells is what then happens: released, newly held, booked otherwise. What is in the ledger is never
//! altered. And how a document becomes a version: read whole, refused whole, never over somebody else's.

use std::collections::BTreeMap;

use accounting::Code;
use ml_connector::store::{CustomerStore, InboxReport, InboxState};
use ml_connector::work::pass::Duties;
use ml_connector::work::plan::{Author, PutError, References, put_flow_document};
use ml_connector::work::what_if::WhatIf;
use serde_json::json;

use super::fix_once::{POLL, ask, open, pass, passes, recode};
use super::ledger;
use super::office::{Office, clean, lifelike};

const AUTHOR: Author<'_> = Author { actor: "usr_1", reason: "new accounts" };

fn edited(office: &Office, edits: &[(&str, &str)]) -> String {
    let mut text = office.flow.clone();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// `from -> to` of each account move with its lines.
fn moves(found: &WhatIf) -> BTreeMap<String, u64> {
    found.accounts.iter().map(|one| (format!("{} {} -> {}", one.side, one.from, one.to), one.lines)).collect()
}

#[tokio::test]
async fn what_is_foretold_is_what_happens_to_a_company_as_companies_are() {
    let mut office = Office::open(lifelike(120)).await;
    let first = passes(&office, POLL).await;
    // One of those that the change would release is deleted at its source, which no mapping mends.
    let offsite = |report: &&InboxReport| {
        let mut problems = report.problems.iter();
        report.state == InboxState::Held && problems.all(|problem| problem.value == "Team Offsite")
    };
    let deleted = first.reports.values().find(offsite).unwrap().report_id.clone();
    office.in_expensify(json!({"action": "delete", "report": deleted}));
    let before = office.run().await;
    assert_eq!(before.codes_of(&deleted), ["MLC-129"]);
    let changed = edited(
        &office,
        &[
            ("\"Airfare\" = \"6410\"", "\"Airfare\" = \"6410\"\n\"Team Offsite\" = \"6520\""),
            ("\"Office Supplies\" = \"6100\"\n", ""),
            ("\"Legacy Travel\" = \"6990\"", "\"Legacy Travel\" = \"6415\""),
        ],
    );
    let foretold = ask(&office, &changed).await;
    assert!(foretold.released.waiting.reports > 0, "{foretold:?}");
    assert!(foretold.newly_held.in_ledger.reports > 0, "reports of the past with office supplies");
    assert_eq!(foretold.would_hold[0].value, "Office Supplies");
    assert_eq!(foretold.would_hold[0].code, "MLC-101");
    let looked_at = foretold.reports;
    assert_eq!(looked_at, before.reports.len() as u64, "twelve months hold all of them");
    let in_ledger: u64 = [
        &foretold.newly_held,
        &foretold.altered,
        &foretold.reworded,
        &foretold.unchanged,
        &foretold.released,
        &foretold.still_held,
        &foretold.left_out,
        &foretold.newly_taken,
    ]
    .iter()
    .map(|kind| kind.in_ledger.reports)
    .sum();
    assert_eq!(usize::try_from(in_ledger).unwrap(), before.count(&[InboxState::Posted]));

    let booked = ledger::entries(&office);
    office.flow = changed;
    let after = passes(&office, Duties::default()).await;
    let released: Vec<_> = after
        .reports
        .values()
        .filter(|now| now.state == InboxState::Posted && before.reports[&now.report_id].state == InboxState::Held)
        .collect();
    assert_eq!(released.len() as u64, foretold.released.waiting.reports);
    let mut money: BTreeMap<String, i64> = BTreeMap::new();
    for report in &released {
        *money.entry(report.currency.clone().unwrap()).or_default() += report.amount_minor.unwrap();
    }
    assert_eq!(money, foretold.released.waiting.money);
    assert_eq!(foretold.newly_held.waiting.reports, 0);
    let now = ledger::entries(&office);
    assert!(booked.iter().all(|entry| now.contains(entry)), "something booked was altered");
    ledger::check(&office, &after);
}

#[tokio::test]
async fn accounts_values_and_headings_that_would_change_are_told_in_lines_and_money() {
    let office = Office::open(clean(10, 3)).await;
    let before = passes(&office, POLL).await;
    assert_eq!(before.count(&[InboxState::Posted]), 10);
    let nothing = ask(&office, &format!("# a comment\n{}", office.flow)).await;
    assert!(nothing.is_idle(), "{nothing:?}");
    assert_eq!(nothing.unchanged.in_ledger.reports, 10);

    // Every line of one account, and nothing else.
    let lines: Vec<_> = before.lines.values().flatten().filter(|line| line.account == "6400").collect();
    assert!(!lines.is_empty(), "the company books no lodging");
    let found = ask(&office, &edited(&office, &[("\"Lodging\" = \"6400\"", "\"Lodging\" = \"6417\"")])).await;
    assert_eq!(moves(&found), BTreeMap::from([("expense 6400 -> 6417".to_owned(), lines.len() as u64)]));
    assert_eq!(found.lines, lines.len() as u64);
    assert_eq!(found.accounts[0].money.values().sum::<i64>(), lines.iter().map(|line| line.amount_minor).sum::<i64>());
    assert_eq!(found.altered.waiting.reports, 0);

    // The other side, a dimension, a heading, the cut, the words.
    let offset = ask(&office, &edited(&office, &[("{ account = \"2010\" }", "{ account = \"2050\" }")])).await;
    assert!(moves(&offset).keys().all(|one| one == "offset 2010 -> 2050"), "{:?}", moves(&offset));
    assert!(offset.lines > 0);
    let sales = ask(&office, &edited(&office, &[("\"Sales\" = \"200\"", "\"Sales\" = \"300\"")])).await;
    assert!(sales.dimensions.iter().all(|one| (one.dimension.as_str(), one.from.as_str()) == ("department", "200")));
    assert!(!sales.dimensions.is_empty() && sales.accounts.is_empty(), "{sales:?}");
    let journal = ask(&office, &edited(&office, &[("reimbursable = \"EXP\"", "reimbursable = \"CC\"")])).await;
    assert!(
        journal.headings.iter().any(|one| (one.what, one.from.as_str(), one.to.as_str()) == ("journal", "EXP", "CC"))
    );
    assert_eq!(journal.lines, 0);
    let cut =
        ask(&office, &edited(&office, &[("credit_lines = \"per_report\"", "credit_lines = \"per_expense\"")])).await;
    assert_eq!((cut.recut, cut.altered.in_ledger.reports, cut.lines), (10, 10, 0), "{cut:?}");
    let words = ask(&office, &edited(&office, &[("memo = \"{employee_name} - ", "memo = \"{category} - ")])).await;
    assert_eq!((words.reworded.in_ledger.reports, words.altered.reports()), (10, 0), "{words:?}");
}

#[tokio::test]
async fn a_closed_month_hides_nothing_of_what_is_booked_in_it() {
    let office = Office::open(clean(5, 2)).await;
    passes(&office, POLL).await;
    let today = ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).today();
    let until = format!("{:02}/{:02}/{:04}", today.month(), today.day(), today.year());
    office.in_intacct(json!({"action": "close_books", "until": until}));
    pass(&office, super::fix_once::REFRESH).await;
    let found = ask(&office, &edited(&office, &[("{ account = \"2010\" }", "{ account = \"2050\" }")])).await;
    assert!(found.altered.in_ledger.reports > 0, "{found:?}");
    assert_eq!(found.still_held.reports(), 0);
}

async fn put(customer: &CustomerStore, text: &str, version: u32, which: References) -> Result<(u32, bool), String> {
    let kept = put_flow_document(customer, text, version, which, AUTHOR, 1_800_000_000_000).await;
    match kept {
        Ok(version) => Ok((version.version, version.new)),
        Err(PutError::Flow(error)) => Err(error.to_string()),
        Err(PutError::Work(error)) => Err(error.problem().to_string()),
    }
}

#[tokio::test]
async fn a_document_is_kept_whole_by_who_saw_the_newest_version_and_names_sealed_secrets_alone() {
    let office = Office::open(clean(3, 1)).await;
    recode(&office, 1, "Team Offsite");
    let opened = open(&office).await;
    let customer = &opened.customer;
    let changed = edited(&office, &[("\"Airfare\" = \"6410\"", "\"Airfare\" = \"6415\"")]);

    let outside = put(customer, &changed, 1, References::SealedOnly).await.unwrap_err();
    assert!(outside.starts_with(&Code::SecretNotSealed.to_string()), "{outside}");
    assert!(outside.contains("source.expensify.partner_user_secret"), "{outside}");
    assert!(!outside.contains("partner_secret"), "the path of a file is nobody's business: {outside}");
    let mistakes = edited(&office, &[("future = \"hold\"", "future = \"soon\""), ("group = ", "grouped = ")]);
    let refused = put(customer, &mistakes, 1, References::Any).await.unwrap_err();
    assert!(refused.contains("soon") && refused.contains("grouped"), "{refused}");
    let other = edited(&office, &[("customer = \"default\"", "customer = \"acme\"")]);
    assert!(put(customer, &other, 1, References::Any).await.unwrap_err().contains("acme"));
    for version in [0, 2, 7] {
        let stale = put(customer, &changed, version, References::Any).await.unwrap_err();
        assert!(stale.starts_with(&Code::FlowChanged.to_string()), "{stale}");
    }
    assert_eq!(customer.flow(&opened.flow_id).await.unwrap().version, 1, "something was kept");

    assert_eq!(put(customer, &office.flow, 1, References::Any).await, Ok((1, false)));
    assert_eq!(put(customer, &changed, 1, References::Any).await, Ok((2, true)));
    assert!(put(customer, &changed, 1, References::Any).await.is_err(), "the version it was made for is gone");
    let renamed = edited(&office, &[("name = \"Expenses to the ledger\"", "name = \"Another\"")]);
    assert_eq!(put(customer, &renamed, 0, References::Any).await, Ok((1, true)));

    let sealed: String = changed
        .lines()
        .map(|line| match line.split_once(" = \"file:") {
            Some((key, _)) => format!("{key} = \"sealed\"\n"),
            None => format!("{line}\n"),
        })
        .collect();
    assert_eq!(put(customer, &sealed, 2, References::SealedOnly).await, Ok((3, true)));
    let audit = customer.list_audit(&Default::default(), 0, 1_000).await.unwrap();
    let kept: Vec<_> = audit.iter().filter(|entry| entry.action == "flow.changed" && entry.actor == "usr_1").collect();
    assert_eq!(kept.len(), 3);
    assert!(kept[0].detail.to_string().contains("new accounts"), "{}", kept[0].detail);
    opened.close().await.unwrap();
}
