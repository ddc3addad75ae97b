//! The pure core: amounts, expense reports, journal entries, dimensions, the chart, the mapping, translation,
//! posting states and schedules. No I/O, no clock, no vendor's word: what happens here depends on the arguments alone.

pub mod amount;
pub mod chart;
pub mod coverage;
pub mod dimension;
pub mod drift;
pub mod entry;
pub mod identity;
pub mod mapping;
pub mod posting;
pub mod problem;
pub mod report;
pub mod schedule;
pub mod suggest;
pub mod template;
pub mod tie_out;
pub mod translate;
pub mod uses;

pub use amount::{Amount, Currency, SourceAmount};
pub use chart::{Account, Chart, Journal, Value};
pub use dimension::Dimension;
pub use entry::{Direction, EntryState, JournalEntry, Line, Reason, Side};
pub use identity::{PostingKey, Reference};
pub use jiff::civil::Date;
pub use mapping::Mapping;
pub use problem::{Code, Problem};
pub use report::{Expense, ExpenseReport, FundSource, ReportState};
pub use schedule::Cadence;
pub use translate::{Setting, Translation, Translator, translate};
