//! Which requests a rule fires on, and how a wrong fault file is refused.

use super::*;

fn fired(rule: &str, requests: u64) -> Vec<u64> {
    let mut script = Script::new(Faults::from_json(&format!("[{rule}]")).unwrap());
    (1..=requests)
        .filter(|_| true)
        .filter(|_| script.decide(Vendor::Intacct, &["login", "create"], b"<create/>").rule.is_some())
        .collect()
}

#[test]
fn rules_fire_where_they_say() {
    let cases: &[(&str, &[u64])] = &[
        (r#"{"on":"create","nth":2,"action":"http_500"}"#, &[2]),
        (r#"{"on":"any","every":2,"action":"http_500"}"#, &[2, 4, 6]),
        (r#"{"on":"login","after":4,"action":"http_500"}"#, &[5, 6]),
        (r#"{"after":1,"count":2,"action":"http_500"}"#, &[2, 3]),
        (r#"{"on":"query","action":"http_500"}"#, &[]),
        (r#"{"vendor":"expensify","action":"http_500"}"#, &[]),
        (r#"{"contains":"<create","nth":1,"action":"http_500"}"#, &[1]),
        (r#"{"contains":"<delete","action":"http_500"}"#, &[]),
        (r#"{"probability":0,"action":"http_500"}"#, &[]),
        (r#"{"probability":1,"action":"http_500"}"#, &[1, 2, 3, 4, 5, 6]),
        (r#"{"action":"delay","latency_ms":5}"#, &[]),
    ];
    for (rule, expected) in cases {
        assert_eq!(&fired(rule, 6), expected, "{rule}");
    }
}

#[test]
fn draws_follow_the_seed_and_the_probability() {
    let hits = |seed: u64| {
        let faults = format!(r#"{{"seed":{seed},"rules":[{{"probability":0.25,"action":"http_500"}}]}}"#);
        let mut script = Script::new(Faults::from_json(&faults).unwrap());
        (0..4000).map(|_| script.decide(Vendor::Intacct, &[], b"").rule.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(hits(7), hits(7));
    assert_ne!(hits(7), hits(8));
    let count = hits(7).iter().filter(|h| **h).count();
    assert!((900..1100).contains(&count), "{count}");
}

#[test]
fn latencies_add_up_and_the_first_action_wins() {
    let text =
        r#"{"latency_ms":3,"rules":[{"latency_ms":4},{"action":"http_500"},{"action":"http_502","latency_ms":5}]}"#;
    let decision = Script::new(Faults::from_json(text).unwrap()).decide(Vendor::Expensify, &["export"], b"");
    assert_eq!((decision.latency_ms, decision.action()), (12, Action::Http500));
}

#[test]
fn a_wrong_file_says_what_where_and_the_remedy() {
    for (text, part) in [
        ("{", "line 1"),
        ("3", "an object or a list"),
        (r#"{"rulez":[]}"#, "known keys"),
        (r#"[{"on":"create"},{"action":"explode"}]"#, "rules[1]"),
        (r#"[{"nth":0}]"#, "count from 1"),
        (r#"[{"probability":1.5}]"#, "0 to 1"),
        (r#"[{"on":""}]"#, "any"),
        (r#"{"rules":{}}"#, "is a list"),
    ] {
        let error = Faults::from_json(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn faults_survive_a_round_trip() {
    let faults = Faults {
        rules: vec![Rule { commit: true, bytes: 9, ..Rule::nth(Vendor::Intacct, "create", 1, Action::Truncate) }],
        ..Faults::default()
    };
    assert_eq!(Faults::from_json(&serde_json::to_string(&faults).unwrap()).unwrap(), faults);
}
