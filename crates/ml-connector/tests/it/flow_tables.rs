//! Tables of the mapping as CSV: what is written is read back the same, formulas are defused, and a document whose
//! table is replaced stays as it was everywhere else.

use std::collections::BTreeMap;

use accounting::{Dimension, FundSource, Mapping};
use ml_connector::flow::rule_edit::{RuleChange, with_rules};
use ml_connector::flow::table::{ExceptionBy, FILE_MAX_BYTES, MappingTable, RowChange, changed_rows, with_changes};
use ml_connector::flow::{Flow, differences};

const EXAMPLE: &str = include_str!("../../../../examples/flows/expenses.toml");

fn flow(text: &str) -> Flow {
    Flow::parse(text, "flow.toml", None).unwrap_or_else(|error| panic!("{error}"))
}

fn with_categories(rows: &[(&str, &str)]) -> Mapping {
    let mut mapping = flow(EXAMPLE).mapping;
    mapping.accounts.categories = rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    mapping
}

fn said(table: &MappingTable, bytes: &[u8]) -> String {
    table.rows(bytes).unwrap_err().to_string()
}

#[test]
fn a_table_comes_back_as_it_was_and_no_text_is_a_formula() {
    let rows = [
        ("=cmd|' /C calc'!A0", "6410"),
        ("+49 calls", "6300"),
        ("-", "6301"),
        ("@home", "-6302"),
        ("'=quoted", "6303"),
        ("''", "6304"),
        ("'plain", "6305"),
        ("a \"b\", c", "6306"),
        ("two\nlines", "6307"),
        ("Früchte ½", "6308"),
    ];
    let mapping = with_categories(&rows);
    let csv = MappingTable::Categories.to_csv(&mapping);
    let cells: Vec<&str> = csv.trim_start_matches('\u{FEFF}').split(['\n', ',']).collect();
    let formula = |cell: &&&str| cell.trim_matches('"').starts_with(['=', '+', '-', '@']);
    assert_eq!(cells.iter().filter(formula).collect::<Vec<_>>(), Vec::<&&str>::new(), "{csv}");
    let back = MappingTable::Categories.rows(csv.as_bytes()).unwrap();
    assert!(MappingTable::Categories.is_in(&mapping, &back), "{back:?}");
    // What a spreadsheet on another system makes of it.
    let bare = csv.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
    assert_eq!(MappingTable::Categories.rows(bare.as_bytes()).unwrap(), back);
}

#[test]
fn every_table_of_the_example_round_trips_and_leaves_the_document_alone() {
    let mapping = flow(EXAMPLE).mapping;
    let tables = MappingTable::of(&mapping);
    let cards = MappingTable::Exceptions(FundSource::CompanyCard, ExceptionBy::Cards);
    assert_eq!(tables, [MappingTable::Categories, MappingTable::Values(Dimension::Department), cards]);
    for table in tables {
        let rows = table.rows(table.to_csv(&mapping).as_bytes()).unwrap();
        assert!(table.is_in(&mapping, &rows));
        let same = table.put(EXAMPLE, &rows).unwrap();
        assert_eq!(flow(&same).mapping, mapping);
        if table == MappingTable::Categories {
            assert_eq!(same, EXAMPLE, "nothing changed, so nothing is rewritten");
        }
        assert_eq!(MappingTable::parse(&table.name()), Some(table));
    }
}

#[test]
fn a_changed_table_changes_its_lines_alone() {
    let mut rows = flow(EXAMPLE).mapping.accounts.categories;
    rows.remove("Postage");
    rows.insert("Airfare".to_owned(), "6411".to_owned());
    rows.insert("Team Offsite".to_owned(), "6520".to_owned());
    let changed = MappingTable::Categories.put(EXAMPLE, &rows).unwrap();
    assert_eq!(flow(&changed).mapping.accounts.categories, rows);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (before, after) = (lines(EXAMPLE), lines(&changed));
    let gone: Vec<&String> = before.difference(&after).collect();
    let new: Vec<&String> = after.difference(&before).collect();
    assert_eq!(gone, ["\"Airfare\" = \"6410\"", "\"Postage\" = \"6110\""]);
    assert_eq!(new, ["\"Airfare\" = \"6411\"", "\"Team Offsite\" = \"6520\""]);

    let difference = differences(EXAMPLE, &changed);
    let shown: Vec<(&str, Option<&str>, Option<&str>)> =
        difference.iter().map(|one| (one.key.as_str(), one.before.as_deref(), one.after.as_deref())).collect();
    assert_eq!(
        shown,
        [
            ("categories.\"Team Offsite\"", None, Some("\"6520\"")),
            ("categories.Airfare", Some("\"6410\""), Some("\"6411\"")),
            ("categories.Postage", Some("\"6110\""), None),
        ]
    );
    assert_eq!(differences(EXAMPLE, &format!("# a comment\n{EXAMPLE}")), []);
}

