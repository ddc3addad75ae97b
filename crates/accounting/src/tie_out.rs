//! The tie-out: what the source shows as approved = what was planned = what the ledger acknowledged = what the ledger
//! shows now, by month, entity, currency and scope, in whole minor units. Pure: what was read is told, nothing is read
//! here, and what does not add up is named, never spread or rounded away.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::amount::Currency;
use crate::identity::{Kind, Scope};
use crate::problem::Code;
use crate::report::{ExpenseReport, FundSource};

/// A month of posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
}

/// A row of the tie-out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Month of the posting date; of approval for what is not posted.
    pub month: Month,
    /// Entity; empty at the top level.
    pub entity: String,
    /// Currency.
    pub currency: Currency,
    /// Fund source, or the whole report.
    pub scope: Scope,
}

/// The sums of a row, in minor units. Amounts are the net of expenses, so that a correction counts with its sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Approved at the source.
    pub source: i128,
    /// Left out, each with its reason.
    pub excluded: i128,
    /// Held, or not planned yet.
    pub held: i128,
    /// A difference at the source that a person accepted.
    pub explained: i128,
    /// Frozen for posting, and neither withdrawn nor taken back.
    pub planned: i128,
    /// Of these, not acknowledged yet.
    pub waiting: i128,
    /// Of these, acknowledged by the ledger.
    pub acknowledged: i128,
    /// Entries that were taken back, and what took them back: together nothing, but not in each month.
    pub corrections: i128,
    /// What the ledger shows now.
    pub ledger: i128,
    /// A difference in the ledger that a person accepted.
    pub ledger_explained: i128,
    /// Reports.
    pub reports: u64,
    /// Entries acknowledged, corrections included.
    pub entries: u64,
}

/// How far a posting has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// Replaced before anything of it was booked, or closed as booked elsewhere.
    Withdrawn,
    /// Frozen, under way, refused or in doubt.
    Waiting,
    /// In the ledger.
    Acknowledged,
    /// In the ledger, and taken back there.
    Reversed,
}

/// A posting as it is tied out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingFacts {
    /// Its row.
    pub key: Key,
    /// What it does with the money of its scope.
    pub kind: Kind,
    /// Net amount of its expenses.
    pub amount_minor: i64,
    /// How far it has come.
    pub progress: Progress,
}

/// Where a report stands, as far as the tie-out asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Left out as a whole.
    Excluded,
    /// Something stands in its way, or it was not planned yet.
    Held,
    /// Its postings say where it stands.
    Planned,
}

/// A report with its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// What the source shows by scope; nothing where the source no longer shows the report.
    pub source: BTreeMap<Scope, i64>,
    /// What was left out of it, by scope.
    pub excluded: BTreeMap<Scope, i64>,
    /// Where it stands.
    pub standing: Standing,
    /// A person accepted that the ledger differs from the source.
    pub explained: bool,
    /// The row of what is not posted, but for the scope.
    pub place: Key,
    /// Its postings.
    pub postings: Vec<PostingFacts>,
}

/// What does not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// An entry in the ledger carries a reference of ours and is unknown here.
    UnknownHere,
    /// Beside a posted entry, another one carries its reference or document number.
    Copied,
    /// A posted entry is not in the ledger any more.
    Gone,
    /// A posted entry has other lines, another date or another journal.
    Edited,
    /// A posted entry is in a state that does not count in the books.
    NotInBooks,
    /// An approved report was never read.
    NeverRead,
    /// An entry was planned long ago and is not acknowledged.
    WaitsLong,
    /// The source shows another amount than was planned, left out and held.
    SourceDiffers,
    /// The source no longer shows a posted report.
    GoneAtSource,
}

/// The whole tie-out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TieOut {
    /// Sums by row.
    pub rows: BTreeMap<Key, Sums>,
}

impl Month {
    /// The month of a day.
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Finding {
    /// The code under which a person finds cause and remedy.
    pub const fn code(self) -> Code {
        match self {
            Self::UnknownHere => Code::EntryUnknown,
            Self::Copied => Code::EntryCopied,
            Self::Gone => Code::EntryGone,
            Self::Edited => Code::EntryEdited,
            Self::NotInBooks => Code::EntryNotInBooks,
            Self::NeverRead => Code::ReportNeverRead,
            Self::WaitsLong => Code::EntryWaitsLong,
            Self::SourceDiffers => Code::SourceDiffers,
            Self::GoneAtSource => Code::ReportDeleted,
        }
    }

    /// The name under which it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownHere => "unknown_here",
            Self::Copied => "copied",
            Self::Gone => "gone",
            Self::Edited => "edited",
            Self::NotInBooks => "not_in_books",
            Self::NeverRead => "never_read",
            Self::WaitsLong => "waits_long",
            Self::SourceDiffers => "source_differs",
            Self::GoneAtSource => "gone_at_source",
        }
    }
}

impl Sums {
    /// What the source shows beyond what was left out, held, explained and planned.
    pub const fn unexplained_source(&self) -> i128 {
        self.source - self.excluded - self.held - self.explained - self.planned
    }

    /// What was planned beyond what waits and what was acknowledged.
    pub const fn unexplained_planned(&self) -> i128 {
        self.planned - self.waiting - self.acknowledged
    }

    /// What the ledger shows beyond what was acknowledged, corrected and explained.
    pub const fn unexplained_ledger(&self) -> i128 {
        self.ledger - self.acknowledged - self.corrections - self.ledger_explained
    }

    /// Whether all four ways agree. Three differences that cancel each other out do not.
    pub const fn ties(&self) -> bool {
        self.unexplained_source() == 0 && self.unexplained_planned() == 0 && self.unexplained_ledger() == 0
    }

