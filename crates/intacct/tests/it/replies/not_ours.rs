//! Well-formed answers that do not fit the request.

use super::{AUTH, Case, F1, F2, both, control_failure, messages, whole};
use crate::gateway::error;

// A table reads best with one case a line.
#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let good = both(F1, F2);
    vec![
        ("another request", 200, good.replace("R1", "R2").into(), "unclear: the answer is not to this request: control id \"R2\""),
        ("control id not echoed", 200, good.replace("<controlid>R1</controlid>", "").into(), "unclear: the answer is not to this request: control id not echoed"),
        ("control id empty", 200, good.replace(">R1<", "><").into(), "unclear: the answer is not to this request: control id not echoed"),
        ("failure of another request", 200, control_failure("<controlid>R9</controlid>", &error("XL03000003", "x")).into(), "unclear: the answer is not to this request: control id \"R9\""),
        ("a result is missing", 200, both(F1, "").into(), "unclear: the answer is not to this request: no result for function \"f2\""),
        ("no result at all", 200, whole(AUTH).into(), "unclear: the answer is not to this request: no result for function \"f1\""),
        ("results in another order", 200, both(F2, F1).into(), "unclear: the answer is not to this request: unexpected result for function \"f2\""),
        ("second result for one function", 200, both(F1, F1).into(), "unclear: the answer is not to this request: unexpected result for function \"f1\""),
        ("a result too many", 200, both(F1, &(F2.to_owned() + F2)).into(), "unclear: the answer is not to this request: unexpected result for function \"f2\""),
        ("another function's name", 200, both(F1, &F2.replace(">create<", ">update<")).into(), "unclear: the answer is not to this request: result of \"update\" for function \"f2\""),
        ("authenticated, errors in place of results", 200, whole(&(AUTH.to_owned() + &messages(&error("X", "y")))).into(), "unclear: the answer is not to this request: no result for function \"f1\""),
        ("results under HTTP 500", 500, good.clone().into(), "unclear: the HTTP status contradicts the answer"),
        ("results under HTTP 202", 202, good.into(), "unclear: the HTTP status contradicts the answer"),
    ]
}
