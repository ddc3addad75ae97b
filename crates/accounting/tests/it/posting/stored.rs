//! The stored form gives back the same posting, whatever the vendor put into a record number.

use accounting::posting::{Learned, Looks, Posting, Proof, RejectClass, State};
use accounting::problem::Code;
use proptest::prelude::*;

fn class() -> impl Strategy<Value = RejectClass> {
    prop::sample::select(vec![
        RejectClass::Session,
        RejectClass::RateLimit,
        RejectClass::Period,
        RejectClass::Value,
        RejectClass::Login,
        RejectClass::Sibling,
        RejectClass::Other,
    ])
}

fn code() -> impl Strategy<Value = Code> {
    prop::sample::select(Code::ALL.to_vec())
}

fn state() -> impl Strategy<Value = State> {
    let learned = prop::sample::select(vec![Learned::Answered, Learned::Found, Learned::Vouched]);
    prop_oneof![
        Just(State::Frozen),
        Just(State::Sending),
        Just(State::Unknown),
        Just(State::Absent),
        (any::<String>(), learned).prop_map(|(record_no, learned)| State::Posted { record_no, learned }),
        (class(), code()).prop_map(|(class, code)| State::Rejected { class, code }),
        any::<String>().prop_map(|record_no| State::Conflict { record_no }),
        prop::collection::vec(".+", 0..4).prop_map(|record_nos| State::Duplicate { record_nos }),
        code().prop_map(|code| State::Held { code }),
        (any::<String>(), any::<String>()).prop_map(|(record_no, by)| State::Reversed { record_no, by }),
    ]
}

fn looks() -> impl Strategy<Value = Looks> {
    (any::<u32>(), any::<Option<i64>>(), any::<bool>(), any::<Option<i64>>())
        .prop_map(|(made, last_ms, controlled, absent_ms)| Looks { made, last_ms, controlled, absent_ms })
}

fn proof() -> impl Strategy<Value = Proof> {
    (any::<[i64; 3]>(), any::<bool>(), any::<bool>()).prop_map(|(times, repeated, consented)| Proof {
        last_byte_ms: times[0],
        first_look_ms: times[1],
        second_look_ms: times[2],
        repeated,
        consented,
    })
}

prop_compose! {
    fn posting()(
        state in state(),
        counts in any::<[u32; 5]>(),
        times in any::<[Option<i64>; 3]>(),
        recent_sends_ms in prop::collection::vec(any::<i64>(), 0..9),
        looks in looks(),
        flags in any::<[bool; 3]>(),
        failure in prop::option::of(class()),
        claimed in any::<Option<String>>(),
        proof in prop::option::of(proof()),
        alarm in prop::option::of(code()),
    ) -> Posting {
        Posting {
            state, recent_sends_ms, looks, failure, claimed, proof, alarm,
            attempts: counts[0], salt: counts[1], key_sends: counts[2], failures: counts[3], observations: counts[4],
            first_sent_ms: times[0], last_byte_ms: times[1], doubt_ms: times[2],
            repeated: flags[0], lapsed: flags[1], consented: flags[2],
        }
    }
}

proptest! {
    #[test]
    fn a_stored_posting_is_read_back_whole(posting in posting()) {
        let line = posting.encode();
        prop_assert!(line.is_ascii() && !line.contains('\n'));
        prop_assert_eq!(Posting::decode(&line), Ok(posting));
    }

    #[test]
    fn reading_never_panics(line in "\\PC*") {
        let _ = Posting::decode(&line);
    }

    #[test]
    fn a_damaged_line_is_refused_or_still_a_posting(posting in posting(), at in any::<prop::sample::Index>()) {
        let line = posting.encode();
        let _ = Posting::decode(&line[..at.index(line.len())]);
    }
}

#[test]
fn the_form_is_pinned() {
    let posted = State::Posted { record_no: "10 4,%".to_owned(), learned: Learned::Found };
    let posting = Posting { state: posted, attempts: 2, first_sent_ms: Some(-5), ..Posting::frozen() };
    let line = "state=posted record=10%204%2c%25 learned=found attempts=2 salt=0 key_sends=0 first_sent=-5 looks=0 failures=0 observations=0";
    assert_eq!(posting.encode(), line);
    assert_eq!(Posting::decode(line), Ok(posting));
}

#[test]
fn a_missing_or_malformed_field_is_named() {
    let field = |line: &str| Posting::decode(line).unwrap_err().field;
    assert_eq!(field(""), "state");
    assert_eq!(field("state=paid"), "state");
    assert_eq!(field("state=posted learned=found"), "record");
    assert_eq!(field("state=held code=999"), "code");
    assert_eq!(field("state=frozen attempts=-1"), "attempts");
    assert_eq!(field("state=frozen attempts=1 salt=0 key_sends=0 sends=1,x"), "sends");
    assert_eq!(field("state=conflict record=%4"), "record");
}

#[test]
fn names_are_read_back() {
    for (name, class) in [("session", RejectClass::Session), ("other", RejectClass::Other)] {
        assert_eq!((class.name(), RejectClass::parse(name)), (name, Some(class)));
    }
    assert_eq!(RejectClass::parse("Session"), None);
    assert_eq!(Learned::parse("found"), Some(Learned::Found));
    assert!(State::NAMES.contains(&State::Frozen.name()));
}
