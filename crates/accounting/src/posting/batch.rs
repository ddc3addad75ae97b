//! From the reply to one request that carried several entries to one event for each posting. It must not guess: what
//! is not said of a posting, exactly once and without contradiction, is unclear.

use super::event::{Event, RejectClass, Verdict};
use crate::problem::Code;

/// How a request ended, in this crate's words. `K` is what tells its entries apart: their control ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<K> {
    /// No byte left.
    NotSent,
    /// No reply, or none that can be understood as a whole.
    Unclear,
    /// The request was refused as a whole, before any entry was looked at.
    Refused {
        /// Which kind of refusal.
        class: RejectClass,
        /// The problem to show.
        code: Code,
    },
    /// Results entry by entry; one that cannot be understood is left out.
    Answered(Vec<(K, Verdict)>),
}

/// The event for each posting of a request, in the order of `keys`.
///
/// Results for keys that were not sent make all of it unclear, for the reply may be another request's. `together`
/// says that the entries stood in one transaction; a reply by which some stand and some do not then contradicts
/// itself, and all of it is unclear.
pub fn events<K: PartialEq>(keys: &[K], together: bool, reply: &Reply<K>, at_ms: i64) -> Vec<Event> {
    let all = |event: Event| vec![event; keys.len()];
    match reply {
        Reply::NotSent => all(Event::NotSent { at_ms }),
        Reply::Unclear => all(Event::Unclear { at_ms }),
        Reply::Refused { class, code } => {
            all(Event::Answered { at_ms, verdict: Verdict::Rejected { class: *class, code: *code } })
        }
        Reply::Answered(results) => {
            let foreign = results.iter().any(|(key, _)| !keys.contains(key));
            let posted = results.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Posted { .. })).count();
            let torn = together && posted != 0 && posted != keys.len();
            if foreign || torn {
                return all(Event::Unclear { at_ms });
            }
            keys.iter().map(|key| event_of(key, results, at_ms)).collect()
        }
    }
}

fn event_of<K: PartialEq>(key: &K, results: &[(K, Verdict)], at_ms: i64) -> Event {
    let mut own = results.iter().filter(|(result_key, _)| result_key == key);
    match (own.next(), own.next()) {
        (Some((_, verdict)), None) => Event::Answered { at_ms, verdict: verdict.clone() },
        _ => Event::Unclear { at_ms },
    }
}
