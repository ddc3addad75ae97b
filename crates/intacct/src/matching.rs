//! Does an answer belong to the request it came back on: control ids, order, number and names of its results.
//!
//! It compares, and repairs nothing: an answer that fits only in part fits not.

use crate::facts::{Mismatch, Status};
use crate::reply::Reply;

/// Checks an answer against the request's control id and the functions sent, in their order.
pub(crate) fn check<'f>(
    reply: &Reply,
    control_id: &str,
    function: &str,
    function_ids: impl IntoIterator<Item = &'f str>,
) -> Result<(), Mismatch> {
    match &reply.control_id {
        Some(found) if found != control_id => return Err(Mismatch::ControlId { found: shown(found) }),
        None if reply.control == Status::Success => return Err(Mismatch::NoControlId),
        _ => {}
    }
    let authenticated = reply.authentication.as_ref().is_some_and(|block| block.status == Status::Success);
    if reply.control != Status::Success || !authenticated {
        return Ok(());
    }
    let mut results = reply.results.iter();
    for expected in function_ids {
        let Some(result) = results.next() else {
            return Err(Mismatch::MissingResult { control_id: expected.to_owned() });
        };
        if result.control_id != expected {
            return Err(Mismatch::UnexpectedResult { control_id: shown(&result.control_id) });
        }
        if result.function != function {
            return Err(Mismatch::OtherFunction { control_id: shown(expected), function: shown(&result.function) });
        }
    }
    match results.next() {
        Some(extra) => Err(Mismatch::UnexpectedResult { control_id: shown(&extra.control_id) }),
        None => Ok(()),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(256).collect()
}
