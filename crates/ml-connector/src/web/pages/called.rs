//! What accounts and dimension values are called in the ledger, as it was last read: numbers alone say little to a
//! person. Where the ledger was never read there are no names, and that is no error.

use std::sync::Arc;

use accounting::Dimension;

use super::super::known_charts::KnownChart;
use super::visit::Visit;
use crate::store::StoredFlow;

/// The names of one flow's ledger.
pub(super) struct Called(Option<Arc<KnownChart>>);

impl Called {
    /// Of the ledger that a flow posts to.
    pub(super) async fn of(visit: &Visit, flow: &StoredFlow) -> Self {
        let Some(parsed) = visit.state.flow(flow) else { return Self(None) };
        Self(visit.state.charts().of(&visit.customer, &parsed).await.unwrap_or(None))
    }

    /// An account's title; empty where it has none.
    pub(super) fn account(&self, number: &str) -> String {
        let account = self.0.as_ref().and_then(|known| known.chart.accounts.get(number));
        account.map(|account| account.title.clone()).unwrap_or_default()
    }

    /// A value with its name, such as `400 Engineering`.
    pub(super) fn value(&self, dimension: &str, id: &str) -> String {
        let known = self.0.as_ref().zip(Dimension::parse(dimension));
        let value = known.and_then(|(known, dimension)| known.chart.value(&dimension, id));
        match value {
            Some(value) if !value.name.is_empty() && value.name != id => format!("{id} {}", value.name),
            _ => id.to_owned(),
        }
    }
}
