//! The table of moves: which event each state takes, and where it leads.

use accounting::posting::{
    Due, Event, Finding, IllegalMove, Learned, Observation, Posting, RejectClass, Rules, State, Verdict,
};
use accounting::problem::Code;

pub const T0: i64 = 1_700_000_000_000;
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;

pub fn rules() -> Rules {
    Rules::default()
}

pub fn looked(at_ms: i64, finding: Finding) -> Event {
    Event::Looked { at_ms, finding, observations: 0 }
}

pub fn none(at_ms: i64, positive_control: bool) -> Event {
    looked(at_ms, Finding::None { positive_control })
}

pub fn one(record_no: &str, equal: bool) -> Finding {
    Finding::One { record_no: record_no.to_owned(), equal }
}

pub fn sent(at_ms: i64) -> Event {
    Event::SendingCommitted { at_ms, observations: 0 }
}

pub fn rejected(at_ms: i64, class: RejectClass) -> Event {
    Event::Answered { at_ms, verdict: Verdict::Rejected { class, code: Code::LedgerRejected } }
}

pub fn posted(at_ms: i64, record_no: &str) -> Event {
    Event::Answered { at_ms, verdict: Verdict::Posted { record_no: record_no.to_owned() } }
}

/// Applies the events in turn; every one must be allowed.
pub fn after(posting: &Posting, events: impl IntoIterator<Item = Event>) -> Posting {
    events.into_iter().fold(posting.clone(), |posting, event| posting.on(event, &rules()).unwrap())
}

pub fn sending() -> Posting {
    after(&Posting::frozen(), [none(T0, false), sent(T0)])
}

pub fn unknown() -> Posting {
    after(&sending(), [Event::Unclear { at_ms: T0 }])
}

pub fn absent() -> Posting {
    after(&unknown(), [none(T0 + 20 * MINUTE_MS, true), none(T0 + 21 * MINUTE_MS, true)])
}

pub fn undecidable() -> Posting {
    after(&unknown(), [none(T0 + 24 * HOUR_MS, false)])
}

/// A posting in each state.
fn samples() -> Vec<Posting> {
    let found = |finding| after(&Posting::frozen(), [looked(T0, finding)]);
    let posted = after(&sending(), [posted(T0, "7")]);
    vec![
        after(&Posting::frozen(), [none(T0, false)]),
        sending(),
        posted.clone(),
        after(&sending(), [rejected(T0, RejectClass::Value)]),
        unknown(),
        absent(),
        found(one("7", false)),
        found(Finding::Many { record_nos: vec!["7".to_owned(), "8".to_owned()] }),
        undecidable(),
        after(&posted, [Event::Reversed { by: "9".to_owned() }]),
    ]
}

fn events(at_ms: i64) -> Vec<Event> {
    vec![
        sent(at_ms),
        Event::NotSent { at_ms },
        posted(at_ms, "7"),
        Event::Unclear { at_ms },
        Event::Restarted { at_ms },
        looked(at_ms, one("7", true)),
        Event::Observed { at_ms, observation: Observation::NotApplied },
        Event::Restored { at_ms },
        Event::Withheld { code: Code::LoginRefused },
        Event::Released { at_ms },
        Event::Consented { at_ms },
        Event::Vouched { record_no: "7".to_owned() },
        Event::Reversed { by: "9".to_owned() },
    ]
}

/// Rows are states, columns the events above; `-` is refused, else the first letters of the state after it.
const TABLE: &str = "
frozen    sen -   -   -   -   pos fro unk hel -   -   -   -
sending   -   fro pos unk unk -   sen unk -   -   -   -   -
posted    -   -   -   -   -   pos pos pos -   -   -   -   rev
rejected  -   -   -   -   -   pos rej unk hel fro -   pos -
unknown   -   -   -   -   -   pos unk unk -   -   -   -   -
absent    sen -   -   -   -   pos abs unk hel -   -   -   -
conflict  -   -   -   -   -   -   con con -   unk -   pos -
duplicate -   -   -   -   -   -   dup dup -   unk -   pos -
held      -   -   -   -   -   pos hel unk -   unk abs pos -
reversed  -   -   -   -   -   -   rev rev -   -   -   -   -
";

