//! A report that a person says is booked elsewhere is left out, whatever it would be translated into. What is booked or
//! under way of it stays as it is.

use super::super::set_aside::as_handled;
use super::{Outcome, Standing, Translator, rehearsed};
use crate::store::InboxState;
use crate::systems::Destination;
use crate::work::lane::Lane;
use crate::work::poll::Waiting;
use crate::work::{Work, WorkError};

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// The report left out with its reason, and what was frozen of it withdrawn.
    pub(super) async fn left_alone(
        &self,
        translator: &Translator<'_>,
        lane: Option<&Lane>,
        waiting: Waiting,
        reason: &str,
    ) -> Result<Outcome, WorkError> {
        let generation = waiting.known.map_or(0, |(_, generation)| generation);
        let outcome = self.outcome(translator, waiting, generation);
        let skipped = vec![as_handled(reason, outcome.amount)];
        let amount = outcome.amount.map(|amount| accounting::Amount::new(0, amount.currency));
        let left = Outcome {
            state: InboxState::Skipped,
            problems: Vec::new(),
            rendered: Vec::new(),
            skipped,
            amount,
            ..outcome
        };
        let existing = match left.waiting.known {
            Some(_) => self.customer.postings_of(&self.flow_id, &left.waiting.report.id).await?,
            None => Vec::new(),
        };
        if existing.is_empty() {
            return Ok(left);
        }
        let standing = match lane {
            Some(lane) => self.standing(lane, existing, None, &left.waiting.content_hash).await?,
            None => rehearsed(existing, None, &left.waiting),
        };
        let known = left.waiting.known.map_or(InboxState::Seen, |(state, _)| state);
        Ok(match standing {
            Standing::Replace { .. } => left,
            Standing::Keep(state) => Outcome { state, keep: true, ..left },
            Standing::Extend | Standing::Drift => Outcome { state: known, keep: true, ..left },
        })
    }
}
