//! What is proposed for a text that leads nowhere, by which evidence, and where texts lead.

use std::collections::BTreeMap;

use accounting::coverage::{Coverage, Kind, Standing, Through};
use accounting::mapping::{DimensionRule, Matching, Missing, ValueSource};
use accounting::suggest::{Catalogue, Evidence, likeness};
use accounting::translate::fold;
use accounting::uses::{Count, Counted, Place};
use accounting::{Account, Chart, Currency, Dimension, Expense, SourceAmount, Value};
use proptest::prelude::*;

use crate::{cases, generate};

const ACCOUNTS: [(&str, &str); 8] = [
    ("6100", "Office supplies"),
    ("6110", "Postage and delivery"),
    ("6410", "Travel - Airfare"),
    ("6415", "Travel - Lodging"),
    ("6420", "Meals & entertainment"),
    ("6425", "Client entertainment"),
    ("6500", "Software subscriptions"),
    ("7000", "Expenses"),
];

fn first(text: &str, code: Option<&str>, history: &[(&str, u32)]) -> Option<(String, u8, Vec<Evidence>)> {
    let history = history.iter().map(|(id, flows)| ((*id).to_owned(), *flows)).collect();
    let found = Catalogue::new(ACCOUNTS).suggest(text, code, &history, 3);
    found.into_iter().next().map(|one| (one.id, one.score, one.evidence))
}

#[test]
fn names_that_mean_the_same_are_found_and_others_are_not() {
    for (text, id) in [
        ("Airfare", "6410"),
        ("Airfares", "6410"),
        ("Lodging", "6415"),
        ("Meals and Entertainment", "6420"),
        ("Entertainment, meals", "6420"),
        ("Ofice Suplies", "6100"),
        ("Software Subscription", "6500"),
    ] {
        let found = first(text, None, &[]).unwrap_or_else(|| panic!("nothing for {text}"));
        assert_eq!(found.0, id, "{text}: {found:?}");
        assert!(matches!(found.2.as_slice(), [Evidence::Name(_)]), "{found:?}");
        assert!(found.1 <= 85, "names alone are no certainty: {found:?}");
    }
    for text in ["Parking", "Zoo", "", "---", "7"] {
        assert_eq!(first(text, None, &[]), None, "{text}");
    }
}

#[test]
fn a_code_and_history_are_stronger_than_a_name_and_add_up() {
    let by_name = first("Airfare", None, &[]).unwrap();
    let by_code = first("Airfare", Some("6415"), &[]).unwrap();
    assert_eq!((by_code.0.as_str(), by_code.1), ("6415", 92), "the source's own code wins over a name");
    assert!(by_code.1 > by_name.1);
    let by_history = first("Parking", None, &[("6415", 2)]).unwrap();
    assert_eq!((by_history.0.as_str(), by_history.1, by_history.2), ("6415", 88, vec![Evidence::History(2)]));
    let all = first("Airfare", Some("6410"), &[("6410", 1)]).unwrap();
    assert_eq!((all.0.as_str(), all.1, all.2.len()), ("6410", 100, 3));
    assert_eq!(first("Parking", Some("9999"), &[("1", 1)]), None, "what the ledger does not have is not proposed");
}

#[test]
fn likeness_is_the_same_both_ways() {
    assert_eq!(likeness("Meals & Entertainment", "entertainment AND meals"), 100);
    assert_eq!(likeness("Airfare", "Airfare"), 100);
    assert_eq!(likeness("", "Airfare"), 0);
    assert!(likeness("Airfare", "Travel - Airfare") > likeness("Airfare", "Welfare"));
}

proptest! {
    #[test]
    fn likeness_never_fails_and_is_symmetric(left in ".{0,40}", right in ".{0,40}") {
        let alike = likeness(&left, &right);
        prop_assert_eq!(alike, likeness(&right, &left));
        prop_assert!(alike <= 100);
    }

    /// What is counted in and out again leaves nothing, whatever the reports hold.
    #[test]
    fn a_report_counted_out_leaves_nothing(report in generate::fine_report()) {
        let counted = Counted { always: true, asked: [Place::Cardholder].into() };
        let mut count = Count::default();
        count.add(&report, 1, &counted);
        let total: i64 = report.expenses.iter().map(generate::minor).sum();
        let policies: Vec<_> = count.found.iter().filter(|(key, _)| key.place == Place::Cardholder).collect();
        prop_assert_eq!(policies.len(), 1);
        prop_assert_eq!(policies[0].1.amount_minor, total, "every expense counts once at a place of the report");
        count.add(&report, -1, &counted);
        prop_assert!(count.found.values().all(|found| found.expenses == 0 && found.amount_minor == 0));
    }
}

