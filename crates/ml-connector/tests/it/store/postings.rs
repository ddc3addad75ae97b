//! Postings, requests, attempts and observations, under the lane's lease.

use accounting::identity::Reference;
use accounting::posting::{Event, Finding, Observation, Posting, RejectClass, Rules, State, Verdict};
use accounting::problem::{Code, Problem};
use ml_connector::store::{
    AttemptEnd, InboxState, Lease, NewAttempt, NewObservation, NewRequest, PostingChange, REPLY_LIMIT, RequestEnd,
    RequestId, Store, StoreError,
};

use super::facts::{COMPANY, Frozen, LANE, NOW_MS, World, event, reports, world_in, world_on};
use super::opening::open;
use crate::both;
use crate::databases::TestDatabase;

both!(
    what_is_frozen_is_frozen_once_and_stays,
    the_database_itself_refuses_an_old_fence_and_another_record,
    a_frozen_posting_comes_back_as_it_was,
    the_machine_moves_under_the_lease_and_its_states_are_pages,
    whoever_lost_the_lane_changes_nothing,
    a_posting_needs_its_report,
    an_unknown_posting_is_not_saved,
    a_report_shows_all_that_happened_to_it,
);

/// The machine after a first look and the commit of an attempt.
fn sending() -> Posting {
    let rules = Rules::default();
    let finding = Finding::None { positive_control: true };
    let looked = Posting::frozen().on(Event::Looked { at_ms: NOW_MS, finding, observations: 0 }, &rules).unwrap();
    looked.on(Event::SendingCommitted { at_ms: NOW_MS, observations: 0 }, &rules).unwrap()
}

pub fn posted() -> Posting {
    let verdict = Verdict::Posted { record_no: "4711".to_owned() };
    sending().on(Event::Answered { at_ms: NOW_MS + 200, verdict }, &Rules::default()).unwrap()
}

fn rejected() -> Posting {
    let verdict = Verdict::Rejected { class: RejectClass::Value, code: Code::LedgerRejected };
    sending().on(Event::Answered { at_ms: NOW_MS + 200, verdict }, &Rules::default()).unwrap()
}

async fn save(world: &World, lease: &Lease, frozen: &[Frozen], machine: &Posting) -> Result<(), StoreError> {
    let mut tx = world.customer.begin().await.unwrap();
    let problem = Problem::of_report(Code::LedgerRejected, "6410", "account 6410 does not take postings");
    let problem = machine.state.code().map(|_| &problem);
    let changes: Vec<_> =
        frozen.iter().map(|one| PostingChange { reference: &one.planned.reference, machine, problem }).collect();
    tx.save_postings(lease, COMPANY, &changes, NOW_MS + 1).await?;
    let events = frozen.iter().map(|one| event("posting.moved", one.planned.reference.as_str())).collect();
    tx.commit(NOW_MS + 1, events).await
}

pub async fn send(world: &World, lease: &Lease, frozen: &[Frozen]) -> RequestId {
    let request = world.store.ids().request(NOW_MS).unwrap();
    let mut tx = world.customer.begin().await.unwrap();
    let head = NewRequest {
        id: &request,
        company: COMPANY,
        kind: "create",
        control_id: "req-1",
        masked_head: "<request>...</request>",
        sent_ms: NOW_MS,
    };
    tx.add_request(&head).await.unwrap();
    let keys: Vec<_> = frozen.iter().map(|one| one.planned.reference.control_id(COMPANY, 0)).collect();
    let attempts = frozen.iter().zip(&keys).map(|(one, control_id)| NewAttempt {
        reference: &one.planned.reference,
        n: 1,
        control_id,
        payload_sha256: &one.payload_sha256,
    });
    tx.add_attempts(lease, &request, &attempts.collect::<Vec<_>>(), NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("postings.sending", "batch")]).await.unwrap();
    save(world, lease, frozen, &sending()).await.unwrap();
    request
}

