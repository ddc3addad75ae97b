//! Where the database is: a file, or a PostgreSQL server. It reads the address that the settings give, and can be
//! shown: no password is ever part of what is shown. It opens nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::error::StoreError;

/// What an address of a server may say after its `?`.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where the database is.
#[derive(Clone)]
pub struct Place(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    File(PathBuf),
    Server(Box<Server>),
}

/// A PostgreSQL server, a database on it, and how many connections this process may have there.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) options: PgConnectOptions,
    pub(super) connections: u32,
}

impl Place {
    /// Reads `sqlite:PATH` or `postgres://USER@HOST/DATABASE`. On a server this process has at most `connections`
    /// connections; a file needs none.
    ///
    /// # Errors
    /// [`StoreError::Address`], without the address: a password may stand in it.
    pub fn parse(url: &str, connections: u32) -> Result<Self, StoreError> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return match path {
                "" => Err(wrong("it names no file; such as sqlite:ml-connector.db")),
                path => Ok(Path::new(path).into()),
            };
        }
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or_else(|| wrong("it begins neither with sqlite: nor with postgres://"))?;
        let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        // Otherwise a piece of a password would be taken for the host or the database, and be shown as such.
        let database = address.split_once('/').map_or("", |(_, database)| database);
        if address.matches('@').count() > 1 || database.contains(['@', '/', ':']) || rest.contains('#') {
            return Err(wrong("write the characters @ / : ? # of a name or password as %40 %2F %3A %3F %23"));
        }
        for name in parameters.split('&').filter_map(|parameter| parameter.split('=').next()) {
            if !name.is_empty() && !PARAMETERS.contains(&name) {
                // The name itself is not shown: it may be a piece of a password.
                return Err(wrong(format!("what follows the ? is none of {}", PARAMETERS.join(", "))));
            }
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| wrong(error.to_string()))?;
        if options.get_database().is_none() {
            return Err(wrong("it names no database; such as postgres://ml_connector@localhost/ml_connector"));
        }
        Ok(Self(Kind::Server(Box::new(Server { options, connections: connections.max(1) }))))
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Kind::File(path) => Some(path),
            Kind::Server(_) => None,
        }
    }

    /// Whether there may be a database: a server is asked only when it is opened.
    pub fn may_exist(&self) -> bool {
        match &self.0 {
            Kind::File(path) => path.exists(),
            Kind::Server(_) => true,
        }
    }
}

fn wrong(why: impl Into<String>) -> StoreError {
    StoreError::Address { why: why.into() }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self(Kind::File(path.to_owned()))
    }
}

impl From<&PathBuf> for Place {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => write!(f, "{}", path.display()),
            Kind::Server(server) => server.fmt(f),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let database = options.get_database().unwrap_or_default();
        match options.get_socket() {
            Some(socket) => write!(f, "{database} of {} at {}", options.get_username(), socket.display()),
            None => {
                let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
                write!(f, "postgres://{user}@{host}:{port}/{database}")
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}
