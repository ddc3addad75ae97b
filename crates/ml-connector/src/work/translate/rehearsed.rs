//! What becomes of a report with postings in a flow that only rehearses. It changes nothing.

use crate::store::{InboxState, StoredPosting};
use crate::work::poll::{Waiting, waits};
use crate::work::supersede::{Made, Standing, is_same, newest_of};

/// A flow that has posted and only rehearses now leaves its postings as they are, and the reports where they stood. It
/// must not forget that a booked report changed: nobody would ask again.
pub(super) fn rehearsed(mut existing: Vec<StoredPosting>, made: Option<&[Made]>, waiting: &Waiting) -> Standing {
    existing.retain(|posting| !posting.key.kind.is_reversal());
    let latest = newest_of(existing);
    let state = waiting.known.map_or(InboxState::Seen, |(state, _)| state);
    let unchanged = latest.iter().all(|posting| posting.content_hash == waiting.content_hash);
    if unchanged || waits(state) || is_same(&latest, made) { Standing::Keep(state) } else { Standing::Drift }
}