#[test]
fn texts_are_counted_where_they_stand() {
    let mut report = generate::plain_report();
    report.currency = Some("USD".to_owned());
    report.fields.insert("Cost_Center".to_owned(), "CC 7".to_owned());
    let expense = |category: &str, units| Expense {
        id: category.to_owned(),
        category: Some(category.to_owned()),
        category_code: Some("6410".to_owned()),
        currency: Some("USD".to_owned()),
        original: Some(SourceAmount { units, scale: 2 }),
        ..Expense::default()
    };
    report.expenses = vec![expense("Airfare", 1_000), expense(" airfare ", -200), expense("Lodging", 50)];
    let field = Place::ReportField("cost center".to_owned());
    let mut count = Count::default();
    count.add(&report, 1, &Counted { always: true, asked: [field.clone()].into() });
    let usd = Some(Currency::parse("USD").unwrap());
    let of = |place: &Place, text: &str| {
        let key = accounting::uses::Key { place: place.clone(), folded: fold(text).into_owned(), currency: usd };
        count.found.get(&key).map(|found| (found.expenses, found.amount_minor, found.beside.as_deref()))
    };
    assert_eq!(of(&Place::Category, "AIRFARE"), Some((2, 800, Some("6410"))));
    assert_eq!(of(&Place::Category, "Lodging"), Some((1, 50, Some("6410"))));
    assert_eq!(of(&field, "cc 7"), Some((3, 850, None)), "a field is found however the source spells its name");
    assert_eq!(of(&Place::Feed, ""), None);
    for place in [Place::Category, Place::Tag(3), field, Place::Policy, Place::Card, Place::Feed, Place::Kind] {
        assert_eq!(Place::parse(&place.to_string()), Some(place));
    }
}

fn chart() -> Chart {
    let mut chart = Chart::default();
    for (number, active) in [("6410", true), ("6420", false)] {
        let account = Account { number: number.to_owned(), active, ..Account::default() };
        chart.accounts.insert(number.to_owned(), account);
    }
    let value = |id: &str, name: &str, active| Value { id: id.into(), name: name.into(), active, ..Value::default() };
    let values = [value("200", "Sales", true), value("201", "Sales", false), value("300", "Old", false)];
    let values = values.into_iter().map(|value| (value.id.clone(), value));
    chart.values.insert(Dimension::Department, values.collect());
    chart
}

#[test]
fn a_text_leads_where_a_translation_would_lead_it() {
    let chart = chart();
    let mut mapping = cases::mapping::empty();
    let rows = [("Airfare", "6410"), ("Meals", "6420"), ("Gifts", "9")];
    mapping.accounts.categories = rows.iter().map(|(text, id)| ((*text).to_owned(), (*id).to_owned())).collect();
    let table = mapping.accounts.categories.clone();
    let led = |mapping: &_, text: &str, code| {
        let led = Coverage::new(mapping, &chart, Kind::Account, &table, true).of(text, code);
        (led.standing, led.through)
    };
    assert_eq!(led(&mapping, " AIRFARE", None), (Standing::Mapped, Some(Through::Table)));
    assert_eq!(led(&mapping, "meals", None), (Standing::Inactive, Some(Through::Table)));
    assert_eq!(led(&mapping, "gifts", None), (Standing::Unknown, Some(Through::Table)));
    assert_eq!(led(&mapping, "Parking", Some("6410")), (Standing::Unmapped, None));
    mapping.accounts.use_source_codes = true;
    assert_eq!(led(&mapping, "Parking", Some("6410")), (Standing::Mapped, Some(Through::SourceCode)));
    assert_eq!(led(&mapping, "Uncategorized", Some("6410")), (Standing::Unmapped, None));

    let rule = |matching| DimensionRule {
        from: ValueSource::Tag(1),
        matching,
        values: BTreeMap::new(),
        fallback: Vec::new(),
        missing: Missing::Hold,
    };
    let empty = BTreeMap::new();
    let mut by = |matching, text: &str| {
        mapping.dimensions.insert(Dimension::Department, rule(matching));
        let led = Coverage::new(&mapping, &chart, Kind::Value(Dimension::Department), &empty, false).of(text, None);
        (led.standing, led.target)
    };
    assert_eq!(by(Matching::Table, "200"), (Standing::Unmapped, None));
    assert_eq!(by(Matching::Id, "200"), (Standing::Mapped, Some("200".to_owned())));
    assert_eq!(by(Matching::Name, "sales"), (Standing::Mapped, Some("200".to_owned())), "the one that is active");
    assert_eq!(by(Matching::Name, "old"), (Standing::Inactive, Some("300".to_owned())));
}