#[test]
fn every_state_takes_exactly_the_events_of_the_table() {
    let rows = TABLE.lines().filter(|line| !line.is_empty());
    for (posting, row) in samples().iter().zip(rows) {
        let at_ms = if posting.state == State::Absent { T0 + 21 * MINUTE_MS } else { T0 + 24 * HOUR_MS };
        let at_ms = if posting.state == State::Frozen { T0 } else { at_ms };
        let mut actual = vec![posting.state.name()];
        for event in events(at_ms) {
            actual.push(match posting.on(event, &rules()) {
                Ok(next) => &next.state.name()[..3],
                Err(IllegalMove::NotFrom { .. }) => "-",
                Err(other) => panic!("{}: {other}", posting.state.name()),
            });
        }
        assert_eq!(actual, row.split_whitespace().collect::<Vec<_>>());
    }
}

#[test]
fn what_a_person_says_is_booked_elsewhere_is_neither_sent_nor_replaced_and_can_still_be_vouched_for() {
    let handled = Event::Withheld { code: Code::HandledElsewhere };
    let of_state = |wanted: &str| samples().into_iter().find(|posting| posting.state.name() == wanted).unwrap();
    for state in ["frozen", "rejected", "absent", "conflict", "duplicate", "held"] {
        let closed = after(&of_state(state), [handled.clone()]);
        assert_eq!(closed.state, State::Held { code: Code::HandledElsewhere }, "{state}");
        assert_eq!(closed.due(T0 + 48 * HOUR_MS, &rules()), Due::Nothing, "{state}");
        assert!(!closed.is_replaceable(), "{state}");
        assert!(closed.on(Event::Released { at_ms: T0 }, &rules()).is_err(), "{state}");
        let vouched = after(&closed, [Event::Vouched { record_no: "7".to_owned() }]);
        assert_eq!(vouched.state.record_no(), Some("7"), "{state}");
    }
    for state in ["sending", "posted", "unknown", "reversed"] {
        assert!(of_state(state).on(handled.clone(), &rules()).is_err(), "{state}");
    }
}

#[test]
fn what_the_first_look_finds_is_adopted_or_stops_the_posting() {
    let adopted = after(&Posting::frozen(), [looked(T0, one("7", true))]);
    assert_eq!(adopted.state, State::Posted { record_no: "7".to_owned(), learned: Learned::Found });
    assert_eq!(adopted.attempts, 0);
    let conflict = after(&Posting::frozen(), [looked(T0, one("7", false))]);
    assert_eq!(conflict.state, State::Conflict { record_no: "7".to_owned() });
}

#[test]
fn nothing_is_sent_without_a_fresh_look() {
    let send = |posting: &Posting, at_ms| posting.on(sent(at_ms), &rules()).map(|next| next.state);
    assert_eq!(send(&Posting::frozen(), T0), Err(IllegalMove::NotLooked));
    let looked = after(&Posting::frozen(), [none(T0, false)]);
    assert_eq!(send(&looked, T0 + 5 * MINUTE_MS), Ok(State::Sending));
    assert_eq!(send(&looked, T0 + 5 * MINUTE_MS + 1), Err(IllegalMove::NotLooked));
    assert_eq!(send(&looked, T0 - 1), Err(IllegalMove::NotLooked), "a clock that ran back proves nothing");
    let again = after(&looked, [sent(T0), rejected(T0, RejectClass::Session), Event::Released { at_ms: T0 }]);
    assert_eq!(send(&again, T0), Err(IllegalMove::NotLooked), "each attempt needs its own look");
}

#[test]
fn absence_needs_settling_two_looks_and_a_positive_control() {
    let settled_ms = T0 + 20 * MINUTE_MS;
    let state = |events: Vec<Event>| after(&unknown(), events).state;
    assert_eq!(state(vec![none(settled_ms - 1, true), none(settled_ms, true)]), State::Unknown);
    assert_eq!(state(vec![none(settled_ms, true), none(settled_ms + MINUTE_MS - 1, true)]), State::Unknown);
    assert_eq!(state(vec![none(settled_ms, false), none(settled_ms + MINUTE_MS, true)]), State::Unknown);
    assert_eq!(state(vec![none(settled_ms, true), none(settled_ms + MINUTE_MS, false)]), State::Unknown);
    assert_eq!(state(vec![none(settled_ms, true), none(settled_ms + MINUTE_MS, true)]), State::Absent);
    let proof = absent().proof.unwrap();
    assert_eq!((proof.last_byte_ms, proof.first_look_ms), (T0, settled_ms));
    assert_eq!(proof.second_look_ms, settled_ms + MINUTE_MS);
    assert!(!proof.repeated && !proof.consented);
}

