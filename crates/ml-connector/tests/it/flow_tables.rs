//! Tables of the mapping as CSV: what is written is read back the same, formulas are defused, and a document whose
//! table is replaced stays as it was everywhere else.

use std::collections::BTreeMap;

use accounting::{Dimension, Mapping};
use ml_connector::flow::table::{FILE_MAX_BYTES, MappingTable};
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
    assert_eq!(tables, [MappingTable::Categories, MappingTable::Values(Dimension::Department)]);
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
