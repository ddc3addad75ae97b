//! Rehearsal: everything but the post, and the proof of it: how far what would be posted agrees with what is booked.

use ml_connector::store::{InboxState, WantedKind};
use ml_connector::work::pass::Duties;
use ml_connector::work::progress::Silent;
use serde_json::{Value, json};

use super::fix_once::open;
use super::ledger;
use super::office::{Office, clean};

/// A company whose books hold what the flow would post, and a database that only rehearses.
async fn booked(reports: usize) -> Office {
    let mut office = Office::open(clean(reports, 3)).await;
    office.run().await;
    assert_eq!(ledger::entries(&office).len(), reports);
    office.settings.database.url = format!("sqlite:{}", office.folder.path().join("rehearsal.db").display());
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    let rehearsed = office.run().await;
    assert_eq!(rehearsed.count(&[InboxState::Ready]), reports);
    assert!(rehearsed.postings.is_empty());
    office
}

/// The agreement, as a person asks for it.
async fn agreement(office: &Office) -> Value {
    let opened = Box::pin(open(office)).await;
    let mut tx = opened.customer.begin().await.unwrap();
    let wanted = tx.want(&opened.flow_id, WantedKind::Agreement, &json!({}), "usr_ada", 1).await.unwrap();
    tx.commit(1, vec![wanted.1]).await.unwrap();
    let asked = opened.customer.open_wanted(&opened.flow_id, 10).await.unwrap();
    let work = opened.work(&Silent);
    let duties = Duties { ledger: true, ..Duties::default() };
    Box::pin(work.pass(duties, &asked)).await.unwrap_or_else(|error| panic!("{}", error.problem()));
    let answered = opened.customer.list_wanted(&opened.flow_id, None, 1).await.unwrap().remove(0);
    assert!(!answered.failed, "{:?}", answered.outcome);
    let stored = opened.customer.agreements(&opened.flow_id, None, 1).await.unwrap().remove(0);
    assert_eq!(answered.outcome.as_ref(), Some(&stored.result));
    opened.close().await.unwrap();
    stored.result
}

fn rates(result: &Value) -> [u64; 3] {
    let of = |figures: &Value| figures["per_ten_thousand"].as_u64().unwrap();
    [of(&result["reports"]), of(&result["lines"]), of(&result["money"][0])]
}

#[tokio::test]
async fn what_is_booked_the_same_way_agrees_whoever_booked_it() {
    let office = booked(4).await;
    let before = ledger::entries(&office);
    let result = agreement(&office).await;
    assert_eq!(rates(&result), [10_000; 3], "{result}");
    assert_eq!((result["reports"]["found"].as_u64(), result["disagreeing"].as_u64()), (Some(4), Some(0)));

    // The same entries as a person would have made them: without our reference, dated a little later.
    for entry in &before {
        for (field, value) in [("REFERENCENO", ""), ("BATCH_TITLE", "Employee expenses")] {
            let record_no = &entry["recordno"];
            office
                .in_intacct(json!({"action": "change_header", "recordno": record_no, "field": field, "value": value}));
        }
    }
    let by_hand = agreement(&office).await;
    assert_eq!(rates(&by_hand), [10_000; 3], "{by_hand}");
    let planned: i64 = before.iter().map(debits).sum();
    assert_eq!(by_hand["money"][0]["total_minor"].as_i64(), Some(planned));
    assert_eq!(ledger::entries(&office).len(), 4, "a rehearsal posts nothing");
}

fn debits(entry: &Value) -> i64 {
    let lines = entry["lines"].as_array().unwrap().iter();
    lines.filter(|line| line["tr_type"] == 1).map(|line| line["amount_minor"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn what_is_booked_otherwise_or_not_at_all_is_listed_with_both_sides() {
    let office = booked(5).await;
    let before = ledger::entries(&office);
    let (coded, missing) = (&before[0], &before[1]);
    let debit = coded["lines"].as_array().unwrap().iter().position(|line| line["tr_type"] == 1).unwrap();
    office.in_intacct(json!({
        "action": "change_line", "recordno": coded["recordno"], "line": debit + 1, "field": "ACCOUNTNO",
        "value": "6800",
    }));
    office.in_intacct(json!({"action": "delete_entry", "recordno": missing["recordno"]}));
    let result = agreement(&office).await;
    assert_eq!(result["reports"]["total"], 5);
    assert_eq!((&result["reports"]["found"], &result["reports"]["agreeing"]), (&json!(4), &json!(3)));
    assert_eq!(rates(&result)[0], 6_000);
    let listed = result["disagreements"].as_array().unwrap();
    assert_eq!((listed.len(), result["disagreeing"].as_u64()), (2, Some(2)));

    let differs = listed.iter().find(|one| one["kind"] == "differs").unwrap();
    assert_eq!(differs["entries"], json!([coded["recordno"]]));
    let (ours, theirs) = (&differs["only_planned"], &differs["only_in_ledger"]);
    assert_eq!((ours.as_array().unwrap().len(), theirs.as_array().unwrap().len()), (1, 1));
    assert_eq!((&ours[0]["account"], &theirs[0]["account"]), (&coded["lines"][debit]["account"], &json!("6800")));

    let gone = listed.iter().find(|one| one["kind"] == "not in the ledger").unwrap();
    assert_eq!(gone["only_planned"].as_array().unwrap().len(), missing["lines"].as_array().unwrap().len());

    let money = &result["money"][0];
    let recoded = coded["lines"][debit]["amount_minor"].as_i64().unwrap();
    let planned: i64 = before.iter().map(debits).sum();
    assert_eq!(money["agreeing_minor"].as_i64(), Some(planned - recoded - debits(missing)));
}
