//! The gateway's facts as verdicts: what each posting learns of a reply, function by function. Nothing here asks the
//! gateway anything, and what is not understood is never taken for a success or a failure.
//!
//! | reply | verdict |
//! |---|---|
//! | name resolution, connection or TLS failed; no session | not sent |
//! | control or authentication failed, in an answer to this request, or a well-formed rate limit | rejected |
//! | function succeeded with exactly one record number | posted |
//! | function succeeded and names no record | perhaps a repeated key: read back first |
//! | function failed or was rolled back, for a cause that is recognised | rejected |
//! | the same, cause not recognised, and the key was sent before | perhaps a repeated key: read back first |
//! | everything else | unclear: read back |

use std::collections::BTreeMap;

use accounting::Code;
use accounting::posting::{RejectClass, Reply, Verdict};
use intacct::{Answer, CreateReply, Error, FunctionAnswer, GatewayError, NotSentCause, Refusal, ResultStatus, Status};

use super::super::{Fault, Sent};

/// Error number of a rolled-back transaction; documented and observed.
const ROLLED_BACK: &str = "XL03000009";

/// What became of a request.
pub fn sent(reply: CreateReply) -> Sent {
    match reply {
        CreateReply::NotSent(cause) => not_sent(cause),
        CreateReply::Unclear(unclear) => {
            let outcome = format!("unclear: {}", chain(&unclear.why));
            Sent {
                answer: Reply::Unclear,
                details: whole(outcome.clone()),
                reply: unclear.body_excerpt,
                http_status: unclear.http_status,
                outcome,
                stop: None,
            }
        }
        CreateReply::Answered(answer) => answered(answer),
    }
}

fn not_sent(cause: NotSentCause) -> Sent {
    let outcome = format!("not sent: {}", chain(&cause));
    let stop = match cause {
        NotSentCause::NoSession(error) => fault(*error),
        NotSentCause::Invalid(_) => stopped(Code::LedgerRejected, outcome.clone(), false),
        NotSentCause::Unreachable { .. } | NotSentCause::Waited { .. } => {
            stopped(Code::LedgerUnreachable, outcome.clone(), true)
        }
    };
    Sent {
        answer: Reply::NotSent,
        details: whole(outcome.clone()),
        reply: String::new(),
        http_status: None,
        outcome,
        stop: Some(stop),
    }
}

fn answered(answer: Answer) -> Sent {
    let http_status = Some(answer.http_status);
    if let Some((class, stop)) = whole_request_refused(&answer) {
        let outcome = format!("refused: {}", stop.detail);
        let details = whole(stop.detail.clone());
        let verdict = match class {
            Some(class) => Reply::Refused { class, code: stop.code },
            None => Reply::Unclear,
        };
        return Sent { answer: verdict, details, reply: answer.body, http_status, outcome, stop: Some(stop) };
    }
    let mut details = BTreeMap::new();
    let mut results = Vec::with_capacity(answer.functions.len());
    let mut posted = 0;
    for function in &answer.functions {
        let (verdict, detail) = function_verdict(function);
        posted += usize::from(matches!(verdict, Some(Verdict::Posted { .. })));
        if let Some(detail) = detail {
            details.insert(function.control_id.clone(), detail);
        }
        if let Some(verdict) = verdict {
            results.push((function.control_id.clone(), verdict));
        }
    }
    let outcome = format!("answered: {posted} of {} posted", answer.functions.len());
    Sent { answer: Reply::Answered(results), details, reply: answer.body, http_status, outcome, stop: None }
}

/// A request that was refused before any function ran, with the class of the refusal; no class where it cannot be told
/// whether this very request was refused.
fn whole_request_refused(answer: &Answer) -> Option<(Option<RejectClass>, Fault)> {
    if answer.control == Status::Success && answer.authentication == Some(Status::Success) {
        return None;
    }
    let rate_limited = is_rate_limit(&answer.errors) || answer.http_status == 429;
    let (class, code, retryable) = match answer.refusal {
        _ if rate_limited => (Some(RejectClass::RateLimit), Code::LedgerRateLimited, true),
        Some(Refusal::Session) => (Some(RejectClass::Session), Code::LedgerFault, true),
        Some(refusal) => (Some(RejectClass::Login), refusal_code(refusal), false),
        // A failure that does not echo our control id and is none of the known ones may be about anything.
        None if answer.control != Status::Success && !answer.control_id_echoed => (None, Code::LedgerFault, true),
        None => (Some(RejectClass::Other), Code::LedgerFault, false),
    };
    Some((class, stopped(code, said(&answer.errors), retryable)))
}

