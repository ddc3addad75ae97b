//! Which reports to export. It must not allow a query without an anchor: the vendor rejects those with 410.

use jiff::civil::Date;

use crate::error::Error;

/// State of a report, in the API's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportState {
    /// Draft.
    Open,
    /// Awaiting approval ("Processing", "Outstanding").
    Submitted,
    /// Approved, final.
    Approved,
    /// Approved and paid.
    Reimbursed,
    /// Closed without approval: Submit-and-Close workspaces end here.
    Archived,
}

impl ReportState {
    /// The word the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Submitted => "SUBMITTED",
            Self::Approved => "APPROVED",
            Self::Reimbursed => "REIMBURSED",
            Self::Archived => "ARCHIVED",
        }
    }

    /// Reads any of the labels: the API's, the classic ones and the new ones, whatever their case. What
    /// `report.status` literally prints is unknown \[assumed\].
    pub fn from_label(label: &str) -> Option<Self> {
        match label.trim().to_ascii_lowercase().as_str() {
            "open" | "draft" => Some(Self::Open),
            "submitted" | "processing" | "outstanding" => Some(Self::Submitted),
            "approved" => Some(Self::Approved),
            "reimbursed" | "paid" | "withdrawing" | "confirmed" => Some(Self::Reimbursed),
            "archived" | "closed" | "done" => Some(Self::Archived),
            _ => None,
        }
    }
}

/// What bounds an export; the vendor demands one of these \[documented\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Just these reports, in base 62 or base 10. An unknown id is probably left out of the file \[assumed\].
    ReportIds(Vec<String>),
    /// Reports approved after `date`. Whether the day itself counts is contradictory: ask a day early.
    ApprovedAfter {
        /// `approvedAfter`.
        date: Date,
        /// `endDate`. It compares the LATER of created and submitted, not the approval; required by the vendor
        /// when `date` is more than a year ago.
        end: Option<Date>,
    },
    /// Reports whose later of created and submitted lies within, both days included.
    Submitted {
        /// `startDate`.
        start: Date,
        /// `endDate`.
        end: Date,
    },
}

/// A selection of reports to export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportQuery {
    /// What bounds it.
    pub anchor: Anchor,
    /// States wanted; none means all.
    pub states: Vec<ReportState>,
    /// Policies wanted; none means all. Narrows only.
    pub policy_ids: Vec<String>,
    /// At most so many REPORTS. There is no way to ask for the rest, so a full answer is not a complete one.
    pub limit: Option<u32>,
}

impl ReportQuery {
    /// All reports within `anchor`.
    pub fn new(anchor: Anchor) -> Self {
        Self { anchor, states: Vec::new(), policy_ids: Vec::new(), limit: None }
    }

    /// Refuses what the vendor would refuse, or worse, misread: no ids, ids with separators, dates reversed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.anchor {
            Anchor::ReportIds(ids) if ids.is_empty() => return Err(query_error("no report ids")),
            Anchor::ReportIds(ids) => check_ids(ids, "report")?,
            Anchor::ApprovedAfter { date, end: Some(end) } if end < date => return Err(query_error("dates reversed")),
            Anchor::Submitted { start, end } if end < start => return Err(query_error("dates reversed")),
            Anchor::ApprovedAfter { .. } | Anchor::Submitted { .. } => {}
        }
        if self.limit == Some(0) {
            return Err(query_error("a limit of no reports"));
        }
        check_ids(&self.policy_ids, "policy")
    }
}

/// Ids travel in a comma-separated string, so a comma or a blank in one would ask for something else.
pub(crate) fn check_ids(ids: &[String], what: &str) -> Result<(), Error> {
    let good = |id: &String| {
        !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    match ids.iter().find(|id| !good(id)) {
        Some(bad) => Err(query_error(&format!("{what} id {bad:?}"))),
        None => Ok(()),
    }
}

fn query_error(what: &str) -> Error {
    Error::Query { what: what.to_owned() }
}
