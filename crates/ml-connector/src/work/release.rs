//! A person lets mended reports go that wait for it. Nothing is sent here: the flow's next pass does that, and asks the
//! source again before.

use accounting::Code;
use serde_json::json;

use super::WorkError;
use crate::store::{AuditEvent, CustomerStore, FlowId, Release};

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
