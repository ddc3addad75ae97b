//! Client of Sage Intacct's XML gateway, in Intacct's words.
//!
//! It states facts and judges nothing: whether a posting stands, may be repeated or must be looked for is decided by
//! whoever calls it. It knows nothing of expense reports and none of the workspace's other crates.
//!
//! Evidence labels in the docs: \[D\] the vendor's documentation, \[X\] its published schema of 2019, \[S\] its SDKs, \[F\]
//! seen in the field; "assumed" where nothing public settles a point.

mod chart;
mod client;
mod config;
mod endpoint;
mod envelope;
mod error;
mod facts;
mod failure;
mod gl_batch;
mod ledger;
mod mask;
mod matching;
mod payload;
mod query;
mod render;
mod reply;
pub mod schema;
mod session;
mod setup;
pub mod text;
mod transport;

pub use chart::{
    Account, Class, Contract, CostType, Customer, Department, Employee, Entity, Item, Journal, Location, Project,
    REQUIRE_FIELDS, Reading, Task, UserDefinedValue, Vendor, Warehouse,
};
pub use client::{Client, Count, MaskedEnvelope, Page, ReadByQuery};
pub use config::{Config, EndpointRule, GATEWAY_URL, Login, Sender, SessionRule, Timeouts};
pub use envelope::{EnvelopeError, MASK, MAX_CONTROL_ID_CHARS};
pub use error::{Cause, Error, Level, Refusal};
pub use facts::{
    Answer, CreateFunction, CreateReply, FunctionAnswer, GatewayError, Mismatch, NotSentCause, ResultStatus,
    SessionFacts, Status, Unclear, UnclearCause,
};
pub use gl_batch::{Allocation, Amount, BatchState, BatchTax, Exchange as ExchangeRate, GlBatch, GlEntry, Split};
pub use gl_batch::{TaxEntry, TrType};
pub use ledger::{BatchFact, DocumentFact, EntryLine, LINE_FIELDS, ReferenceHits, ReferenceSearch};
pub use query::{Filter, MAX_IN_VALUES, MAX_PAGE_SIZE, Order, Query, QueryError, Select};
pub use render::{RenderError, Rendered, render_gl_batch, render_gl_batch_counted};
pub use reply::{Malformed, Row};
pub use setup::{DimensionFact, FieldFact, FinancialSetup};
pub use transport::{
    End, Exchange, Exchanging, Incoming, Outgoing, Partial, RequestKind, SendError, Transport, UnreachableKind, Watcher,
};
