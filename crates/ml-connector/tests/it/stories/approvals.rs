//! Approvals: what a person must agree to stays out of the ledger until the right person has agreed to exactly these
//! bytes, and nobody approves what he made himself.

use std::collections::BTreeSet;

use accounting::Code;
use accounting::identity::Reference;
use ml_connector::flow::Flow;
use ml_connector::store::{Approval, CustomerStore, InboxState, Judgement, StoreError, StoredPosting};

use super::fix_once::open;
use super::ledger;
use super::office::{Office, Outcome, clean};

/// Postings that are frozen and were never withdrawn, each with what an approver sees of it.
fn frozen(outcome: &Outcome) -> Vec<&StoredPosting> {
    outcome.postings.iter().filter(|posting| posting.machine.state.name() == "frozen").collect()
}

fn waits(outcome: &Outcome, code: &str) -> usize {
    let told = |problems: &[accounting::Problem]| problems.iter().any(|problem| problem.code.to_string() == code);
    outcome.reports.values().filter(|report| report.state == InboxState::Ready && told(&report.problems)).count()
}

/// Opens the company's data anew, as another process would, and does something with it.
async fn with<T>(office: &Office, act: impl AsyncFnOnce(&CustomerStore) -> T) -> T {
    let opened = Box::pin(open(office)).await;
    let done = Box::pin(act(&opened.customer)).await;
    opened.close().await.unwrap();
    done
}

async fn approve(office: &Office, posting: &StoredPosting, actor: &str) -> Result<Approval, StoreError> {
    let sha256 = posting.payload_sha256;
    with(office, async |customer| customer.approve(&posting.reference, &sha256, actor, "", 1_000).await).await
}

/// The document as somebody wrote it, before the first run.
async fn written_by(office: &Office, author: &str) {
    let flow = Flow::parse(&office.flow, "flow.toml", None).unwrap();
    let clock = ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC);
    let access = ml_connector::store::Access::Write;
    let store = ml_connector::work::start::open_store(&office.settings, access, &clock).await.unwrap();
    let customer = store.create_customer(&flow.customer, "usr_admin", 1).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    tx.put_flow(&flow.name, &flow.document, author, 1).await.unwrap();
    tx.commit_untraced(1).await.unwrap();
    drop(customer);
    store.close().await;
}

#[tokio::test]
async fn the_first_postings_wait_for_a_person_and_then_the_rest_follows() {
    let mut office = Office::open(clean(6, 2)).await;
    office.edit_flow("review_first = 0", "review_first = 2");
    let first = office.run().await;
    assert_eq!(ledger::entries(&office).len(), 0);
    assert_eq!(waits(&first, "MLC-142"), 6);
    let again = office.run().await;
    assert_eq!(waits(&again, "MLC-142"), 6);
    assert_eq!(again.audited("report.waits").len(), 6, "told once, not in every run");
    let waiting = with(&office, async |customer| {
        let totals = customer.waiting_totals().await.unwrap();
        assert_eq!((totals.len(), totals[0].gate, totals[0].reports), (1, Code::ReviewAwaited, 6));
        customer.list_waiting(None, Some(Code::ReviewAwaited), None, 200).await.unwrap()
    })
    .await;
    let sum: i64 = frozen(&again).iter().map(|posting| posting.total.minor).sum();
    assert_eq!(waiting.iter().map(|report| report.total_minor).sum::<i64>(), sum);

    for posting in frozen(&again).into_iter().take(2) {
        approve(&office, posting, "usr_ada").await.unwrap();
    }
    let posted = office.run().await;
    assert_eq!(posted.count(&[InboxState::Posted]), 6, "{:?}", posted.run_codes());
    assert!(posted.reports.values().all(|report| report.problems.is_empty()));
    ledger::check(&office, &posted);
    ledger::tie_out(&office, &posted);
}

#[tokio::test]
async fn an_approval_counts_for_these_bytes_alone() {
    let mut office = Office::open(clean(3, 2)).await;
    office.edit_flow("review_first = 0", "review_first = 10");
    let first = office.run().await;
    let old = frozen(&first);
    let wrong = with(&office, async |customer| {
        customer.approve(&old[0].reference, &[7; 32], "usr_ada", "", 1).await.unwrap_err()
    });
    assert!(matches!(wrong.await, StoreError::Stale { .. }));
    for posting in &old {
        approve(&office, posting, "usr_ada").await.unwrap();
    }
    // Before anything leaves, every entry gets another title and so other bytes.
    office.edit_flow("title = \"Expensify {report_number}", "title = \"Report {report_number}");
    let changed = office.run().await;
    assert_eq!(ledger::entries(&office).len(), 0, "an approval of other bytes let an entry out");
    assert_eq!(waits(&changed, "MLC-142"), 3);
    let gone = approve(&office, old[0], "usr_bob").await.unwrap_err();
    assert!(matches!(gone, StoreError::Stale { .. }), "{gone}");

    let new = frozen(&changed);
    let references = |postings: &[&StoredPosting]| -> BTreeSet<Reference> {
        postings.iter().map(|posting| posting.reference.clone()).collect()
    };
    assert!(references(&old).is_disjoint(&references(&new)));
    for posting in &new {
        approve(&office, posting, "usr_ada").await.unwrap();
    }
    let posted = office.run().await;
    assert_eq!(posted.count(&[InboxState::Posted]), 3);
    ledger::check(&office, &posted);
}

