//! Evidence that comes late or contradicts: it is read before anything else, and never overruled by silence.

use accounting::posting::{Event, Finding, IllegalMove, Observation, Posting, RejectClass, State};
use accounting::problem::Code;

use super::moves::{HOUR_MS, MINUTE_MS, T0, absent, after, none, posted, rejected, rules, sending, sent, unknown};

fn claim(at_ms: i64) -> Event {
    Event::Observed { at_ms, observation: Observation::Posted { record_no: "7".to_owned() } }
}

#[test]
fn late_evidence_must_be_read_and_is_never_overruled_by_a_look_that_finds_nothing() {
    let at_ms = T0 + 21 * MINUTE_MS;
    let unread = absent().on(Event::SendingCommitted { at_ms, observations: 1 }, &rules());
    assert_eq!(unread, Err(IllegalMove::UnreadObservations { stored: 1, read: 0 }));
    let observation = Observation::Posted { record_no: "7".to_owned() };
    let told = after(&absent(), [Event::Observed { at_ms, observation }]);
    assert_eq!((&told.state, told.claimed.as_deref()), (&State::Unknown, Some("7")));
    let none = |at_ms| Event::Looked { at_ms, finding: Finding::None { positive_control: true }, observations: 1 };
    let missed = after(&told, [none(at_ms), none(at_ms + MINUTE_MS)]);
    assert_eq!(missed.state, State::Held { code: Code::OutcomeUndecidable });
}

#[test]
fn an_observation_in_doubt_moves_the_last_byte() {
    let at_ms = T0 + HOUR_MS;
    let late = after(&absent(), [Event::Observed { at_ms, observation: Observation::Unclear }]);
    assert_eq!((&late.state, late.last_byte_ms), (&State::Unknown, Some(at_ms)));
}

#[test]
fn a_look_counts_only_with_all_observations_read() {
    let unread = Event::Looked { at_ms: T0, finding: Finding::None { positive_control: true }, observations: 2 };
    assert_eq!(unknown().on(unread, &rules()), Err(IllegalMove::UnreadObservations { stored: 2, read: 0 }));
}

#[test]
fn an_answer_that_does_not_confirm_a_claim_is_no_answer() {
    let told = after(&sending(), [claim(T0)]);
    assert_eq!((&told.state, told.claimed.as_deref()), (&State::Sending, Some("7")));
    for answer in [posted(T0, "8"), rejected(T0, RejectClass::Value), Event::NotSent { at_ms: T0 }] {
        let answered = after(&told, [answer]);
        assert_eq!((&answered.state, answered.claimed.as_deref()), (&State::Unknown, Some("7")));
    }
    assert_eq!(after(&told, [posted(T0, "7")]).state.record_no(), Some("7"));
}

#[test]
fn evidence_starts_the_looks_anew_and_never_moves_the_last_byte_back() {
    let one_look = after(&unknown(), [none(T0 + 20 * MINUTE_MS, true)]);
    let observation = Observation::Unclear;
    let told = after(&one_look, [Event::Observed { at_ms: T0 - HOUR_MS, observation }]);
    assert_eq!(told.last_byte_ms, Some(T0));
    let look = |at_ms| Event::Looked { at_ms, finding: Finding::None { positive_control: true }, observations: 1 };
    let again = after(&told, [look(T0 + 21 * MINUTE_MS)]);
    assert_eq!(again.state, State::Unknown);
    assert_eq!(after(&again, [look(T0 + 22 * MINUTE_MS)]).state, State::Absent);
}

#[test]
fn what_was_once_in_doubt_is_sent_only_after_a_look_with_positive_control() {
    let at_ms = T0 + 22 * MINUTE_MS;
    let uncontrolled = after(&absent(), [none(at_ms, false)]);
    assert_eq!(uncontrolled.on(sent(at_ms), &rules()), Err(IllegalMove::NotLooked));
    assert_eq!(after(&absent(), [none(at_ms, true), sent(at_ms)]).state, State::Sending);
}

#[test]
fn after_a_restore_any_control_id_may_be_a_repeat() {
    let at_ms = T0 + HOUR_MS;
    let held =
        after(&Posting::frozen(), [Event::Restored { at_ms: T0 }, none(at_ms, true), none(at_ms + MINUTE_MS, true)]);
    let sent = after(&held, [Event::Consented { at_ms }, none(at_ms, true), sent(at_ms)]);
    let answered = after(&sent, [rejected(at_ms, RejectClass::Other)]);
    assert_eq!((&answered.state, answered.repeated), (&State::Unknown, true));
}

#[test]
fn a_proof_covers_the_attempt_it_was_made_for() {
    let refused = after(&sending(), [rejected(T0, RejectClass::Other), Event::Released { at_ms: T0 }]);
    let proven = after(&refused, [none(T0 + 20 * MINUTE_MS, true), none(T0 + 21 * MINUTE_MS, true)]);
    assert_eq!((&proven.state, proven.failure), (&State::Absent, Some(RejectClass::Other)));
    let withheld = after(&proven, [Event::Withheld { code: Code::LoginRefused }]);
    assert!(withheld.is_replaceable());
    assert_eq!(after(&withheld, [Event::Released { at_ms: T0 }]).state, State::Absent);
}
