//! The schema's versions, oldest first, with their definitions for both databases. Forward only: a version that was
//! released never changes, and a database of a newer version is refused.

/// One step of the schema.
pub(super) struct Schema {
    pub(super) version: i64,
    pub(super) sqlite: &'static str,
    #[expect(dead_code, reason = "used once PostgreSQL is opened")]
    pub(super) postgres: &'static str,
}

macro_rules! schema {
    ($version:literal, $file:literal) => {
        Schema {
            version: $version,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// Every step.
pub(super) const SCHEMAS: &[Schema] = &[
    schema!(1, "0001_start.sql"),
    schema!(2, "0002_service.sql"),
    schema!(4, "0004_admit.sql"),
    schema!(5, "0005_cases.sql"),
    schema!(6, "0006_config.sql"),
];

/// The newest version that this program knows.
pub(super) fn newest() -> i64 {
    SCHEMAS.iter().map(|schema| schema.version).max().unwrap_or(0)
}
