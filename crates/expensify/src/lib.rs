//! Read-only client of Expensify's Integration Server, in Expensify's words.
//!
//! It exports expense reports with a template of our own, downloads the file as a stream of records, and reads the
//! policies (workspaces) with their categories, tags, report fields, taxes and employees. It must not write: the job
//! types cannot express a job that changes anything at Expensify. It must not decide either: which amount counts,
//! which state is good enough and when to try again is for the caller; this crate states what was sent.

mod client;
mod config;
mod credentials;
mod decoder;
mod endpoint;
mod error;
mod field;
mod form;
mod job;
mod pacer;
mod policy;
mod query;
mod raw;
mod record;
mod reply;
mod report;
mod stream;
mod tag;
mod template;
mod transport;
mod window;

pub use client::{Client, ExportFile};
pub use config::{Config, EndpointRule, ReadyPolling};
pub use credentials::Credentials;
pub use error::{Error, Refusal};
pub use job::JobName;
pub use pacer::{Gate, Limits, Pacer};
pub use policy::{
    Category, Employee, PolicyDetails, PolicyField, PolicySummary, PolicyTag, PolicyTax, ReportField, TagLevel, TaxRate,
};
pub use query::{Anchor, ReportQuery, ReportState};
pub use record::{Fault, RecordError, parse_record};
pub use report::{Approver, Card, DateText, Expense, Manager, Receipt, Report, Submitter, Tag, Tax, Units};
pub use stream::{Record, ReportStream};
pub use tag::split_tags;
pub use template::TEMPLATE;
pub use transport::{End, Http, Watcher};
pub use window::{Window, windows};
