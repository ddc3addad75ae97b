//! A posting as one line of text, so that a store keeps it whole and forgets no field. The form is `name=value`
//! separated by spaces, absent values left out, lists separated by commas; it must not be taken apart by SQL.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::str::FromStr;

use super::event::RejectClass;
use super::memory::{Looks, Posting, Proof};
use super::state::{Learned, State};
use crate::problem::Code;

/// A stored line that is no posting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored posting has no valid '{field}'")]
pub struct DecodeError {
    /// The field that is missing or malformed.
    pub field: &'static str,
}

impl Posting {
    /// The posting as one line.
    pub fn encode(&self) -> String {
        let mut line = Line(format!("state={}", self.state.name()));
        match &self.state {
            State::Posted { record_no, learned } => {
                line.text("record", record_no);
                line.put("learned", learned.name());
            }
            State::Rejected { class, code } => {
                line.put("class", class.name());
                line.put("code", code.number());
            }
            State::Held { code } => line.put("code", code.number()),
            State::Conflict { record_no } => line.text("record", record_no),
            State::Duplicate { record_nos } => {
                let escaped: Vec<String> = record_nos.iter().map(|record_no| escape(record_no)).collect();
                line.put("records", escaped.join(","));
            }
            State::Reversed { record_no, by } => {
                line.text("record", record_no);
                line.text("by", by);
            }
            State::Frozen | State::Sending | State::Unknown | State::Absent => {}
        }
        self.encode_memory(&mut line);
        line.0
    }

    fn encode_memory(&self, line: &mut Line) {
        line.put("attempts", self.attempts);
        line.put("salt", self.salt);
        line.put("key_sends", self.key_sends);
        line.optional("first_sent", self.first_sent_ms);
        line.optional("last_byte", self.last_byte_ms);
        if !self.recent_sends_ms.is_empty() {
            line.put("sends", joined(&self.recent_sends_ms));
        }
        line.optional("doubt", self.doubt_ms);
        line.put("looks", self.looks.made);
        line.optional("looked", self.looks.last_ms);
        line.flag("controlled", self.looks.controlled);
        line.optional("absent", self.looks.absent_ms);
        line.flag("repeated", self.repeated);
        line.flag("lapsed", self.lapsed);
        line.flag("consented", self.consented);
        line.optional("failure", self.failure.map(RejectClass::name));
        line.put("failures", self.failures);
        if let Some(claimed) = &self.claimed {
            line.text("claimed", claimed);
        }
        line.put("observations", self.observations);
        if let Some(proof) = &self.proof {
            line.put("proof", joined(&[proof.last_byte_ms, proof.first_look_ms, proof.second_look_ms]));
            line.flag("proof_repeated", proof.repeated);
            line.flag("proof_consented", proof.consented);
        }
        line.optional("alarm", self.alarm.map(Code::number));
    }

    /// Reads back [`Posting::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] names the field that is missing or malformed.
    pub fn decode(line: &str) -> Result<Self, DecodeError> {
        let fields = Fields(line.split(' ').filter_map(|field| field.split_once('=')).collect());
        Ok(Self {
            state: fields.state()?,
            attempts: fields.required("attempts")?,
            salt: fields.required("salt")?,
            key_sends: fields.required("key_sends")?,
            first_sent_ms: fields.optional("first_sent")?,
            last_byte_ms: fields.optional("last_byte")?,
            recent_sends_ms: fields.list("sends")?,
            doubt_ms: fields.optional("doubt")?,
            looks: Looks {
                made: fields.required("looks")?,
                last_ms: fields.optional("looked")?,
                controlled: fields.flag("controlled"),
                absent_ms: fields.optional("absent")?,
            },
            repeated: fields.flag("repeated"),
            lapsed: fields.flag("lapsed"),
            consented: fields.flag("consented"),
            failure: fields.named("failure", RejectClass::parse)?,
            failures: fields.required("failures")?,
            claimed: fields.named("claimed", unescape)?,
            observations: fields.required("observations")?,
            proof: fields.proof()?,
            alarm: fields.named("alarm", parse_code)?,
        })
    }
}

struct Line(String);

impl Line {
    fn put(&mut self, name: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, " {name}={value}");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.put(name, escape(value));
    }

    fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.put(name, 1);
        }
    }
}

struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl Fields<'_> {
    fn named<T>(&self, field: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, DecodeError> {
        self.0.get(field).map(|text| parse(text).ok_or(DecodeError { field })).transpose()
    }

    fn demanded<T>(&self, field: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, DecodeError> {
        self.named(field, parse)?.ok_or(DecodeError { field })
    }

    fn optional<T: FromStr>(&self, field: &'static str) -> Result<Option<T>, DecodeError> {
        self.named(field, |text| text.parse().ok())
    }

    fn required<T: FromStr>(&self, field: &'static str) -> Result<T, DecodeError> {
        self.demanded(field, |text| text.parse().ok())
    }

    fn list(&self, field: &'static str) -> Result<Vec<i64>, DecodeError> {
        let parse = |text: &str| text.split(',').map(|item| item.parse().ok()).collect::<Option<Vec<i64>>>();
        Ok(self.named(field, parse)?.unwrap_or_default())
    }

    fn flag(&self, field: &'static str) -> bool {
        self.0.contains_key(field)
    }

    fn proof(&self) -> Result<Option<Proof>, DecodeError> {
        match self.list("proof")?[..] {
            [] => Ok(None),
            [last_byte_ms, first_look_ms, second_look_ms] => {
                let repeated = self.flag("proof_repeated");
                let consented = self.flag("proof_consented");
                Ok(Some(Proof { last_byte_ms, first_look_ms, second_look_ms, repeated, consented }))
            }
            _ => Err(DecodeError { field: "proof" }),
        }
    }

    fn state(&self) -> Result<State, DecodeError> {
        let record_no = || self.demanded("record", unescape);
        let code = || self.demanded("code", parse_code);
        Ok(match self.0.get("state").copied() {
            Some("frozen") => State::Frozen,
            Some("sending") => State::Sending,
            Some("posted") => {
                State::Posted { record_no: record_no()?, learned: self.demanded("learned", Learned::parse)? }
            }
            Some("rejected") => State::Rejected { class: self.demanded("class", RejectClass::parse)?, code: code()? },
            Some("unknown") => State::Unknown,
            Some("absent") => State::Absent,
            Some("conflict") => State::Conflict { record_no: record_no()? },
            Some("duplicate") => State::Duplicate {
                record_nos: self.demanded("records", |text| {
                    text.split(',').filter(|item| !item.is_empty()).map(unescape).collect()
                })?,
            },
            Some("held") => State::Held { code: code()? },
            Some("reversed") => State::Reversed { record_no: record_no()?, by: self.demanded("by", unescape)? },
            _ => return Err(DecodeError { field: "state" }),
        })
    }
}

fn parse_code(text: &str) -> Option<Code> {
    Code::from_number(text.parse().ok()?)
}

fn joined(times_ms: &[i64]) -> String {
    times_ms.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// Letters, digits, `-`, `_` and `.` stand for themselves; every other byte is `%` and two hex digits.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => escaped.push(char::from(byte)),
            _ => {
                let _ = write!(escaped, "%{byte:02x}");
            }
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}
