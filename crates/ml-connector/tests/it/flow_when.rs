//! What a flow document says about time, control and messages: defaults, and every option at the value it stands for.

use accounting::schedule::{Blackout, Freeze, Which};
use accounting::{Amount, Cadence, Currency};
use jiff::civil::{date, time};
use jiff::tz::TimeZone;
use ml_connector::flow::{About, Control, Flow, HandOver, Identifier, Notify, Receiver, Schedule, SecretRef};

use crate::flow::{flows, load};

fn cadence(text: &str) -> Cadence {
    Cadence::parse(text).unwrap()
}

fn usd(figure: &str) -> Option<Amount> {
    Some(Amount::parse(figure, Currency::parse("USD").unwrap()).unwrap())
}

/// `minimal.toml` with these lines at its end.
fn with(lines: &str) -> Flow {
    let text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    Flow::parse(&format!("{text}\n{lines}\n"), "with.toml", None).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_absent_has_its_default() {
    let flow = load("minimal.toml");
    let expected = Schedule {
        time_zone: "UTC".to_owned(),
        zone: TimeZone::get("UTC").unwrap(),
        poll: cadence("*/15 * * * *"),
        refresh: cadence("0 5 * * *"),
        sweep: cadence("0 2 * * *"),
        reconcile: cadence("daily at 03:00"),
        blackout: Vec::new(),
        freeze: Vec::new(),
        chart_max_age_hours: 24,
    };
    assert_eq!(flow.schedule, expected);
    let expected = Control {
        hand_over: HandOver::Ask,
        review_first: 10,
        two_person: false,
        approve_above: None,
        ceiling_day: None,
        auto_release: true,
        watch_days: 60,
        silence_days: None,
    };
    assert_eq!(flow.control, expected);
    assert!(flow.notify.is_empty());
}

#[test]
fn every_option_is_read() {
    let flow = load("everything.toml");
    let expected = Schedule {
        time_zone: "America/Argentina/Buenos_Aires".to_owned(),
        zone: TimeZone::get("America/Argentina/Buenos_Aires").unwrap(),
        poll: cadence("5,15,25,35,45,55 8-18 * * 1-5"),
        refresh: cadence("0 4 1,15 1-6 *"),
        sweep: cadence("30 23 * * SUN"),
        reconcile: cadence("2 weekdays after month end at 06:30"),
        blackout: vec![
            Blackout::Days { first: date(2026, 12, 31), last: date(2026, 12, 31) },
            Blackout::Days { first: date(2026, 12, 24), last: date(2027, 1, 2) },
            Blackout::Daily { from: time(22, 0, 0, 0), until: time(6, 0, 0, 0) },
        ],
        freeze: vec![
            Freeze::Month { which: Which::Last, count: 3, weekdays: false },
            Freeze::Month { which: Which::First, count: 5, weekdays: true },
            Freeze::Days { first: date(2027, 1, 4), last: date(2027, 1, 8) },
        ],
        chart_max_age_hours: 6,
    };
    assert_eq!(flow.schedule, expected);
    let expected = Control {
        hand_over: HandOver::Off,
        review_first: 0,
        two_person: true,
        approve_above: usd("1000.00"),
        ceiling_day: usd("250000.00"),
        auto_release: false,
        watch_days: 90,
        silence_days: Some(5),
    };
    assert_eq!(flow.control, expected);
    let expected = vec![
        Notify {
            to: Receiver::Mail("ada@example.com".to_owned()),
            about: [About::Held, About::Approval].into(),
            secret: None,
            digest: cadence("weekdays at 07:15"),
        },
        Notify {
            to: Receiver::Webhook(Identifier::Literal("https://hooks.example.com/expenses".to_owned())),
            about: About::ALL.into(),
            secret: Some(SecretRef::Env("WEBHOOK_SECRET".to_owned())),
            digest: cadence("daily at 08:00"),
        },
        Notify {
            to: Receiver::Chat(Identifier::Reference(SecretRef::Sealed("chat_url".to_owned()))),
            about: [About::AllClear].into(),
            secret: None,
            digest: cadence("daily at 08:00"),
        },
    ];
    assert_eq!(flow.notify, expected);
}

#[test]
fn the_stated_defaults_of_a_receiver_are_the_real_ones() {
    let plain = with("[[notify]]\nto = \"mailto:ada@example.com\"").notify;
    let stated = ml_connector::flow::keys::NOTIFY.keys.iter().filter_map(|key| match key.absent {
        ml_connector::flow::keys::Absent::Default(toml) => Some(format!("{} = {toml}\n", key.name)),
        _ => None,
    });
    let stated: String = stated.collect();
    assert!(stated.contains("about") && stated.contains("digest"), "{stated}");
    assert_eq!(with(&format!("[[notify]]\nto = \"mailto:ada@example.com\"\n{stated}")).notify, plain);
}

#[test]
fn one_freeze_needs_no_list() {
    let one = with("[schedule]\nfreeze = \"last 3 days of the month\"").schedule.freeze;
    assert_eq!(one, with("[schedule]\nfreeze = [\"last 3 days of the month\"]").schedule.freeze);
    assert_eq!(one, [Freeze::Month { which: Which::Last, count: 3, weekdays: false }]);
}

#[test]
fn every_entry_may_need_an_approval() {
    assert_eq!(with("[control]\napprove_above = \"0.00 USD\"").control.approve_above, usd("0.00"));
    // Nobody needs to be there yet who could approve: then everything waits.
    let text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    let text = format!("mode = \"post\"\n{text}\n[control]\ntwo_person = true\n");
    assert!(Flow::parse(&text, "two.toml", None).unwrap_or_else(|error| panic!("{error}")).control.two_person);
}

#[test]
fn tests_may_name_this_machine() {
    for url in ["http://127.0.0.1:8080/hook", "http://localhost:8080/hook"] {
        let flow = with(&format!("[[notify]]\nto = \"chat:{url}\""));
        assert_eq!(flow.notify[0].to, Receiver::Chat(Identifier::Literal(url.to_owned())));
    }
}
