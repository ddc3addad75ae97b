//! A value as a template meets it, and its form inside the template engine.
//!
//! Knows nothing of reports or expenses; they are in `report_fields` and `expense_fields`.

use freemarker::Result;
use freemarker::template::{ModelKind, TModel, TemplateHashModel, TemplateHashModelEx};
use freemarker::value::TNumber;
use std::rc::Rc;

/// A value of the data model.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Text; also ids and dates, which the vendor prints as text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A decimal number, written out.
    Decimal(String),
    /// A boolean.
    Flag(bool),
    /// A list.
    List(Vec<Field>),
    /// Named values, in order.
    Hash(Vec<(String, Field)>),
}

impl Field {
    /// Text.
    pub fn text(text: impl Into<String>) -> Field {
        Field::Text(text.into())
    }

    /// Named values.
    pub fn hash<const N: usize>(pairs: [(&str, Field); N]) -> Field {
        Field::Hash(pairs.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    /// A number of so many millionths, without trailing zeros.
    pub fn millionths(value: i64) -> Field {
        let (whole, part) = (value / 1_000_000, (value % 1_000_000).abs());
        if part == 0 {
            return Field::Number(whole);
        }
        let digits = format!("{part:06}");
        let sign = if value < 0 && whole == 0 { "-" } else { "" };
        Field::Decimal(format!("{sign}{whole}.{}", digits.trim_end_matches('0')))
    }

    /// The engine's form of it.
    pub fn into_model(self) -> TModel {
        match self {
            Field::Text(text) => TModel::from_scalar(text),
            Field::Number(number) => TModel::from_number(TNumber::Long(number)),
            Field::Decimal(text) => match text.parse() {
                Ok(decimal) => TModel::from_number(TNumber::Decimal(decimal)),
                Err(_) => TModel::from_scalar(text),
            },
            Field::Flag(flag) => TModel::from_boolean(flag),
            Field::List(items) => TModel::from_sequence(items.into_iter().map(Field::into_model).collect()),
            Field::Hash(pairs) => hash_model(Rc::new(Pairs(pairs))),
        }
    }
}

/// Puts a hash of ours into the engine.
pub fn hash_model<T: TemplateHashModelEx + 'static>(hash: Rc<T>) -> TModel {
    TModel {
        hash: Some(hash.clone()),
        hash_ex: Some(hash),
        type_name: "extended_hash",
        kind: ModelKind::Hash,
        ..TModel::nothing()
    }
}

struct Pairs(Vec<(String, Field)>);

impl TemplateHashModel for Pairs {
    fn get(&self, key: &str) -> Result<Option<TModel>> {
        Ok(self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone().into_model()))
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(self.0.is_empty())
    }
}

impl TemplateHashModelEx for Pairs {
    fn size(&self) -> Result<usize> {
        Ok(self.0.len())
    }

    fn keys(&self) -> Result<Vec<String>> {
        Ok(self.0.iter().map(|(name, _)| name.clone()).collect())
    }
}
