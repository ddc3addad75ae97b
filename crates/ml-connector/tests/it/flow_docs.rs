//! Pages that are made of tables in the program: the reference of the flow file, and the problem codes. Also that
//! the stated defaults are the real ones, and that the examples parse. `UPDATE_DOCS=1` writes the pages anew.

use std::path::{Path, PathBuf};

use ml_connector::flow::key_page::with_tables;
use ml_connector::flow::keys::{Absent, TABLES, Table};
use ml_connector::flow::{Flow, Mode};
use ml_connector::problem_page::problem_page;

use crate::flow::flows;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn compare(page: &str, made: impl Fn(&str) -> String) {
    let path = root().join("docs").join(page);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let expected = made(&found);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(found == expected, "docs/{page} is out of date: run the tests with UPDATE_DOCS=1");
    }
}

#[test]
fn the_page_of_problems_is_the_table_of_codes() {
    compare("problems.md", |_| problem_page());
}

#[test]
fn the_page_of_the_flow_file_has_every_key() {
    compare("flow-file.md", with_tables);
    let page = std::fs::read_to_string(root().join("docs/flow-file.md")).unwrap();
    for key in TABLES.iter().flat_map(|table| table.keys) {
        assert!(page.contains(&format!("| `{}` |", key.name)), "{}", key.name);
    }
    // And no row beside them.
    let rows = page.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `{")).count();
    assert_eq!(rows, TABLES.iter().map(|table| table.keys.len()).sum::<usize>());
}

/// The sections of a document in which a table of the list may stand.
fn places(table: &Table) -> Vec<&'static [&'static str]> {
    match table.path {
        "" => vec![&[]],
        "condition" => vec![&["source", "expensify", "skip"], &["rules", "when"]],
        "offsets.FUND_SOURCE" => {
            vec![&["offsets", "reimbursable"], &["offsets", "company_card"], &["offsets", "other"]]
        }
        "dimensions.NAME" => vec![&["dimensions", "department"], &["dimensions", "custom.Fund"]],
        "source" => vec![&["source"]],
        "source.expensify" => vec![&["source", "expensify"]],
        "source.expensify.states" => vec![&["source", "expensify", "states"]],
        "selection" => vec![&["selection"]],
        "destination" => vec![&["destination"]],
        "destination.intacct" => vec![&["destination", "intacct"]],
        "schedule" => vec![&["schedule"]],
        "control" => vec![&["control"]],
        "notify" => vec![&["notify"]],
        "posting" => vec![&["posting"]],
        "posting.journal" => vec![&["posting", "journal"]],
        "offsets" => vec![&["offsets"]],
        "categories" => vec![&["categories"]],
        "rules" => vec![&["rules"]],
        unknown => panic!("{unknown} is a new table: say where it stands"),
    }
}

/// The tables at `path`; lists are taken element by element.
fn tables_at<'v>(value: &'v toml::Value, path: &[&str]) -> Vec<&'v toml::Table> {
    match (value, path) {
        (toml::Value::Array(elements), _) => elements.iter().flat_map(|element| tables_at(element, path)).collect(),
        (toml::Value::Table(table), []) => vec![table],
        (toml::Value::Table(table), [first, rest @ ..]) => {
            table.get(*first).map(|value| tables_at(value, rest)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_key_of_the_list_is_accepted_and_tried() {
    let text = std::fs::read_to_string(flows().join("everything.toml")).unwrap();
    let document = toml::Value::Table(text.parse().unwrap());
    for table in TABLES {
        let found: Vec<_> = places(table).iter().flat_map(|path| tables_at(&document, path)).collect();
        for key in table.keys {
            let is_tried = found.iter().any(|found| match key.name {
                "CATEGORY" => found.contains_key("Airfare"),
                "tag_N" => found.contains_key("tag_1") && found.contains_key("tag_20"),
                name => found.contains_key(name),
            });
            assert!(is_tried, "everything.toml lacks {}.{}", table.path, key.name);
        }
    }
    Flow::load(&flows().join("everything.toml")).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_stated_defaults_are_the_real_ones() {
    let minimal = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    let mut document: toml::Table = minimal.parse().unwrap();
    document.insert("dimensions".into(), "department = { from = \"employee\" }".parse::<toml::Table>().unwrap().into());
    let plain = Flow::parse(&document.to_string(), "plain.toml", None).unwrap_or_else(|error| panic!("{error}"));
    // `[[notify]]` is a list; its defaults are compared beside this.
    for table in TABLES.iter().filter(|table| !matches!(table.path, "condition" | "notify")) {
        for (key, toml) in table.keys.iter().filter_map(|key| match key.absent {
            Absent::Default(toml) => Some((key.name, toml)),
            _ => None,
        }) {
            let value = format!("value = {toml}").parse::<toml::Table>().unwrap()["value"].clone();
            for path in places(table).into_iter().filter(|path| !matches!(path, [_, "other" | "custom.Fund"])) {
                let section = path.iter().fold(&mut document, |table, name| {
                    let inner = table.entry(*name).or_insert_with(|| toml::Table::new().into());
                    inner.as_table_mut().unwrap()
                });
                section.insert(key.to_owned(), value.clone());
            }
        }
    }
    let spelled = Flow::parse(&document.to_string(), "spelled.toml", None).unwrap_or_else(|error| panic!("{error}"));
    assert!(spelled.document.len() > plain.document.len() + 500, "{}", spelled.document);
    let alike = Flow { document: plain.document.clone(), sha256: plain.sha256, ..spelled };
    assert_eq!(alike, plain);
}

#[test]
fn the_smallest_document_of_the_page_parses() {
    let page = std::fs::read_to_string(root().join("docs/flow-file.md")).unwrap();
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    Flow::parse(block, "docs/flow-file.md", None).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_examples_parse() {
    let folder = root().join("examples/flows");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let flow = Flow::load(&path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(flow.mode, Mode::Rehearsal, "an example must not post by accident");
            count += 1;
        }
    }
    assert!(count > 0);
}
