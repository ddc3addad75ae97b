//! A late word about an old session must not touch the new one.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::{Lookup, NewSession, SessionCell};
use crate::config::SessionRule;

fn new_session() -> NewSession {
    NewSession {
        id: SecretString::from("id"),
        endpoint: String::new(),
        location_id: None,
        timestamp: None,
        timeout: None,
        sent_at: Instant::now(),
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_session_that_is_meant_is_discarded_or_moved() {
    let cell = SessionCell::default();
    let rule = SessionRule::default();
    let (old, _) = cell.keep(new_session(), &rule);
    let (new, _) = cell.keep(new_session(), &rule);

    cell.discard(old.generation);
    assert!(matches!(cell.look(None), Lookup::Live(lease, _) if lease.generation == new.generation));

    let times = ["2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"].map(|time| time.parse().ok());
    let [timestamp, timeout] = times;
    cell.slide(old.generation, Instant::now(), timestamp, timeout, &rule);
    tokio::time::advance(Duration::from_secs(9 * 60)).await;
    assert!(matches!(cell.look(None), Lookup::Live(..)), "the old session's ten minutes are not the new one's");

    cell.discard(new.generation);
    assert!(matches!(cell.look(None), Lookup::None));
}
