//! What must survive a crash: reports, postings, attempts, settings and the trace of every change. It holds facts and
//! refuses what would lose one; it calls no vendor, decides nothing about money, and has no clock (times come in as
//! epoch milliseconds).
//!
//! [`Store::customer`] is the only door to a customer's data, [`CustomerStore::begin`] the only way to write it, and
//! [`Tx::commit`] the only way to keep what was written: it takes the audit events. Statements are written once for
//! SQLite and PostgreSQL; what differs stands in `sqlite`, in `postgres` and `isolation`, and in the definitions under
//! `migrations`. SQLite has one writing process; PostgreSQL serves any number, and there a transaction of a customer
//! waits for the one before it, so that what is written here may count on being alone with the customer's rows.

use std::sync::Arc;

mod agreement;
mod approval;
mod attempt;
mod audit;
mod audit_check;
mod backup;
mod board;
mod budget;
mod case;
mod cause;
mod chart;
mod chart_document;
mod condition;
mod control;
mod counter;
mod credential;
mod customer;
mod customer_figures;
mod database;
mod error;
mod flow;
mod flow_figures;
mod flow_time;
mod gate;
mod grant;
mod hand_over;
mod handled;
mod held;
mod history;
mod hold;
mod idempotency;
mod ids;
mod installation;
mod isolation;
mod lane;
mod lines;
mod link;
mod look_alike;
mod mapping_change;
mod mapping_use;
mod master_key;
mod message;
mod notice;
mod pass;
mod place;
mod postgres;
mod posting;
mod problems;
mod reconciliation;
mod reference_drift;
mod report;
mod rows;
mod schema;
mod secret;
mod session;
mod sql;
mod sqlite;
mod statements;
mod throttle;
mod token;
mod tx;
mod user;
mod wanted;

pub use agreement::StoredAgreement;
pub use approval::{Approval, Judgement, standing};
pub use attempt::{
    Attempt, AttemptEnd, NewAttempt, NewObservation, NewRequest, REPLY_LIMIT, Request, RequestEnd, StoredObservation,
};
pub use audit::{AuditEntry, AuditEvent, AuditFilter};
pub use audit_check::{Verified, verify_export};
pub use backup::{Checked, back_up, check_copy, restore};
pub use board::{Board, BoardCause, BoardDay, BoardWait, DayBounds, Standing, Sum};
pub use budget::BudgetWindow;
pub use case::{Case, CaseFilter, CaseKind, CaseState, Consent, Decision, NewCase, Verdict};
pub use cause::{Cause, CauseReport, HeldByCause, cause_id};
pub use chart::{ChartInfo, StoredChart};
pub use condition::{Condition, SchemaState};
pub use control::Control;
pub use credential::{Fresh, credential_sha256};
pub use customer::{Customer, CustomerStore};
pub use customer_figures::{CustomerFigures, CustomerTimes, Urgency};
pub use error::StoreError;
pub use flow::{FlowVersion, FlowVersionInfo, StoredFlow};
pub use flow_figures::{FlowCounts, Waiting};
pub use flow_time::{ClaimedFlow, FlowTimes};
pub use gate::{EntryFacts, GateShown, GateShut, WaitingReport, WaitingTotal};
pub use grant::{Grant, Granted, NamedGrant, Right, Role};
pub use hand_over::HandOver;
pub use held::{Release, StoredReport, UntranslatedReport};
pub use history::{PostingHistory, ReportHistory};
pub use hold::{Hold, Leaving};
pub use idempotency::{Claimed, KEPT_MS, KeyedRequest};
pub use ids::{
    CaseId, CustomerId, FlowId, Ids, MessageId, ReconciliationId, RequestId, RunId, TokenId, UserId, WantedId,
};
pub use installation::{Installation, Restored};
pub use lane::Lease;
pub use lines::StoredLine;
pub use link::LINK_MS;
pub use look_alike::{Answer, LookAlike};
pub use mapping_change::MappingChange;
pub use mapping_use::{CountedPlace, MappingUse, text_key};
pub use master_key::{DataKeys, MasterKey};
pub use message::{MessageState, StoredMessage};
pub use notice::{Message, Notice};
pub use pass::StoredPass;
pub use place::Place;
pub use posting::{NewPosting, PostingChange, PostingTotal, StoredPosting};
pub use reconciliation::{Reconciliation, ReconciliationState};
pub use reference_drift::{NewReferenceDrift, ReferenceDrift};
pub use report::{
    Arrival, Before, FoundReports, InboxReport, InboxState, KnownReport, NewReport, RawReport, ReportChange,
    ReportFilter, ReportKey, ReportOrder, ReportSort, ReportTotal, ReportVersion, Unseen,
};
pub use secret::SecretInfo;
pub use session::Session;
pub use sqlite::Access;
#[doc(hidden)]
pub use statements::statements;
pub use throttle::Pace;
pub use token::{NewToken, TOKEN_PREFIX, Token};
pub use tx::Tx;
pub use user::{NewUser, StoredPassword, User, UserChange};
pub use wanted::{Wanted, WantedKind};

