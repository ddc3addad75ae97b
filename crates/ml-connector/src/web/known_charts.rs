//! The charts that were looked at lately, read from the store once each, with what proposals are made from. A chart is
//! known by its hash, so one that was read anew is never shown old.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use accounting::Chart;
use accounting::coverage::Kind;
use accounting::suggest::Catalogue;

use super::problem::Refusal;
use crate::flow::Flow;
use crate::store::{CustomerId, CustomerStore};
use crate::work::plan::company_of;

/// Charts kept; the one not looked at for longest goes first. A large one takes a few megabytes.
const KEPT: usize = 16;

/// Charts by customer and company.
#[derive(Default)]
pub(super) struct KnownCharts(Mutex<VecDeque<Arc<KnownChart>>>);

/// A chart with what was made of it.
pub(super) struct KnownChart {
    customer: CustomerId,
    /// The company at the destination.
    pub(super) company: String,
    sha256: [u8; 32],
    /// The chart.
    pub(super) chart: Chart,
    catalogues: Mutex<HashMap<String, Arc<Catalogue>>>,
}

impl KnownCharts {
    /// The newest chart of the company that a flow posts to; `None` where it was never read.
    ///
    /// # Errors
    /// A refusal where the company's name or the chart cannot be read.
    pub(super) async fn of(&self, customer: &CustomerStore, flow: &Flow) -> Result<Option<Arc<KnownChart>>, Refusal> {
        let company = company_of(customer, flow).await?;
        let Some(sha256) = customer.latest_chart_sha256(&company).await? else { return Ok(None) };
        let is_it = |known: &Arc<KnownChart>| {
            known.sha256 == sha256 && known.company == company && known.customer == *customer.id()
        };
        if let Some(known) = self.take(is_it) {
            self.put(Arc::clone(&known));
            return Ok(Some(known));
        }
        let Some(stored) = customer.chart(&company, &sha256).await? else { return Ok(None) };
        let known = Arc::new(KnownChart {
            customer: customer.id().clone(),
            company,
            sha256,
            chart: stored.chart,
            catalogues: Mutex::default(),
        });
        // A chart takes the place of the older one of its company.
        self.take(|other| other.company == known.company && other.customer == known.customer);
        self.put(Arc::clone(&known));
        Ok(Some(known))
    }

    fn take(&self, is_it: impl Fn(&Arc<KnownChart>) -> bool) -> Option<Arc<KnownChart>> {
        let mut charts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = charts.iter().position(is_it)?;
        charts.remove(at)
    }

    fn put(&self, known: Arc<KnownChart>) {
        let mut charts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        charts.push_back(known);
        while charts.len() > KEPT {
            charts.pop_front();
        }
    }
}

impl KnownChart {
    /// What may be proposed of this kind.
    pub(super) fn catalogue(&self, kind: &Kind) -> Arc<Catalogue> {
        let name = match kind {
            Kind::Account => String::new(),
            Kind::Value(dimension) => dimension.to_string(),
        };
        let mut catalogues = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner);
        let made = catalogues.entry(name).or_insert_with(|| {
            let targets = kind.targets(&self.chart).filter(|target| target.active);
            Arc::new(Catalogue::new(targets.map(|target| (target.id, target.name))))
        });
        Arc::clone(made)
    }
}
