//! Flows as they read, kept in memory by version: a document with thousands of rows takes longer to read than the rest
//! of a page. What was read of one version never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::flow::Flow;
use crate::store::{FlowId, StoredFlow};

/// Flows that are kept; then all are forgotten.
const KEPT: usize = 200;

/// Flows that were read lately.
#[derive(Default)]
pub(super) struct FlowCache(Mutex<HashMap<FlowId, (u32, Arc<Flow>)>>);

impl FlowCache {
    /// The flow as its document reads; `None` where it no longer can be read.
    pub(super) fn read(&self, stored: &StoredFlow) -> Option<Arc<Flow>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, flow)) = kept.get(&stored.id).filter(|(version, _)| *version == stored.version) {
            return Some(Arc::clone(flow));
        }
        let flow = Arc::new(Flow::parse(&stored.document, "", None).ok()?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(stored.id.clone(), (stored.version, Arc::clone(&flow)));
        Some(flow)
    }
}
