//! Which ledger entries look like which reports: by amount, by date, and by what their texts name. Pure; it reads and
//! decides nothing. Every sign has a weight, and an entry looks like a report from [`THRESHOLD`] on:
//!
//! | sign | weight |
//! |---|---|
//! | the report's id stands in the entry's texts | 100 |
//! | the number that people quote stands there | 100 |
//! | its total is the report's, or that of one of its entries | 40 |
//! | one of its lines has that amount | 20 |
//! | it is dated within five days of the report | 30 |
//! | the employee's name stands in its texts | 30 |
//! | the report's name stands there | 25 |
//!
//! So an amount alone is no sign, an amount within five days is; a name alone is none, a name within five days is.

use std::collections::HashMap;

use accounting::Date;

/// From this score on an entry looks like a report.
pub const THRESHOLD: i64 = 60;
/// Days between an entry and a report that are near.
const NEAR_DAYS: i32 = 5;
/// Shortest texts that say anything when they are found, in characters.
const ID_LENGTH: usize = 4;
const NAME_LENGTH: usize = 5;

const ID: u16 = 1;
const NUMBER: u16 = 1 << 1;
const TOTAL: u16 = 1 << 2;
const LINE: u16 = 1 << 3;
const NEAR: u16 = 1 << 4;
const EMPLOYEE: u16 = 1 << 5;
const NAME: u16 = 1 << 6;

const SIGNS: [(u16, i64, &str); 7] = [
    (ID, 100, "names the report's id"),
    (NUMBER, 100, "names the report's number"),
    (TOTAL, 40, "has the same total"),
    (LINE, 20, "has a line of the same amount"),
    (NEAR, 30, "is dated within five days"),
    (EMPLOYEE, 30, "names the employee"),
    (NAME, 25, "names the report"),
];

/// A report that may be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub report_id: String,
    /// The number that people quote.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// Who spent the money.
    pub employee: String,
    /// Its currency.
    pub currency: String,
    /// What an entry of it may add up to, in minor units: its total, and that of each of its entries.
    pub totals_minor: Vec<i64>,
    /// The days that entries of it may be dated.
    pub dates: Vec<Date>,
}

/// An entry of the ledger, as far as it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Booked {
    /// Its day, where it was readable.
    pub date: Option<Date>,
    /// Sum of its debits in minor units, by currency.
    pub totals_minor: Vec<(String, i64)>,
    /// Amounts of its lines in minor units, by currency.
    pub lines_minor: Vec<(String, i64)>,
    /// Everything that is written on it: title, reference, memos, documents.
    pub texts: Vec<String>,
}

/// A likeness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Which candidate, by its place.
    pub candidate: usize,
    /// The weights of all signs together.
    pub score: i64,
    /// The signs in words.
    pub evidence: Vec<&'static str>,
    /// Whether the entry as a whole has an amount of the report's.
    pub same_total: bool,
}

/// Reports, arranged so that an entry is compared with those alone that it may look like.
#[derive(Debug, Default)]
pub struct Candidates {
    all: Vec<Candidate>,
    by_amount: HashMap<(String, i64), Vec<usize>>,
    /// Phrases by their rarest word.
    by_word: HashMap<String, Vec<usize>>,
    phrases: Vec<Phrase>,
}

#[derive(Debug)]
struct Phrase {
    words: String,
    sign: u16,
    candidates: Vec<usize>,
}

impl Candidates {
    /// Arranges reports.
    pub fn new(all: Vec<Candidate>) -> Self {
        let mut by_amount: HashMap<(String, i64), Vec<usize>> = HashMap::new();
        let mut phrases: HashMap<(String, u16), Vec<usize>> = HashMap::new();
        for (place, candidate) in all.iter().enumerate() {
            for total in candidate.totals_minor.iter().filter(|total| **total != 0) {
                let of_amount = by_amount.entry((candidate.currency.clone(), total.saturating_abs())).or_default();
                if of_amount.last() != Some(&place) {
                    of_amount.push(place);
                }
            }
            for (text, sign, length) in candidate.texts() {
                let words = words(text);
                if words.len() >= length {
                    phrases.entry((words, sign)).or_default().push(place);
                }
            }
        }
        let phrases: Vec<Phrase> =
            phrases.into_iter().map(|((words, sign), candidates)| Phrase { words, sign, candidates }).collect();
        let by_word = rarest_words(&phrases);
        Self { all, by_amount, by_word, phrases }
    }

    /// The reports, by place.
    pub fn all(&self) -> &[Candidate] {
        &self.all
    }

    /// The reports that an entry looks like, each with its signs.
    pub fn like(&self, booked: &Booked) -> Vec<Likeness> {
        let mut signs: HashMap<usize, u16> = HashMap::new();
        for (amounts, sign) in [(&booked.totals_minor, TOTAL), (&booked.lines_minor, LINE)] {
            for amount in amounts {
                for place in self.by_amount.get(amount).into_iter().flatten() {
                    *signs.entry(*place).or_default() |= sign;
                }
            }
        }
        let text = format!(" {} ", words(&booked.texts.join(" \n ")));
        let mut seen = Vec::new();
        for word in text.split_whitespace() {
            for index in self.by_word.get(word).into_iter().flatten() {
                let phrase = &self.phrases[*index];
                if seen.contains(index) || !text.contains(&format!(" {} ", phrase.words)) {
                    continue;
                }
                seen.push(*index);
                for place in &phrase.candidates {
                    *signs.entry(*place).or_default() |= phrase.sign;
                }
            }
        }
        let mut found: Vec<Likeness> =
            signs.into_iter().filter_map(|(place, signs)| self.likeness(place, signs, booked.date)).collect();
        found.sort_by_key(|likeness| likeness.candidate);
        found
    }

