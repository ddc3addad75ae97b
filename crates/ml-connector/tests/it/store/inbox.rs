//! The inbox: versions are kept once, states follow, pages are complete.

use accounting::amount::{Amount, Currency};
use accounting::problem::{Code, Problem};
use accounting::report::{FundSource, ReportState};
use accounting::translate::SkippedExpense;
use ml_connector::store::{Arrival, InboxState, ReportChange, StoreError};

use super::facts::{NOW_MS, World, event, report, reports, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    a_report_comes_in_once_and_its_changes_as_versions,
    the_last_of_two_in_one_batch_counts,
    what_a_translation_made_is_kept_whole,
    a_translation_of_old_content_is_refused,
    a_changed_report_is_seen_anew_unless_its_entry_is_under_way,
    pages_by_state_are_complete_and_in_order,
    reports_seen_again_move_their_source_state_alone,
    customers_do_not_see_each_other,
);

async fn set(world: &World, change: ReportChange<'_>) -> Result<(), StoreError> {
    let mut tx = world.customer.begin().await.unwrap();
    tx.set_report_states(&world.flow, &[change], NOW_MS + 1).await?;
    tx.commit(NOW_MS + 1, vec![event("report.held", change.report_id)]).await
}

const fn change<'a>(report_id: &'a str, content_hash: &'a [u8; 32], state: InboxState) -> ReportChange<'a> {
    ReportChange {
        report_id,
        content_hash,
        state,
        problems: &[],
        skipped: &[],
        amount_minor: Some(10_00),
        skipped_minor: None,
        mapping_version: 3,
        chart_sha256: None,
        generation: 0,
    }
}

/// The content that a report had before it changed, where it is new again.
fn changed_from(arrival: &Arrival) -> Option<[u8; 32]> {
    match arrival {
        Arrival::Changed { state: InboxState::Seen, generation: 0, before } => Some(before.content_hash),
        _ => None,
    }
}

async fn a_report_comes_in_once_and_its_changes_as_versions(database: TestDatabase) {
    let world = world_on(&database).await;
    assert_eq!(world.put(&[report(1, 1), report(2, 1)], NOW_MS).await, [Arrival::New, Arrival::New]);
    let again = world.put(&[report(1, 1), report(2, 2)], NOW_MS + 5).await;
    assert_eq!(again[0], Arrival::Unchanged { state: InboxState::Seen, generation: 0, moved: false });
    assert_eq!(changed_from(&again[1]), Some([1; 32]));
    let back = world.put(&[report(2, 1)], NOW_MS + 9).await;
    assert_eq!(changed_from(&back[0]), Some([2; 32]), "an older content that returns is a change");

    let stored = world.customer.report(&world.flow, "R00002").await.unwrap().unwrap();
    assert_eq!((stored.first_seen_ms, stored.seen_ms, stored.changed_ms), (NOW_MS, NOW_MS + 9, NOW_MS + 9));
    assert_eq!(stored.content_hash, [1; 32]);
    let versions = world.customer.report_versions("R00002").await.unwrap();
    assert_eq!(versions.iter().map(|version| version.content_hash[0]).collect::<Vec<_>>(), [1, 2]);
    let raw = world.customer.raw_report("R00002", &[2; 32]).await.unwrap().unwrap();
    assert_eq!(raw, report(2, 2).raw, "bytes come back as they came in, NUL and all");
    assert_eq!(world.customer.raw_report("R00002", &[7; 32]).await.unwrap(), None);

    let first = world.customer.report(&world.flow, "R00001").await.unwrap().unwrap();
    assert_eq!((first.seen_ms, first.changed_ms), (NOW_MS + 5, NOW_MS));
    assert_eq!(first.run, world.run);
    assert_eq!(world.customer.report(&world.flow, "R00003").await.unwrap(), None);
}

