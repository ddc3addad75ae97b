//! Counts which texts of the mapping's tables reports carry, as they come in. What was stored before a place was first
//! asked for is counted in bit by bit at the end of a pass. A report that changed is counted out as it was, and in as it
//! is, in the commit that takes it in.

use std::collections::BTreeSet;

use accounting::ExpenseReport;
use accounting::uses::{Count, Counted, Place};

use super::{Work, WorkError};
use crate::store::{Arrival, CountedPlace, Tx};
use crate::systems::Source;

/// Stands for the places that are always counted.
const ALWAYS: &str = "*";
/// Stored reports that are counted in one commit, and in how many commits of one pass.
const PAGE: u32 = 200;
const PAGES: u32 = 25;

impl<S: Source, D> Work<'_, S, D> {
    /// The places that are counted, with those that the mapping newly asks for; whether there were such.
    pub(super) async fn counted_places(&self, tx: &mut Tx) -> Result<(Vec<CountedPlace>, bool), WorkError> {
        let mut places = tx.counted_places(&self.flow_id).await?;
        let asked = Place::asked_by(&self.flow.mapping).into_iter().map(|place| place.to_string());
        let wanted = std::iter::once(ALWAYS.to_owned()).chain(asked);
        let new: Vec<String> = wanted.filter(|name| !places.iter().any(|place| place.place == *name)).collect();
        if !new.is_empty() {
            places.extend(tx.count_places(&self.flow_id, &new).await?);
        }
        Ok((places, !new.is_empty()))
    }

    /// Counts reports that came in: what is new, and what changed.
    pub(super) async fn count_uses<'r>(
        &self,
        tx: &mut Tx,
        places: &[CountedPlace],
        arrived: impl Iterator<Item = (&'r ExpenseReport, &'r Arrival)>,
    ) -> Result<(), WorkError> {
        let mut count = Count::default();
        for (report, arrival) in arrived {
            match arrival {
                Arrival::New => count.add(report, 1, &counted(places.iter())),
                Arrival::Changed { before, .. } => {
                    let counted = counted(places.iter().filter(|place| place.has(before.report_no)));
                    let was = tx.content_of(before.report_no, &before.content_hash).await?;
                    if let Some(Ok(was)) = was.as_deref().map(|raw| self.source.report_of(raw)) {
                        count.add(&was, -1, &counted);
                    }
                    count.add(report, 1, &counted);
                }
                Arrival::Unchanged { .. } | Arrival::Superseded => {}
            }
        }
        tx.count_mapping_uses(&self.flow_id, &count).await?;
        Ok(())
    }

    /// Counts in some of what was stored before its place was asked for. Whether more is left.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn count_stored_uses(&self) -> Result<bool, WorkError> {
        for _ in 0..PAGES {
            let at_ms = self.clock.now_ms();
            let mut tx = self.customer.begin().await?;
            let (places, any_new) = self.counted_places(&mut tx).await?;
            let behind: Vec<&CountedPlace> = places.iter().filter(|place| place.through_no < place.until_no).collect();
            let Some(first) = behind.first() else {
                if any_new {
                    tx.commit_untraced(at_ms).await?;
                }
                return Ok(false);
            };
            let (after, until) = (first.through_no, first.until_no);
            let together: Vec<&CountedPlace> =
                behind.iter().copied().filter(|place| (place.through_no, place.until_no) == (after, until)).collect();
            let stored = tx.stored_between(&self.flow_id, (after, until), PAGE).await?;
            let counted = counted(together.iter().copied());
            let mut count = Count::default();
            for (_, raw) in &stored {
                if let Ok(report) = self.source.report_of(raw) {
                    count.add(&report, 1, &counted);
                }
            }
            tx.count_mapping_uses(&self.flow_id, &count).await?;
            let is_last = stored.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            let through = stored.last().filter(|_| !is_last).map_or(until, |(report_no, _)| *report_no);
            for place in together {
                tx.counted_through(&self.flow_id, place, through).await?;
            }
            tx.commit_untraced(at_ms).await?;
        }
        Ok(true)
    }
}

fn counted<'p>(places: impl Iterator<Item = &'p CountedPlace>) -> Counted {
    let names: BTreeSet<&str> = places.map(|place| place.place.as_str()).collect();
    let always = names.contains(ALWAYS);
    Counted { always, asked: names.into_iter().filter_map(Place::parse).collect() }
}
