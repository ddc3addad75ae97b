//! What an expression of a plan comes to.
//!
//! Cheap to copy: texts and lists are shared. It lives for one batch, on one thread.

use super::field::Field;
use super::{Rules, expense_fields, report_fields};
use crate::expensify::MissingValues;
use crate::expensify::company::{Expense, Report};
use std::rc::Rc;
use std::sync::Arc;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing is there.
    Absent,
    /// What `?if_exists` makes of an absent value: anything, and empty.
    Blank,
    /// Text.
    Text(Rc<str>),
    /// A whole number.
    Number(i64),
    /// A decimal number, written out.
    Decimal(Rc<str>),
    /// A boolean.
    Flag(bool),
    /// A list.
    List(Rc<Vec<Value>>),
    /// Named values.
    Pairs(Rc<Vec<(String, Field)>>),
    /// A report.
    Report(Arc<Report>),
    /// An expense of a report.
    Expense(Arc<Report>, Arc<Expense>),
}

impl Value {
    /// Text.
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Whether it has named parts.
    pub fn is_hash(&self) -> bool {
        matches!(self, Value::Pairs(_) | Value::Report(_) | Value::Expense(..))
    }

    /// The part of that name; absent where the value has none, `None` where it has no parts at all.
    pub fn member(&self, name: &str, rules: Rules) -> Option<Value> {
        let blank = |known: &[&str]| {
            let fills = rules.missing_values == MissingValues::EmptyText && known.contains(&name);
            if fills { Value::text("") } else { Value::Absent }
        };
        match self {
            Value::Pairs(pairs) => {
                let found = pairs.iter().find(|(known, _)| known == name);
                Some(found.map_or(Value::Absent, |(_, field)| field.clone().into()))
            }
            Value::Report(report) if name == "transactionList" => {
                let expense = |expense: &Arc<Expense>| Value::Expense(report.clone(), expense.clone());
                Some(Value::List(Rc::new(report.expenses.iter().map(expense).collect())))
            }
            Value::Report(report) => {
                let field = report_fields::get(report, rules.status_words, name);
                Some(field.map_or_else(|| blank(report_fields::NAMES), Value::from))
            }
            Value::Expense(report, expense) => {
                let field = expense_fields::get(expense, &report.id, name);
                Some(field.map_or_else(|| blank(expense_fields::NAMES), Value::from))
            }
            _ => None,
        }
    }
}

impl From<Field> for Value {
    fn from(field: Field) -> Value {
        match field {
            Field::Text(text) => Value::Text(text.into()),
            Field::Number(number) => Value::Number(number),
            Field::Decimal(text) => Value::Decimal(text.into()),
            Field::Flag(flag) => Value::Flag(flag),
            Field::List(items) => Value::List(Rc::new(items.into_iter().map(Value::from).collect())),
            Field::Hash(pairs) => Value::Pairs(Rc::new(pairs)),
        }
    }
}