async fn a_frozen_posting_comes_back_as_it_was(database: TestDatabase) {
    let world = world_on(&database).await;
    let frozen = Frozen::many(0..61);
    world.freeze(&frozen).await;
    let stored = world.customer.postings_of(&world.flow, "R00007").await.unwrap().remove(0);
    let planned = &frozen[7].planned;
    assert_eq!((&stored.key, &stored.reference), (&planned.key, &planned.reference));
    assert_eq!((stored.total, stored.amount), (planned.entry.total(), planned.amount));
    assert_eq!(stored.posting_date, planned.entry.header().date);
    assert_eq!(stored.original_date, planned.entry.header().original_date);
    assert_eq!((stored.machine, stored.fence, stored.line_count), (Posting::frozen(), 0, 2));
    assert_eq!(stored.payload_sha256, frozen[7].payload_sha256);

    let references: Vec<&Reference> = frozen.iter().map(|one| &one.planned.reference).collect();
    let mut payloads = world.customer.payloads(COMPANY, &references).await.unwrap();
    assert_eq!(payloads.len(), 61);
    payloads.sort();
    let mut expected: Vec<_> = frozen.iter().map(|one| (one.planned.reference.clone(), one.payload.clone())).collect();
    expected.sort();
    assert_eq!(payloads, expected);

    let lines = world.customer.posting_lines(COMPANY, &planned.reference).await.unwrap();
    let line = &planned.entry.lines()[0];
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].side.as_str(), lines[0].direction.as_str()), ("expense", "debit"));
    assert_eq!((lines[0].amount_minor, &lines[0].account), (line.amount.minor, &line.account));
    assert_eq!(lines[0].memo, line.memo);
    assert_eq!(lines[0].dimensions["department"], "200");
    assert_eq!(lines[0].account_reason, *line.reason.account);
    assert_eq!((lines[0].dimension_reasons["department"].as_str(), lines[0].badges.len()), ("tag 1", 1));
    let missing = world.customer.posting_lines("other", &planned.reference).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

async fn what_is_frozen_is_frozen_once_and_stays(database: TestDatabase) {
    let world = world_on(&database).await;
    world.freeze(&[Frozen::of(1)]).await;
    world.put(&reports(0..1), NOW_MS).await;
    let mut tx = world.customer.begin().await.unwrap();
    let (zero, one) = (Frozen::of(0), Frozen::of(1));
    let again = tx.freeze(&world.flow, &[zero.new_posting(), one.new_posting()], NOW_MS).await.err().unwrap();
    let named =
        matches!(&again, StoreError::PostingExists { reference } if *reference == *one.planned.reference.as_str());
    assert!(named, "{again}");
    drop(tx);
    assert!(world.customer.postings_of(&world.flow, "R00000").await.unwrap().is_empty());

    let mut tx = world.customer.begin().await.unwrap();
    let ten: Vec<_> = std::iter::repeat_n(zero.new_posting(), 10).collect();
    let twice = tx.freeze(&world.flow, &ten, NOW_MS).await;
    assert!(matches!(twice, Err(StoreError::PostingExists { .. })));
    drop(tx);

    for edit in ["UPDATE payloads SET lines = '[]'", "DELETE FROM payloads"] {
        let refused = database.by_hand(edit).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{edit}: {refused}");
    }
}

async fn the_machine_moves_under_the_lease_and_its_states_are_pages(database: TestDatabase) {
    let world = world_on(&database).await;
    let frozen = Frozen::many(0..75);
    world.freeze(&frozen).await;
    let lease = world.lease().await;
    save(&world, &lease, &frozen[..61], &sending()).await.unwrap();
    save(&world, &lease, &frozen[..11], &posted()).await.unwrap();
    save(&world, &lease, &frozen[11..13], &rejected()).await.unwrap();

    let mut found = Vec::new();
    for _ in 0..100 {
        let after = found.last().cloned();
        let page = world.customer.postings_in(COMPANY, &["sending", "frozen"], after.as_ref(), 10).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page.into_iter().map(|posting| posting.reference));
    }
    let expected: Vec<_> = frozen[13..].iter().map(|one| one.planned.reference.clone()).collect();
    assert_eq!(found, expected, "in the order of freezing, each once");

    let posted_ones = world.customer.postings_in(COMPANY, &["posted"], None, 100).await.unwrap();
    assert_eq!(posted_ones.len(), 11);
    assert!(posted_ones.iter().all(|posting| posting.machine == posted() && posting.fence == lease.fence));
    let rejected_ones = world.customer.postings_in(COMPANY, &["rejected"], None, 100).await.unwrap();
    assert_eq!(rejected_ones[0].problem.as_ref().unwrap().value, "6410");
    assert!(world.customer.postings_in("other", &["posted"], None, 100).await.unwrap().is_empty());

    let totals = world.customer.posting_totals(COMPANY).await.unwrap();
    let counts: Vec<_> = totals.iter().map(|total| (total.state.as_str(), total.postings)).collect();
    assert_eq!(counts, [("frozen", 14), ("posted", 11), ("rejected", 2), ("sending", 48)]);
    assert_eq!(totals.iter().map(|total| total.total_minor).sum::<i64>(), 75 * 12_34);
}

