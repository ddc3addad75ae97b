//! Every statement is prepared on a real PostgreSQL, in its single-user mode: no network, no server left behind. The
//! test says so and passes where PostgreSQL's programs are not installed.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ml_connector::store::statements;

const SCHEMA: &str = concat!(
    include_str!("../../../migrations/postgres/0001_start.sql"),
    include_str!("../../../migrations/postgres/0002_service.sql"),
    include_str!("../../../migrations/postgres/0004_admit.sql"),
    include_str!("../../../migrations/postgres/0005_cases.sql"),
    include_str!("../../../migrations/postgres/0006_config.sql")
);

#[test]
fn every_statement_is_understood_by_postgresql() {
    let Some(programs) = programs() else {
        println!("PostgreSQL's programs are not installed: its statements were not prepared");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let user = unprivileged(home.path());
    let data = home.path().join("data");
    let initdb = run(
        command(&programs.join("initdb"), user).arg("--pgdata").arg(&data).args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=trust",
        ]),
        "",
    );
    assert!(initdb.contains("Success"), "{initdb}");

    // A statement ends with a semicolon and an empty line.
    let mut input = String::new();
    for definition in definitions(SCHEMA) {
        input.push_str(&format!("{definition}\n\n"));
    }
    for (index, (_, statement)) in statements().iter().enumerate() {
        input.push_str(&format!("PREPARE s{index} AS {statement};\n\n"));
    }
    let output = run(
        command(&programs.join("postgres"), user).args(["--single", "-j", "-D"]).arg(&data).arg("template1"),
        &input,
    );
    let errors: Vec<&str> = output.lines().filter(|line| line.contains("ERROR:") || line.contains("FATAL:")).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));

    // The same road must be able to show an error.
    let broken = run(
        command(&programs.join("postgres"), user).args(["--single", "-j", "-D"]).arg(&data).arg("template1"),
        "PREPARE broken AS SELECT no_such_column FROM reports;\n\n",
    );
    assert!(broken.contains("ERROR:"), "{broken}");
}

#[test]
fn both_schemas_have_the_same_tables_and_columns() {
    let sqlite = concat!(
        include_str!("../../../migrations/sqlite/0001_start.sql"),
        include_str!("../../../migrations/sqlite/0002_service.sql"),
        include_str!("../../../migrations/sqlite/0004_admit.sql"),
        include_str!("../../../migrations/sqlite/0005_cases.sql"),
        include_str!("../../../migrations/sqlite/0006_config.sql")
    );
    assert_eq!(columns(sqlite), columns(SCHEMA));
    assert!(columns(SCHEMA).len() > 100);
}

/// `table.column type` of every column, with the names of types that differ made one.
fn columns(schema: &str) -> Vec<String> {
    let mut table = "";
    let mut columns = Vec::new();
    for line in schema.lines() {
        if let Some(name) = line.strip_prefix("CREATE TABLE ") {
            table = name.trim_end_matches(" (");
        } else if line.starts_with(')') {
            table = "";
        } else if let [name, kind, ..] = line.split_whitespace().collect::<Vec<_>>()[..]
            && !table.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter == '2' || letter.is_ascii_digit())
        {
            let kind = kind.trim_end_matches(',').replace("BYTEA", "BLOB").replace("INTEGER", "BIGINT");
            columns.push(format!("{table}.{name} {kind}"));
        }
    }
    columns
}

/// The statements of the schema, each with its semicolon; a function's body holds semicolons of its own.
fn definitions(schema: &str) -> Vec<String> {
    let code = schema.lines().filter(|line| !line.starts_with("--"));
    let mut definitions = vec![String::new()];
    let mut quoted = false;
    for line in code.filter(|line| !line.is_empty()) {
        quoted ^= line.matches("$$").count() % 2 == 1;
        let current = definitions.last_mut().unwrap();
        current.push_str(line);
        current.push('\n');
        if line.ends_with(';') && !quoted {
            definitions.push(String::new());
        }
    }
    definitions.retain(|definition| !definition.is_empty());
    definitions
}

/// The newest directory that has PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists() && bin.join("postgres").exists());
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root: then the directory and the programs go to the user `nobody`.
fn unprivileged(home: &Path) -> Option<u32> {
    if std::fs::metadata(home).unwrap().uid() != 0 {
        return None;
    }
    const NOBODY: u32 = 65_534;
    chown(home, Some(NOBODY), Some(NOBODY)).unwrap();
    Some(NOBODY)
}

fn command(program: &Path, user: Option<u32>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

/// Runs to the end, and gives both outputs.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writing.join().unwrap();
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
