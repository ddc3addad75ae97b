//! Joined tags, with their escapes and their holes.

use super::split_tags;

#[test]
fn levels_escapes_and_holes() {
    let cases: [(&str, &[Option<&str>]); 9] = [
        ("", &[]),
        ("Sales", &[Some("Sales")]),
        ("Parent:Child", &[Some("Parent"), Some("Child")]),
        (":Red Roof Inn", &[None, Some("Red Roof Inn")]),
        ("A::C", &[Some("A"), None, Some("C")]),
        ("A:", &[Some("A"), None]),
        (r"Venue Smart\:FIFA KC", &[Some("Venue Smart:FIFA KC")]),
        (r"back\slash:\:\:x", &[Some(r"back\slash"), Some("::x")]),
        ("Café ☕: spaced ", &[Some("Café ☕"), Some(" spaced ")]),
    ];
    for (joined, expected) in cases {
        let found = split_tags(joined);
        assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{joined}");
    }
}
