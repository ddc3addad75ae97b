//! What a flow document says beside its mapping: mode, source, destination and schedule.

use jiff::civil::{Date, Time};

use super::secret::{Identifier, SecretRef};

/// Whether a flow posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everything but the post.
    #[default]
    Rehearsal,
    /// Everything.
    Post,
}

/// Where reports come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Expensify.
    Expensify(ExpensifySource),
}

/// The account at Expensify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpensifySource {
    /// `partnerUserID`.
    pub partner_user_id: Identifier,
    /// `partnerUserSecret`.
    pub partner_user_secret: SecretRef,
}

/// Where entries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Sage Intacct.
    Intacct(IntacctDestination),
}

/// The company at Intacct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntacctDestination {
    /// Web Services sender id.
    pub sender_id: Identifier,
    /// Its password.
    pub sender_password: SecretRef,
    /// Company id.
    pub company_id: Identifier,
    /// Web Services user.
    pub user_id: Identifier,
    /// Its password.
    pub user_password: SecretRef,
    /// Entity to log in to; `None` is the top level.
    pub entity: Option<String>,
    /// Most requests in flight for the company.
    pub concurrency: u8,
}

/// When things are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// IANA time zone, such as `America/New_York`; only its form is checked here.
    pub time_zone: String,
    /// Cron expression of five fields: when the source is polled.
    pub poll: String,
    /// Cron expression: when the destination's chart is read again.
    pub refresh: String,
    /// Cron expression: when the last 45 days of the source are read again.
    pub sweep: String,
    /// Times in which nothing is posted.
    pub blackout: Vec<Blackout>,
}

/// A time in which nothing is posted, in the schedule's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blackout {
    /// Whole days, both included.
    Days {
        /// First day.
        first: Date,
        /// Last day.
        last: Date,
    },
    /// The same hours every day; over midnight where `until` is not after `from`.
    Daily {
        /// From this time on.
        from: Time,
        /// Until before this time.
        until: Time,
    },
}
