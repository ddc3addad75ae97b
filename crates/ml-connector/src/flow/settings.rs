//! What a flow document says beside its mapping: mode, source, destination, schedule, control and who is told.

use std::collections::BTreeSet;

use accounting::schedule::{Blackout, Closed, Freeze};
use accounting::{Amount, Cadence};
use jiff::Timestamp;
use jiff::tz::TimeZone;

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
    /// IANA time zone as it was written, such as `America/New_York`.
    pub time_zone: String,
    /// That zone.
    pub zone: TimeZone,
    /// When the source is polled.
    pub poll: Cadence,
    /// When the destination's chart is read again.
    pub refresh: Cadence,
    /// When the last 45 days of the source are read again.
    pub sweep: Cadence,
    /// When what was approved, planned, acknowledged and read back is compared.
    pub reconcile: Cadence,
    /// Times in which nothing is posted.
    pub blackout: Vec<Blackout>,
    /// Days around the close of a month in which nothing is posted.
    pub freeze: Vec<Freeze>,
    /// Above this age the chart is read again before anything is posted on it, in hours.
    pub chart_max_age_hours: u16,
}

impl Schedule {
    /// Whether posting is allowed at `instant`; reading and translating always are.
    ///
    /// # Errors
    /// [`Closed`] with what forbids it, and the next instant at which it is allowed.
    pub fn may_post_at(&self, instant: Timestamp) -> Result<(), Closed> {
        accounting::schedule::may_post_at(&self.blackout, &self.freeze, instant, &self.zone)
    }
}

/// What a person must agree to, and what is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Whether the ledger is searched for look-alikes before the first post.
    pub hand_over: HandOver,
    /// How many of the first postings wait for a person's review.
    pub review_first: u16,
    /// Whether every posting needs the approval of a person who did not make it ready.
    pub two_person: bool,
    /// Entries above it need an approval; `None`: no amount does.
    pub approve_above: Option<Amount>,
    /// Most that is posted in a day of the schedule's zone; what is above waits. `None`: no ceiling.
    pub ceiling_day: Option<Amount>,
    /// Whether a held report is released by itself once its cause is mended.
    pub auto_release: bool,
    /// How long a posted report is read again for changes, in days; 0: not at all.
    pub watch_days: u16,
    /// After so many days without a report an alarm is raised; `None`: never.
    pub silence_days: Option<u16>,
}

/// What happens before a flow's first post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HandOver {
    /// Look-alikes in the ledger are held with the question.
    #[default]
    Ask,
    /// Nothing is searched.
    Off,
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Where to.
    pub to: Receiver,
    /// About what.
    pub about: BTreeSet<About>,
    /// Signs what is sent; every webhook has one, nothing else does.
    pub secret: Option<SecretRef>,
    /// When the digest is sent, in the schedule's zone.
    pub digest: Cadence,
}

/// Where a message goes. An address is `https`, or `http` to this machine, without user and without a number for a
/// host; one behind a reference is checked when it is read, with [`web_address`](super::web_address).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An e-mail address.
    Mail(String),
    /// A signed webhook.
    Webhook(Identifier),
    /// A webhook of a chat; such an address is often a secret by itself.
    Chat(Identifier),
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// Reports are held.
    Held,
    /// A vendor refuses the credentials.
    Authentication,
    /// Reports wait for a closed period.
    ClosedPeriod,
    /// A posted report changed at the source, or an entry in the ledger.
    Drift,
    /// Something waits for an approval.
    Approval,
    /// What happened since the last digest.
    Digest,
    /// A flow that usually has reports has none.
    Silence,
    /// What was told before is mended.
    AllClear,
}

impl About {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Held,
        Self::Authentication,
        Self::ClosedPeriod,
        Self::Drift,
        Self::Approval,
        Self::Digest,
        Self::Silence,
        Self::AllClear,
    ];

    /// As the document writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Authentication => "authentication",
            Self::ClosedPeriod => "closed_period",
            Self::Drift => "drift",
            Self::Approval => "approval",
            Self::Digest => "digest",
            Self::Silence => "silence",
            Self::AllClear => "all_clear",
        }
    }
}