#[test]
fn tables_are_put_where_there_were_none_and_into_inline_ones() {
    let department = MappingTable::Values(Dimension::Department);
    let mut rows = flow(EXAMPLE).mapping.dimensions[&Dimension::Department].values.clone();
    rows.insert("Legal".to_owned(), "700".to_owned());
    let changed = department.put(EXAMPLE, &rows).unwrap();
    assert_eq!(flow(&changed).mapping.dimensions[&Dimension::Department].values, rows);

    let project = MappingTable::Values(Dimension::Project);
    let rows = BTreeMap::from([("Apollo".to_owned(), "P-1".to_owned())]);
    let changed = project.put(EXAMPLE, &rows).unwrap();
    assert_eq!(flow(&changed).mapping.dimensions[&Dimension::Project].values, rows);

    let task = MappingTable::Values(Dimension::Task);
    assert!(task.put(EXAMPLE, &rows).is_err(), "a dimension that the document does not name");

    let start = EXAMPLE.find("[categories]").unwrap();
    let end = EXAMPLE.find("[[rules]]").unwrap();
    let without = format!("{}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
    let changed = MappingTable::Categories.put(&without, &rows).unwrap();
    assert_eq!(flow(&changed).mapping.accounts.categories, rows);
}

#[test]
fn files_of_the_wrong_kind_are_refused_in_words() {
    let table = MappingTable::Categories;
    let utf16: Vec<u8> = "category,account\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(said(&table, &utf16).contains("UTF-16"));
    assert!(said(&table, &[&[0xFF, 0xFE], utf16.as_slice()].concat()).contains("UTF-16"));
    assert!(said(&table, b"category,account\n\xE4pfel,6410\n").contains("UTF-8"));
    assert!(said(&table, &vec![b' '; FILE_MAX_BYTES + 1]).contains("5 MiB"));
    assert!(said(&table, b"").contains("empty"));
    assert!(said(&table, b"text,id\na,1\n").contains("the header must be category,account"));
    let many = said(&table, b"category,account\nAirfare,6410\n,6411\nairfare ,6412\nb,\n");
    assert!(many.contains("line 3: the category is blank") && many.contains("line 5"), "{many}");
    assert!(said(&table, b"category,account\nAirfare,6410\nairfare ,6412\n").contains("line 2"));
}

fn change(table: MappingTable, text: &str, target: Option<&str>) -> RowChange {
    RowChange { table, text: text.to_owned(), target: target.map(str::to_owned) }
}

#[test]
fn single_rows_change_in_every_kind_of_table_and_nothing_else_does() {
    let before = flow(EXAMPLE);
    let department = MappingTable::Values(Dimension::Department);
    let cards = MappingTable::Exceptions(FundSource::CompanyCard, ExceptionBy::Cards);
    let kinds = MappingTable::Exceptions(FundSource::Reimbursable, ExceptionBy::Kinds);
    let changes = [
        change(MappingTable::Categories, " AIRFARE ", Some("6411")),
        change(MappingTable::Categories, "Team Offsite", Some("6520")),
        change(MappingTable::Categories, "Postage", None),
        change(MappingTable::Categories, "Never Seen", None),
        change(department, "Legal", Some("700")),
        change(MappingTable::Offsets, "reimbursable", Some("2011")),
        change(cards, "9999", Some("2052")),
        change(kinds, "mileage", Some("2012")),
    ];
    let document = with_changes(&before, &changes).unwrap();
    let after = flow(&document);
    let shown: Vec<(String, String, Option<String>, Option<String>)> = changed_rows(&before.mapping, &after.mapping)
        .into_iter()
        .map(|change| (change.table.name(), change.text, change.before, change.after))
        .collect();
    let row = |table: &str, text: &str, before: Option<&str>, after: Option<&str>| {
        (table.to_owned(), text.to_owned(), before.map(str::to_owned), after.map(str::to_owned))
    };
    assert_eq!(
        shown,
        [
            row("categories", "Airfare", Some("6410"), Some("6411")),
            row("categories", "Team Offsite", None, Some("6520")),
            row("categories", "Postage", Some("6110"), None),
            row("department", "Legal", None, Some("700")),
            row("offsets", "reimbursable", Some("2010"), Some("2011")),
            row("offsets.reimbursable.kinds", "mileage", None, Some("2012")),
            row("offsets.company_card.cards", "9999", None, Some("2052")),
        ]
    );
    let comments = |text: &str| text.matches('#').count();
    assert_eq!(comments(&document), comments(EXAMPLE), "comments stay");
    // Back again, row by row: the meaning is what it was.
    let back: Vec<RowChange> = changed_rows(&after.mapping, &before.mapping)
        .into_iter()
        .map(|row| RowChange { table: row.table, text: row.text, target: row.after })
        .collect();
    assert_eq!(flow(&with_changes(&after, &back).unwrap()).mapping, before.mapping);
    assert_eq!(with_changes(&before, &[]).unwrap(), EXAMPLE);
}

#[test]
fn rows_that_cannot_be_changed_are_all_named() {
    let before = flow(EXAMPLE);
    let changes = [
        change(MappingTable::Categories, "  ", Some("1")),
        change(MappingTable::Categories, "a", Some(" ")),
        change(MappingTable::Values(Dimension::Task), "a", Some("1")),
        change(MappingTable::Offsets, "reimbursable", None),
        change(MappingTable::Categories, "Airfare", Some("1")),
        change(MappingTable::Categories, "airfare", Some("2")),
    ];
    let said = with_changes(&before, &changes).unwrap_err();
    let lines: Vec<usize> = said.problems.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 6], "{said}");
    let other = [change(MappingTable::Offsets, "other", Some("2060"))];
    assert!(with_changes(&before, &other).is_err(), "an offset that the document does not name");
}