    fn likeness(&self, candidate: usize, mut signs: u16, date: Option<Date>) -> Option<Likeness> {
        // An entry whose total is the report's has a line of that amount more often than not.
        if signs & TOTAL != 0 {
            signs &= !LINE;
        }
        let dates = &self.all[candidate].dates;
        if date.is_some_and(|date| dates.iter().any(|other| is_near(date, *other))) {
            signs |= NEAR;
        }
        let held = SIGNS.iter().filter(|(sign, _, _)| signs & sign != 0);
        let score = held.clone().map(|(_, weight, _)| weight).sum();
        let evidence = held.map(|(_, _, words)| *words).collect();
        (score >= THRESHOLD).then_some(Likeness { candidate, score, evidence, same_total: signs & TOTAL != 0 })
    }
}

impl Candidate {
    fn texts(&self) -> [(&str, u16, usize); 4] {
        [
            (&self.report_id, ID, ID_LENGTH),
            (self.number.as_deref().unwrap_or_default(), NUMBER, ID_LENGTH),
            (&self.name, NAME, NAME_LENGTH),
            (&self.employee, EMPLOYEE, NAME_LENGTH),
        ]
    }
}

/// Phrases by that of their words which the fewest phrases have, so that "report" leads to no thousand of them.
fn rarest_words(phrases: &[Phrase]) -> HashMap<String, Vec<usize>> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in phrases.iter().flat_map(|phrase| phrase.words.split(' ')) {
        *counts.entry(word).or_default() += 1;
    }
    let mut by_word: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, phrase) in phrases.iter().enumerate() {
        let rarest = phrase.words.split(' ').min_by_key(|word| (counts.get(word).copied(), *word));
        by_word.entry(rarest.unwrap_or_default().to_owned()).or_default().push(index);
    }
    by_word
}

/// A text as words in small letters with one space between them: what people write around them differs.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().flat_map(char::to_lowercase));
    }
    words
}

fn is_near(one: Date, other: Date) -> bool {
    one.until(other).is_ok_and(|span| span.get_days().abs() <= NEAR_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i8) -> Date {
        Date::constant(2026, 9, day)
    }

    fn candidates() -> Candidates {
        let candidate = |id: &str, number: &str, employee: &str, total: i64, on: Date| Candidate {
            report_id: id.to_owned(),
            number: Some(number.to_owned()),
            name: "Trip to the Customer".to_owned(),
            employee: employee.to_owned(),
            currency: "USD".to_owned(),
            totals_minor: vec![total],
            dates: vec![on],
        };
        Candidates::new(vec![
            candidate("R00AbCd", "77001", "Ada Lovelace", 12_345, day(10)),
            candidate("R00EfGh", "77002", "Grace Hopper", 50_000, day(10)),
        ])
    }

    fn booked(on: Date, total: i64, lines: &[i64], text: &str) -> Booked {
        let usd = |minor: i64| ("USD".to_owned(), minor);
        Booked {
            date: Some(on),
            totals_minor: vec![usd(total)],
            lines_minor: lines.iter().copied().map(usd).collect(),
            texts: vec![text.to_owned()],
        }
    }

    fn found(booked: &Booked) -> Vec<(usize, i64)> {
        candidates().like(booked).iter().map(|likeness| (likeness.candidate, likeness.score)).collect()
    }

    #[test]
    fn an_amount_counts_within_five_days_and_a_name_too() {
        assert_eq!(found(&booked(day(15), 12_345, &[12_345], "")), [(0, 70)]);
        assert_eq!(found(&booked(day(16), 12_345, &[], "")), []);
        assert_eq!(found(&booked(day(16), 12_345, &[], "Reimb. LOVELACE, Ada / ada lovelace")), [(0, 70)]);
        assert_eq!(found(&booked(day(9), 1, &[], "cash for grace  hopper")), [(1, 60)]);
        assert_eq!(found(&booked(day(20), 1, &[], "cash for Grace Hopper")), []);
        assert_eq!(found(&booked(day(9), 60_000, &[50_000, 10_000], "")), [], "a line alone is no sign");
        assert_eq!(found(&booked(day(9), 60_000, &[50_000, 10_000], "Grace Hopper")), [(1, 80)]);
    }

    #[test]
    fn an_id_or_number_counts_wherever_it_stands_as_a_word() {
        assert_eq!(found(&booked(day(28), 1, &[], "see exp. report #77002.")), [(1, 100)]);
        assert_eq!(found(&booked(day(28), 1, &[], "r00abcd")), [(0, 100)]);
        assert_eq!(found(&booked(day(28), 1, &[], "177002 770020")), [], "part of a word is no word");
        assert_eq!(found(&booked(day(28), 1, &[], "Trip to the customer")), [], "many reports may have that name");
    }

    #[test]
    fn another_currency_is_another_amount() {
        let mut entry = booked(day(10), 12_345, &[], "");
        entry.totals_minor[0].0 = "EUR".to_owned();
        assert_eq!(candidates().like(&entry), []);
    }
}
