//! A person lets mended reports go that wait for it. Nothing is sent here: the flow's next pass does that, and asks the
//! source again before.

use accounting::Code;
use serde_json::{Value, json};

use super::{Work, WorkError};
use crate::store::{AuditEvent, CustomerStore, FlowId, Release, Wanted};

/// Most ids that an answer names.
const NAMED: usize = 200;

impl<S: Sync, D: Sync> Work<'_, S, D> {
    /// Grants a wish for a release: `{"all": true}`, `{"cause": ID}` or `{"reports": [ID, ...]}`, with a `note`.
    ///
    /// # Errors
    /// [`WorkError::Refused`] for a wish that names nothing; those of the store.
    pub async fn grant_release(&self, wanted: &Wanted) -> Result<Value, WorkError> {
        let which = which(&wanted.detail)?;
        let note = wanted.detail["note"].as_str().unwrap_or_default();
        let at_ms = self.clock.now_ms();
        let released = release(self.customer, &self.flow_id, &which, &wanted.asked_by, note, at_ms).await?;
        Ok(json!({ "released": released.len(), "reports": released.iter().take(NAMED).collect::<Vec<_>>() }))
    }
}

/// What a wish for a release names.
///
/// # Errors
/// [`WorkError::Refused`] where it names nothing.
pub fn which(detail: &Value) -> Result<Release, WorkError> {
    if let Some(cause) = detail["cause"].as_str() {
        return Ok(Release::Cause(cause.to_owned()));
    }
    if let Some(reports) = detail["reports"].as_array() {
        return Ok(Release::Reports(reports.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()));
    }
    if detail["all"].as_bool() == Some(true) {
        return Ok(Release::All);
    }
    let detail = "a release names a `cause`, `reports`, or says `all`".to_owned();
    Err(WorkError::Refused { code: Code::FlowInvalid, detail })
}

/// Releases the waiting reports that are named; gives their ids. What does not wait is passed over, so that asking
/// twice does no more than asking once.
///
/// # Errors
/// Those of the store.
pub async fn release(
    customer: &CustomerStore,
    flow: &FlowId,
    which: &Release,
    actor: &str,
    note: &str,
    at_ms: i64,
) -> Result<Vec<String>, WorkError> {
    let mut tx = customer.begin().await?;
    let released = tx.release(flow, Code::WaitsForRelease, which, at_ms).await?;
    if released.is_empty() {
        return Ok(released);
    }
    tx.await_flow(flow, at_ms).await?;
    let event = |report: &String| {
        AuditEvent::new(actor, "report.released", report.as_str(), json!({ "flow": flow.as_str(), "note": note }))
    };
    tx.commit(at_ms, released.iter().map(event).collect()).await?;
    Ok(released)
}
