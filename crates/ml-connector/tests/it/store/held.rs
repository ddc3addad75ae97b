//! Held reports by cause, what they were last translated with, reports that wait for a release, notices about
//! references, and versions of a flow.

use accounting::problem::{Code, Problem};
use ml_connector::store::{FlowId, InboxState, NewReferenceDrift, Release, ReportChange, cause_id};

use super::facts::{NOW_MS, World, event, report, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    causes_are_summed_by_code_and_value_while_they_hold,
    what_was_translated_with_another_mapping_or_chart_is_found_again,
    what_waits_for_a_release_is_released_once,
    a_notice_is_open_until_it_is_cleared,
    versions_are_listed_and_the_same_document_makes_none,
);

pub fn unmapped(category: &str, expense: &str) -> Problem {
    Problem::of_expense(Code::CategoryUnmapped, expense, category, format!("category \"{category}\" has no account"))
}

pub fn change<'a>(id: &'a str, hash: &'a [u8; 32], state: InboxState, problems: &'a [Problem]) -> ReportChange<'a> {
    ReportChange {
        report_id: id,
        content_hash: hash,
        state,
        problems,
        skipped: &[],
        amount_minor: Some(10_00),
        skipped_minor: None,
        mapping_version: 3,
        chart_sha256: Some(&[9; 32]),
        generation: 0,
    }
}

