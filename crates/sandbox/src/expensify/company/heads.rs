//! When a report was begun, submitted, approved and paid, and what is wrong with it, if anything.
//!
//! Cheap: a selection over a hundred thousand reports makes nothing but heads.

use super::dice::Dice;
use super::policy::{CONTRACTORS, LABS, MAIN};
use super::report::{Head, State};
use crate::world::EMPLOYEES;
use jiff::Span;
use jiff::civil::{Date, DateTime};
use std::collections::BTreeSet;

const SALT: u64 = 0x4845_4144;

/// Why a report cannot be posted until a person has decided something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// An expense in the vendor's "no category".
    Uncategorized,
    /// An expense with an empty category.
    BlankCategory,
    /// A category without any account.
    UnmappedCategory,
    /// A category whose account is inactive.
    InactiveAccount,
    /// A category that the workspace no longer has.
    DeletedCategory,
    /// Tagged with a closed department.
    InactiveDepartment,
    /// Tagged with a closed project.
    InactiveProject,
    /// No department where the account wants one.
    BlankDepartment,
    /// No project where the account wants one.
    BlankProject,
    /// Approved when the books of that month are already closed.
    ClosedPeriod,
    /// A foreign expense without its converted amount.
    NoConversion,
}

/// Every flaw, in the order in which they are dealt out.
pub const FLAWS: [Flaw; 11] = [
    Flaw::Uncategorized,
    Flaw::UnmappedCategory,
    Flaw::InactiveAccount,
    Flaw::InactiveDepartment,
    Flaw::BlankProject,
    Flaw::ClosedPeriod,
    Flaw::BlankCategory,
    Flaw::InactiveProject,
    Flaw::BlankDepartment,
    Flaw::NoConversion,
    Flaw::DeletedCategory,
];

/// The flaw of report `n`: every eighth has one, each kind in turn; never in scale mode.
pub fn flaw(n: u32, scale: bool) -> Option<Flaw> {
    (!scale && n % 8 == 7).then(|| FLAWS[(n / 8) as usize % FLAWS.len()])
}

/// The head of generated report `n`.
pub fn generate(seed: u64, n: u32, today: Date, scale: bool) -> Head {
    let mut dice = Dice::new(seed, u64::from(n), SALT);
    let flaw = flaw(n, scale);
    let policy = match dice.below(100) {
        _ if scale || flaw.is_some() => &MAIN,
        0..4 => &LABS,
        4..7 => &CONTRACTORS,
        _ => &MAIN,
    };
    let submitter = dice.index(EMPLOYEES);
    let approved_days_ago = match flaw {
        Some(Flaw::ClosedPeriod) => dice.between(67, 80),
        _ => dice.between(1, 34),
    };
    let approved = day_before(today, approved_days_ago, dice.between(9 * 3600, 17 * 3600));
    let submitted = day_before(approved.date(), dice.between(1, 6), dice.between(8 * 3600, 18 * 3600));
    let created = day_before(submitted.date(), dice.between(1, 12), dice.between(8 * 3600, 18 * 3600));
    let paid = day_before(approved.date(), -dice.between(2, 6), dice.between(0, 4 * 3600));
    let state = match dice.below(100) {
        _ if scale => State::Approved,
        0..10 if policy.submit_and_close => State::Open,
        _ if policy.submit_and_close => State::Archived,
        0..5 if flaw.is_none() => State::Open,
        5..11 if flaw.is_none() => State::Submitted,
        11..55 if paid.date() < today => State::Reimbursed,
        _ => State::Approved,
    };
    let has_approval = matches!(state, State::Approved | State::Reimbursed);
    Head {
        number: n,
        state,
        policy,
        submitter,
        created,
        submitted: (state != State::Open).then_some(submitted),
        approved: has_approval.then_some(approved),
        reimbursed: (state == State::Reimbursed).then_some(paid),
        labels: BTreeSet::new(),
    }
}

/// So many days before `day` (after it, where negative), so many seconds into that day.
pub fn day_before(day: Date, days: i64, second: i64) -> DateTime {
    let moved = day.saturating_sub(Span::new().days(days.clamp(-10_000, 10_000)));
    moved.at(0, 0, 0, 0).saturating_add(Span::new().seconds(second.clamp(0, 86_399)))
}
