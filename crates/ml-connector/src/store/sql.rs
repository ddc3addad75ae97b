//! One statement text on two databases: values in, rows out, and where a statement runs. A statement is written once;
//! SQLite and PostgreSQL take the same text, with its parameters as each wants them. No statement stands here.

use futures_util::TryFutureExt as _;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Decode, Error, Row as _, Type};

use super::postgres::connection::{answered, give_back, of_customer};

/// A statement's text for each database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A parameter.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Blob(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($kind:ident: $($from:ty => $into:expr),+;)+) => {$($(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(Some($into(value)))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map($into))
            }
        }
    )+)+};
}

value_from! {
    Text: &str => str::to_owned, String => std::convert::identity, &String => String::clone;
    Int: i64 => std::convert::identity, &i64 => |value: &i64| *value;
    Blob: &[u8] => <[u8]>::to_vec, Vec<u8> => std::convert::identity, &Vec<u8> => Vec::clone;
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

/// A column's type, on both databases.
pub(super) trait Column<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T> Column<'r> for T where T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}

/// A row of either database.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(super) fn try_get<'r, T: Column<'r>>(&'r self, column: usize) -> Result<T, Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

/// A tuple of a row's columns, from the first.
pub(super) trait FromRow: Sized {
    fn from_row(row: Row) -> Result<Self, Error>;
}

macro_rules! tuple_from_row {
    ($($name:ident $at:literal),+) => {
        impl<$($name: for<'r> Column<'r>),+> FromRow for ($($name,)+) {
            fn from_row(row: Row) -> Result<Self, Error> {
                Ok(($(row.try_get($at)?,)+))
            }
        }
    };
}

tuple_from_row!(A 0, B 1);
tuple_from_row!(A 0, B 1, C 2);
tuple_from_row!(A 0, B 1, C 2, D 3);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);

/// A statement with its values, and how its rows are read.
pub(super) struct Query<T> {
    text: Text,
    values: Vec<Value>,
    /// The last value, for SQLite alone: PostgreSQL tells the time itself.
    at_ms: Option<i64>,
    read: fn(Row) -> Result<T, Error>,
}

/// A statement whose rows are read column by column.
pub(super) fn query(text: impl Into<Text>) -> Query<Row> {
    Query { text: text.into(), values: Vec::new(), at_ms: None, read: Ok }
}

/// A statement whose rows are tuples.
pub(super) fn query_as<T: FromRow>(text: impl Into<Text>) -> Query<T> {
    Query { text: text.into(), values: Vec::new(), at_ms: None, read: T::from_row }
}

/// A statement whose rows have one column.
pub(super) fn query_scalar<T: for<'r> Column<'r>>(text: impl Into<Text>) -> Query<T> {
    Query { text: text.into(), values: Vec::new(), at_ms: None, read: |row| row.try_get(0) }
}

/// Where a statement runs.
pub(super) enum Target<'c> {
    /// Within a transaction.
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
    /// By itself.
    SqlitePool(&'c SqlitePool),
    /// By itself, seeing the rows of one customer; of none where the text is empty.
    PostgresPool {
        pool: &'c PgPool,
        customer: &'c str,
    },
}

impl Target<'_> {
    /// The same target once more, for the next statement.
    pub(super) fn again(&mut self) -> Target<'_> {
        match self {
            Self::Sqlite(connection) => Target::Sqlite(connection),
            Self::Postgres(connection) => Target::Postgres(connection),
            Self::SqlitePool(pool) => Target::SqlitePool(pool),
            Self::PostgresPool { pool, customer } => Target::PostgresPool { pool, customer },
        }
    }
}

/// How many rows a statement changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed(u64);

impl Changed {
    pub(super) const fn rows_affected(self) -> u64 {
        self.0
    }
}

impl<T: Send + Unpin> Query<T> {
    #[must_use]
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The time, as the last value of a statement that takes the database's own where there is one.
    #[must_use]
    pub(super) const fn bind_time(mut self, at_ms: i64) -> Self {
        self.at_ms = Some(at_ms);
        self
    }

