//! Stories: what the service does for a company, through the shipped code, over HTTP, against the sandbox of both
//! vendors, with a database file. The sandbox's own books are the judge, never ours alone.

mod approvals;
mod assumptions;
mod ceilings;
pub mod clerk;
mod decisions;
mod drift;
mod fault_cases;
pub mod fix_once;
mod hand_over;
mod hostile;
pub mod ledger;
mod many;
mod mapping_uses;
mod month;
pub mod office;
mod options;
pub mod proxy;
mod reconcile;
mod reference_drift;
mod refusals;
mod rehearsal;
mod release;
pub mod secrets;
mod source_faults;
mod together;
mod what_if;
