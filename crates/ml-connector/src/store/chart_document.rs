//! The JSON form of a chart. The core has no serde, so its types are mirrored here; a field that is missing or unknown
//! in a stored document is an error, never a default.

use std::collections::BTreeMap;

use accounting::amount::Currency;
use accounting::chart::{Account, Chart, FieldLengths, Journal, Value};
use accounting::dimension::Dimension;
use serde::{Deserialize, Serialize};

use super::error::StoreError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChartDocument {
    accounts: Vec<AccountDocument>,
    values: BTreeMap<String, Vec<ValueDocument>>,
    journals: Vec<JournalDocument>,
    closed_through: Option<String>,
    base_currency: Option<String>,
    multi_entity: bool,
    lengths: LengthsDocument,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountDocument {
    number: String,
    title: String,
    active: bool,
    requires: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueDocument {
    id: String,
    name: String,
    active: bool,
    implies: BTreeMap<String, String>,
    aliases: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalDocument {
    symbol: String,
    title: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LengthsDocument {
    title: usize,
    memo: usize,
    document: usize,
}

/// The chart as JSON; the same chart gives the same text.
pub(super) fn to_json(chart: &Chart) -> Result<String, StoreError> {
    let document = ChartDocument {
        accounts: chart.accounts.values().map(write_account).collect(),
        values: chart.values.iter().map(|(dimension, values)| (dimension.to_string(), write_values(values))).collect(),
        journals: chart.journals.values().map(write_journal).collect(),
        closed_through: chart.closed_through.map(|date| date.to_string()),
        base_currency: chart.base_currency.map(|currency| currency.to_string()),
        multi_entity: chart.multi_entity,
        lengths: LengthsDocument {
            title: chart.lengths.title,
            memo: chart.lengths.memo,
            document: chart.lengths.document,
        },
    };
    serde_json::to_string(&document).map_err(|source| StoreError::Json { what: "a chart", source })
}

/// The chart of a stored document.
pub(super) fn from_json(text: &str) -> Result<Chart, StoreError> {
    let document: ChartDocument =
        serde_json::from_str(text).map_err(|source| StoreError::Json { what: "a stored chart", source })?;
    let mut chart = Chart {
        closed_through: document.closed_through.as_deref().map(parse_date).transpose()?,
        base_currency: document.base_currency.as_deref().map(parse_currency).transpose()?,
        multi_entity: document.multi_entity,
        lengths: FieldLengths {
            title: document.lengths.title,
            memo: document.lengths.memo,
            document: document.lengths.document,
        },
        ..Chart::default()
    };
    for AccountDocument { number, title, active, requires } in document.accounts {
        let requires = requires.iter().map(|name| parse_dimension(name)).collect::<Result<_, _>>()?;
        chart.accounts.insert(number.clone(), Account { number, title, active, requires });
    }
    for (dimension, values) in document.values {
        let values = values.into_iter().map(|value| Ok((value.id.clone(), read_value(value)?)));
        chart.values.insert(parse_dimension(&dimension)?, values.collect::<Result<_, StoreError>>()?);
    }
    for JournalDocument { symbol, title, active } in document.journals {
        chart.journals.insert(symbol.clone(), Journal { symbol, title, active });
    }
    Ok(chart)
}

fn write_account(account: &Account) -> AccountDocument {
    AccountDocument {
        number: account.number.clone(),
        title: account.title.clone(),
        active: account.active,
        requires: account.requires.iter().map(ToString::to_string).collect(),
    }
}

fn write_values(values: &BTreeMap<String, Value>) -> Vec<ValueDocument> {
    let write = |value: &Value| ValueDocument {
        id: value.id.clone(),
        name: value.name.clone(),
        active: value.active,
        implies: value.implies.iter().map(|(dimension, id)| (dimension.to_string(), id.clone())).collect(),
        aliases: value.aliases.clone(),
    };
    values.values().map(write).collect()
}

fn write_journal(journal: &Journal) -> JournalDocument {
    JournalDocument { symbol: journal.symbol.clone(), title: journal.title.clone(), active: journal.active }
}

fn read_value(value: ValueDocument) -> Result<Value, StoreError> {
    let implies = value.implies.into_iter().map(|(dimension, id)| Ok((parse_dimension(&dimension)?, id)));
    let implies = implies.collect::<Result<_, StoreError>>()?;
    let ValueDocument { id, name, active, aliases, .. } = value;
    Ok(Value { id, name, active, implies, aliases })
}

fn parse_dimension(name: &str) -> Result<Dimension, StoreError> {
    Dimension::parse(name).ok_or_else(|| StoreError::Stored { what: "dimension", id: name.to_owned() })
}

fn parse_currency(code: &str) -> Result<Currency, StoreError> {
    Currency::parse(code).map_err(|_| StoreError::Stored { what: "currency", id: code.to_owned() })
}

/// A date as `jiff` writes it.
pub(super) fn parse_date(text: &str) -> Result<jiff::civil::Date, StoreError> {
    text.parse().map_err(|_| StoreError::Stored { what: "date", id: text.to_owned() })
}
