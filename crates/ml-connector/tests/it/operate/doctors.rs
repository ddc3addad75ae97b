//! What the doctor finds: nothing in a healthy installation, and each ailment by its code.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use ml_connector::clock::Clock;
use ml_connector::settings::Settings;
use ml_connector::store::{Access, AuditEvent, InboxState, MasterKey, Store};
use ml_connector::systems::connect::Endpoints;
use ml_connector::work::doctor::{Check, Doctor, Verdict};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::both;
use crate::databases::{NOW_MS, TestDatabase};
use crate::program::{Desk, json as shown, out};
use crate::service::desk;
use crate::stories::office::clean;

both!(a_healthy_database_is_found_healthy);

fn codes(output: &Output) -> Vec<String> {
    let checks = shown(output)["checks"].as_array().unwrap().clone();
    checks.iter().filter_map(|check| check["code"].as_str().map(str::to_owned)).collect()
}

fn verdict_of(output: &Output, system: &str, name: &str) -> (String, String) {
    let checks = shown(output)["checks"].as_array().unwrap().clone();
    let check = checks.iter().find(|check| check["system"] == system && check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("nothing about {system}: {name} in {checks:?}"));
    let text = |key: &str| check[key].as_str().unwrap().to_owned();
    (text("verdict"), text("detail"))
}

async fn examined(settings: &Settings, thorough: bool) -> Vec<Check> {
    let doctor = Doctor {
        settings,
        settings_file: None,
        endpoints: &Endpoints::default(),
        clock: &Clock::system(jiff::tz::TimeZone::UTC),
        online: false,
        thorough,
    };
    doctor.examine().await
}

