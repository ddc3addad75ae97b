//! The keys that an export may carry, and where: what stands elsewhere the vendor ignores in silence (inferred).
//!
//! Known client mistakes end up here: `reportState` under `filters`, `limit` at the top, `fileBaseName`.

use serde_json::Value;

const TOP: &[&str] = &["type", "credentials", "onReceive", "inputSettings", "outputSettings", "onFinish", "test"];
const INPUT: &[&str] = &["type", "reportState", "limit", "employeeEmail", "filters"];
const FILTERS: &[&str] = &["reportIDList", "policyIDList", "startDate", "endDate", "approvedAfter", "markedAsExported"];
const OUTPUT: &[&str] = &["fileExtension", "fileBasename", "includeFullPageReceiptsPdf", "spreadsheetFilename"];

/// Paths of the keys in an export job that mean nothing there.
pub fn unknown(job: &Value) -> Vec<String> {
    let input = job.get("inputSettings");
    let places = [
        ("", Some(job), TOP),
        ("inputSettings.", input, INPUT),
        ("inputSettings.filters.", input.and_then(|value| value.get("filters")), FILTERS),
        ("outputSettings.", job.get("outputSettings"), OUTPUT),
    ];
    let mut unknown = Vec::new();
    for (place, value, known) in places {
        let keys = value.and_then(Value::as_object).into_iter().flat_map(|object| object.keys());
        unknown.extend(keys.filter(|key| !known.contains(&key.as_str())).map(|key| format!("{place}{key}")));
    }
    unknown
}
