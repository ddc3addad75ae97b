//! Runs a plan over a batch.
//!
//! It goes only where the answer is certain. A value of an unexpected kind, or one that is missing where it may not
//! be, stops it: the engine then renders the batch and finds the words for what is wrong.

use super::Rules;
use super::plan::{BuiltIn, Ex, Macro, Node, Plan};
use super::value::Value;
use crate::expensify::MissingValues;
use crate::expensify::company::Company;
use freemarker::core::built_ins_for_strings_encoding::js_string_enc;
use std::rc::Rc;
use std::sync::Arc;

/// Longest list that a range makes.
const LONGEST_RANGE: i64 = 10_000;
/// Deepest nesting of macro calls.
const DEEPEST: usize = 64;

/// Why a run ended early.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// A parent of the wanted value is absent, which `(a.b)!` and the like forgive.
    Missing,
    /// Something for the engine to judge.
    Unsure,
}

type Ran<T> = Result<T, Stop>;

/// The text of the reports `numbers` of `company`.
///
/// # Errors
/// The engine has to render this batch.
pub fn run(plan: &Plan, company: &Arc<Company>, numbers: &[u32], add_header: bool, rules: Rules) -> Ran<Vec<u8>> {
    let reports = numbers.iter().filter_map(|n| company.report(*n)).map(Value::Report).collect();
    let classic = rules.missing_values == MissingValues::Lenient;
    let mut runner = Runner {
        plan,
        rules,
        classic,
        reports: Rc::new(reports),
        add_header,
        text: Vec::new(),
        stack: Vec::new(),
        base: 0,
        depth: 0,
    };
    runner.stack.resize(plan.frame, Value::Absent);
    runner.nodes(&plan.body)?;
    Ok(runner.text)
}

struct Runner<'a> {
    plan: &'a Plan,
    rules: Rules,
    classic: bool,
    reports: Rc<Vec<Value>>,
    add_header: bool,
    text: Vec<u8>,
    stack: Vec<Value>,
    base: usize,
    depth: usize,
}

impl Runner<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Ran<()> {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Ran<()> {
        match node {
            Node::Text(text) => self.text.extend_from_slice(text.as_bytes()),
            Node::Print(ex) => {
                let value = self.value(ex)?;
                self.print(&value)?;
            }
            Node::If { cond, then, otherwise } => {
                let way = if self.truth(cond)? { then } else { otherwise };
                self.nodes(way)?;
            }
            Node::List { items, slot, body, otherwise } => self.list(items, *slot, body, otherwise)?,
            Node::Between { slot, body } => {
                if matches!(self.stack[self.base + slot + 2], Value::Flag(true)) {
                    self.nodes(body)?;
                }
            }
            Node::Call { callee, args } => self.call(*callee, args)?,
            Node::Beyond => return Err(Stop::Unsure),
        }
        Ok(())
    }

    fn print(&mut self, value: &Value) -> Ran<()> {
        match value {
            Value::Text(text) => self.text.extend_from_slice(text.as_bytes()),
            Value::Number(number) => self.text.extend_from_slice(grouped(*number).as_bytes()),
            Value::Blank => {}
            Value::Absent if self.classic => {}
            Value::Absent => return Err(Stop::Missing),
            _ => return Err(Stop::Unsure),
        }
        Ok(())
    }

    fn list(&mut self, items: &Ex, slot: usize, body: &[Node], otherwise: &[Node]) -> Ran<()> {
        let Value::List(items) = self.value(items)? else { return Err(Stop::Unsure) };
        if items.is_empty() {
            return self.nodes(otherwise);
        }
        let at = self.base + slot;
        for (index, item) in items.iter().enumerate() {
            self.stack[at] = item.clone();
            self.stack[at + 1] = Value::Number(i64::try_from(index).map_err(|_| Stop::Unsure)?);
            self.stack[at + 2] = Value::Flag(index + 1 < items.len());
            self.nodes(body)?;
        }
        Ok(())
    }

