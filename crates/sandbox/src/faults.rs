//! What goes wrong, and when: rules over both vendors' requests, counted and decided here, carried out elsewhere.
//!
//! Decisions are a pure function of the rules, the seed and the order in which requests arrive.

mod rule;
#[cfg(test)]
mod tests;

pub use rule::{Action, Rule, Vendor};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every fault in force. In JSON either this object, or the bare list of its `rules`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Rules, tried in order; latencies add up, the first action that fires wins.
    pub rules: Vec<Rule>,
    /// Added to every request, in milliseconds. Requests on different connections wait at the same time.
    pub latency_ms: u64,
    /// Added for each `create` function of an Intacct request, in milliseconds.
    pub create_ms_per_function: u64,
    /// Create requests run one at a time, as in a company with one slot; else their delays overlap.
    pub serial_creates: bool,
    /// Seed of the draws behind `probability`.
    pub seed: u64,
}

/// A set of faults that cannot be used, said for the person who wrote it.
#[derive(Debug, thiserror::Error)]
#[error("{what}; at {place}; {remedy}")]
pub struct FaultsError {
    /// What is wrong.
    pub what: String,
    /// Where: a rule's number or a line and column.
    pub place: String,
    /// What to write instead.
    pub remedy: String,
}

impl Faults {
    /// Reads a fault file: an object of [`Faults`], or a bare list of rules.
    ///
    /// # Errors
    /// [`FaultsError`] for anything that is not exactly that: an unknown key is an error, so that a typing mistake
    /// cannot quietly switch a fault off.
    pub fn from_json(text: &str) -> Result<Self, FaultsError> {
        let value: Value = serde_json::from_str(text).map_err(|e| FaultsError {
            what: format!("this is not JSON ({e})"),
            place: format!("line {}, column {}", e.line(), e.column()),
            remedy: "send an object like {\"rules\":[…]} or a list of rules".into(),
        })?;
        Self::from_value(value)
    }

    /// The same from JSON already parsed.
    ///
    /// # Errors
    /// As [`Faults::from_json`].
    pub fn from_value(value: Value) -> Result<Self, FaultsError> {
        let mut object = match value {
            Value::Array(rules) => serde_json::Map::from_iter([("rules".to_owned(), Value::Array(rules))]),
            Value::Object(object) => object,
            other => {
                return Err(FaultsError {
                    what: format!("faults are an object or a list, not {other}"),
                    place: "the top level".into(),
                    remedy: "send an object like {\"rules\":[…]} or a list of rules".into(),
                });
            }
        };
        let rules = match object.remove("rules") {
            None => Vec::new(),
            Some(Value::Array(rules)) => rules,
            Some(other) => {
                return Err(FaultsError {
                    what: format!("`rules` is a list, not {other}"),
                    place: "rules".into(),
                    remedy: "write \"rules\":[{\"on\":\"create\",\"nth\":1,\"action\":\"drop_after_commit\"}]".into(),
                });
            }
        };
        let mut faults: Faults = serde_json::from_value(Value::Object(object)).map_err(|e| FaultsError {
            what: e.to_string(),
            place: "the top level".into(),
            remedy: "known keys: rules, latency_ms, create_ms_per_function, serial_creates, seed".into(),
        })?;
        for (i, rule) in rules.into_iter().enumerate() {
            let place = format!("rules[{i}]");
            let rule: Rule = serde_json::from_value(rule).map_err(|e| FaultsError {
                what: e.to_string(),
                place: place.clone(),
                remedy: format!("known keys: {}; known actions: {}", rule::KEYS, Action::names().join(", ")),
            })?;
            rule.check(&place)?;
            faults.rules.push(rule);
        }
        Ok(faults)
    }
}

/// What one request has to suffer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// Wait before anything else, in milliseconds.
    pub latency_ms: u64,
    /// What goes wrong, with the rule it came from.
    pub rule: Option<Rule>,
}

impl Decision {
    /// The action, `None` where nothing goes wrong.
    pub fn action(&self) -> Action {
        self.rule.as_ref().map_or(Action::None, |r| r.action)
    }
}

/// The faults with their counters.
#[derive(Debug, Default)]
pub struct Script {
    faults: Faults,
    seen: Vec<u64>,
    fired: Vec<u64>,
}

impl Script {
    /// Starts counting from zero.
    pub fn new(faults: Faults) -> Self {
        let n = faults.rules.len();
        Script { faults, seen: vec![0; n], fired: vec![0; n] }
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Decides for one request. `names` are the words its rules may say in `on`; `body` is searched for `contains`.
    pub fn decide(&mut self, vendor: Vendor, names: &[&str], body: &[u8]) -> Decision {
        let mut decision = Decision { latency_ms: self.faults.latency_ms, rule: None };
        for (i, rule) in self.faults.rules.iter().enumerate() {
            if !rule.concerns(vendor, names, body) {
                continue;
            }
            self.seen[i] += 1;
            if !rule.fires(self.seen[i], self.fired[i], draw(self.faults.seed, i as u64, self.seen[i])) {
                continue;
            }
            self.fired[i] += 1;
            decision.latency_ms += rule.latency_ms;
            if decision.rule.is_none() && rule.action.goes_wrong() {
                decision.rule = Some(rule.clone());
            }
        }
        decision
    }
}

/// A uniform draw below one million: a pure function of seed, rule and count.
fn draw(seed: u64, rule: u64, count: u64) -> u64 {
    let mut x = seed ^ rule.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ count.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)) % 1_000_000
}
