//! What is due, and when.

use accounting::posting::{Due, Event, Finding, Posting, RejectClass, Rules, Verdict};
use accounting::problem::Code;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn after(posting: &Posting, events: impl IntoIterator<Item = Event>) -> Posting {
    events.into_iter().fold(posting.clone(), |posting, event| posting.on(event, &Rules::default()).unwrap())
}

fn none(at_ms: i64, positive_control: bool) -> Event {
    Event::Looked { at_ms, finding: Finding::None { positive_control }, observations: 0 }
}

fn sent(at_ms: i64) -> Event {
    Event::SendingCommitted { at_ms, observations: 0 }
}

fn refused(at_ms: i64, class: RejectClass) -> Event {
    Event::Answered { at_ms, verdict: Verdict::Rejected { class, code: Code::PeriodClosed } }
}

fn due(posting: &Posting, now_ms: i64) -> Due {
    posting.due(now_ms, &Rules::default())
}

#[test]
fn a_frozen_posting_is_looked_for_and_then_sent() {
    let frozen = Posting::frozen();
    assert_eq!(due(&frozen, 0), Due::LookFirst);
    let looked = after(&frozen, [none(0, false)]);
    assert_eq!(due(&looked, 5 * MINUTE_MS), Due::Send);
    assert_eq!(due(&looked, 5 * MINUTE_MS + 1), Due::LookFirst);
    assert_eq!(due(&after(&looked, [sent(0)]), HOUR_MS), Due::Nothing);
}

#[test]
fn an_unknown_outcome_is_looked_into_at_growing_pauses() {
    let mut posting = after(&Posting::frozen(), [none(0, false), sent(0), Event::Unclear { at_ms: 0 }]);
    let mut looks = Vec::new();
    while let Due::LookAt(at_ms) = due(&posting, 0) {
        looks.push(at_ms / MINUTE_MS);
        posting = after(&posting, [none(at_ms, true)]);
    }
    assert_eq!(looks, [1, 2, 5, 10, 20, 21]);
    assert_eq!(due(&posting, 21 * MINUTE_MS), Due::Send);
}

#[test]
fn a_doubt_without_positive_control_goes_to_a_person_after_a_day() {
    let mut posting = after(&Posting::frozen(), [none(0, false), sent(0), Event::Unclear { at_ms: 0 }]);
    let mut looks = 0;
    while let Due::LookAt(at_ms) = due(&posting, 0) {
        looks += 1;
        assert!(at_ms <= 24 * HOUR_MS + 20 * MINUTE_MS);
        posting = after(&posting, [none(at_ms, false)]);
    }
    assert_eq!((looks, due(&posting, 0)), (76, Due::Person(Code::OutcomeUndecidable)));
}

#[test]
fn each_refusal_is_cured_in_its_own_way() {
    let refused = |class| after(&Posting::frozen(), [none(0, false), sent(0), refused(0, class)]);
    assert_eq!(due(&refused(RejectClass::Session), 0), Due::Release);
    assert_eq!(due(&refused(RejectClass::RateLimit), 0), Due::Later(MINUTE_MS));
    assert_eq!(due(&refused(RejectClass::RateLimit), MINUTE_MS), Due::Release);
    assert_eq!(due(&refused(RejectClass::Sibling), 0), Due::Nothing);
    for class in [RejectClass::Period, RejectClass::Value, RejectClass::Login] {
        assert_eq!(due(&refused(class), 0), Due::Person(Code::PeriodClosed));
    }
    let other = refused(RejectClass::Other);
    assert_eq!(due(&other, 0), Due::LookAt(20 * MINUTE_MS));
    let looked = after(&other, [none(20 * MINUTE_MS, true)]);
    assert_eq!(due(&looked, 0), Due::LookAt(21 * MINUTE_MS));
    assert_eq!(due(&after(&looked, [none(21 * MINUTE_MS, true)]), 0), Due::Person(Code::PeriodClosed));
}

#[test]
fn the_pause_after_rate_limits_doubles_up_to_an_hour() {
    let mut posting = Posting::frozen();
    let mut pauses = Vec::new();
    let mut now_ms = 0;
    for _ in 0..8 {
        posting = after(&posting, [none(now_ms, false), sent(now_ms), refused(now_ms, RejectClass::RateLimit)]);
        let Due::Later(until_ms) = due(&posting, now_ms) else { panic!("{:?}", due(&posting, now_ms)) };
        pauses.push((until_ms - now_ms) / MINUTE_MS);
        now_ms = until_ms;
        posting = after(&posting, [Event::Released { at_ms: now_ms }]);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(due(&posting, now_ms), Due::Later(24 * HOUR_MS), "eight attempts a day");
}

#[test]
fn a_sight_that_is_lost_after_the_proof_does_not_let_it_wait_forever() {
    let proven = [none(0, false), sent(0), Event::Unclear { at_ms: 0 }];
    let mut posting =
        after(&after(&Posting::frozen(), proven), [none(20 * MINUTE_MS, true), none(21 * MINUTE_MS, true)]);
    let mut now_ms = HOUR_MS;
    for _ in 0..200 {
        match due(&posting, now_ms) {
            Due::LookFirst => {}
            Due::LookAt(at_ms) => now_ms = now_ms.max(at_ms),
            Due::Person(code) => {
                assert_eq!(code, Code::OutcomeUndecidable);
                return;
            }
            other => panic!("{other:?}"),
        }
        posting = after(&posting, [none(now_ms, false)]);
    }
    panic!("never handed to a person");
}
