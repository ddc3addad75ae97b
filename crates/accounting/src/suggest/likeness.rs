//! How alike two names are, 0 to 100: by the pairs of letters of their words, and by whole words of the shorter name
//! that stand in the longer one ("Airfare" in "Travel - Airfare"). Integers only; the order of words does not matter.

use crate::translate::fold;

/// Words that say nothing about what is meant.
const EMPTY: [&str; 9] = ["and", "of", "the", "for", "expense", "expenses", "cost", "costs", "other"];
/// Names are cut to so many words; nobody writes longer ones to be told apart.
const WORDS: usize = 16;

/// How alike two names are, 0 to 100; 100 only where they have the same words.
pub fn likeness(left: &str, right: &str) -> u8 {
    Words::of(left).likeness(&Words::of(right))
}

/// A name made ready to be compared.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The words that say something, sorted.
    words: Vec<String>,
    /// Pairs of letters of all words, sorted, with repetition.
    pairs: Vec<[char; 2]>,
}

impl Words {
    pub fn of(name: &str) -> Self {
        let folded = fold(name);
        let all: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let telling: Vec<&str> = all.iter().copied().filter(|word| !EMPTY.contains(word)).collect();
        // A name of nothing but empty words is all that there is.
        let chosen = if telling.is_empty() { all } else { telling };
        let mut words: Vec<String> = chosen.into_iter().take(WORDS).map(singular).collect();
        words.sort();
        words.dedup();
        let mut pairs: Vec<[char; 2]> = words.iter().flat_map(|word| pairs(word)).collect();
        pairs.sort_unstable();
        Self { words, pairs }
    }

    /// Each pair once.
    pub fn distinct(&self) -> Vec<[char; 2]> {
        let mut pairs = self.pairs.clone();
        pairs.dedup();
        pairs
    }

    pub fn likeness(&self, other: &Self) -> u8 {
        if self.words.is_empty() || other.words.is_empty() {
            return 0;
        }
        if self.words == other.words {
            return 100;
        }
        let pairs = 2 * common(&self.pairs, &other.pairs) * 100 / (self.pairs.len() + other.pairs.len());
        let shared = common(&self.words, &other.words);
        let (shorter, longer) = (self.words.len().min(other.words.len()), self.words.len().max(other.words.len()));
        // All words of the shorter name stand in the longer one: the fewer others, the surer.
        let within = if shared == shorter { 60 + 30 * shorter / longer } else { shared * 70 / longer };
        u8::try_from(pairs.max(within).min(99)).unwrap_or(99)
    }
}

/// A word without the ending of its plural, so that "Meals" is "Meal".
fn singular(word: &str) -> String {
    match word.strip_suffix('s') {
        Some(stem) if stem.chars().count() > 2 && !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// A word's pairs of letters, its beginning and end among them.
fn pairs(word: &str) -> Vec<[char; 2]> {
    let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
    letters.windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// How many items two sorted lists have in common, with repetition.
fn common<T: Ord>(left: &[T], right: &[T]) -> usize {
    let (mut at, mut count) = (0, 0);
    for item in left {
        while right.get(at).is_some_and(|other| other < item) {
            at += 1;
        }
        if right.get(at) == Some(item) {
            at += 1;
            count += 1;
        }
    }
    count
}