async fn the_last_of_two_in_one_batch_counts(database: TestDatabase) {
    let world = world_on(&database).await;
    let mut batch = reports(0..60);
    batch.push(report(55, 2));
    batch[52] = report(3, 2);
    let arrivals = world.put(&batch, NOW_MS).await;
    assert_eq!(changed_from(&arrivals[52]), Some([1; 32]), "in a later batch of the same call");
    assert_eq!(arrivals[55], Arrival::New);
    assert_eq!(changed_from(&arrivals[60]), Some([1; 32]));
    let twice = world.put(&[report(70, 1), report(70, 2)], NOW_MS).await;
    assert_eq!((twice[0], changed_from(&twice[1])), (Arrival::New, Some([1; 32])));
    let ten: Vec<_> = [80, 81, 80, 83, 84, 85, 86, 87, 88, 89].map(|index| report(index, 1)).into();
    let arrivals = world.put(&ten, NOW_MS).await;
    assert_eq!((arrivals[0], arrivals[2]), (Arrival::Superseded, Arrival::New));
    let kept = world.customer.report(&world.flow, "R00070").await.unwrap().unwrap();
    assert_eq!(kept.content_hash, [2; 32]);
}

async fn what_a_translation_made_is_kept_whole(database: TestDatabase) {
    let world = world_on(&database).await;
    world.put(&[report(1, 1)], NOW_MS).await;
    let problems = [
        Problem::of_expense(Code::CategoryUnmapped, "E1", "Team \"Offsite\"", "no rule gives it an account"),
        Problem::of_report(Code::PeriodClosed, "", "2026-10-31 lies in closed books"),
    ];
    let skipped = [SkippedExpense {
        expense: "E9".to_owned(),
        fund_source: FundSource::CompanyCard,
        amount: Some(Amount::new(-5, Currency::parse("JPY").unwrap())),
        reason: "category Personal".into(),
    }];
    let held = ReportChange {
        problems: &problems,
        skipped: &skipped,
        skipped_minor: Some(-5),
        generation: 2,
        ..change("R00001", &[1; 32], InboxState::Held)
    };
    set(&world, held).await.unwrap();
    let stored = world.customer.report(&world.flow, "R00001").await.unwrap().unwrap();
    assert_eq!(stored.state, InboxState::Held);
    assert_eq!(stored.problems, problems);
    assert_eq!(stored.skipped, skipped);
    assert_eq!((stored.amount_minor, stored.skipped_minor), (Some(10_00), Some(-5)));
    assert_eq!((stored.mapping_version, stored.generation), (Some(3), 2));
    assert_eq!(stored.changed_ms, NOW_MS + 1);
}

async fn a_translation_of_old_content_is_refused(database: TestDatabase) {
    let world = world_on(&database).await;
    world.put(&[report(1, 1)], NOW_MS).await;
    world.put(&[report(1, 2)], NOW_MS).await;
    let stale = set(&world, change("R00001", &[1; 32], InboxState::Ready)).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })));
    let stored = world.customer.report(&world.flow, "R00001").await.unwrap().unwrap();
    assert_eq!(stored.state, InboxState::Seen);
}

async fn a_changed_report_is_seen_anew_unless_its_entry_is_under_way(database: TestDatabase) {
    let world = world_on(&database).await;
    for state in InboxState::ALL {
        let index = state as usize;
        let id = format!("R{index:05}");
        world.put(&[report(index, 1)], NOW_MS).await;
        set(&world, change(&id, &[1; 32], state)).await.unwrap();
        let arrived = world.put(&[report(index, 2)], NOW_MS).await;
        assert!(matches!(arrived[..], [Arrival::Changed { state: was, generation: 0, .. }] if was == state));
        let stored = world.customer.report(&world.flow, &id).await.unwrap().unwrap();
        let stays = !matches!(
            state,
            InboxState::Seen | InboxState::Held | InboxState::Ready | InboxState::Skipped | InboxState::Rejected
        );
        assert_eq!(stored.state, if stays { state } else { InboxState::Seen });
        assert_eq!(stored.amount_minor, stays.then_some(10_00));
    }
}