/// The verdict on one function, and the words for it unless it succeeded. No verdict where nothing can be told.
fn function_verdict(function: &FunctionAnswer) -> (Option<Verdict>, Option<String>) {
    let detail = said(&function.errors);
    match &function.status {
        ResultStatus::Success => match (function.record_nos.as_slice(), function.count) {
            ([record_no], None | Some(1)) => (Some(Verdict::Posted { record_no: record_no.clone() }), None),
            // One assumed form of the answer to a repeated key: the ledger has to tell which it was.
            ([], _) => (Some(Verdict::MaybeRepeated), Some("the gateway says success and names no record".to_owned())),
            _ => (None, Some("the gateway says success and names no single record".to_owned())),
        },
        // A failure may still carry what it created before it failed (observed).
        ResultStatus::Failure | ResultStatus::Aborted if function.count.unwrap_or(0) > 0 => (None, Some(detail)),
        ResultStatus::Failure => {
            let (class, code) = cause(&function.errors);
            (Some(Verdict::Rejected { class, code }), Some(detail))
        }
        ResultStatus::Aborted => {
            let own = function.errors.iter().any(|error| error.errorno != ROLLED_BACK);
            let (class, code) =
                if own { cause(&function.errors) } else { (RejectClass::Sibling, Code::LedgerRejected) };
            (Some(Verdict::Rejected { class, code }), Some(detail))
        }
        ResultStatus::Other(word) => (None, Some(format!("status '{word}' is not known"))),
    }
}

fn whole(detail: String) -> BTreeMap<String, String> {
    BTreeMap::from([(String::new(), detail)])
}

const fn stopped(code: Code, detail: String, retryable: bool) -> Fault {
    Fault { code, detail, retryable, source: None }
}

/// What a failed function's errors mean. Numbers first, texts last: `BL01001973` wraps almost everything.
fn cause(errors: &[GatewayError]) -> (RejectClass, Code) {
    let has_id = |ids: &[&str]| errors.iter().any(|error| error.errorid.as_deref().is_some_and(|id| ids.contains(&id)));
    let has_number = |numbers: &[&str]| errors.iter().any(|error| numbers.contains(&error.errorno.as_str()));
    let text: String = errors.iter().map(|error| error.text().to_lowercase()).collect::<Vec<_>>().join("\n");
    let text = text.replace(TRAILER, "");
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if is_rate_limit(errors) {
        (RejectClass::RateLimit, Code::LedgerRateLimited)
    } else if has_number(&["PL04000005"]) || says(&["you do not have permission"]) {
        (RejectClass::Value, Code::LedgerPermission)
    } else if says(&["periods are closed", "period that's been closed", "date must be on or after", "closed period"]) {
        (RejectClass::Period, Code::PeriodClosed)
    } else if has_id(&["GL-1009"]) || has_number(&["BL03000018"]) || says(VALUE_PHRASES) {
        (RejectClass::Value, Code::LedgerRejected)
    } else {
        (RejectClass::Other, Code::LedgerRejected)
    }
}

/// What follows every failed create, whatever its cause (observed by third parties); it tells nothing.
const TRAILER: &str = "check the transaction for errors or inconsistencies, then try again";

/// Phrases of refusals of a value (observed by third parties). Labels of dimensions are renamed by customers, so none
/// is part of a phrase.
const VALUE_PHRASES: &[&str] = &[
    "this transaction is missing the",
    "do not balance",
    "debits and credits are not equal",
    "is not valid",
    "is invalid",
    "requires a ",
    "is restricted",
    "invalid ",
    "does not exist",
    "then try again",
    "smart rule",
    "missing the ",
    "is associated to the",
    "too long",
];

fn is_rate_limit(errors: &[GatewayError]) -> bool {
    errors.iter().any(|error| error.errorno == "GW-0010" || error.text().contains("API rate limit exceeded"))
}

/// The first root error that is not the remark about the roll-back.
fn said(errors: &[GatewayError]) -> String {
    let root = errors.iter().find(|error| error.errorno != ROLLED_BACK).or_else(|| errors.first());
    match root {
        Some(error) => {
            let id = error.errorid.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
            format!("{}{id}: {}", error.errorno, error.text()).trim().to_owned()
        }
        None => "the gateway gave no reason".to_owned(),
    }
}

/// The code of a refusal.
const fn refusal_code(refusal: Refusal) -> Code {
    match refusal {
        Refusal::Sender | Refusal::Edge => Code::SenderRefused,
        Refusal::Login => Code::LoginRefused,
        Refusal::SenderNotAuthorised => Code::SenderNotAuthorised,
        Refusal::SubscriptionOff => Code::WebServicesOff,
        Refusal::Session => Code::LedgerFault,
    }
}

/// An error of a read or a login as a fault.
pub fn fault(error: Error) -> Fault {
    let code = match &error {
        Error::Unreachable { .. } => Code::LedgerUnreachable,
        Error::RateLimited { .. } => Code::LedgerRateLimited,
        Error::Refused { refusal, .. } => refusal_code(*refusal),
        Error::Permission { .. } => Code::LedgerPermission,
        Error::EndpointRefused { .. } => Code::EndpointRefused,
        _ => Code::LedgerFault,
    };
    let retryable = error.is_retryable();
    Fault { code, detail: chain(&error), retryable, source: Some(Box::new(error)) }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
