//! Holds the structure of the house: arrows between rooms point down, no float comes near money, files and functions
//! stay small, and every file says what it is for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the service from the top; a room may use those below it, and those in its own line of the list.
const ROOMS: &[&[&str]] = &[
    &["cli"],
    &["web"],
    &["log"],
    &["work"],
    &["store", "systems"],
    &["flow", "settings", "clock", "figures", "problem_page"],
];

/// The longest a file may be, in lines.
const FILE_LINES: usize = 400;

fn crates_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(crate_name: &str, part: &str) -> Vec<(String, String)> {
    let root = crates_dir().join(crate_name).join(part);
    let mut paths = Vec::new();
    if root.is_dir() {
        rust_files(&root, &mut paths);
    }
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn room_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

fn level(room: &str) -> Option<usize> {
    ROOMS.iter().position(|rooms| rooms.contains(&room))
}

/// Rooms named in `use crate::…` and `crate::…` paths of a file.
fn rooms_used(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let after = code.split("crate::").skip(1);
    after.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (file, text) in sources("ml-connector", "src") {
        let room = room_of(&file).to_owned();
        let Some(from) = level(&room) else {
            assert!(matches!(room.as_str(), "lib" | "main"), "{file} belongs to no room of ROOMS");
            continue;
        };
        for used in rooms_used(&text) {
            match level(&used) {
                Some(to) if to > from || (to == from && used == room) => {}
                Some(_) => wrong.push(format!("{file}: {room} must not use {used}")),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn vendors_words_stay_with_their_adapters() {
    for (file, text) in sources("ml-connector", "src") {
        let allowed = file.starts_with("systems/") || file.starts_with("cli/") || file.starts_with("work/ping");
        let uses_client = ["use intacct::", "use expensify::", "intacct::Client", "expensify::Client"];
        let used = uses_client.iter().any(|path| text.contains(path));
        assert!(allowed || !used, "{file} talks to a vendor's client; only systems/ may");
    }
    for (file, text) in sources("sandbox", "src") {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            let foreign = ["use ::intacct", "use ::expensify", "use accounting", "ml_connector::"];
            assert!(
                !foreign.iter().any(|name| line.contains(name)),
                "{file}: the sandbox uses nothing of ours: {line}"
            );
        }
    }
}

#[test]
fn no_float_comes_near_money() {
    for crate_name in ["accounting", "expensify", "intacct", "ml-connector"] {
        for (file, text) in sources(crate_name, "src") {
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap();
                let float = code.split(|c: char| !c.is_alphanumeric()).any(|word| word == "f32" || word == "f64");
                assert!(!float, "{crate_name}/{file}:{}: {line}", number + 1);
            }
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for crate_name in ["accounting", "expensify", "intacct", "sandbox", "ml-connector"] {
        for part in ["src", "tests", "examples", "benches"] {
            for (file, text) in sources(crate_name, part) {
                let lines = text.lines().count();
                if lines > FILE_LINES {
                    wrong.push(format!("{crate_name}/{part}/{file} has {lines} lines, more than {FILE_LINES}"));
                }
                if !text.starts_with("//!") {
                    wrong.push(format!("{crate_name}/{part}/{file} does not open with //! and its purpose"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn vague_names_are_refused() {
    let vague = ["utils", "util", "common", "helpers", "helper", "manager", "service", "misc"];
    for crate_name in ["accounting", "expensify", "intacct", "sandbox", "ml-connector"] {
        for (file, _) in sources(crate_name, "src") {
            let stems = file.split('/').map(|part| part.trim_end_matches(".rs"));
            for stem in stems {
                assert!(!vague.contains(&stem), "{crate_name}/{file}: '{stem}' says nothing about what is inside");
            }
        }
    }
}