async fn whoever_lost_the_lane_changes_nothing(database: TestDatabase) {
    let world = world_on(&database).await;
    let frozen = Frozen::many(0..3);
    world.freeze(&frozen).await;
    let old = world.lease().await;
    let request = send(&world, &old, &frozen).await;
    let new = world.take_over(old.clone()).await;
    let refused = save(&world, &old, &frozen, &posted()).await;
    assert!(matches!(refused, Err(StoreError::FenceLost { .. })));
    let stored = world.customer.postings_in(COMPANY, &["sending"], None, 10).await.unwrap();
    assert_eq!(stored.len(), 3);
    assert!(stored.iter().all(|posting| posting.fence == old.fence));

    // What it saw is kept as evidence all the same.
    let reference = &frozen[0].planned.reference;
    let seen = Observation::Posted { record_no: "4711".to_owned() };
    let mut tx = world.customer.begin().await.unwrap();
    for observation in [&seen, &Observation::NotApplied, &Observation::Unclear] {
        let observation = NewObservation {
            reference,
            request: Some(&request),
            fence: old.fence,
            observation,
            detail: "late",
            at_ms: NOW_MS + 9,
        };
        tx.add_observation(&observation).await.unwrap();
    }
    let references: Vec<_> = frozen.iter().map(|one| &one.planned.reference).collect();
    assert_eq!(tx.count_observations(&references).await.unwrap(), [3, 0, 0]);
    tx.commit(NOW_MS, vec![event("posting.observed", reference.as_str())]).await.unwrap();
    let observations = world.customer.observations_of(reference, 0).await.unwrap();
    assert_eq!(observations.iter().map(|one| one.n).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((&observations[0].observation, observations[0].fence), (&seen, old.fence));
    assert_eq!(world.customer.observations_of(reference, 2).await.unwrap().len(), 1);
    save(&world, &new, &frozen, &posted()).await.unwrap();
}

async fn the_database_itself_refuses_an_old_fence_and_another_record(database: TestDatabase) {
    let world = world_on(&database).await;
    let frozen = Frozen::many(0..1);
    world.freeze(&frozen).await;
    save(&world, &world.lease().await, &frozen, &posted()).await.unwrap();
    for edit in [
        "UPDATE postings SET fence = 0",
        "UPDATE postings SET record_no = '4712'",
        "UPDATE postings SET record_no = NULL",
    ] {
        assert!(database.by_hand(edit).await.is_err(), "{edit}");
    }
    database.by_hand("UPDATE postings SET fence = 5").await.unwrap();
}

async fn a_posting_needs_its_report(database: TestDatabase) {
    let world = world_on(&database).await;
    let mut tx = world.customer.begin().await.unwrap();
    let orphan = Frozen::of(7);
    assert!(tx.freeze(&world.flow, &[orphan.new_posting()], NOW_MS).await.is_err());
}

async fn an_unknown_posting_is_not_saved(database: TestDatabase) {
    let world = world_on(&database).await;
    let lease = world.lease().await;
    let missing = save(&world, &lease, &Frozen::many(0..1), &posted()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "posting", .. })));
}

