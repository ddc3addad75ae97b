//! Lanes, fences and budgets.

use ml_connector::store::{Access, Ids, Store, StoreError};

use super::facts::{LANE, NOW_MS, world};

#[tokio::test]
async fn one_of_many_claims_wins() {
    let world = world().await;
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

#[tokio::test]
async fn a_budget_remembers_as_long_as_it_must() {
    let world = world().await;
    for offset_ms in [0, 0, 1_000, 59_000, 60_500] {
        world.store.spend_budget("credential", NOW_MS + offset_ms, 60_000).await.unwrap();
    }
    world.store.spend_budget("other", NOW_MS, 60_000).await.unwrap();
    let spent = world.store.spent_budget("credential", NOW_MS).await.unwrap();
    assert_eq!(spent, [NOW_MS + 1_000, NOW_MS + 59_000, NOW_MS + 60_500]);
    assert_eq!(world.store.spent_budget("credential", NOW_MS + 60_000).await.unwrap().len(), 1);
}
