//! No statement walks through a table that grows, apart from the sums, which are meant to.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use ml_connector::store::{Access, Ids, Store, statements};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Row};

use super::facts::NOW_MS;
use super::opening::raw;
use crate::databases;

const GROWING: [&str; 13] = [
    "reports",
    "report_versions",
    "postings",
    "payloads",
    "attempts",
    "requests",
    "observations",
    "audit",
    "grants",
    "sessions",
    "tokens",
    "throttles",
    "idempotency",
];

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

/// With row-level security a condition helps a search only where PostgreSQL trusts its operator not to tell of rows
/// that the asker may not see. Where nothing but a walk is left, no index fits.
#[tokio::test]
async fn growing_tables_are_searched_on_postgresql_too() {
    let Some(database) = databases::postgres().await else { return };
    let mut hand = database.hand().await;
    let fills: Vec<String> = sqlx::query_scalar(FILLS).bind(GROWING).fetch_all(&mut hand).await.unwrap();
    // Rows need not make sense, nor refer to others.
    let fills = format!("SET session_replication_role = replica; {}; ANALYZE", fills.join("; "));
    sqlx::raw_sql(sqlx::AssertSqlSafe(fills)).execute(&mut hand).await.unwrap();
    let mut ours = PgConnectOptions::from_str(&database.url).unwrap().connect().await.unwrap();
    let set = "SET plan_cache_mode = force_generic_plan; SET ml_connector.customer = cus_1";
    sqlx::raw_sql(set).execute(&mut ours).await.unwrap();
    let first = "SELECT c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]";
    let first: Vec<(String, String)> = sqlx::query_as(first).fetch_all(&mut ours).await.unwrap();
    let first = first.into_iter().collect();
    let mut scans = Vec::new();
    for (_, statement) in statements() {
        let steps = plan(&mut ours, statement).await;
        if walks(&steps, &first) && !statement.contains("SUM(") {
            scans.push(format!("{}\n  {}", &statement[..statement.len().min(300)], steps.join("\n  ")));
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n"));
    let walk = plan(&mut ours, "SELECT COUNT(*) FROM reports WHERE name = $1").await;
    assert!(walks(&walk, &first), "a walk is seen as one");
}

/// How PostgreSQL would go about a statement, whatever its values are.
async fn plan(connection: &mut PgConnection, statement: &str) -> Vec<String> {
    let prepare = sqlx::AssertSqlSafe(format!("PREPARE it AS {statement}"));
    sqlx::raw_sql(prepare).execute(&mut *connection).await.unwrap();
    let count = "SELECT cardinality(parameter_types)::bigint FROM pg_prepared_statements WHERE name = 'it'";
    let count: i64 = sqlx::query_scalar(count).fetch_one(&mut *connection).await.unwrap();
    let values = vec!["NULL"; usize::try_from(count).unwrap()].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE it{values}"));
    let steps = sqlx::raw_sql(explain).fetch_all(&mut *connection).await.unwrap();
    sqlx::raw_sql("DEALLOCATE it").execute(&mut *connection).await.unwrap();
    steps.iter().map(|row| row.get(0)).collect()
}

/// Fills each growing table with rows of fifty customers, since a planner walks through what is small.
const FILLS: &str = "SELECT format('INSERT INTO %I SELECT %s FROM generate_series(1, 20000) AS i', c.relname, \
     string_agg(CASE WHEN a.attname IN ('customer_id', 'flow_id', 'company') THEN format('%L || i %% 50', a.attname) \
     WHEN a.attname = 'state' THEN '''state'' || i % 8' WHEN a.atttypid = 'bigint'::regtype THEN 'i' \
     WHEN a.atttypid = 'bytea'::regtype THEN '''\\x00''' ELSE format('%L || i', a.attname) END, ', ' \
     ORDER BY a.attnum)) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
     AND NOT a.attisdropped AND a.attgenerated = '' WHERE c.relkind = 'r' AND c.relname = ANY($1) GROUP BY c.oid, c.relname";

/// Whether a growing table is read from end to end: without an index, or along one without a condition on its first
/// column. `first` names that column of each index.
fn walks(steps: &[String], first: &BTreeMap<String, String>) -> bool {
    steps.iter().enumerate().any(|(at, step)| {
        let word_after = |word: &str| step.split(' ').skip_while(|found| *found != word).nth(1).unwrap_or_default();
        let searched = first.get(word_after("using")).is_some_and(|column| {
            steps.get(at + 1).is_some_and(|next| next.contains("Index Cond") && next.contains(&format!("({column} ")))
        });
        let reads = step.contains("Seq Scan on") || (step.contains("Scan") && step.contains(" using ") && !searched);
        reads && GROWING.contains(&word_after("on"))
    })
}