    pub(super) async fn execute(self, target: Target<'_>) -> Result<Changed, Error> {
        let changed = match target {
            Target::Sqlite(connection) => self.sqlite().execute(connection).await?.rows_affected(),
            Target::SqlitePool(pool) => self.sqlite().execute(pool).await?.rows_affected(),
            Target::Postgres(connection) => answered(self.postgres().execute(connection)).await?.rows_affected(),
            Target::PostgresPool { pool, customer } => {
                let mut connection = of_customer(pool, customer).await?;
                let done = answered(self.postgres().execute(&mut *connection)).await;
                give_back(connection, done)?.rows_affected()
            }
        };
        Ok(Changed(changed))
    }

    pub(super) async fn fetch_all(self, target: Target<'_>) -> Result<Vec<T>, Error> {
        let read = self.read;
        let sqlite = |rows: Vec<SqliteRow>| rows.into_iter().map(|row| read(Row::Sqlite(row))).collect();
        let postgres = |rows: Vec<PgRow>| rows.into_iter().map(|row| read(Row::Postgres(row))).collect();
        match target {
            Target::Sqlite(connection) => self.sqlite().fetch_all(connection).await.and_then(sqlite),
            Target::SqlitePool(pool) => self.sqlite().fetch_all(pool).await.and_then(sqlite),
            Target::Postgres(connection) => answered(self.postgres().fetch_all(connection)).await.and_then(postgres),
            Target::PostgresPool { pool, customer } => {
                let mut connection = of_customer(pool, customer).await?;
                let given = answered(self.postgres().fetch_all(&mut *connection)).await;
                give_back(connection, given).and_then(postgres)
            }
        }
    }

    pub(super) async fn fetch_optional(self, target: Target<'_>) -> Result<Option<T>, Error> {
        let read = self.read;
        let sqlite = |row: Option<SqliteRow>| row.map(|row| read(Row::Sqlite(row))).transpose();
        let postgres = |row: Option<PgRow>| row.map(|row| read(Row::Postgres(row))).transpose();
        match target {
            Target::Sqlite(connection) => self.sqlite().fetch_optional(connection).await.and_then(sqlite),
            Target::SqlitePool(pool) => self.sqlite().fetch_optional(pool).await.and_then(sqlite),
            Target::Postgres(connection) => {
                answered(self.postgres().fetch_optional(connection)).await.and_then(postgres)
            }
            Target::PostgresPool { pool, customer } => {
                let mut connection = of_customer(pool, customer).await?;
                let given = answered(self.postgres().fetch_optional(&mut *connection)).await;
                give_back(connection, given).and_then(postgres)
            }
        }
    }

    pub(super) async fn fetch_one(self, target: Target<'_>) -> Result<T, Error> {
        self.fetch_optional(target).and_then(async |row| row.ok_or(Error::RowNotFound)).await
    }

    fn sqlite(self) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
        let start = sqlx::query(self.text.sqlite);
        self.values.into_iter().chain(self.at_ms.map(|at_ms| Value::Int(Some(at_ms)))).fold(start, |query, value| {
            match value {
                Value::Text(text) => query.bind(text),
                Value::Int(int) => query.bind(int),
                Value::Blob(blob) => query.bind(blob),
            }
        })
    }

    fn postgres(self) -> sqlx::query::Query<'static, Postgres, PgArguments> {
        let start = sqlx::query(self.text.postgres);
        self.values.into_iter().fold(start, |query, value| match value {
            // PostgreSQL has no NUL in a text. What a vendor sends may have one, and ids must still find themselves.
            Value::Text(Some(text)) if text.contains('\0') => query.bind(Some(text.replace('\0', "\u{FFFD}"))),
            Value::Text(text) => query.bind(text),
            Value::Int(int) => query.bind(int),
            Value::Blob(blob) => query.bind(blob),
        })
    }
}
