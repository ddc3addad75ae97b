//! Reads a chart: one line a fact; a value of `-` removes what stood there.

use accounting::{Account, Chart, Currency, Dimension, Journal, Value};

use super::{lines, list};

/// Applies the lines of `text`.
pub fn apply(chart: &mut Chart, text: &str) {
    for (key, value) in lines(text) {
        let words: Vec<&str> = key.splitn(3, ' ').collect();
        match words.as_slice() {
            ["account", number] => account(chart, number, value),
            ["value", name, id] => dimension_value(chart, name, id, value),
            ["no", "dimension", name] => drop(chart.values.remove(&Dimension::parse(name).unwrap())),
            ["journal", symbol] => journal(chart, symbol, value),
            ["closed", "through"] => chart.closed_through = Some(value.parse().unwrap()),
            ["base", "currency"] => chart.base_currency = Some(Currency::parse(value).unwrap()),
            ["several", "entities"] => chart.multi_entity = value == "yes",
            ["length", "title"] => chart.lengths.title = value.parse().unwrap(),
            ["length", "memo"] => chart.lengths.memo = value.parse().unwrap(),
            ["length", "document"] => chart.lengths.document = value.parse().unwrap(),
            _ => panic!("unknown line '{key}: {value}'"),
        }
    }
}

/// `account 6410: Airfare; requires department, location; inactive`.
fn account(chart: &mut Chart, number: &str, value: &str) {
    if value == "-" {
        return drop(chart.accounts.remove(number));
    }
    let mut account = Account { number: number.to_owned(), active: true, ..Account::default() };
    for part in value.split(';').map(str::trim) {
        match part.split_once(' ') {
            Some(("requires", names)) => {
                account.requires = list(names).map(|name| Dimension::parse(name).unwrap()).collect();
            }
            _ if part == "inactive" => account.active = false,
            _ => account.title = part.to_owned(),
        }
    }
    chart.accounts.insert(number.to_owned(), account);
}

/// `value project P-1001: Acme Rollout; customer = C-100; inactive`.
fn dimension_value(chart: &mut Chart, name: &str, id: &str, value: &str) {
    let values = chart.values.entry(Dimension::parse(name).unwrap()).or_default();
    if value == "-" {
        return drop(values.remove(id));
    }
    let mut found = Value { id: id.to_owned(), active: true, ..Value::default() };
    for part in value.split(';').map(str::trim) {
        match part.split_once(" = ") {
            Some(("email", email)) => found.aliases.push(email.to_owned()),
            Some((name, id)) => drop(found.implies.insert(Dimension::parse(name).unwrap(), id.to_owned())),
            None if part == "inactive" => found.active = false,
            None => found.name = part.to_owned(),
        }
    }
    values.insert(id.to_owned(), found);
}

fn journal(chart: &mut Chart, symbol: &str, value: &str) {
    let (title, active) = value.strip_suffix("; inactive").map_or((value, true), |title| (title, false));
    let journal = Journal { symbol: symbol.to_owned(), title: title.to_owned(), active };
    chart.journals.insert(symbol.to_owned(), journal);
}