#[test]
fn a_file_that_a_person_filled_in_may_have_more_columns_and_blank_targets() {
    let table = MappingTable::Categories;
    let text = "category,account,status,code\nAirfare,6410,mapped,\nParking,,unmapped,77\n'=x,6420\n";
    let rows = table.filled_rows(text.as_bytes()).unwrap();
    assert_eq!(rows, BTreeMap::from([("Airfare".into(), "6410".into()), ("=x".into(), "6420".into())]));
    let said = table.filled_rows(b"category,account\n,1\nonly\nA,1\na,2\n").unwrap_err().to_string();
    assert!(said.contains("line 2: the category is blank") && said.contains("line 3: two columns"), "{said}");
    assert!(table.filled_rows(b"text,id\na,1\n").is_err());
    let said = table.filled_rows(b"category,account\nA,1\na,2\n").unwrap_err().to_string();
    assert!(said.contains("line 3: 'a' stands in line 2 already"), "{said}");
}

#[test]
fn rules_change_their_account_go_and_come_and_nothing_else_moves() {
    let before = flow(EXAMPLE);
    let when = BTreeMap::from([
        ("category".to_owned(), "Airfare \"X\"".to_owned()),
        ("amount_at_least".to_owned(), "1000.00 USD".to_owned()),
    ]);
    let add = RuleChange::Add(when, "6411".to_owned());
    let document = with_rules(&before, &[RuleChange::Account(1, " 6426 ".to_owned()), add.clone()]).unwrap();
    let after = flow(&document);
    let accounts: Vec<&str> = after.mapping.accounts.rules.iter().map(|rule| rule.account.as_str()).collect();
    assert_eq!(accounts, ["6426", "6411"]);
    assert_eq!(after.mapping.accounts.rules[1].when.category.as_deref(), Some("Airfare \"X\""));
    let gone: Vec<&str> = EXAMPLE.lines().filter(|line| !document.contains(line)).collect();
    assert_eq!(gone, ["account = \"6425\""], "every other line is still there");
    let back = with_rules(&after, &[RuleChange::Remove(2), RuleChange::Account(1, "6425".to_owned())]).unwrap();
    assert_eq!(back, EXAMPLE, "what was added went without a trace");
    let none = with_rules(&before, &[RuleChange::Remove(1)]).unwrap();
    assert_eq!(flow(&none).mapping.accounts.rules, []);
    let first = with_rules(&flow(&none), &[add]).unwrap();
    assert_eq!(flow(&first).mapping.accounts.rules.len(), 1);
    assert!(with_rules(&before, &[RuleChange::Remove(2)]).unwrap_err().contains("no rule 2"));
    let both = [RuleChange::Remove(1), RuleChange::Account(1, "1".to_owned())];
    assert!(with_rules(&before, &both).is_err());
    let start = EXAMPLE.find("[[rules]]").unwrap();
    let end = EXAMPLE.find("[dimensions.department]").unwrap();
    let list = "rules = [ { when = { category = \"a\" }, account = \"1\" } ]\n";
    let inline = format!("{list}{}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
    assert!(with_rules(&flow(&inline), &[RuleChange::Remove(1)]).is_err(), "it says so, and breaks nothing");
}
