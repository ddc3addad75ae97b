//! The schema's versions, oldest first, with their definitions for both databases. Forward only: a version that was
//! released never changes, and a database of a newer version is refused.

/// One step of the schema.
pub(super) struct Schema {
    pub(super) version: i64,
    pub(super) name: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

macro_rules! schema {
    ($version:literal, $file:literal) => {
        Schema {
            version: $version,
            name: $file,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// Every step.
pub(super) const SCHEMAS: &[Schema] = &[
    schema!(1, "0001_start.sql"),
    schema!(2, "0002_service.sql"),
    schema!(3, "0003_people.sql"),
    schema!(4, "0004_admit.sql"),
    schema!(5, "0005_cases.sql"),
    schema!(6, "0006_config.sql"),
    schema!(7, "0007_notices.sql"),
    schema!(9, "0009_figures.sql"),
    schema!(10, "0010_reports.sql"),
    schema!(11, "0011_mapping.sql"),
    schema!(12, "0012_board.sql"),
    schema!(14, "0014_demonstrations.sql"),
];

/// Tables with a customer in each row that are read across customers: by workers for what is due, by the sign-in for
/// who may do what, at opening for where an audit chain was verified, by operators for figures. Ids, times, rights,
/// hashes and sums stand in them, and nothing of what a customer books. PostgreSQL binds every other table that has a `customer_id` to one customer at a time.
pub(super) const ACROSS_CUSTOMERS: &[&str] =
    &["audit_checkpoints", "customer_figures", "flow_figures", "flow_times", "grants"];

/// The newest version that this program knows.
pub(super) fn newest() -> i64 {
    SCHEMAS.iter().map(|schema| schema.version).max().unwrap_or(0)
}
