//! One report's lines against the ledger's, and the figures of all of them. Pure; integers only.

use std::collections::BTreeMap;

use accounting::translate::Plan;
use accounting::{Amount, Currency, Dimension, Direction, ExpenseReport, Line};
use serde_json::{Value, json};

use crate::systems::LedgerLine;
use crate::work::walk::{line_amount, shown_line};

/// What the ledger holds of a report.
pub(super) struct Side<'a> {
    /// The entries.
    pub(super) record_nos: &'a [String],
    /// Their lines.
    pub(super) lines: Vec<LedgerLine>,
    /// The currency of lines that name none.
    pub(super) base: Option<Currency>,
}

/// The figures so far.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    reports: u64,
    reports_found: u64,
    reports_agreeing: u64,
    lines: u64,
    lines_agreeing: u64,
    /// By currency: debits that would be posted, and those of them that the ledger holds in the same way.
    money: BTreeMap<String, (i64, i64)>,
    disagreeing: u64,
    disagreements: Vec<Value>,
}

impl Comparison {
    /// Counts one report; lists at most `listed` that disagree.
    pub(super) fn add(&mut self, report: &ExpenseReport, plan: &Plan, side: Side<'_>, listed: usize) {
        let mut left = side.lines;
        let (mut missing, mut count, mut agreeing) = (Vec::new(), 0_u64, 0_u64);
        for line in plan.entries.iter().flat_map(|planned| planned.entry.lines()) {
            count += 1;
            let money = self.money.entry(line.amount.currency.code().to_owned()).or_default();
            let debit = if line.direction == Direction::Debit { line.amount.minor } else { 0 };
            money.0 = money.0.saturating_add(debit);
            match left.iter().position(|there| is_same(line, there, side.base)) {
                Some(place) => {
                    left.swap_remove(place);
                    agreeing += 1;
                    money.1 = money.1.saturating_add(debit);
                }
                None => missing.push(line),
            }
        }
        self.reports += 1;
        self.lines += count;
        self.lines_agreeing += agreeing;
        self.reports_found += u64::from(!side.record_nos.is_empty());
        if missing.is_empty() && left.is_empty() {
            self.reports_agreeing += 1;
            return;
        }
        self.disagreeing += 1;
        if self.disagreements.len() < listed {
            let kind = if side.record_nos.is_empty() { "not in the ledger" } else { "differs" };
            self.disagreements.push(json!({
                "report": report.id,
                "number": report.number,
                "name": report.name,
                "employee": report.employee.name,
                "kind": kind,
                "entries": side.record_nos,
                "only_planned": missing.into_iter().map(planned_line).collect::<Vec<_>>(),
                "only_in_ledger": left.iter().map(shown_line).collect::<Vec<_>>(),
            }));
        }
    }

    /// All figures, beside what was read.
    pub(super) fn figures(self, mut head: Value) -> Value {
        let money = self.money.iter().map(|(currency, (total, agreeing))| {
            let of = u64::try_from(*total).unwrap_or(0);
            json!({
                "currency": currency,
                "total_minor": total,
                "agreeing_minor": agreeing,
                "per_ten_thousand": rate(u64::try_from(*agreeing).unwrap_or(0), of),
            })
        });
        head["reports"] = json!({
            "total": self.reports,
            "found": self.reports_found,
            "agreeing": self.reports_agreeing,
            "per_ten_thousand": rate(self.reports_agreeing, self.reports),
        });
        head["lines"] = json!({
            "total": self.lines,
            "agreeing": self.lines_agreeing,
            "per_ten_thousand": rate(self.lines_agreeing, self.lines),
        });
        head["money"] = money.collect();
        head["disagreeing"] = json!(self.disagreeing);
        head["disagreements"] = json!(self.disagreements);
        head
    }
}

/// Ten-thousandths, rounded down so that only what agrees as a whole is 10,000; none of nothing.
fn rate(agreeing: u64, total: u64) -> Option<u64> {
    let scaled = u128::from(agreeing) * 10_000;
    u64::try_from(scaled.checked_div(u128::from(total))?).ok()
}

/// Whether the ledger's line is the planned one. What the ledger adds by itself is no difference, nor are the company's
/// own dimensions, which are not read back.
fn is_same(planned: &Line, there: &LedgerLine, base: Option<Currency>) -> bool {
    let dimensions = planned.dimensions.iter().all(|(dimension, value)| {
        matches!(dimension, Dimension::UserDefined(_)) || there.dimensions.get(dimension).is_some_and(|v| *v == **value)
    });
    let amount: Option<Amount> = line_amount(there, base);
    *planned.account == *there.account
        && planned.direction == there.direction
        && amount == Some(planned.amount)
        && dimensions
}

fn planned_line(line: &Line) -> Value {
    let dimensions: BTreeMap<String, String> =
        line.dimensions.iter().map(|(dimension, value)| (dimension.to_string(), value.to_string())).collect();
    json!({
        "account": line.account.to_string(),
        "direction": if line.direction == Direction::Credit { "credit" } else { "debit" },
        "amount": line.amount.decimals(),
        "currency": line.amount.currency.code(),
        "dimensions": dimensions,
        "memo": line.memo.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn only_what_agrees_as_a_whole_is_ten_thousand() {
        assert_eq!((rate(0, 0), rate(0, 7), rate(7, 7)), (None, Some(0), Some(10_000)));
        assert_eq!((rate(1, 3), rate(99_999, 100_000)), (Some(3_333), Some(9_999)));
        assert_eq!(rate(u64::MAX - 1, u64::MAX), Some(9_999));
    }
}