pub async fn set(world: &World, changes: &[ReportChange<'_>]) {
    let mut tx = world.customer.begin().await.unwrap();
    tx.set_report_states(&world.flow, changes, NOW_MS + 1).await.unwrap();
    tx.commit(NOW_MS + 1, vec![event("report.held", "x")]).await.unwrap();
}

/// Three reports: two held for Meals, one of them for Taxi as well, one right.
async fn three(database: &TestDatabase) -> (World, [[u8; 32]; 3]) {
    let world = world_on(database).await;
    let reports = [report(1, 1), report(2, 1), report(3, 1)];
    world.put(&reports, NOW_MS).await;
    let [one, two, three] = reports.map(|report| report.content_hash);
    let first = [unmapped("Meals", "e1"), unmapped("Meals", "e2"), unmapped("Taxi", "e3")];
    let second = [unmapped("Meals", "e4")];
    set(
        &world,
        &[
            change("R00001", &one, InboxState::Held, &first),
            change("R00002", &two, InboxState::Held, &second),
            change("R00003", &three, InboxState::Ready, &[]),
        ],
    )
    .await;
    (world, [one, two, three])
}

async fn causes_are_summed_by_code_and_value_while_they_hold(database: TestDatabase) {
    let (world, [one, ..]) = three(&database).await;
    let shown = async || {
        let causes = world.customer.held_causes(&world.flow).await.unwrap();
        let row = |cause: ml_connector::store::Cause| (cause.value, cause.reports, cause.expenses, cause.money);
        let mut rows: Vec<_> = causes.into_iter().map(row).collect();
        rows.sort();
        rows
    };
    let money = |minor| std::collections::BTreeMap::from([("USD".to_owned(), minor)]);
    assert_eq!(shown().await, [("Meals".to_owned(), 2, 3, money(20_00)), ("Taxi".to_owned(), 1, 1, money(10_00))]);

    let meals = cause_id(Code::CategoryUnmapped, "Meals");
    let page = world.customer.cause_reports(&world.flow, &meals, None, 1).await.unwrap();
    assert_eq!((page[0].report_id.as_str(), page[0].expenses), ("R00001", 2));
    let rest = world.customer.cause_reports(&world.flow, &meals, Some("R00001"), 10).await.unwrap();
    assert_eq!(rest.iter().map(|report| report.report_id.as_str()).collect::<Vec<_>>(), ["R00002"]);
    assert!(world.customer.cause_reports(&world.flow, "101-none", None, 10).await.unwrap().is_empty());

    set(&world, &[change("R00001", &one, InboxState::Ready, &[])]).await;
    assert_eq!(shown().await, [("Meals".to_owned(), 1, 1, money(10_00))]);
    let elsewhere = FlowId::parse("flow_00000000000000000000000000").unwrap();
    assert!(world.customer.held_causes(&elsewhere).await.unwrap().is_empty());
}

async fn what_was_translated_with_another_mapping_or_chart_is_found_again(database: TestDatabase) {
    let (world, _) = three(&database).await;
    let stale = async |version: u32, chart: [u8; 32]| {
        let any = world.customer.any_stale(&world.flow, version, &chart).await.unwrap();
        let with = (version, &chart);
        let page = world.customer.untranslated_reports(&world.flow, InboxState::Held, with, 0, 10).await.unwrap();
        assert_eq!(any, !page.is_empty());
        page.iter().map(|report| report.report_id.clone()).collect::<Vec<_>>()
    };
    assert!(stale(3, [9; 32]).await.is_empty());
    for (version, chart) in [(2, [9; 32]), (4, [9; 32]), (3, [8; 32]), (3, [10; 32])] {
        assert_eq!(stale(version, chart).await, ["R00001", "R00002"], "{version} {chart:?}");
    }
    let mut tx = world.customer.begin().await.unwrap();
    tx.restamp(&world.flow, &["R00001"], 4, &[7; 32]).await.unwrap();
    tx.commit_untraced(NOW_MS + 2).await.unwrap();
    assert_eq!(stale(4, [7; 32]).await, ["R00002"]);
    let since = ("2000-01-01", 0);
    let all = world.customer.stored_reports(&world.flow, InboxState::Held, since, 0, 1).await.unwrap();
    let next = world.customer.stored_reports(&world.flow, InboxState::Held, since, all[0].cursor, 10).await.unwrap();
    assert_eq!((all.len(), next.len()), (1, 1));
    let late = world.customer.stored_reports(&world.flow, InboxState::Held, ("2999-01-01", i64::MAX), 0, 10).await;
    assert!(late.unwrap().is_empty());
}

async fn what_waits_for_a_release_is_released_once(database: TestDatabase) {
    let (world, [one, two, _]) = three(&database).await;
    let waits = |value: &str| [Problem::of_report(Code::WaitsForRelease, value, "mended")];
    let (meals, taxi) = (waits("MLC-101 Meals"), waits("MLC-101 Taxi"));
    set(&world, &[change("R00001", &one, InboxState::Ready, &meals), change("R00002", &two, InboxState::Ready, &taxi)])
        .await;
    let first = world.customer.first_cause(&world.flow, "R00001").await.unwrap();
    assert_eq!(first, Some((Code::WaitsForRelease, "MLC-101 Meals".to_owned())));

    // What stays ready keeps its gate when its postings are found to stand.
    let mut tx = world.customer.begin().await.unwrap();
    tx.keep_reports(&world.flow, &[("R00001", InboxState::Ready)], NOW_MS + 3).await.unwrap();
    tx.gate(&world.flow, &["R00003"], &meals[0], NOW_MS + 3).await.unwrap();
    tx.commit_untraced(NOW_MS + 3).await.unwrap();
    assert_eq!(world.customer.report(&world.flow, "R00001").await.unwrap().unwrap().problems, meals);
    assert_eq!(world.customer.report(&world.flow, "R00003").await.unwrap().unwrap().problems, meals);

    let release = async |which: Release| {
        let mut tx = world.customer.begin().await.unwrap();
        let mut released = tx.release(&world.flow, Code::WaitsForRelease, &which, NOW_MS + 4).await.unwrap();
        tx.commit_untraced(NOW_MS + 4).await.unwrap();
        released.sort();
        released
    };
    let unknown = Release::Reports(vec!["R00009".to_owned()]);
    assert!(release(unknown).await.is_empty());
    let cause = cause_id(Code::WaitsForRelease, "MLC-101 Meals");
    assert_eq!(release(Release::Cause(cause.clone())).await, ["R00001", "R00003"]);
    assert!(release(Release::Cause(cause)).await.is_empty());
    assert_eq!(release(Release::All).await, ["R00002"]);
    for id in ["R00001", "R00002", "R00003"] {
        let report = world.customer.report(&world.flow, id).await.unwrap().unwrap();
        assert_eq!((report.state, report.problems), (InboxState::Ready, Vec::new()));
    }
    assert!(world.customer.held_causes(&world.flow).await.unwrap().is_empty());
}

async fn a_notice_is_open_until_it_is_cleared(database: TestDatabase) {
    let world = world_on(&database).await;
    let mut found = NewReferenceDrift {
        kind: "inactive".to_owned(),
        reference: "account 6410".to_owned(),
        detail: "account 6410 became inactive".to_owned(),
        places: vec!["categories: Airfare".to_owned()],
        reports: 2,
        money: std::collections::BTreeMap::from([("USD".to_owned(), 12_34)]),
        sample: vec!["R00001".to_owned()],
        mapping_version: 3,
        chart_sha256: [9; 32],
    };
    let mut tx = world.customer.begin().await.unwrap();
    let id = tx.open_reference_drift(&world.flow, &found, NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("reference.withdrawn", "account 6410")]).await.unwrap();
    let open = world.customer.open_reference_drifts(&world.flow).await.unwrap();
    assert_eq!((open.len(), &open[0].found, open[0].cleared_ms), (1, &found, None));

    found.reports = 5;
    let mut tx = world.customer.begin().await.unwrap();
    tx.keep_reference_drift(&world.flow, &id, &found).await.unwrap();
    tx.commit_untraced(NOW_MS + 1).await.unwrap();
    assert_eq!(world.customer.open_reference_drifts(&world.flow).await.unwrap()[0].found, found);

    let mut tx = world.customer.begin().await.unwrap();
    tx.clear_reference_drift(&world.flow, &id, NOW_MS + 2).await.unwrap();
    tx.commit(NOW_MS + 2, vec![event("reference.restored", "account 6410")]).await.unwrap();
    assert!(world.customer.open_reference_drifts(&world.flow).await.unwrap().is_empty());
    let all = world.customer.reference_drifts(&world.flow, None, 10).await.unwrap();
    assert_eq!((all.len(), all[0].cleared_ms), (1, Some(NOW_MS + 2)));
    assert!(world.customer.reference_drifts(&world.flow, Some(&id), 10).await.unwrap().is_empty());
}

async fn versions_are_listed_and_the_same_document_makes_none(database: TestDatabase) {
    let world = world_on(&database).await;
    let put = async |document: &str| {
        let mut tx = world.customer.begin().await.unwrap();
        let version = tx.put_flow("versions", document, "usr_1", NOW_MS).await;
        tx.commit(NOW_MS, vec![event("flow.changed", "versions")]).await.unwrap();
        version
    };
    let first = put("a").await.unwrap();
    put("b").await.unwrap();
    put("c").await.unwrap();
    let list = world.customer.flow_versions(&first.id, None, 2).await.unwrap();
    assert_eq!(list.iter().map(|version| version.version).collect::<Vec<_>>(), [3, 2]);
    let rest = world.customer.flow_versions(&first.id, Some(2), 10).await.unwrap();
    assert_eq!(rest.iter().map(|version| version.version).collect::<Vec<_>>(), [1]);
    assert_eq!(put("c").await.unwrap().version, 3);
}
