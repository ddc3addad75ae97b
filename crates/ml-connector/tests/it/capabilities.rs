//! The table of capabilities is true: each command, operation, page and test that it names exists, and it leaves out no
//! command and no operation.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use ml_connector::cli::Cli;
use ml_connector::web::operations;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of all tables: the capability, then what stands in backticks in each of the other columns.
fn rows() -> Vec<(String, [Vec<String>; 4])> {
    let text = std::fs::read_to_string(root().join("docs/capabilities.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| capability |"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let named = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(cells.len(), 5, "{line}");
        (cells[0].to_owned(), [named(cells[1]), named(cells[2]), named(cells[3]), named(cells[4])])
    };
    rows.map(row).collect()
}

/// Every command that does something, with those below it.
fn commands() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for command in Cli::command().get_subcommands() {
        let below: Vec<&clap::Command> = command.get_subcommands().collect();
        if below.is_empty() {
            all.insert(command.get_name().to_owned());
        }
        all.extend(below.iter().map(|below| format!("{} {}", command.get_name(), below.get_name())));
    }
    all
}

/// The addresses of pages, as the pages themselves route them.
fn pages() -> BTreeSet<String> {
    let folder = root().join("crates/ml-connector/src/web/pages");
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path()) else { continue };
        let routes = text.split(".route(").skip(1).filter_map(|rest| rest.split('"').nth(1));
        all.extend(routes.map(str::to_owned));
    }
    all
}

/// Where the tests of a crate stand, and whether one of this path does.
fn has_test(name: &str) -> bool {
    let (krate, path) = match name.split_once("::") {
        Some((krate @ ("accounting" | "expensify" | "intacct" | "sandbox"), path)) => (krate, path),
        _ => ("ml-connector", name),
    };
    let Some((module, function)) = path.rsplit_once("::") else { return false };
    let folder = root().join("crates").join(krate).join("tests/it");
    let file = folder.join(format!("{}.rs", module.replace("::", "/")));
    let Ok(text) = std::fs::read_to_string(file) else { return false };
    let named = format!("fn {function}(");
    let Some(at) = text.find(&named) else { return false };
    // Right before it stands that it is a test, or a list of those that run on both databases names it.
    let before = text[..at].trim_end_matches(char::is_whitespace).trim_end_matches("async").trim_end();
    let listed = text.split("both!(").skip(1).filter_map(|rest| rest.split(')').next());
    before.ends_with("#[test]")
        || before.lines().rev().take_while(|line| line.starts_with("#[")).any(|line| line.contains("::test"))
        || listed.into_iter().any(|list| list.split(',').any(|listed| listed.trim() == function))
}

#[test]
fn the_table_of_capabilities_is_true() {
    let rows = rows();
    let mut wrong = Vec::new();
    let (known_commands, mut shown_commands) = (commands(), BTreeSet::new());
    let known_operations: BTreeSet<String> = operations().into_iter().map(|operation| operation.id).collect();
    let mut shown_operations = BTreeSet::new();
    let known_pages = pages();
    for (capability, [commands, operations, pages, tests]) in &rows {
        for page in pages.iter().filter(|page| !known_pages.contains(*page)) {
            wrong.push(format!("{capability}: there is no page `{page}`"));
        }
        for command in commands.iter().filter(|command| !known_commands.contains(*command)) {
            wrong.push(format!("{capability}: there is no command `{command}`"));
        }
        for operation in operations.iter().filter(|operation| !known_operations.contains(*operation)) {
            wrong.push(format!("{capability}: there is no operation `{operation}`"));
        }
        for test in tests.iter().filter(|test| !has_test(test)) {
            wrong.push(format!("{capability}: there is no test `{test}`"));
        }
        if tests.is_empty() {
            wrong.push(format!("{capability}: no test shows it"));
        }
        shown_commands.extend(commands.iter().cloned());
        shown_operations.extend(operations.iter().cloned());
    }
    wrong.extend(
        known_commands.difference(&shown_commands).map(|command| format!("no row has the command `{command}`")),
    );
    let left_out = known_operations.difference(&shown_operations);
    wrong.extend(left_out.map(|operation| format!("no row has the operation `{operation}`")));
    assert!(wrong.is_empty(), "docs/capabilities.md:\n{}", wrong.join("\n"));
    assert!(rows.len() > 50, "{}", rows.len());
}

#[test]
fn what_is_no_test_is_not_taken_for_one() {
    assert!(has_test("capabilities::what_is_no_test_is_not_taken_for_one"));
    assert!(has_test("store::boards::a_board_is_what_is_stored"), "one that runs on both databases");
    for none in ["capabilities::rows", "store::boards::count", "capabilities::missing", "nowhere::at_all", "nothing"] {
        assert!(!has_test(none), "{none}");
    }
}