    fn call(&mut self, callee: usize, args: &[Option<Ex>]) -> Ran<()> {
        let Macro { defaults, frame, body } = &self.plan.macros[callee];
        if self.depth >= DEEPEST {
            return Err(Stop::Unsure);
        }
        let (caller, base) = (self.base, self.stack.len());
        for arg in args {
            let value = arg.as_ref().map_or(Ok(Value::Absent), |ex| self.value(ex))?;
            self.stack.push(value);
        }
        self.stack.resize(base + frame, Value::Absent);
        self.base = base;
        self.depth += 1;
        for (slot, default) in defaults.iter().enumerate() {
            if matches!(self.stack[base + slot], Value::Absent) {
                let value = self.value(default.as_ref().ok_or(Stop::Unsure)?)?;
                self.stack[base + slot] = value;
            }
        }
        self.nodes(body)?;
        self.depth -= 1;
        self.base = caller;
        self.stack.truncate(base);
        Ok(())
    }

    fn truth(&mut self, ex: &Ex) -> Ran<bool> {
        match self.value(ex)? {
            Value::Flag(flag) => Ok(flag),
            Value::Absent | Value::Blank if self.classic => Ok(false),
            _ => Err(Stop::Unsure),
        }
    }

    /// The value of a target whose absence is of no harm.
    fn perhaps(&mut self, target: &Ex, forgiving: bool) -> Ran<Value> {
        match self.value(target) {
            Err(Stop::Missing) if forgiving => Ok(Value::Absent),
            other => other,
        }
    }

    fn value(&mut self, ex: &Ex) -> Ran<Value> {
        Ok(match ex {
            Ex::Text(text) => Value::text(text),
            Ex::Number(number) => Value::Number(*number),
            Ex::Flag(flag) => Value::Flag(*flag),
            Ex::Slot(slot) => self.stack[self.base + slot].clone(),
            Ex::Reports => Value::List(self.reports.clone()),
            Ex::AddHeader => Value::Flag(self.add_header),
            Ex::Member { target, name } => {
                let target = self.value(target)?;
                self.member(&target, name)?
            }
            Ex::Item { target, key } => {
                let target = self.value(target)?;
                let Value::Text(key) = self.value(key)? else { return Err(Stop::Unsure) };
                self.member(&target, &key)?
            }
            Ex::Default { target, default, forgiving } => match (self.perhaps(target, *forgiving)?, default) {
                (Value::Absent, Some(default)) => self.value(default)?,
                (Value::Absent, None) => Value::Blank,
                (value, _) => value,
            },
            Ex::Exists { target, forgiving } => {
                Value::Flag(!matches!(self.perhaps(target, *forgiving)?, Value::Absent))
            }
            Ex::BuiltIn { target, name, args, forgiving } => {
                let target = match name {
                    BuiltIn::HasContent | BuiltIn::IfExists => self.perhaps(target, *forgiving)?,
                    _ => self.value(target)?,
                };
                self.built_in(&target, *name, args)?
            }
            Ex::Join(parts) => self.join(parts)?,
            Ex::And(a, b) => Value::Flag(self.truth(a)? && self.truth(b)?),
            Ex::Or(a, b) => Value::Flag(self.truth(a)? || self.truth(b)?),
            Ex::Not(inner) => Value::Flag(!self.truth(inner)?),
            Ex::Equal { sides, negated } => Value::Flag(self.equal(&sides.0, &sides.1)? != *negated),
            Ex::List(items) => {
                let items: Ran<Vec<Value>> = items.iter().map(|item| self.value(item)).collect();
                Value::List(Rc::new(items?))
            }
            Ex::Range(first, last) => match (self.value(first)?, self.value(last)?) {
                (Value::Number(first), Value::Number(last)) if first <= last && last - first < LONGEST_RANGE => {
                    Value::List(Rc::new((first..=last).map(Value::Number).collect()))
                }
                _ => return Err(Stop::Unsure),
            },
            Ex::Beyond => return Err(Stop::Unsure),
        })
    }

    fn member(&self, target: &Value, name: &str) -> Ran<Value> {
        match target {
            Value::Absent if self.classic => Ok(Value::Absent),
            Value::Absent => Err(Stop::Missing),
            other => other.member(name, self.rules).ok_or(Stop::Unsure),
        }
    }