async fn pages_by_state_are_complete_and_in_order(database: TestDatabase) {
    let world = world_on(&database).await;
    world.put(&reports(0..130), NOW_MS).await;
    let moves: Vec<String> = (0..130).filter(|index| index % 3 == 0).map(|index| format!("R{index:05}")).collect();
    let moves: Vec<_> = moves.iter().map(|id| (id.as_str(), InboxState::Posted)).collect();
    let mut tx = world.customer.begin().await.unwrap();
    tx.move_reports(&world.flow, &moves, NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("reports.moved", "posted")]).await.unwrap();

    for states in [&[InboxState::Seen][..], &[InboxState::Posted, InboxState::Seen], &[InboxState::Held]] {
        let mut ids = Vec::new();
        // A page that began with the last one's end would never come to an end.
        for _ in 0..100 {
            let after = ids.last().cloned();
            let page = world.customer.reports_in(&world.flow, states, after.as_deref(), 7).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 7);
            ids.extend(page.into_iter().map(|report| report.report_id));
        }
        let expected = match states.len() {
            2 => 130,
            _ if states == [InboxState::Seen] => 130 - moves.len(),
            _ => 0,
        };
        assert_eq!(ids.len(), expected);
        assert!(ids.is_sorted());
    }
    let raw = world.customer.raw_reports_in(&world.flow, InboxState::Posted, Some("R00003"), 2).await.unwrap();
    assert_eq!(raw.iter().map(|raw| raw.report_id.as_str()).collect::<Vec<_>>(), ["R00006", "R00009"]);
    assert_eq!(raw[0].raw, report(6, 1).raw);
    let lost = world.customer.reports_in(&world.flow, &[InboxState::Seen], Some("R99999"), 2).await;
    assert!(matches!(lost, Err(StoreError::NotFound { .. })));

    let totals = world.customer.report_totals(&world.flow).await.unwrap();
    assert_eq!(totals.iter().map(|total| total.reports).sum::<u64>(), 130);
    assert_eq!(totals.iter().map(|total| total.amount_minor).sum::<i64>(), 130 * 12_34);
}

async fn reports_seen_again_move_their_source_state_alone(database: TestDatabase) {
    let world = world_on(&database).await;
    world.put(&reports(0..12), NOW_MS).await;
    let mut tx = world.customer.begin().await.unwrap();
    let seen: Vec<_> = ["R00001", "R00011"].map(|id| (id, ReportState::Reimbursed)).into();
    tx.touch_seen(&world.flow, &seen, NOW_MS + 7).await.unwrap();
    tx.commit_untraced(NOW_MS + 7).await.unwrap();
    let stored = world.customer.report(&world.flow, "R00011").await.unwrap().unwrap();
    assert_eq!((stored.source_state, stored.seen_ms, stored.changed_ms), (ReportState::Reimbursed, NOW_MS + 7, NOW_MS));
    assert_eq!(world.customer.report(&world.flow, "R00002").await.unwrap().unwrap().seen_ms, NOW_MS);
}

async fn customers_do_not_see_each_other(database: TestDatabase) {
    let world = world_on(&database).await;
    world.put(&reports(0..2), NOW_MS).await;
    let other = world.store.create_customer("other", "test", NOW_MS).await.unwrap();
    assert!(other.known_reports(&world.flow, &["R00000"]).await.unwrap().is_empty());
    assert!(other.report(&world.flow, "R00000").await.unwrap().is_none());
    assert!(other.raw_report("R00000", &[1; 32]).await.unwrap().is_none());
    assert!(other.flow(&world.flow).await.is_err());
    let mut tx = other.begin().await.unwrap();
    assert!(tx.put_reports(&world.flow, &world.run, &[report(0, 1)], NOW_MS).await.is_err(), "it is not their flow");
}
