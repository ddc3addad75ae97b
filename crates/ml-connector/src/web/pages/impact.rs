//! What a change would do to stored reports, in the words and the order of a page. It reads the answer of a what-if and
//! works out nothing.

use serde_json::Value;

/// Rows of a kind that are shown; the API has the rest.
const SHOWN: usize = 50;

/// Money by currency, in minor units.
type Money = Vec<(String, i64)>;

/// What a change would do.
pub(super) struct Impact {
    /// Reports that would be treated otherwise.
    pub treated: Vec<Treated>,
    /// Lines that would go elsewhere.
    pub moves: Vec<Move>,
    /// What would hold reports that are right today.
    pub holds: Vec<Hold>,
    /// Since which day reports were looked at.
    pub since: String,
    /// How many were looked at.
    pub reports: u64,
}

/// Reports that would be treated otherwise.
pub(super) struct Treated {
    /// How.
    pub words: &'static str,
    /// How many.
    pub reports: u64,
    /// Their money.
    pub money: Money,
    /// How it is marked: `ok`, `wait`, `bad`, `off`.
    pub mark: &'static str,
}

/// Lines that would go to another account, or name another value.
pub(super) struct Move {
    /// What of the lines.
    pub what: String,
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
    /// How many lines.
    pub lines: u64,
    /// Their money.
    pub money: Money,
}

/// A cause that would hold reports.
pub(super) struct Hold {
    /// In words.
    pub title: String,
    /// The offending value.
    pub value: String,
    /// How many reports.
    pub reports: u64,
}

/// Member of the answer, side, words and mark.
const TREATED: [(&str, &str, &str, &str); 9] = [
    ("released", "waiting", "are released", "ok"),
    ("newly_held", "waiting", "are held that are not now", "bad"),
    ("still_held", "waiting", "stay held", "wait"),
    ("newly_taken", "waiting", "are taken that are left out now", "wait"),
    ("left_out", "waiting", "are left out that are taken now", "bad"),
    ("altered", "waiting", "not posted yet are booked otherwise", "wait"),
    ("newly_held", "in_ledger", "posted already stay as they are; reports like them are held from now on", "bad"),
    ("left_out", "in_ledger", "posted already stay as they are; reports like them are left out from now on", "bad"),
    ("altered", "in_ledger", "posted already stay as they are; reports like them go otherwise from now on", "off"),
];

impl Impact {
    /// Of the answer of a what-if.
    pub(super) fn of(found: &Value) -> Self {
        let treated = TREATED.into_iter().filter_map(|(what, side, words, mark)| {
            let tally = &found[what][side];
            let reports = tally["reports"].as_u64().filter(|reports| *reports > 0)?;
            Some(Treated { words, reports, money: money(&tally["money"]), mark })
        });
        let accounts = list(found, "accounts").map(|line| {
            let what = if line["side"] == "offset" { "offset account" } else { "account" };
            moved(what.to_owned(), line)
        });
        let dimensions = list(found, "dimensions").map(|line| moved(text(&line["dimension"]), line));
        let holds = list(found, "would_hold").map(|cause| Hold {
            title: text(&cause["title"]),
            value: text(&cause["value"]),
            reports: cause["tally"]["reports"].as_u64().unwrap_or(0),
        });
        Self {
            treated: treated.collect(),
            moves: accounts.chain(dimensions).take(SHOWN).collect(),
            holds: holds.take(SHOWN).collect(),
            since: text(&found["from"]),
            reports: found["reports"].as_u64().unwrap_or(0),
        }
    }
}

fn list<'f>(found: &'f Value, name: &str) -> impl Iterator<Item = &'f Value> {
    found[name].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn moved(what: String, line: &Value) -> Move {
    let end = |name: &str| match line[name].as_str().unwrap_or_default() {
        "" => "nothing".to_owned(),
        text => text.to_owned(),
    };
    let lines = line["lines"].as_u64().unwrap_or(0);
    Move { what, from: end("from"), to: end("to"), lines, money: money(&line["money"]) }
}

fn money(value: &Value) -> Money {
    let each = value.as_object().into_iter().flatten();
    each.map(|(currency, minor)| (currency.clone(), minor.as_i64().unwrap_or(0))).collect()
}