#[test]
fn a_restart_counts_from_when_it_was_found() {
    let found_ms = T0 + HOUR_MS;
    let restarted = after(&sending(), [Event::Restarted { at_ms: found_ms }]);
    assert_eq!(restarted.last_byte_ms, Some(found_ms));
    let early = after(&restarted, [none(found_ms + MINUTE_MS, true), none(found_ms + 10 * MINUTE_MS, true)]);
    assert_eq!(early.state, State::Unknown);
}

#[test]
fn a_resend_keeps_the_control_id_and_its_window() {
    let first_ms = Some(T0);
    let resent = after(&absent(), [sent(T0 + 21 * MINUTE_MS)]);
    assert_eq!((resent.salt, resent.first_sent_ms, resent.attempts), (0, first_ms, 2));
    let unsent = after(&resent, [Event::NotSent { at_ms: T0 + 22 * MINUTE_MS }]);
    assert_eq!((&unsent.state, unsent.first_sent_ms), (&State::Absent, first_ms), "once in doubt, it stays so");
    let lapsed_ms = T0 + 24 * HOUR_MS;
    let late = after(&unsent, [none(lapsed_ms - 1, true)]);
    assert_eq!(late.on(sent(lapsed_ms), &rules()), Err(IllegalMove::WindowLapsed));
    assert_eq!(after(&unsent, [none(lapsed_ms, true)]).state, State::Held { code: Code::OutcomeUndecidable });
}

#[test]
fn an_attempt_that_never_left_leaves_no_doubt() {
    let unsent = after(&sending(), [Event::NotSent { at_ms: T0 }]);
    assert_eq!((unsent.state.clone(), unsent.first_sent_ms, unsent.key_sends), (State::Frozen, None, 0));
    assert!(unsent.recent_sends_ms.is_empty());
    assert_eq!(unsent.attempts, 1, "its row keeps its number");
}

#[test]
fn an_unrecognised_refusal_after_an_earlier_send_is_no_refusal() {
    let again = after(&absent(), [sent(T0 + 21 * MINUTE_MS)]);
    let answered = after(&again, [rejected(T0 + 22 * MINUTE_MS, RejectClass::Other)]);
    assert_eq!((&answered.state, answered.repeated), (&State::Unknown, true));
    let recognised = after(&again, [rejected(T0 + 22 * MINUTE_MS, RejectClass::Period)]);
    assert!(matches!(recognised.state, State::Rejected { class: RejectClass::Period, .. }));
}

#[test]
fn the_salt_is_counted_up_only_with_the_proof() {
    let at_ms = T0 + 22 * MINUTE_MS;
    let repeated =
        after(&absent(), [sent(T0 + 21 * MINUTE_MS), Event::Answered { at_ms, verdict: Verdict::MaybeRepeated }]);
    assert_eq!((&repeated.state, repeated.salt), (&State::Unknown, 0));
    let one_look = after(&repeated, [none(at_ms + 20 * MINUTE_MS, true)]);
    assert_eq!((&one_look.state, one_look.salt), (&State::Unknown, 0));
    let proven = after(&one_look, [none(at_ms + 21 * MINUTE_MS, true)]);
    assert_eq!((&proven.state, proven.salt, proven.key_sends), (&State::Absent, 1, 0));
    assert!(proven.proof.unwrap().repeated);
    let found = after(&one_look, [looked(at_ms + 21 * MINUTE_MS, one("7", true))]);
    assert_eq!((found.state.record_no(), found.salt), (Some("7"), 0));
}

#[test]
fn a_refusal_that_is_not_recognised_is_beyond_doubt_only_after_looks() {
    let refused = after(&sending(), [rejected(T0, RejectClass::Other)]);
    assert!(matches!(refused.state, State::Rejected { .. }) && !refused.is_replaceable());
    assert_eq!(after(&refused, [Event::Released { at_ms: T0 }]).state, State::Unknown);
    let looks = [none(T0 + 20 * MINUTE_MS, true), none(T0 + 21 * MINUTE_MS, true)];
    let proven = after(&refused, looks);
    assert!(matches!(proven.state, State::Rejected { .. }) && proven.is_replaceable());
    assert_eq!(after(&proven, [Event::Released { at_ms: T0 }]).state, State::Frozen);
    let value = after(&sending(), [rejected(T0, RejectClass::Value)]);
    assert!(value.is_replaceable());
    assert!(!unknown().is_replaceable() && absent().is_replaceable() && !Posting::frozen().is_replaceable());
}