async fn a_healthy_database_is_found_healthy(database: TestDatabase) {
    let store = database.open(Access::Write, None).await.unwrap();
    let customer = store.create_customer("acme", "test", NOW_MS).await.unwrap();
    let tx = customer.begin().await.unwrap();
    tx.commit(NOW_MS, vec![AuditEvent::new("test", "test.done", "x", json!({}))]).await.unwrap();
    store.close().await;
    let mut settings = Settings::load(None, &[]).unwrap();
    settings.database.url.clone_from(&database.url);
    let checks = examined(&settings, true).await;
    let ill: Vec<&Check> = checks.iter().filter(|check| check.verdict != Verdict::Good).collect();
    // The test's server has fsync off, and its role may not ask who it is.
    let allowed = |check: &Check| match check.code.map(|code| code.to_string()).as_deref() {
        None => check.name == "anchor",
        Some("MLC-455" | "MLC-456") => database.is_postgres(),
        Some(_) => false,
    };
    assert!(ill.iter().all(|check| allowed(check)), "{ill:#?}");
    let about = |name: &str| checks.iter().find(|check| check.name == name).map(|check| check.detail.clone());
    assert!(about("integrity").unwrap().contains("whole") && about("chains").unwrap().contains("from their start"));
    let engine = about("engine").unwrap();
    assert_eq!(engine.starts_with("PostgreSQL"), database.is_postgres(), "{engine}");
    assert_eq!(about("row security").is_some(), database.is_postgres());
    assert!(about("customers that an interval carries").unwrap().contains("5 min: "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn beside_a_worker_and_with_the_vendors() {
    let desk = desk::Desk::open(clean(4, 1)).await;
    let at_work = desk.work();
    desk.until("something is posted", async || (desk.count(InboxState::Posted).await == 4).then_some(())).await;
    desk.until("the pass ends", async || (at_work.figures.passes.get() > 0).then_some(())).await;
    let program = crate::program::bare(&[
        "doctor",
        "--json",
        "--online",
        "--database",
        &desk.office.settings.database.url,
        "--expensify-url",
        desk.office.endpoints.expensify.as_deref().unwrap(),
        "--intacct-url",
        desk.office.endpoints.intacct.as_deref().unwrap(),
    ]);
    let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap();
    assert_eq!(verdict_of(&output, "flows", "documents").1, "1 flows of 1 customers are valid");
    assert_eq!(verdict_of(&output, "flows", "online").0, "ok");
    assert_eq!(verdict_of(&output, "work", "what is due").0, "ok");
    let (_, passes) = verdict_of(&output, "limits", "time of a pass");
    assert!(passes.contains("no longer than"), "a pass was measured: {passes}");
    // The sandbox is a test endpoint; nothing else is found.
    assert!(codes(&output).is_empty(), "{}", out(&output));
    assert_eq!(output.status.code(), Some(3));
    assert!(at_work.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_ailment_is_found_by_its_code() {
    let desk = Desk::open(clean(2, 1)).await;
    let key = MasterKey::generate().unwrap();
    let key_file = desk.office.folder.path().join("master.key");
    std::fs::write(&key_file, key.to_text().expose_secret()).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let setting = format!("secrets.master_key=file:{}", key_file.display());
    let doctor = |settings: &[&str]| {
        let mut arguments = vec!["doctor", "--json", "--set", setting.as_str()];
        settings.iter().for_each(|setting| arguments.extend(["--set", *setting]));
        desk.program(&arguments).output()
    };
    let before = doctor(&[]);
    assert_eq!(verdict_of(&before, "database", "address").0, "unchecked", "there is no database yet");
    assert!(codes(&before).contains(&"MLC-457".to_owned()), "the key is open to everybody");

    assert!(desk.program(&["run", desk.flow().to_str().unwrap(), "--set", &setting]).output().status.success());
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::set_permissions(desk.office.database(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = doctor(&[]);
    let (verdict, detail) = verdict_of(&open, "files", "rights");
    assert!(verdict == "look" && detail.contains("its group"), "{detail}");
    for ending in ["", "-wal", "-shm"] {
        // SQLite gives these files the rights of the database, as long as they are there.
        let file = format!("{}{ending}", desk.office.database().display());
        let file = Path::new(&file);
        if file.exists() {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    let healthy = doctor(&[]);
    assert!(codes(&healthy).is_empty(), "{}", out(&healthy));

    assert!(codes(&doctor(&["web.listen=0.0.0.0:8600"])).contains(&"MLC-462".to_owned()));
    let wrong = doctor(&["secrets.master_key=file:/etc/hostname"]);
    assert!(codes(&wrong).contains(&"MLC-403".to_owned()), "{}", out(&wrong));
    assert_eq!(wrong.status.code(), Some(1));

    ailments_of_the_store(&desk.office.database(), key).await;
    let ill = doctor(&[]);
    let found = codes(&ill);
    for code in ["MLC-401", "MLC-461", "MLC-465", "MLC-467"] {
        assert!(found.contains(&code.to_owned()), "{code} is not in {}", out(&ill));
    }
    assert_eq!(ill.status.code(), Some(1));
    let text = desk.program(&["doctor", "--set", &setting]).output();
    assert!(out(&text).contains("remedy: ") && !out(&text).contains(key_text(&key_file).as_str()));
}

fn key_text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

/// A flow that cannot be read and is long overdue, one that keeps failing, and a secret that was replaced.
async fn ailments_of_the_store(database: &Path, key: MasterKey) {
    let ids = ml_connector::store::Ids::system();
    let store = Store::open(database, Access::Write, Some(key), ids, NOW_MS).await.unwrap();
    let customer = store.customer_named("default").await.unwrap().unwrap();
    let event = |action| AuditEvent::new("test", action, "x", Value::Null);
    let mut tx = customer.begin().await.unwrap();
    tx.seal_secret("old", &"one".to_owned().into(), "test", 1).await.unwrap();
    tx.seal_secret("old", &"two".to_owned().into(), "test", 2).await.unwrap();
    let broken = tx.put_flow("broken", "this is no flow", "test", 1).await.unwrap();
    tx.await_flow(&broken.id, 1).await.unwrap();
    tx.commit(NOW_MS, vec![event("test.done")]).await.unwrap();
    store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let failing = "INSERT INTO flow_times (flow_id, customer_id, next_ms, failures, owner, fence, until_ms) \
         SELECT id, customer_id, 9000000000000, 5, '', 0, 0 FROM flows WHERE name <> 'broken' \
         ON CONFLICT (flow_id) DO UPDATE SET failures = 5";
    sqlx::query(failing).execute(&mut connection).await.unwrap();
}
