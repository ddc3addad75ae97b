//! The identity of a posting: the same on every machine and after every loss, and never shared by two entries.

use std::collections::BTreeSet;

use accounting::FundSource;
use accounting::identity::{Kind, PostingKey, Reference, Scope, family_prefix};
use proptest::prelude::*;

fn key(company: &str, report: &str) -> PostingKey {
    PostingKey {
        company: company.to_owned(),
        report: report.to_owned(),
        scope: Scope::Fund(FundSource::Reimbursable),
        kind: Kind::Entry,
        generation: 0,
        part: 0,
    }
}

const KINDS: [Kind; 4] = [Kind::Entry, Kind::Reversal, Kind::Difference, Kind::DifferenceReversal];

const SCOPES: [Scope; 4] = [
    Scope::Fund(FundSource::Reimbursable),
    Scope::Fund(FundSource::CompanyCard),
    Scope::Fund(FundSource::Other),
    Scope::WholeReport,
];

#[test]
fn the_reference_of_a_known_report_never_changes() {
    // Computed apart from this code, and pinned: a changed value would hide every entry that was posted under it.
    let reference = key("ACME", "R00bCluvcO4T").reference().unwrap();
    assert_eq!(reference.as_str(), "MLCVYFOWAGHZFKKBRAAA");
    assert_eq!(reference.control_id("ACME", 0), "mlc1-4HQLO2NMVFBKJ3UEMT245XTTL7DFGKME-k0");
}

#[test]
fn every_entry_of_a_report_has_its_own_reference_in_one_family() {
    let mut seen = BTreeSet::new();
    for (scope, kind) in SCOPES.into_iter().flat_map(|scope| KINDS.map(|kind| (scope, kind))) {
        for generation in 0..32 {
            for part in (0..1024).step_by(17).chain([1023]) {
                let key = PostingKey { scope, kind, generation, part, ..key("ACME", "R1") };
                let reference = key.reference().unwrap();
                assert_eq!(reference.as_str().len(), 20);
                assert_eq!(reference.family_prefix(), family_prefix("ACME", "R1"));
                assert_eq!(Reference::parse(reference.as_str()).as_ref(), Some(&reference));
                assert_eq!(reference.scope_and_kind(), Some((scope, kind)));
                assert!(seen.insert(reference));
            }
        }
    }
}

#[test]
fn what_takes_an_entry_back_is_told_by_the_entry_and_is_not_taken_back_itself() {
    let entry = key("ACME", "R00bCluvcO4T");
    let reversal = entry.reversal().unwrap();
    assert_eq!(reversal.reference().unwrap().as_str(), "MLCVYFOWAGHZFKKBSAAA");
    assert_eq!((reversal.kind, reversal.generation, reversal.part), (Kind::Reversal, entry.generation, entry.part));
    assert_eq!(reversal.reversal(), None);
    for kind in KINDS {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
        assert_eq!(kind.is_reversal(), kind.reversal().is_none());
    }
}

#[test]
fn what_does_not_fit_is_refused_and_not_folded() {
    assert!(PostingKey { generation: 32, ..key("ACME", "R1") }.reference().is_err());
    assert!(PostingKey { part: 1024, ..key("ACME", "R1") }.reference().is_err());
    assert!(PostingKey { part: u16::MAX, generation: u8::MAX, ..key("ACME", "R1") }.reference().is_err());
}

#[test]
fn a_salt_changes_the_control_id_and_nothing_else() {
    let reference = key("ACME", "R1").reference().unwrap();
    let ids: BTreeSet<String> = (0..50).map(|salt| reference.control_id("ACME", salt)).collect();
    assert_eq!(ids.len(), 50);
    for id in &ids {
        let (stem, salt) = id.rsplit_once("-k").unwrap();
        assert!(salt.parse::<u32>().is_ok());
        assert_eq!(stem.len(), "mlc1-".len() + 32);
        assert!(id.len() <= 256, "longer than the gateway takes");
    }
}

#[test]
fn foreign_texts_are_no_references() {
    for text in [
        "",
        "MLC",
        "MLCAAAAAAAAAAAAAR",
        "mlcaaaaaaaaaaaaaaraa",
        "XYZAAAAAAAAAAAAARAAA",
        "MLCAAAAAAAAAAAAARAA1",
        "MLCAAAAAAAAAAAAAR AA",
    ] {
        assert_eq!(Reference::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn other_companies_and_reports_have_other_families(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}", d in ".{0,12}") {
        prop_assert_eq!(family_prefix(&a, &b) == family_prefix(&c, &d), (a, b) == (c, d));
    }

    #[test]
    fn the_same_facts_give_the_same_keys(company in ".{0,20}", report in ".{0,20}", generation in 0u8..32, part in 0u16..1024) {
        let key = PostingKey { generation, part, ..key(&company, &report) };
        let reference = key.reference().unwrap();
        prop_assert_eq!(&reference, &key.clone().reference().unwrap());
        prop_assert_eq!(reference.control_id(&company, 0), key.reference().unwrap().control_id(&company, 0));
        prop_assert!(reference.as_str().bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)));
    }

    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        if let Some(reference) = Reference::parse(&text) {
            prop_assert_eq!(reference.as_str(), text);
            let _ = reference.family_prefix();
        }
    }
}
