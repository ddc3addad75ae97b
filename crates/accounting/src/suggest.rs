//! Proposes targets for texts that lead nowhere: by the GL code that the source keeps, by what the same text leads to in
//! the customer's other flows, and by the likeness of names. Every proposal carries its evidence; nothing is mapped by
//! itself, and scores are whole numbers from 0 to 100.

use std::collections::{BTreeMap, HashMap};

use crate::translate::fold;

mod likeness;

use likeness::Words;
pub use likeness::likeness;

/// Names less alike than this are no evidence.
const ALIKE_LEAST: u8 = 40;
/// What the source's own GL code is worth by itself.
const CODE_SCORE: u8 = 92;
/// What another flow's row is worth by itself.
const HISTORY_SCORE: u8 = 88;
/// What each further kind of evidence adds.
const AGREEMENT_SCORE: u8 = 6;
/// The likeness of names alone is never a certainty.
const NAME_SCORE_MOST: u8 = 85;

/// Why a target is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The source keeps this target as the GL code beside the text.
    SourceCode,
    /// The same text leads there in so many other flows of the customer.
    History(u32),
    /// The names are alike to this degree, 0 to 100.
    Name(u8),
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The target.
    pub id: String,
    /// How sure it is, 0 to 100.
    pub score: u8,
    /// At least one.
    pub evidence: Vec<Evidence>,
}

/// Targets made ready for many questions: only those that take postings.
#[derive(Debug, Default)]
pub struct Catalogue {
    targets: Vec<(String, Words)>,
    by_id: HashMap<String, usize>,
    /// Targets by the parts of their names.
    by_part: HashMap<[char; 2], Vec<usize>>,
}

impl Catalogue {
    /// A catalogue of ids with their names.
    pub fn new<'t>(targets: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut catalogue = Self::default();
        for (id, name) in targets {
            let at = catalogue.targets.len();
            let words = Words::of(name);
            for part in words.distinct() {
                catalogue.by_part.entry(part).or_default().push(at);
            }
            catalogue.by_id.insert(fold(id).into_owned(), at);
            catalogue.targets.push((id.to_owned(), words));
        }
        catalogue
    }

    /// Whether nothing can be proposed.
    pub const fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// At most `limit` proposals for a text, the surest first; `code` is the source's GL code beside it, and `history`
    /// tells in how many other flows the text leads to which target.
    pub fn suggest(
        &self,
        text: &str,
        code: Option<&str>,
        history: &BTreeMap<String, u32>,
        limit: usize,
    ) -> Vec<Suggestion> {
        let mut evidence: BTreeMap<usize, Vec<Evidence>> = BTreeMap::new();
        if let Some(at) = code.and_then(|code| self.by_id.get(fold(code).as_ref())) {
            evidence.entry(*at).or_default().push(Evidence::SourceCode);
        }
        for (id, flows) in history {
            if let Some(at) = self.by_id.get(fold(id).as_ref()) {
                evidence.entry(*at).or_default().push(Evidence::History(*flows));
            }
        }
        for (at, alike) in self.alike(text) {
            evidence.entry(at).or_default().push(Evidence::Name(alike));
        }
        let mut found: Vec<Suggestion> = evidence
            .into_iter()
            .filter_map(|(at, evidence)| {
                let (id, _) = self.targets.get(at)?;
                Some(Suggestion { id: id.clone(), score: score(&evidence), evidence })
            })
            .collect();
        found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        found.truncate(limit);
        found
    }

    /// Targets with names like the text; only those that share a part with it are looked at.
    fn alike(&self, text: &str) -> Vec<(usize, u8)> {
        let words = Words::of(text);
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for part in words.distinct() {
            for at in self.by_part.get(&part).into_iter().flatten() {
                *shared.entry(*at).or_default() += 1;
            }
        }
        let least = words.distinct().len().div_ceil(4);
        let near = shared.into_iter().filter(|(_, count)| *count >= least);
        let scored = near.filter_map(|(at, _)| Some((at, words.likeness(&self.targets.get(at)?.1))));
        scored.filter(|(_, alike)| *alike >= ALIKE_LEAST).collect()
    }
}

/// The strongest evidence, and a little for each further one.
fn score(evidence: &[Evidence]) -> u8 {
    let worth = |one: &Evidence| match one {
        Evidence::SourceCode => CODE_SCORE,
        Evidence::History(_) => HISTORY_SCORE,
        Evidence::Name(alike) => (*alike).min(NAME_SCORE_MOST),
    };
    let best = evidence.iter().map(worth).max().unwrap_or(0);
    let further = u8::try_from(evidence.len().saturating_sub(1)).unwrap_or(0);
    best.saturating_add(further.saturating_mul(AGREEMENT_SCORE)).min(100)
}
