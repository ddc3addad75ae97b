//! Databases for tests: a file of SQLite, and a database of a PostgreSQL server that this process starts for itself.
//! The server listens on a socket in a temporary directory, has the nastiest of settings that a real one may have, and
//! ends with this process, however that ends. Where PostgreSQL is not installed the tests that need it say so and pass;
//! a continuous integration must have it.

use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use ml_connector::store::{Access, Ids, MasterKey, Place, Store, StoreError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// When stores are opened that ask for nothing else, in epoch milliseconds.
pub const NOW_MS: i64 = 1_790_000_000_000;

/// The plain role that our store signs in as.
pub const ROLE: &str = "ml_connector";

/// A database of its own for one test.
pub struct TestDatabase {
    /// What `settings.database.url` says.
    pub url: String,
    /// Holds the file; gone with this value.
    _folder: TempDir,
    server: Option<&'static Server>,
}

/// A fresh file, not made yet.
pub fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("ml-connector.db").display());
    TestDatabase { url, _folder: folder, server: None }
}

/// A fresh database on the server, with our schema and nothing in it; `None` where PostgreSQL is not installed.
pub async fn postgres() -> Option<TestDatabase> {
    let server = server().await?;
    let name = server.create_database("template_of_tests").await;
    Some(TestDatabase { url: server.url(&name), _folder: tempfile::tempdir().unwrap(), server: Some(server) })
}

/// A fresh database on the server without any table.
pub async fn empty_postgres() -> Option<TestDatabase> {
    let server = server().await?;
    let name = server.create_database("template0").await;
    Some(TestDatabase { url: server.url(&name), _folder: tempfile::tempdir().unwrap(), server: Some(server) })
}

impl TestDatabase {
    /// Opens it for writing.
    pub async fn store(&self) -> Store {
        self.open(Access::Write, None).await.unwrap()
    }

    /// Opens it.
    pub async fn open(&self, access: Access, key: Option<MasterKey>) -> Result<Store, StoreError> {
        Store::open(self.place(), access, key, Ids::system(), NOW_MS).await
    }

    /// A copy of it, which nobody has open.
    pub async fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some(server) = self.server {
            let name = server.create_database(self.name()).await;
            return Self { url: server.url(&name), _folder: folder, server: self.server };
        }
        let path = folder.path().join("copy.db");
        std::fs::copy(self.url.strip_prefix("sqlite:").unwrap(), &path).unwrap();
        Self { url: format!("sqlite:{}", path.display()), _folder: folder, server: None }
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        self.url.split(['/', '?']).nth(3).unwrap()
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        Place::parse(&self.url, 4).unwrap()
    }

    /// Whether it is on a server.
    pub fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// A connection of a superuser, to a database on the server.
    pub async fn hand(&self) -> PgConnection {
        self.server.expect("it is a file").by_hand(self.name()).await
    }

    /// Does what a person with a tool and every right would do. A `SELECT` gives its first column as text.
    pub async fn by_hand(&self, statements: impl Into<String>) -> Result<Vec<String>, sqlx::Error> {
        let statements = sqlx::AssertSqlSafe(statements.into());
        if self.is_postgres() {
            let mut connection = self.hand().await;
            let rows = sqlx::raw_sql(statements).fetch_all(&mut connection).await?;
            return rows.iter().map(|row| sqlx::Row::try_get(row, 0)).collect();
        }
        let path = self.url.strip_prefix("sqlite:").unwrap();
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
        let rows = sqlx::raw_sql(statements).fetch_all(&mut connection).await?;
        rows.iter().map(|row| sqlx::Row::try_get(row, 0)).collect()
    }
}

/// Runs each test on both databases: its body takes a [`TestDatabase`].
#[macro_export]
macro_rules! both {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[tokio::test]
            async fn on_sqlite() {
                Box::pin(super::$test($crate::databases::sqlite())).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                if let Some(database) = $crate::databases::postgres().await {
                    Box::pin(super::$test(database)).await;
                }
            }
        }
    )+};
}

/// A server of this process.
pub struct Server {
    /// Where its cluster and its socket are.
    pub home: PathBuf,
    databases: AtomicUsize,
    /// Ends the server when its input ends, which is with this process.
    _keeper: Child,
}

/// The server, started once.
pub async fn server() -> Option<&'static Server> {
    static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
    SERVER.get_or_init(start).await.as_ref()
}

