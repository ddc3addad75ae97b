//! The pace under a paused clock.

use std::time::Duration;

use tokio::time::Instant;

use super::{Limits, Pacer};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn strict() -> Limits {
    Limits { margin: Duration::ZERO, ..Limits::default() }
}

/// When `count` requests go that all want to go at once, in ms from the first.
async fn times(pacer: &Pacer, count: usize) -> Vec<u128> {
    let start = Instant::now();
    let mut times = Vec::new();
    for _ in 0..count {
        pacer.take().await;
        times.push(start.elapsed().as_millis());
    }
    times
}

#[tokio::test(start_paused = true)]
async fn five_in_ten_seconds_and_twenty_in_a_minute() {
    let times = times(&Pacer::new(strict()), 26).await;
    let expected = [[0; 5], [10_000; 5], [20_000; 5], [30_000; 5], [60_000; 5]].concat();
    assert_eq!(times[..25], expected);
    assert_eq!(times[25], 70_000);
    for (limit, length) in [(5, 10_000), (20, 60_000)] {
        for (index, time) in times.iter().enumerate().skip(limit) {
            assert!(time - times[index - limit] >= length, "request {index}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_spread_out_slide_through() {
    let pacer = Pacer::new(strict());
    for _ in 0..40 {
        tokio::time::advance(seconds(3)).await;
        let before = Instant::now();
        pacer.take().await;
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
    assert_eq!(pacer.recent().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn the_margin_lengthens_every_window() {
    let pacer = Pacer::new(Limits { windows: vec![(1, seconds(1))], margin: Duration::from_millis(50) });
    assert_eq!(times(&pacer, 3).await, [0, 1050, 2100]);
    assert!(times(&Pacer::new(Limits::none()), 1000).await.iter().all(|time| *time == 0));
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_pace_and_are_served_in_order() {
    let pacer = Pacer::new(Limits { windows: vec![(1, seconds(1))], margin: Duration::ZERO });
    let start = Instant::now();
    let tasks: Vec<_> = (0..4u64)
        .map(|_| {
            let pacer = pacer.clone();
            tokio::spawn(async move {
                pacer.take().await;
                start.elapsed().as_secs()
            })
        })
        .collect();
    for (order, task) in (0u64..).zip(tasks) {
        assert_eq!(task.await.unwrap(), order);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_leaves_has_counted_nothing() {
    let pacer = Pacer::new(Limits { windows: vec![(1, seconds(10))], margin: Duration::ZERO });
    pacer.take().await;
    assert!(tokio::time::timeout(seconds(1), pacer.take()).await.is_err());
    assert_eq!(pacer.recent(), [seconds(1)]);
    assert_eq!(times(&pacer, 1).await, [9_000]);
}

#[tokio::test(start_paused = true)]
async fn the_past_can_be_carried_over() {
    let old = Pacer::new(strict());
    times(&old, 5).await;
    tokio::time::advance(seconds(4)).await;
    let ages = old.recent();
    assert_eq!(ages, [seconds(4); 5]);

    let new = Pacer::new(strict());
    new.seed(&ages);
    new.seed(&[seconds(3600)]);
    assert_eq!(new.recent(), ages);
    assert_eq!(times(&new, 1).await, [6_000]);
}
