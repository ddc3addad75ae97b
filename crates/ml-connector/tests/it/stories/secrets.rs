//! Looks for secrets where none may be: in every column of every table, in the files of the database as they lie on
//! disk, and in any text that was shown; as they are, and in the forms in which they travel.

use std::path::Path;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, HEXLOWER, HEXUPPER};
use sandbox::Sandbox;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::office::{Office, Outcome};
use crate::databases::TestDatabase;

/// A secret in one of its forms.
struct Needle {
    name: String,
    bytes: Vec<u8>,
}

/// The passwords, the partner's secret, and every session that the sandbox gave out.
pub fn of(sandbox: &Sandbox) -> Secrets {
    let credentials = &sandbox.credentials;
    let mut secrets = vec![
        ("the sender's password".to_owned(), credentials.intacct.sender_password.clone()),
        ("the user's password".to_owned(), credentials.intacct.user_password.clone()),
        ("the partner's secret".to_owned(), credentials.expensify.partner_user_secret.clone()),
    ];
    let made = sandbox.state()["intacct"]["sessions"].as_u64().unwrap();
    secrets.extend((0..made).map(|n| (format!("session {n}"), session_id(n))));
    Secrets(secrets.into_iter().flat_map(|(name, value)| forms(&name, &value)).collect())
}

/// The sandbox's session ids in the order of their making, with its default seed.
fn session_id(n: u64) -> String {
    format!("{:016x}{n:08x}..", (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 1)
}

fn forms(name: &str, value: &str) -> Vec<Needle> {
    let bytes = value.as_bytes();
    let escaped: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let half_escaped = value.replace('-', "%2D").replace('.', "%2E");
    let mut forms = vec![
        ("as it is", value.to_owned()),
        ("reversed", value.chars().rev().collect()),
        ("in upper case", value.to_uppercase()),
        ("in hex", HEXLOWER.encode(bytes)),
        ("in upper hex", HEXUPPER.encode(bytes)),
        ("url-escaped", escaped.clone()),
        ("url-escaped in lower case", escaped.to_lowercase()),
        ("url-escaped in part", half_escaped),
        ("in base64", BASE64.encode(bytes)),
        ("in url base64", BASE64URL.encode(bytes)),
    ];
    // Inside a longer text base64 falls into one of three steps; the ends depend on the neighbours.
    for shift in 1..3 {
        let shifted = BASE64_NOPAD.encode(&[&vec![b' '; shift], bytes].concat());
        forms.push(("in shifted base64", shifted[4..shifted.len() - 3].to_owned()));
    }
    forms.into_iter().map(|(form, text)| Needle { name: format!("{name} {form}"), bytes: text.into_bytes() }).collect()
}

/// Secrets to look for.
pub struct Secrets(Vec<Needle>);

impl Secrets {
    /// Fails where one of them stands in these bytes.
    pub fn absent_from(&self, place: &str, bytes: &[u8]) {
        for needle in &self.0 {
            let found = bytes.windows(needle.bytes.len()).any(|window| window == needle.bytes);
            assert!(!found, "{place} holds {}", needle.name);
        }
    }

    /// Looks through every column of every table of a database on a server.
    pub async fn absent_from_server(&self, database: &TestDatabase) {
        let columns = database.by_hand(COLUMNS).await.unwrap();
        assert!(columns.len() > 50, "the scan found only {} columns", columns.len());
        for column in columns {
            let values = database.by_hand(column.clone()).await.unwrap();
            self.absent_from(&column, values.join("\n").as_bytes());
        }
    }

    /// Looks through every column of every table of a database, and through its files.
    pub async fn absent_from_database(&self, path: &Path) {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut database = options.connect().await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
        )
        .fetch_all(&mut database)
        .await
        .unwrap();
        assert!(columns.len() > 50, "the scan found only {} columns", columns.len());
        for (table, column) in columns {
            let statement = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\"");
            let values: Vec<Option<Vec<u8>>> =
                sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut database).await.unwrap();
            let all = values.into_iter().flatten().collect::<Vec<_>>().join(&b'\n');
            self.absent_from(&format!("{table}.{column}"), &all);
        }
        drop(database);
        let name = path.file_name().unwrap().to_str().unwrap();
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let file = file.unwrap();
            if file.file_name().to_string_lossy().starts_with(name) {
                self.absent_from(&file.path().display().to_string(), &std::fs::read(file.path()).unwrap());
            }
        }
    }
}

/// Each column of a database on a server, as a statement that reads it.
const COLUMNS: &str = "SELECT format('SELECT %s FROM %I WHERE %I IS NOT NULL', CASE data_type WHEN 'bytea' THEN \
     format('encode(%I, ''escape'')', column_name) ELSE format('%I::text', column_name) END, table_name, column_name) \
     FROM information_schema.columns WHERE table_schema = 'public'";

/// No secret is kept or told of after a run.
pub async fn check(office: &Office, outcome: &Outcome) {
    let secrets = of(&office.sandbox);
    secrets.absent_from("the outcome", format!("{outcome:?}").as_bytes());
    if let Ok(summary) = &outcome.result {
        secrets.absent_from("the summary", format!("{:?}", summary.problems).as_bytes());
    }
    if office.database.is_postgres() {
        secrets.absent_from_server(&office.database).await;
    } else {
        secrets.absent_from_database(&office.database()).await;
    }
}

#[tokio::test]
async fn the_search_finds_what_is_there() {
    let office = Office::open(super::office::clean(1, 1)).await;
    office.run().await;
    let secrets = of(&office.sandbox);
    let session = session_id(0);
    let password = &office.sandbox.credentials.intacct.user_password;
    let telling = [
        password.clone(),
        format!("x{}", BASE64.encode(format!("{{\"p\":\"{password}\"}}").as_bytes())),
        HEXLOWER.encode(session.as_bytes()),
    ];
    for text in telling {
        let search = std::panic::AssertUnwindSafe(|| secrets.absent_from("a text", text.as_bytes()));
        assert!(std::panic::catch_unwind(search).is_err(), "{text} was overlooked");
    }
    // Session ids are guessed by their rule: the sandbox must still accept the guess.
    let answer = reqwest_with_session(&office, &session).await;
    assert!(answer.contains("<status>success</status>"), "{answer}");
}

/// Asks the gateway something under a session.
async fn reqwest_with_session(office: &Office, session: &str) -> String {
    let intacct = &office.sandbox.credentials.intacct;
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><request><control><senderid>{}</senderid><password>{}</password>\
         <controlid>c</controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control><operation>\
         <authentication><sessionid>{session}</sessionid></authentication><content><function controlid=\"f\">\
         <inspect><object>GLACCOUNT</object></inspect></function></content></operation></request>",
        intacct.sender_id, intacct.sender_password
    );
    let request = super::proxy::client().post(&office.sandbox.intacct_url).header("content-type", "application/xml");
    request.body(body).send().await.unwrap().text().await.unwrap()
}
