//! No statement walks through a table that grows, apart from the sums, which are meant to.

use ml_connector::store::{Access, Ids, Store, statements};
use sqlx::Row;

use super::facts::NOW_MS;
use super::opening::raw;

const GROWING: [&str; 8] =
    ["reports", "report_versions", "postings", "payloads", "attempts", "requests", "observations", "audit"];

#[tokio::test]
async fn growing_tables_are_searched_and_not_scanned() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plans.db");
    Store::open(&path, Access::Write, None, Ids::system(), NOW_MS).await.unwrap().close().await;
    let mut raw = raw(&path).await;
    let mut scans = Vec::new();
    for (statement, _) in statements() {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps = sqlx::query(explain).fetch_all(&mut raw).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|row| row.get("detail")).collect();
        let scan = |step: &String| {
            let words: Vec<&str> = step.split(' ').collect();
            words[0] == "SCAN" && (words.len() == 2 || words[2] != "USING") && GROWING.contains(&words[1])
                // Built to spare many searches, by a walk through the whole other table.
                || step.contains("AUTOMATIC")
                // A page must come in order, or each page would sort all that follows.
                || step.contains("TEMP B-TREE") && statement.contains("LIMIT $")
        };
        if steps.iter().any(scan) && !statement.contains("SUM(") {
            scans.push(format!("{}\n  {}", &statement[..statement.len().min(200)], steps.join("\n  ")));
        }
        if std::env::var_os("SHOW_PLANS").is_some() {
            println!("{}\n  {}", &statement[..statement.len().min(2000)], steps.join("\n  "));
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n"));
}
