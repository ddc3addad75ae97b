//! The switches for what nobody outside the vendor knows: every one of them is assumed, and says so.
//!
//! A client must be right under each setting. Switches change how the gateway answers, never what is in the books.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a repeated control id is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateReply {
    /// The function fails with `duplicate_errorno`.
    #[default]
    Error,
    /// The whole request fails at control level with `duplicate_errorno`.
    ControlError,
    /// Success, with the first answer's data.
    OriginalSuccess,
    /// Success, without a record number.
    SuccessWithoutRecordno,
}

/// The order of rows that a query did not order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unordered {
    /// By record number.
    RecordNo,
    /// Some other order, the same for every page (seen in the field: it is not that of the key).
    #[default]
    Scrambled,
    /// Another order on every page, so that pages repeat and miss rows (seen in the field).
    Shifting,
}

/// What becomes of a text that is longer than its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooLong {
    /// The create fails.
    #[default]
    Error,
    /// The text is cut.
    Truncate,
}

/// Everything about the gateway that is assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assumptions {
    /// How long a control id is remembered, in milliseconds: null is for ever, 0 not at all. The vendor's REST API
    /// keeps results for 48 hours; nothing is public about XML.
    pub retention_ms: Option<u64>,
    /// Form of the answer to a repeated control id.
    pub dup_reply: DuplicateReply,
    /// Its errorno.
    pub duplicate_errorno: String,
    /// Its text; `{controlid}` is replaced.
    pub duplicate_text: String,
    /// Whether a copy that arrives while the first still runs is refused. The documentation speaks of "executed and
    /// completed" only.
    pub checks_in_flight: bool,
    /// Whether a function that failed uses its control id up.
    pub failed_burns_key: bool,
    /// Whether the memory holds for functions that only read, too (never for `getAPISession`).
    pub reads_use_memory: bool,
    /// Entries are seen by reads only so many milliseconds after they were made.
    pub query_staleness_ms: u64,
    /// `REFERENCENO` is silently cut after so many characters.
    pub refno_truncated_at: Option<usize>,
    /// Entries made in an entity session are private to it: top-level reads need `showprivate`, other entities see
    /// nothing.
    pub entity_hides_rows: bool,
    /// Texts lose spaces at their ends, and runs of white space become one space.
    pub normalises_strings: bool,
    /// A text longer than its field.
    pub too_long: TooLong,
    /// Field lengths in characters, by `OBJECT.FIELD`; they override the built-in ones, which are guesses.
    pub field_lengths: BTreeMap<String, usize>,
    /// Creates refuse elements that are no field of a journal entry or its lines, so that typing mistakes show.
    pub refuses_unknown_fields: bool,
    /// Journal entries need an approval: an entry sent as Posted lands as Submitted.
    pub approval_required: bool,
    /// Lines of amount zero are accepted.
    pub accepts_zero_lines: bool,
    /// With `BASELOCATION_NO` given, entities need not balance each for itself.
    pub inter_entity_setup: bool,
    /// Account and dimension pairs that may not meet, as `"6430/DEPARTMENT/400"`.
    pub restricted: Vec<String>,
    /// Objects that the user may not touch.
    pub denied_objects: Vec<String>,
    /// The sender is on the company's Web Services list.
    pub sender_authorised: bool,
    /// The company is subscribed to Web Services.
    pub subscribed: bool,
    /// Order of unordered rows.
    pub unordered: Unordered,
    /// `<sum>` answers under the plain field name, as in the documentation's sample; else as `SUM.FIELD`.
    pub sum_keeps_field_name: bool,
    /// Fields that exist and cannot be queried, as `"GLENTRY.DOCUMENT"`.
    pub unqueryable: Vec<String>,
    /// Requests of one company that run at once; more wait or are refused.
    pub concurrency: Option<usize>,
    /// Whether requests over `concurrency` wait; else they are refused with HTTP 429 and GW-0010.
    pub over_concurrency_waits: bool,
    /// Any content type is accepted.
    pub any_content_type: bool,
    /// `getAPISession` beside other functions is accepted (documented as not to be done).
    pub mixes_sessions: bool,
    /// Error texts end in a support id.
    pub support_ids: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Assumptions {
            retention_ms: Some(48 * 3_600_000),
            dup_reply: DuplicateReply::Error,
            duplicate_errorno: "BL01001973".into(),
            duplicate_text: "The control ID '{controlid}' belongs to a function that was already executed.".into(),
            checks_in_flight: false,
            failed_burns_key: false,
            reads_use_memory: true,
            query_staleness_ms: 0,
            refno_truncated_at: None,
            entity_hides_rows: false,
            normalises_strings: false,
            too_long: TooLong::Error,
            field_lengths: BTreeMap::new(),
            refuses_unknown_fields: true,
            approval_required: false,
            accepts_zero_lines: true,
            inter_entity_setup: true,
            restricted: Vec::new(),
            denied_objects: Vec::new(),
            sender_authorised: true,
            subscribed: true,
            unordered: Unordered::Scrambled,
            sum_keeps_field_name: true,
            unqueryable: Vec::new(),
            concurrency: None,
            over_concurrency_waits: false,
            any_content_type: false,
            mixes_sessions: true,
            support_ids: true,
        }
    }
}
