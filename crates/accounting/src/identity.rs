//! The identity of a posting, from the vendors' ids alone: never from row ids, time, an installation or content. A
//! lost database and a second installation compute the same keys, and so find what was posted before.
//!
//! ```text
//! reference  MLC + family (13) + suffix (4)        20 characters, base32 alphabet
//! family     SHA-256("mlc1" | company | report id) first 13 characters
//! suffix     scope and kind (1), generation, part (2)
//! control id mlc1- + SHA-256(reference, company) (32) + -k + salt
//! ```
//! The family leaves out the workspace and the fund source: a report that is moved to another workspace, or an
//! expense that changes hands, is still the same report, and one prefix search finds all that was ever posted for it.
//!
//! The first character of the suffix tells scope and kind together, so that what takes an entry back has a reference of
//! its own in the same family, told by the entry's own:
//!
//! ```text
//!                          reimbursable  company card  other  whole report
//! entry                    R             C             O      A
//! reversal of an entry     S             D             P      B
//! difference               T             E             Q      F
//! reversal of a difference U             G             N      H
//! ```

use std::fmt;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use crate::report::FundSource;

/// Letters of every reference.
pub const PREFIX: &str = "MLC";
const FAMILY_LENGTH: usize = 13;
const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an entry stands for within its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The expenses of one fund source.
    Fund(FundSource),
    /// All expenses of the report.
    WholeReport,
}

/// What an entry does with the money of its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Kind {
    /// Books it.
    #[default]
    Entry,
    /// Takes the entry of the same scope, generation and part back.
    Reversal,
    /// Books by how much the report's new content differs from what stands.
    Difference,
    /// Takes the difference of the same scope, generation and part back.
    DifferenceReversal,
}

/// Which entry of which report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostingKey {
    /// The company at the destination.
    pub company: String,
    /// The report's id at the source.
    pub report: String,
    /// What the entry stands for.
    pub scope: Scope,
    /// What it does with that.
    pub kind: Kind,
    /// 0 at first; counted up when changed content replaces an entry that is proven not to exist or was taken back, and
    /// with every difference.
    pub generation: u8,
    /// Position among the entries of the same scope (a day, an expense, a part of a long entry).
    pub part: u16,
}

/// The reference by which an entry is found again: 20 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String);

/// A key that does not fit into a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("generation {generation} or part {part} is out of range (at most 31 and 1023)")]
pub struct KeyOutOfRange {
    /// Generation asked for.
    pub generation: u8,
    /// Part asked for.
    pub part: u16,
}

/// `MLC` and the family: what every reference of one report at one company begins with.
pub fn family_prefix(company: &str, report: &str) -> String {
    let hash = hash(&["mlc1", company, report]);
    format!("{PREFIX}{}", &BASE32_NOPAD.encode(&hash)[..FAMILY_LENGTH])
}

impl Kind {
    const NAMES: [(&'static str, Self); 4] = [
        ("entry", Self::Entry),
        ("reversal", Self::Reversal),
        ("difference", Self::Difference),
        ("difference_reversal", Self::DifferenceReversal),
    ];

    /// The name under which it is stored and shown.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Reads back [`Kind::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Whether it takes another entry back.
    pub const fn is_reversal(self) -> bool {
        matches!(self, Self::Reversal | Self::DifferenceReversal)
    }

    /// The kind that takes this one back; a reversal is not taken back.
    pub const fn reversal(self) -> Option<Self> {
        match self {
            Self::Entry => Some(Self::Reversal),
            Self::Difference => Some(Self::DifferenceReversal),
            Self::Reversal | Self::DifferenceReversal => None,
        }
    }
}

impl PostingKey {
    /// The key of the entry that takes this one back; `None` for one that does so itself.
    pub fn reversal(&self) -> Option<Self> {
        self.kind.reversal().map(|kind| Self { kind, ..self.clone() })
    }

    /// The reference of the entry.
    ///
    /// # Errors
    /// [`KeyOutOfRange`] above 31 generations or 1023 parts.
    pub fn reference(&self) -> Result<Reference, KeyOutOfRange> {
        let out_of_range = || KeyOutOfRange { generation: self.generation, part: self.part };
        let digit = |value: u16| DIGITS.get(usize::from(value)).map(|byte| char::from(*byte)).ok_or_else(out_of_range);
        let mut text = family_prefix(&self.company, &self.report);
        text.push(letter(self.scope, self.kind));
        text.push(digit(u16::from(self.generation))?);
        text.push(digit(self.part / 32)?);
        text.push(digit(self.part % 32)?);
        Ok(Reference(text))
    }
}

/// The character for scope and kind; the table stands above.
const fn letter(scope: Scope, kind: Kind) -> char {
    let [reimbursable, card, other, whole] = match kind {
        Kind::Entry => ['R', 'C', 'O', 'A'],
        Kind::Reversal => ['S', 'D', 'P', 'B'],
        Kind::Difference => ['T', 'E', 'Q', 'F'],
        Kind::DifferenceReversal => ['U', 'G', 'N', 'H'],
    };
    match scope {
        Scope::Fund(FundSource::Reimbursable) => reimbursable,
        Scope::Fund(FundSource::CompanyCard) => card,
        Scope::Fund(FundSource::Other) => other,
        Scope::WholeReport => whole,
    }
}

impl Reference {
    /// Reads back a stored reference; `None` where it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let ours = text.len() == 20 && text.starts_with(PREFIX) && text.bytes().all(|b| DIGITS.contains(&b));
        ours.then(|| Self(text.to_owned()))
    }

    /// The 20 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the entry stands for and what it does with that, as the reference tells.
    pub fn scope_and_kind(&self) -> Option<(Scope, Kind)> {
        let told = self.0.chars().nth(PREFIX.len() + FAMILY_LENGTH)?;
        let funds = FundSource::ALL.map(Scope::Fund);
        let scopes = || funds.into_iter().chain([Scope::WholeReport]);
        let all = Kind::NAMES.iter().flat_map(|(_, kind)| scopes().map(move |scope| (scope, *kind)));
        all.into_iter().find(|(scope, kind)| letter(*scope, *kind) == told)
    }

    /// What all references of the same report begin with.
    pub fn family_prefix(&self) -> &str {
        &self.0[..PREFIX.len() + FAMILY_LENGTH]
    }

    /// The idempotency key under which the destination remembers the entry. `salt` is 0, and counted up only with
    /// the proof that the key before it was used up by a failed attempt.
    pub fn control_id(&self, company: &str, salt: u32) -> String {
        let hash = hash(&["mlc1", company, &self.0]);
        format!("mlc1-{}-k{salt}", &BASE32_NOPAD.encode(&hash)[..32])
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Each part is written with its length before it, so that no two lists of parts hash alike.
fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}