#[test]
fn the_third_refusal_of_a_class_holds_it_and_a_person_starts_anew() {
    let mut posting = Posting::frozen();
    for at_ms in [T0, T0 + 1, T0 + 2] {
        posting = after(&posting, [none(at_ms, false), sent(at_ms), rejected(at_ms, RejectClass::Period)]);
        if at_ms < T0 + 2 {
            posting = after(&posting, [Event::Released { at_ms }]);
        }
    }
    assert_eq!((&posting.state, posting.failures), (&State::Held { code: Code::LedgerRejected }, 3));
    let released = after(&posting, [Event::Released { at_ms: T0 + 3 }]);
    assert_eq!((&released.state, released.failures), (&State::Frozen, 0));
}

#[test]
fn posted_stays_posted_and_raises_an_alarm() {
    let posted = after(&sending(), [posted(T0, "7")]);
    for (finding, alarm) in [
        (one("7", true), None),
        (one("7", false), Some(Code::EntryDiffers)),
        (one("8", true), Some(Code::EntryDiffers)),
        (Finding::Many { record_nos: vec!["7".to_owned(), "8".to_owned()] }, Some(Code::EntryDoubled)),
        (Finding::None { positive_control: true }, None),
    ] {
        let compared = after(&posted, [looked(T0, finding)]);
        assert_eq!((&compared.state, compared.alarm), (&posted.state, alarm));
    }
    let observation = Observation::Posted { record_no: "8".to_owned() };
    let told = after(&posted, [Event::Observed { at_ms: T0, observation }]);
    assert_eq!((told.state, told.alarm), (posted.state, Some(Code::EntryDoubled)));
}

#[test]
fn a_restored_posting_is_sent_again_by_consent_only() {
    let restored_ms = T0 + HOUR_MS;
    let settled_ms = restored_ms + 20 * MINUTE_MS;
    let restored = after(&Posting::frozen(), [Event::Restored { at_ms: restored_ms }]);
    assert_eq!(restored.state, State::Unknown);
    let held = after(&restored, [none(settled_ms, true), none(settled_ms + MINUTE_MS, true)]);
    assert_eq!(held.state, State::Held { code: Code::OutcomeUndecidable });
    let early = restored.on(Event::Consented { at_ms: settled_ms }, &rules());
    assert!(matches!(early, Err(IllegalMove::NotFrom { .. })));
    let consented = after(&held, [Event::Consented { at_ms: settled_ms }, none(settled_ms, false), sent(settled_ms)]);
    assert_eq!((consented.state, consented.consented), (State::Sending, false));
}

#[test]
fn consent_waits_until_all_has_settled() {
    let observed_ms = T0 + 24 * HOUR_MS;
    let held = undecidable();
    let told = after(&held, [Event::Observed { at_ms: observed_ms, observation: Observation::Unclear }]);
    assert_eq!(told.state, State::Unknown, "new evidence opens the question again");
    assert!(held.on(Event::Consented { at_ms: T0 + MINUTE_MS }, &rules()) == Err(IllegalMove::NotSettled));
}

#[test]
fn attempts_are_bounded_within_a_day() {
    let mut posting = Posting::frozen();
    for n in 0..8 {
        let at_ms = T0 + n * HOUR_MS;
        let session = if n % 2 == 0 { RejectClass::Session } else { RejectClass::RateLimit };
        posting = after(&posting, [none(at_ms, false), sent(at_ms), rejected(at_ms, session)]);
        posting = after(&posting, [Event::Released { at_ms }]);
    }
    let early_ms = T0 + 24 * HOUR_MS - 1;
    let early = after(&posting, [none(early_ms, false)]);
    assert_eq!(early.on(sent(early_ms), &rules()), Err(IllegalMove::TooManyAttempts { attempts: 8 }));
    let late_ms = early_ms + 1;
    assert_eq!(after(&posting, [none(late_ms, false), sent(late_ms)]).state, State::Sending);
}
