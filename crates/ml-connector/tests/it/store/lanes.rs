//! Lanes, fences and budgets.

use std::time::Duration;

use ml_connector::store::{Access, FlowTimes, Ids, Store, StoreError};

use super::facts::{Frozen, LANE, NOW_MS, event, world, world_on};
use crate::both;
use crate::databases::{self, TestDatabase};

both!(
    one_of_many_claims_wins,
    a_lease_ends_with_its_time_and_passes_on_with_a_higher_fence,
    a_budget_remembers_as_long_as_it_must,
    what_somebody_did_during_a_pass_makes_its_flow_due_again,
);

async fn what_somebody_did_during_a_pass_makes_its_flow_due_again(database: TestDatabase) {
    let world = world_on(&database).await;
    let (began_ms, ended_ms, later_ms) = (NOW_MS + 10, NOW_MS + 50, NOW_MS + 60_000);
    for acted in [false, true] {
        let due_ms = if acted { later_ms } else { began_ms };
        let claim = world.store.claim_due_flows("worker", due_ms, 30_000, 1).await.unwrap().remove(0);
        let mut tx = world.customer.begin().await.unwrap();
        if acted {
            tx.await_flow(&world.flow, began_ms + 20).await.unwrap();
        }
        let times = FlowTimes { next_ms: later_ms, ..claim.times };
        assert!(tx.finish_flow(&claim, &times, began_ms, ended_ms).await.unwrap());
        tx.commit_untraced(ended_ms).await.unwrap();
        let next_ms = world.customer.flow_times(&world.flow).await.unwrap().next_ms;
        assert_eq!(next_ms, if acted { ended_ms } else { later_ms });
    }
}