async fn a_report_shows_all_that_happened_to_it(database: TestDatabase) {
    let world = world_on(&database).await;
    let frozen = Frozen::many(0..3);
    world.freeze(&frozen).await;
    let lease = world.lease().await;
    let request = send(&world, &lease, &frozen).await;
    let before = world.customer.attempts_of(&frozen[1].planned.reference).await.unwrap();
    assert_eq!((before[0].ended_ms, before[0].outcome.as_deref()), (None, None));

    let mut tx = world.customer.begin().await.unwrap();
    let reply = vec![b'x'; REPLY_LIMIT + 1];
    let end = RequestEnd { ended_ms: NOW_MS + 200, outcome: "answered", http_status: Some(200), reply: Some(&reply) };
    tx.finish_request(&request, &end).await.unwrap();
    let ends = frozen.iter().map(|one| AttemptEnd {
        reference: &one.planned.reference,
        n: 1,
        outcome: "posted",
        detail: "record 4711",
    });
    tx.finish_attempts(&ends.collect::<Vec<_>>(), NOW_MS + 200).await.unwrap();
    tx.move_reports(&world.flow, &[("R00001", InboxState::Posted)], NOW_MS + 200).await.unwrap();
    tx.commit(NOW_MS + 200, vec![event("report.posted", "R00001")]).await.unwrap();
    save(&world, &lease, &frozen, &posted()).await.unwrap();

    let history = world.customer.report_history(&world.flow, "R00001").await.unwrap().unwrap();
    assert_eq!(history.report.state, InboxState::Posted);
    assert_eq!((history.versions.len(), history.postings.len()), (1, 1));
    let posting = &history.postings[0];
    assert!(matches!(&posting.posting.machine.state, State::Posted { record_no, .. } if record_no == "4711"));
    assert_eq!(posting.lines.len(), 2);
    let (attempt, sent) = &posting.attempts[0];
    assert_eq!((attempt.n, attempt.outcome.as_deref(), attempt.ended_ms), (1, Some("posted"), Some(NOW_MS + 200)));
    assert_eq!(attempt.control_id, frozen[1].planned.reference.control_id(COMPANY, 0));
    assert_eq!(attempt.payload_sha256, frozen[1].payload_sha256);
    assert_eq!((sent.http_status, sent.reply.as_ref().map(Vec::len)), (Some(200), Some(REPLY_LIMIT)));
    let actions: Vec<_> = history.audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["posting.frozen", "posting.moved", "report.posted", "posting.moved"]);
    assert_eq!(world.customer.report_history(&world.flow, "R99999").await.unwrap(), None);

    let mut tx = world.customer.begin().await.unwrap();
    let nobody = world.store.ids().request(NOW_MS).unwrap();
    assert!(matches!(tx.finish_request(&nobody, &end).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_process_that_dies_between_commits_leaves_the_last_commit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("crash.db");
    let world = world_in(open(&path).await.unwrap()).await;
    let frozen = Frozen::many(0..3);
    world.freeze(&frozen).await;
    let lease = world.lease().await;
    let request = send(&world, &lease, &frozen).await;

    // The outcome is written and not committed; then the files are taken as they are, as after a kill.
    let mut tx = world.customer.begin().await.unwrap();
    let end = RequestEnd { ended_ms: NOW_MS, outcome: "answered", http_status: Some(200), reply: None };
    tx.finish_request(&request, &end).await.unwrap();
    let machine = posted();
    let changes =
        frozen.iter().map(|one| PostingChange { reference: &one.planned.reference, machine: &machine, problem: None });
    tx.save_postings(&lease, COMPANY, &changes.collect::<Vec<_>>(), NOW_MS).await.unwrap();
    let copy = directory.path().join("after.db");
    for ending in ["", "-wal", ".installation"] {
        let (mut from, mut to) = (path.clone().into_os_string(), copy.clone().into_os_string());
        from.push(ending);
        to.push(ending);
        std::fs::copy(from, to).unwrap();
    }

    let store: Store = open(&copy).await.unwrap();
    assert_eq!(store.restored(NOW_MS).await.unwrap(), None);
    let customer = store.customer(world.customer.id()).await.unwrap();
    customer.verify_audit(true).await.unwrap();
    assert_eq!(customer.postings_in(COMPANY, &["sending"], None, 10).await.unwrap().len(), 3);
    assert_eq!(customer.request(&request).await.unwrap().ended_ms, None);
    assert!(store.claim_lane(LANE, "next", NOW_MS, 1_000).await.unwrap().unwrap().fence > lease.fence);
}