#[tokio::test]
async fn two_others_must_approve_and_the_author_of_the_mapping_is_none_of_them() {
    let mut office = Office::open(clean(1, 2)).await;
    office.edit_flow("two_person = false", "two_person = true");
    written_by(&office, "usr_ada").await;
    let first = office.run().await;
    assert_eq!(waits(&first, "MLC-143"), 1);
    let posting = frozen(&first)[0];
    let own = approve(&office, posting, "usr_ada").await.unwrap_err();
    assert!(matches!(own, StoreError::OwnChange { .. }), "{own}");

    let bob = approve(&office, posting, "usr_bob").await.unwrap();
    assert_eq!(approve(&office, posting, "usr_bob").await.unwrap(), bob, "twice by one person is once");
    assert_eq!(waits(&office.run().await, "MLC-143"), 1);
    assert_eq!(ledger::entries(&office).len(), 0);

    approve(&office, posting, "usr_eve").await.unwrap();
    let posted = office.run().await;
    assert_eq!(posted.count(&[InboxState::Posted]), 1);
    assert_eq!(posted.audited("posting.approved").len(), 2);
    let register = with(&office, async |customer| customer.list_approvals(None, None, 10).await.unwrap()).await;
    let actors: Vec<&str> = register.iter().map(|approval| approval.actor.as_str()).collect();
    assert_eq!(actors, ["usr_eve", "usr_bob"], "the newest first");
    let before = Some(register[0].number);
    let rest = with(&office, async |customer| customer.list_approvals(None, before, 10).await.unwrap()).await;
    assert_eq!(rest, register[1..]);
    ledger::check(&office, &posted);
}

#[tokio::test]
async fn who_changes_the_flow_meanwhile_may_not_approve_what_waits_either() {
    let mut office = Office::open(clean(1, 2)).await;
    office.edit_flow("approve_above = \"none\"", "approve_above = \"0.01 USD\"");
    written_by(&office, "usr_ada").await;
    let first = office.run().await;
    let posting = frozen(&first)[0];
    approve(&office, posting, "usr_bob").await.unwrap();
    office.flow.push_str("\n# looked at by Bob\n");
    written_by(&office, "usr_bob").await;
    assert_eq!(waits(&office.run().await, "MLC-143"), 1);
    assert_eq!(ledger::entries(&office).len(), 0, "Bob's own change went out on Bob's approval");
    approve(&office, posting, "usr_eve").await.unwrap();
    assert_eq!(office.run().await.count(&[InboxState::Posted]), 1);
}

#[tokio::test]
async fn only_what_is_above_the_limit_waits_for_approval() {
    let mut office = Office::open(clean(12, 2)).await;
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    let seen = office.run().await;
    let mut amounts: Vec<i64> = seen.reports.values().filter_map(|report| report.amount_minor).collect();
    amounts.sort_unstable();
    let limit = amounts[5];
    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    let limit_text = format!("approve_above = \"{}.{:02} USD\"", limit / 100, limit % 100);
    office.edit_flow("approve_above = \"none\"", &limit_text);
    let outcome = office.run().await;
    for report in outcome.reports.values() {
        let total: i64 = outcome
            .postings
            .iter()
            .filter(|posting| posting.key.report == report.report_id)
            .map(|posting| posting.total.minor)
            .sum();
        let wanted = if total > limit { InboxState::Ready } else { InboxState::Posted };
        assert_eq!(report.state, wanted, "{} of {total}", report.report_id);
    }
    assert!(waits(&outcome, "MLC-143") > 0 && outcome.count(&[InboxState::Posted]) > 0);
    ledger::check(&office, &outcome);
}

#[tokio::test]
async fn what_is_rejected_waits_until_somebody_lifts_it() {
    let mut office = Office::open(clean(2, 2)).await;
    office.edit_flow("review_first = 0", "review_first = 1");
    let first = office.run().await;
    let [one, other] = frozen(&first)[..] else { panic!("two entries") };
    let (reference, sha256) = (&one.reference, one.payload_sha256);
    let silent = with(&office, async |customer| customer.reject(reference, &sha256, "usr_ada", " ", 1).await);
    assert!(matches!(silent.await.unwrap_err(), StoreError::NoteMissing));
    approve(&office, one, "usr_bob").await.unwrap();
    let rejected = with(&office, async |customer| customer.reject(reference, &sha256, "usr_ada", "wrong tag", 2).await);
    assert_eq!(rejected.await.unwrap().decision, Judgement::Reject);
    let late = approve(&office, one, "usr_eve").await.unwrap_err();
    assert!(matches!(late, StoreError::Stale { .. }), "a rejection is lifted first: {late}");

    approve(&office, other, "usr_bob").await.unwrap();
    let held = office.run().await;
    assert_eq!(held.count(&[InboxState::Posted]), 1);
    let problem = &held.reports[&one.key.report].problems[0];
    assert_eq!((problem.code, problem.detail.as_str()), (Code::PostingRejected, "usr_ada: wrong tag"));
    assert_eq!(office.run().await.count(&[InboxState::Posted]), 1);

    let lifted = with(&office, async |customer| customer.lift_rejection(reference, &sha256, "usr_ada", "", 3).await);
    lifted.await.unwrap();
    let posted = office.run().await;
    assert_eq!(posted.count(&[InboxState::Posted]), 2, "the first one is in the ledger, so none needs a review");
    ledger::check(&office, &posted);
}