#[expect(clippy::print_stdout, reason = "whoever reads the tests must see what was not tested")]
async fn start() -> Option<Server> {
    let Some(programs) = programs() else {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL must be installed here");
        println!("PostgreSQL is not installed: nothing is tested on it");
        return None;
    };
    let server = Server::start(&programs);
    let mut connection = server.by_hand("postgres").await;
    let roles = "CREATE ROLE ml_connector LOGIN; CREATE DATABASE template_of_tests OWNER ml_connector";
    for statement in roles.split("; ") {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    let place = Place::parse(&server.url("template_of_tests"), 2).unwrap();
    Store::open(place, Access::Write, None, Ids::system(), NOW_MS).await.unwrap().close().await;
    Some(server)
}

impl Server {
    /// Makes a cluster and starts it. Nothing of it is kept over a crash, so that it is quick.
    pub fn start(programs: &Path) -> Self {
        let home = tempfile::tempdir().unwrap().keep();
        let user = unprivileged(&home);
        let data = home.join("data");
        // The rules of a language order texts otherwise than their bytes do.
        let made = command(&programs.join("initdb"), user)
            .arg("--pgdata")
            .arg(&data)
            .args(["--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--locale-provider=icu", "--icu-locale=en-US"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::start_cluster(programs, home)
    }

    /// Starts a cluster that is there.
    pub fn start_cluster(programs: &Path, home: PathBuf) -> Self {
        let user = unprivileged(&home);
        let mut keeper = command(Path::new("/bin/sh"), user);
        keeper.arg("-c").arg(KEEPER).arg("keeper").arg(programs).arg(&home);
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut ready = [0];
        let said = keeper.stdout.take().unwrap().read_exact(&mut ready);
        let log = || std::fs::read_to_string(home.join("log")).unwrap_or_default();
        assert!(said.is_ok() && ready == *b"+", "PostgreSQL did not start:\n{}", log());
        Self { home, databases: AtomicUsize::new(0), _keeper: keeper }
    }

    /// Shuts it down and keeps its files, which a second keeper may then take over.
    pub fn stop(&self, programs: &Path) {
        let mut stop = command(&programs.join("pg_ctl"), unprivileged(&self.home));
        stop.arg("--pgdata").arg(self.home.join("data")).args(["--mode=fast", "--wait", "stop"]);
        assert!(stop.output().unwrap().status.success());
    }

    /// Writes a file of the cluster.
    pub fn keep(&self, name: &str, text: &str) {
        let path = self.home.join("data").join(name);
        std::fs::write(&path, text).unwrap();
        if let Some(user) = unprivileged(&self.home) {
            chown(&path, Some(user), Some(user)).unwrap();
        }
    }

    /// The address of one of its databases, for our role.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@localhost/{database}?host={}", self.home.display())
    }

    /// A connection of a superuser.
    pub async fn by_hand(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass().socket(&self.home).username("postgres");
        PgConnection::connect_with(&options.database(database)).await.unwrap()
    }

    /// A new database of our role, as a copy of `template`.
    pub async fn create_database(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE}");
        let mut connection = self.by_hand("postgres").await;
        // A template is copied by one at a time.
        sqlx::raw_sql("SELECT pg_advisory_lock(1)").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        name
    }
}

/// Starts the server, says when it is ready, and ends it when nobody holds its input any more.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -c listen_addresses='' -c unix_socket_directories="$2" -c fsync=off \
  -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c max_wal_size=256MB \
  -c autovacuum_naptime=600 -c timezone=Asia/Kathmandu >"$2/log" 2>&1 </dev/null &
until "$1/pg_isready" -q -h "$2"; do kill -0 $! || exit 1; sleep 0.05; done
printf +
exec >/dev/null
cat >/dev/null
kill -QUIT $!
wait
cd / && rm -r "$2"
"#;

/// The newest directory that has PostgreSQL's programs.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists());
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root: then the directory and the programs go to the user `nobody`.
pub fn unprivileged(home: &Path) -> Option<u32> {
    const NOBODY: u32 = 65_534;
    match std::fs::metadata(home).unwrap().uid() {
        0 => chown(home, Some(NOBODY), Some(NOBODY)).map(|()| Some(NOBODY)).unwrap(),
        NOBODY => Some(NOBODY),
        _ => None,
    }
}

/// A program of PostgreSQL with nothing of our environment.
pub fn command(program: &Path, user: Option<u32>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}