    /// The sum of what does not agree, whatever its sign: 0 only where the row ties.
    pub const fn unexplained(&self) -> i128 {
        self.unexplained_source().abs() + self.unexplained_planned().abs() + self.unexplained_ledger().abs()
    }

    fn add(&mut self, other: &Self) {
        self.source += other.source;
        self.excluded += other.excluded;
        self.held += other.held;
        self.explained += other.explained;
        self.planned += other.planned;
        self.waiting += other.waiting;
        self.acknowledged += other.acknowledged;
        self.corrections += other.corrections;
        self.ledger += other.ledger;
        self.ledger_explained += other.ledger_explained;
        self.reports += other.reports;
        self.entries += other.entries;
    }
}

impl TieOut {
    /// Adds to a row.
    pub fn add(&mut self, key: &Key, sums: &Sums) {
        match self.rows.get_mut(key) {
            Some(row) => row.add(sums),
            None => {
                self.rows.insert(key.clone(), sums.clone());
            }
        }
    }

    /// Adds a report with its postings, in the rows for which `in_period` holds; gives what the source shows beyond what
    /// is accounted for, by row. The source's amount of a scope stands in the months in which the scope is posted, and
    /// what is not posted in the report's own.
    pub fn add_report(&mut self, facts: &ReportFacts, in_period: impl Fn(&Key) -> bool) -> Vec<(Key, i128)> {
        let mut remainders = Vec::new();
        let mut counted = false;
        for scope in scopes(facts) {
            let of_scope = || facts.postings.iter().filter(move |posting| posting.key.scope == scope);
            let mut rows: Vec<(Key, Sums)> = Vec::new();
            let mut planned = 0_i128;
            for posting in of_scope() {
                let sums = posting.sums();
                planned += sums.planned;
                rows.push((posting.key.clone(), sums));
            }
            let first = of_scope().find(|posting| posting.is_planned()).map(|posting| posting.key.clone());
            let place = first.unwrap_or_else(|| Key { scope, ..facts.place.clone() });
            let (own, remainder) = facts.own(scope, planned);
            if remainder != 0 {
                remainders.push((place.clone(), remainder));
            }
            rows.push((place, own));
            for (key, mut sums) in rows.into_iter().filter(|(key, _)| in_period(key)) {
                sums.reports = u64::from(!std::mem::replace(&mut counted, true));
                self.add(&key, &sums);
            }
        }
        remainders.retain(|(key, _)| in_period(key));
        remainders
    }

    /// Whether every row ties.
    pub fn ties(&self) -> bool {
        self.rows.values().all(Sums::ties)
    }
}

impl PostingFacts {
    const fn is_planned(&self) -> bool {
        !self.kind.is_reversal() && matches!(self.progress, Progress::Waiting | Progress::Acknowledged)
    }

    /// What the posting alone adds to its row; the source shows what was planned, until the report's own says otherwise.
    fn sums(&self) -> Sums {
        let amount = i128::from(self.amount_minor);
        let mut sums = Sums::default();
        match (self.progress, self.kind.is_reversal()) {
            (Progress::Withdrawn, _) | (Progress::Waiting, true) => {}
            (Progress::Waiting, false) => (sums.source, sums.planned, sums.waiting) = (amount, amount, amount),
            (Progress::Acknowledged, false) => {
                (sums.source, sums.planned, sums.acknowledged, sums.entries) = (amount, amount, amount, 1);
            }
            (Progress::Acknowledged, true) | (Progress::Reversed, _) => {
                (sums.corrections, sums.entries) = (amount, 1);
            }
        }
        sums
    }
}

impl ReportFacts {
    /// What the report adds to its own row beyond its postings, and what of it nothing accounts for.
    fn own(&self, scope: Scope, planned: i128) -> (Sums, i128) {
        let amount = |of: &BTreeMap<Scope, i64>| i128::from(of.get(&scope).copied().unwrap_or(0));
        let source = amount(&self.source);
        // The postings have counted what was planned as shown by the source.
        let mut own = Sums { source: source - planned, ..Sums::default() };
        own.excluded = match self.standing {
            Standing::Excluded => source - planned,
            _ => amount(&self.excluded),
        };
        let rest = own.source - own.excluded;
        match self.standing {
            _ if rest == 0 => return (own, 0),
            Standing::Held if planned == 0 => own.held = rest,
            _ if self.explained => own.explained = rest,
            _ => return (own, rest),
        }
        (own, 0)
    }
}

fn scopes(facts: &ReportFacts) -> Vec<Scope> {
    let of_postings = facts.postings.iter().map(|posting| &posting.key.scope);
    let mut scopes: Vec<Scope> = facts.source.keys().chain(facts.excluded.keys()).chain(of_postings).copied().collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// What a report amounts to by fund source, or as a whole, in its own currency, whatever a mapping makes of it; and how
/// many of its expenses have no amount. `None` where its currency is unknown.
pub fn source_amounts(report: &ExpenseReport, whole: bool) -> Option<(Currency, BTreeMap<Scope, i64>, usize)> {
    let (currency, amounts) = crate::translate::amounts_of(report);
    let currency = currency?;
    let mut sums: BTreeMap<Scope, i64> = BTreeMap::new();
    let mut without = 0;
    for (expense, amount) in report.expenses.iter().zip(amounts) {
        let Some(amount) = amount else {
            without += 1;
            continue;
        };
        let sum = sums.entry(scope_of(expense.fund_source(), whole)).or_default();
        *sum = sum.saturating_add(amount.minor);
    }
    Some((currency, sums, without))
}

/// The scope of a fund source's expenses.
pub const fn scope_of(fund: FundSource, whole: bool) -> Scope {
    if whole { Scope::WholeReport } else { Scope::Fund(fund) }
}
