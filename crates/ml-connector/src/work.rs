//! What touches vendors or time, one file a verb. Each looks at the stored state, acts, and is safe to repeat; no
//! vendor is called inside a transaction.

pub mod admit;
pub mod agreement;
pub mod anchor;
pub mod board;
pub mod control;
pub mod correct;
pub mod count_uses;
pub mod decide;
pub mod deliver;
pub mod demonstration;
pub mod doctor;
pub mod duties;
pub mod entry;
pub mod error;
pub mod granting;
pub mod hand;
pub mod hand_over;
pub mod lane;
pub mod likeness;
pub mod master_key;
pub mod notify;
pub mod open_cases;
pub mod pace;
pub mod pass;
pub mod ping;
pub mod plan;
pub mod poll;
pub mod post;
pub mod preview;
pub mod progress;
pub mod readback;
pub mod reconcile;
pub mod record;
pub mod reference_drift;
pub mod refresh;
pub mod release;
pub mod resolve;
pub mod retranslate;
pub mod reverse;
pub mod run;
pub mod set_aside;
pub mod start;
pub mod summary;
pub mod supersede;
pub mod told;
pub mod translate;
pub mod upcoming;
pub mod upkeep;
pub mod walk;
pub mod watch;
pub mod way;
pub mod what_if;
pub mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use accounting::posting::Rules;

use crate::clock::Clock;
use crate::flow::Flow;
use crate::settings::Settings;
use crate::store::{CustomerStore, FlowId, RunId};

pub use error::WorkError;
pub use progress::Progress;

/// Who is named in the audit for what this service does by itself.
pub const ACTOR: &str = "ml-connector";

/// Everything one run of one flow works with.
pub struct Work<'a, S, D> {
    /// The customer's data.
    pub customer: &'a CustomerStore,
    /// The flow, at its stored version.
    pub flow: &'a Flow,
    /// Its id.
    pub flow_id: FlowId,
    /// This run.
    pub run: RunId,
    /// When it began, in epoch milliseconds.
    pub began_ms: i64,
    /// What the source has shown since this time (epoch milliseconds) may be sent as it is; what it showed earlier is
    /// read again first.
    pub shown_since_ms: i64,
    /// Nobody waits for it: the schedule's blackouts and freezes hold back what would be posted.
    pub unattended: bool,
    /// Set when the process was told to stop: nothing more is sent then, and what is under way ends.
    pub ending: Arc<AtomicBool>,
    /// Where reports come from.
    pub source: &'a S,
    /// Where entries go.
    pub destination: &'a D,
    /// What time it is.
    pub clock: &'a Clock,
    /// The operator's settings.
    pub settings: &'a Settings,
    /// The figures of the posting protocol, from the settings.
    pub rules: Rules,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
}

impl<S, D> Work<'_, S, D> {
    /// How long a lane is held before it has to be claimed again, in milliseconds.
    pub(crate) fn lease_ms(&self) -> i64 {
        i64::try_from(self.settings.posting.lease_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}

/// The posting rules that the settings ask for.
pub fn rules(settings: &Settings) -> Rules {
    let posting = &settings.posting;
    let ms = |seconds: u64| i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    Rules {
        settle_ms: ms(posting.settle_seconds),
        look_gap_ms: ms(posting.look_gap_seconds),
        looks_ms: posting.look_at_seconds.iter().copied().map(ms).collect(),
        resend_ms: ms(posting.resend_hours.saturating_mul(3_600)),
        ..Rules::default()
    }
}