use self::database::Database;
use self::installation::Watch;
use self::place::Kind;

/// The store of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    watch: Watch,
    master_key: Option<MasterKey>,
    ids: Ids,
}

impl Store {
    /// Opens the database. Where `access` is [`Access::Write`], a file is created and its lock taken; either kind is
    /// brought to this program's schema and compared with what tells a restored copy. Verifies the audit chains from
    /// their checkpoints, and a given master key against the data keys. In a file, leases of earlier processes end; on
    /// a server they may be those of live ones, and run out.
    ///
    /// # Errors
    /// [`StoreError::Locked`] beside another writer of a file, [`StoreError::Unfit`] for a server that will not do,
    /// [`StoreError::Damaged`], [`StoreError::SchemaNewer`], [`StoreError::MasterKeyWrong`],
    /// [`StoreError::AuditBroken`], [`StoreError::Open`], [`StoreError::File`].
    pub async fn open(
        place: impl Into<Place>,
        access: Access,
        master_key: Option<MasterKey>,
        ids: Ids,
        at_ms: i64,
    ) -> Result<Self, StoreError> {
        let place = place.into();
        let database = match &place.0 {
            Kind::File(path) => sqlite::open(path, access, at_ms).await?,
            Kind::Server(server) => postgres::open(server, access, &ids, at_ms).await?,
        };
        let watch = match (access, &place.0) {
            (Access::Write, Kind::File(path)) => Watch::open(&database, Some(path), &ids, at_ms).await?,
            (Access::Write, Kind::Server(_)) => Watch::of_server(&database).await?,
            (Access::Read, _) => Watch::read(&database).await?,
        };
        let alone = matches!(place.0, Kind::File(_));
        let store = Self(Arc::new(Inner { database, watch, master_key, ids }));
        store.check_master_key().await?;
        if access == Access::Write {
            if alone {
                store.end_all_leases().await?;
                store.release_all_flows().await?;
            }
            store.restored(at_ms).await?;
            store.verify_since_checkpoints(at_ms).await?;
        }
        Ok(store)
    }

    /// A store that is gone when its last clone is: for simulations and tests. A task must not read through a
    /// [`CustomerStore`] while it holds a [`Tx`] open here: there is one connection.
    ///
    /// # Errors
    /// See [`Store::open`].
    pub async fn in_memory(master_key: Option<MasterKey>, ids: Ids, at_ms: i64) -> Result<Self, StoreError> {
        let database = sqlite::in_memory(at_ms).await?;
        let watch = Watch::open(&database, None, &ids, at_ms).await?;
        Ok(Self(Arc::new(Inner { database, watch, master_key, ids })))
    }

    /// Which installation this is.
    pub fn installation(&self) -> &Installation {
        self.0.watch.installation()
    }

    /// Since when the database looks restored from a backup, and until when it knows what was done: nothing may be
    /// posted until the ledger was read for what was posted since, and [`Store::trust_restored`] was called. A server
    /// is asked each time, since it may have failed over to a copy meanwhile, or another process may have noticed; so
    /// ask before each pass over a flow.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn restored(&self, at_ms: i64) -> Result<Option<Restored>, StoreError> {
        installation::restored(self, at_ms).await
    }

    /// Notes that the database was put back to an earlier state, by tools that leave no trace of it. It is treated as
    /// restored from then on.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn mark_restored(&self, at_ms: i64) -> Result<(), StoreError> {
        installation::suspect(self, at_ms).await
    }

    /// Whether a restore would be noticed at all: on PostgreSQL our role may be kept from asking for the server's
    /// identity.
    pub fn notices_restore(&self) -> bool {
        self.0.watch.notices_restore()
    }

    /// Ends the suspicion after the sweep of the ledger.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::File`].
    pub async fn trust_restored(&self, at_ms: i64) -> Result<(), StoreError> {
        self.0.watch.trust(&self.0.database, &self.0.ids, at_ms).await
    }

    /// Commits of this process, and the microseconds they took: mostly the disk's.
    pub fn commits(&self) -> (u64, u64) {
        self.0.watch.commits()
    }

    /// The maker of ids.
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// Closes the database and waits until it is closed. Without it the file is closed when the last clone is gone.
    pub async fn close(self) {
        self.0.database.close().await;
    }
}
