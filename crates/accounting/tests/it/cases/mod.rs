//! Golden cases that a controller can read: `tests/cases/NAME/{report,mapping,chart,expected}.txt`. The mapping and
//! the chart of a case say only what differs from `tests/cases/base`. `UPDATE_CASES=1` writes what comes out into
//! the expected files, for a person to read before it is committed.

pub mod chart;
pub mod mapping;
pub mod report;
mod show;

use std::fs;
use std::path::{Path, PathBuf};

use accounting::{Chart, Translation, translate};

/// The lines of a file: what stands before the first colon that a space or the line's end follows, and what comes
/// after it. Blank lines and those that begin with `#` are for the reader.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let bare = || (line.strip_suffix(':').unwrap_or(line), "");
        let (key, value) = line.split_once(": ").unwrap_or_else(bare);
        (key.trim(), value.trim())
    })
}

/// A list as `a, b, c`; nothing where the text is blank.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The outcome of the case in `folder` in words.
fn outcome(folder: &Path, base: &Path) -> String {
    let optional = |name: &str| Some(folder.join(name)).filter(|path| path.exists()).map(|path| read(&path));
    let mut rules = mapping::empty();
    mapping::apply(&mut rules, &read(&base.join("mapping.txt")));
    optional("mapping.txt").iter().for_each(|text| mapping::apply(&mut rules, text));
    let mut books = Chart::default();
    chart::apply(&mut books, &read(&base.join("chart.txt")));
    optional("chart.txt").iter().for_each(|text| chart::apply(&mut books, text));
    let (report, setting) = report::parse(&read(&folder.join("report.txt")));
    let translation = translate(&report, &rules, &books, &setting);
    if let Translation::Ready(plan) = &translation {
        let entries = plan.entries.iter().map(|entry| entry.amount.minor).sum::<i64>();
        assert_eq!(entries, plan.amount.minor, "{}", folder.display());
    }
    show::translation(&translation)
}

#[test]
fn every_case_comes_out_as_expected() {
    let folder = folder();
    let base = folder.join("base");
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir() && *case != base);
    cases.sort();
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = case.join("expected.txt");
        let found = outcome(case, &base);
        if update {
            fs::write(&expected, found).unwrap();
        } else if read(&expected) != found {
            wrong.push(format!("--- {}\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases came out otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_case_goes_without_its_expectation_being_told_apart() {
    // Two cases with the same outcome and the same inputs would test one thing twice.
    let folder = folder();
    let mut seen = std::collections::HashMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let case = entry.unwrap().path();
        if !case.join("report.txt").exists() {
            continue;
        }
        let optional = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let inputs = [optional("report.txt"), optional("mapping.txt"), optional("chart.txt")].concat();
        if let Some(other) = seen.insert(inputs, case.clone()) {
            panic!("{} repeats {}", case.display(), other.display());
        }
    }
}
