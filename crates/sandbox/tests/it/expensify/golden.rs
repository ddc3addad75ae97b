//! Templates as others write them, printed as FreeMarker 2.3.31 printed them over the same data.
//!
//! The `.out` files were made by FreeMarker itself, in batches of five. When the seeded company changes on purpose,
//! they have to be made again; a difference for any other reason is a fault.

use super::harness::{approved_job, server, unlimited};
use sandbox::expensify::{Assumptions, MissingValues};

fn check(name: &str, template: &str, expected: &str, missing_values: MissingValues) {
    let mut server = server(16, Assumptions { missing_values, batch_reports: 5, ..unlimited() });
    let printed = server.fetch(approved_job(), template);
    let (mut lines, mut wanted) = (printed.split('\n'), expected.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        match (lines.next(), wanted.next()) {
            (None, None) => return,
            (line, wanted) => assert_eq!(line, wanted, "{name}, line {number}"),
        }
    }
}

#[test]
fn a_careful_template() {
    let (template, expected) = (include_str!("golden/careful.ftl"), include_str!("golden/careful.out"));
    check("careful", template, expected, MissingValues::Strict);
    check("careful", template, expected, MissingValues::Lenient);
}

#[test]
fn a_sloppy_template() {
    let (template, expected) = (include_str!("golden/sloppy.ftl"), include_str!("golden/sloppy.out"));
    check("sloppy", template, expected, MissingValues::Lenient);
}

#[test]
fn json_lines_with_a_header_in_the_first_batch_only() {
    let (template, expected) = (include_str!("golden/lines.ftl"), include_str!("golden/lines.out"));
    check("lines", template, expected, MissingValues::Strict);
    assert_eq!(expected.matches("\"format\"").count(), 1);
}

#[test]
fn macros_functions_dates_and_lists() {
    let (template, expected) = (include_str!("golden/features.ftl"), include_str!("golden/features.out"));
    check("features", template, expected, MissingValues::Strict);
}

#[test]
fn a_careful_array_breaks_at_the_seams_of_batches() {
    let mut batched = server(16, Assumptions { batch_reports: 5, ..unlimited() });
    let template = include_str!("golden/careful.ftl");
    assert!(serde_json::from_str::<serde_json::Value>(&batched.fetch(approved_job(), template)).is_err());
    let mut whole = server(16, Assumptions { batch_reports: 0, ..unlimited() });
    let parsed: serde_json::Value = serde_json::from_str(&whole.fetch(approved_job(), template)).unwrap();
    assert_eq!(parsed.as_array().map(Vec::len), Some(14));
}
