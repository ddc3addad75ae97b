//! One reply for several entries: nothing is guessed, and nothing of another request is believed.

use accounting::posting::{Event, RejectClass, Reply, Verdict, events};
use accounting::problem::Code;

const AT_MS: i64 = 1_000;

fn posted(record_no: &str) -> Verdict {
    Verdict::Posted { record_no: record_no.to_owned() }
}

fn refused() -> Verdict {
    Verdict::Rejected { class: RejectClass::Value, code: Code::LedgerRejected }
}

fn names(together: bool, reply: &Reply<&str>) -> Vec<&'static str> {
    events(&["a", "b"], together, reply, AT_MS)
        .iter()
        .map(|event| match event {
            Event::Answered { verdict: Verdict::Posted { .. }, .. } => "posted",
            Event::Answered { verdict: Verdict::Rejected { .. }, .. } => "rejected",
            Event::Answered { verdict: Verdict::MaybeRepeated, .. } => "repeated",
            event => event.name(),
        })
        .collect()
}

#[test]
fn every_entry_gets_its_own_result_in_any_order() {
    let reply = Reply::Answered(vec![("b", refused()), ("a", posted("7"))]);
    assert_eq!(names(false, &reply), ["posted", "rejected"]);
    let events = events(&["a", "b"], false, &reply, AT_MS);
    assert_eq!(events[0], Event::Answered { at_ms: AT_MS, verdict: posted("7") });
}

#[test]
fn a_result_that_is_missing_or_given_twice_is_unclear() {
    assert_eq!(names(false, &Reply::Answered(vec![("a", posted("7"))])), ["posted", "unclear"]);
    let twice = Reply::Answered(vec![("a", posted("7")), ("b", posted("8")), ("a", posted("7"))]);
    assert_eq!(names(false, &twice), ["unclear", "posted"]);
    assert_eq!(names(false, &Reply::Answered(vec![])), ["unclear", "unclear"]);
}

#[test]
fn a_result_for_a_foreign_key_makes_all_unclear() {
    let foreign = Reply::Answered(vec![("a", posted("7")), ("b", posted("8")), ("c", posted("9"))]);
    assert_eq!(names(false, &foreign), ["unclear", "unclear"]);
}

#[test]
fn entries_of_one_transaction_stand_together_or_not_at_all() {
    let torn = Reply::Answered(vec![("a", posted("7")), ("b", refused())]);
    assert_eq!(names(true, &torn), ["unclear", "unclear"]);
    assert_eq!(names(true, &Reply::Answered(vec![("a", posted("7"))])), ["unclear", "unclear"]);
    let all = Reply::Answered(vec![("a", posted("7")), ("b", posted("8"))]);
    assert_eq!(names(true, &all), ["posted", "posted"]);
    let none = Reply::Answered(vec![("a", refused()), ("b", Verdict::MaybeRepeated)]);
    assert_eq!(names(true, &none), ["rejected", "repeated"]);
}

#[test]
fn what_befell_the_whole_request_befell_every_entry() {
    assert_eq!(names(false, &Reply::NotSent), ["not sent", "not sent"]);
    assert_eq!(names(false, &Reply::Unclear), ["unclear", "unclear"]);
    let refused = Reply::Refused { class: RejectClass::Session, code: Code::LoginRefused };
    assert_eq!(names(true, &refused), ["rejected", "rejected"]);
}