    fn built_in(&mut self, target: &Value, name: BuiltIn, args: &[Ex]) -> Ran<Value> {
        let is = match name {
            BuiltIn::HasContent => return has_content(target).map(Value::Flag),
            BuiltIn::IfExists => {
                return Ok(if matches!(target, Value::Absent) { Value::Blank } else { target.clone() });
            }
            BuiltIn::C => return plain(target),
            BuiltIn::JsonString => return self.json_string(target),
            BuiltIn::Keys => return keys(target),
            BuiltIn::Size => return size(target),
            BuiltIn::Replace => return self.replace(target, args),
            BuiltIn::String | BuiltIn::Then => return self.choose(target, args),
            BuiltIn::IsNumber => matches!(target, Value::Number(_) | Value::Decimal(_)),
            BuiltIn::IsBoolean => matches!(target, Value::Flag(_)),
            BuiltIn::IsString => matches!(target, Value::Text(_)),
            BuiltIn::IsHash => target.is_hash(),
            BuiltIn::IsSequence => matches!(target, Value::List(_)),
            BuiltIn::IsDate => false,
        };
        match target {
            Value::Absent | Value::Blank => Err(Stop::Unsure),
            _ => Ok(Value::Flag(is)),
        }
    }

    fn json_string(&self, target: &Value) -> Ran<Value> {
        match target {
            Value::Text(text) if text.bytes().all(is_plain) => Ok(target.clone()),
            Value::Text(text) => Ok(Value::text(&js_string_enc(text, true))),
            Value::Blank => Ok(Value::text("")),
            Value::Absent if self.classic => Ok(Value::text("")),
            _ => Err(Stop::Unsure),
        }
    }

    fn replace(&mut self, target: &Value, args: &[Ex]) -> Ran<Value> {
        let [from, to] = args else { return Err(Stop::Unsure) };
        match (target, self.value(from)?, self.value(to)?) {
            (Value::Text(text), Value::Text(from), Value::Text(to)) if !from.is_empty() => {
                Ok(Value::text(&text.replace(&*from, &to)))
            }
            _ => Err(Stop::Unsure),
        }
    }

    fn choose(&mut self, target: &Value, args: &[Ex]) -> Ran<Value> {
        match (target, args) {
            (Value::Flag(true), [yes, _]) => self.value(yes),
            (Value::Flag(false), [_, no]) => self.value(no),
            _ => Err(Stop::Unsure),
        }
    }

    fn join(&mut self, parts: &[Ex]) -> Ran<Value> {
        let mut joined = String::new();
        for part in parts {
            match self.value(part)? {
                Value::Text(text) => joined.push_str(&text),
                _ => return Err(Stop::Unsure),
            }
        }
        Ok(Value::text(&joined))
    }

    fn equal(&mut self, a: &Ex, b: &Ex) -> Ran<bool> {
        match (self.value(a)?, self.value(b)?) {
            (Value::Text(a), Value::Text(b)) if a.is_ascii() && b.is_ascii() => Ok(a == b),
            (Value::Number(a), Value::Number(b)) => Ok(a == b),
            (Value::Flag(a), Value::Flag(b)) => Ok(a == b),
            _ => Err(Stop::Unsure),
        }
    }
}

/// What `?json_string` leaves alone wherever it stands.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" !#$%&'()*+,-.:;=?@[]^_`{|}~".contains(&byte)
}

fn has_content(value: &Value) -> Ran<bool> {
    match value {
        Value::Absent | Value::Blank => Ok(false),
        Value::Text(text) => Ok(!text.is_empty()),
        Value::Number(_) | Value::Decimal(_) | Value::Flag(_) | Value::Report(_) | Value::Expense(..) => Ok(true),
        Value::List(items) => Ok(!items.is_empty()),
        Value::Pairs(pairs) => Ok(!pairs.is_empty()),
    }
}

/// `?c`.
fn plain(value: &Value) -> Ran<Value> {
    match value {
        Value::Number(number) => Ok(Value::text(&number.to_string())),
        Value::Decimal(text) => Ok(Value::Text(text.clone())),
        Value::Flag(flag) => Ok(Value::text(if *flag { "true" } else { "false" })),
        _ => Err(Stop::Unsure),
    }
}

fn keys(value: &Value) -> Ran<Value> {
    match value {
        Value::Pairs(pairs) => Ok(Value::List(Rc::new(pairs.iter().map(|(name, _)| Value::text(name)).collect()))),
        _ => Err(Stop::Unsure),
    }
}

fn size(value: &Value) -> Ran<Value> {
    let length = match value {
        Value::List(items) => items.len(),
        Value::Pairs(pairs) => pairs.len(),
        _ => return Err(Stop::Unsure),
    };
    i64::try_from(length).map(Value::Number).map_err(|_| Stop::Unsure)
}

/// A number printed bare: grouped by thousands, as in the United States.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = Vec::new();
    for (place, digit) in digits.bytes().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(b',');
        }
        text.push(digit);
    }
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", String::from_utf8_lossy(&text))
}