async fn one_of_many_claims_wins(database: TestDatabase) {
    let world = world_on(&database).await;
    let claims = (0..8).map(|index| {
        let store = world.store.clone();
        tokio::spawn(async move { store.claim_lane(LANE, &format!("worker {index}"), NOW_MS, 1_000).await.unwrap() })
    });
    let mut won = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        won.extend(claim.await.unwrap());
    }
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].fence, 1);
    assert!(world.store.claim_lane("intacct:other", "worker", NOW_MS, 1_000).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lapsed_lease_passes_on_with_a_higher_fence() {
    let world = world().await;
    let mut first = world.store.claim_lane(LANE, "first", NOW_MS, 1_000).await.unwrap().unwrap();
    assert_eq!(world.store.claim_lane(LANE, "second", NOW_MS + 999, 1_000).await.unwrap(), None);
    world.store.renew_lane(&mut first, NOW_MS + 999, 1_000).await.unwrap();
    assert_eq!(first.until_ms, NOW_MS + 1_999);
    assert_eq!(world.store.claim_lane(LANE, "second", NOW_MS + 1_998, 1_000).await.unwrap(), None);
    let second = world.store.claim_lane(LANE, "second", NOW_MS + 1_999, 1_000).await.unwrap().unwrap();
    assert_eq!(second.fence, 2);
    let lost = world.store.renew_lane(&mut first, NOW_MS + 2_000, 1_000).await;
    assert!(matches!(lost, Err(StoreError::FenceLost { fence: 1, .. })));
    world.store.release_lane(first).await.unwrap();
    assert_eq!(world.store.claim_lane(LANE, "third", NOW_MS + 2_001, 1_000).await.unwrap(), None, "not the first's");
    world.store.release_lane(second).await.unwrap();
    let third = world.store.claim_lane(LANE, "third", NOW_MS + 2_001, 1_000).await.unwrap().unwrap();
    assert_eq!(third.fence, 3);
}

async fn a_lease_ends_with_its_time_and_passes_on_with_a_higher_fence(database: TestDatabase) {
    let world = world_on(&database).await;
    let mut first = world.store.claim_lane(LANE, "first", NOW_MS, 600_000).await.unwrap().unwrap();
    assert!(first.left() > Duration::from_secs(590) && first.left() <= Duration::from_secs(600));
    assert_eq!(world.store.claim_lane(LANE, "second", NOW_MS, 1_000).await.unwrap(), None);
    world.store.renew_lane(&mut first, NOW_MS, 0).await.unwrap();
    assert_eq!(first.left(), Duration::ZERO);
    let second = world.store.claim_lane(LANE, "second", NOW_MS, 600_000).await.unwrap().unwrap();
    assert_eq!(second.fence, 2);
    let lost = world.store.renew_lane(&mut first, NOW_MS, 1_000).await;
    assert!(matches!(lost, Err(StoreError::FenceLost { fence: 1, .. })));
    world.store.release_lane(first).await.unwrap();
    assert_eq!(world.store.claim_lane(LANE, "third", NOW_MS, 1_000).await.unwrap(), None, "not the first's");
    world.store.release_lane(second).await.unwrap();
    assert_eq!(world.store.claim_lane(LANE, "third", NOW_MS, 1_000).await.unwrap().unwrap().fence, 3);
}

/// Hosts' clocks differ: one that runs ahead must not take a lane that another still holds.
#[tokio::test]
async fn leases_on_a_server_run_on_its_clock_alone() {
    let Some(database) = databases::postgres().await else { return };
    let world = world_on(&database).await;
    let year_ms = 365 * 24 * 3_600_000;
    let held = world.store.claim_lane(LANE, "behind", NOW_MS - year_ms, 600_000).await.unwrap().unwrap();
    assert_eq!(world.store.claim_lane(LANE, "ahead", NOW_MS + year_ms, 600_000).await.unwrap(), None);
    let said = database.by_hand("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)::text").await;
    let now_ms: i64 = said.unwrap()[0].parse().unwrap();
    assert!((590_000..=600_000).contains(&(held.until_ms - now_ms)), "{} at {now_ms}", held.until_ms);
}

/// On a server a claim waits for the transaction that has proven the lease before it, so that nothing is kept under a
/// lease that was lost.
#[tokio::test]
async fn a_lane_passes_on_only_after_what_its_lease_was_proven_for() {
    let Some(database) = databases::postgres().await else { return };
    let world = world_on(&database).await;
    world.freeze(&Frozen::many(0..1)).await;
    let mut lease = world.lease().await;
    world.store.renew_lane(&mut lease, NOW_MS, 0).await.unwrap();
    let mut tx = world.customer.begin().await.unwrap();
    let request = world.store.ids().request(NOW_MS).unwrap();
    tx.add_attempts(&lease, &request, &[], NOW_MS).await.unwrap();
    let claiming = tokio::spawn({
        let store = world.store.clone();
        async move { store.claim_lane(LANE, "next", NOW_MS, 1_000).await.unwrap().unwrap() }
    });
    // Until the claim is seen to wait for us.
    let waiting = "SELECT COUNT(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
         AND datname = current_database()";
    for _ in 0..1_000 {
        if database.by_hand(waiting).await.unwrap()[0] == "1" {
            break;
        }
    }
    assert!(!claiming.is_finished());
    tx.commit(NOW_MS, vec![event("posting.moved", "one")]).await.unwrap();
    assert_eq!(claiming.await.unwrap().fence, lease.fence + 1);
}

#[tokio::test]
async fn leases_of_a_dead_process_end_with_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lanes.db");
    let open = || Store::open(&path, Access::Write, None, Ids::system(), NOW_MS);
    let store = open().await.unwrap();
    store.claim_lane(LANE, "dead", NOW_MS, i64::MAX).await.unwrap().unwrap();
    store.close().await;
    let next = open().await.unwrap().claim_lane(LANE, "alive", NOW_MS, 1_000).await.unwrap().unwrap();
    assert_eq!(next.fence, 2);
}

async fn a_budget_remembers_as_long_as_it_must(database: TestDatabase) {
    let world = world_on(&database).await;
    for offset_ms in [0, 0, 1_000, 59_000, 60_500] {
        world.store.spend_budget("credential", NOW_MS + offset_ms, 60_000).await.unwrap();
    }
    world.store.spend_budget("other", NOW_MS, 60_000).await.unwrap();
    let spent = world.store.spent_budget("credential", NOW_MS).await.unwrap();
    assert_eq!(spent, [NOW_MS + 1_000, NOW_MS + 59_000, NOW_MS + 60_500]);
    assert_eq!(world.store.spent_budget("credential", NOW_MS + 60_000).await.unwrap().len(), 1);
}
