//! Debits against credits: in each currency, and in each entity of a company that has them. Base amounts by rates.
//!
//! Integers only.

use super::draft::{Draft, DraftLine, value};
use crate::intacct::books::BASE_CURRENCY;
use crate::intacct::error::{GatewayError, bad_field};
use crate::intacct::functions::Call;
use crate::intacct::money::{convert, exponent, scaled};
use crate::intacct::names::field;
use std::collections::BTreeMap;

/// "Intacct Daily Rate": it exists in every company and no list shows it. Ten-thousandths of the base currency.
const DAILY_RATES: &[(&str, i128)] = &[
    ("AUD", 6_600),
    ("CAD", 7_300),
    ("CHF", 11_200),
    ("EUR", 10_800),
    ("GBP", 12_700),
    ("JPY", 67),
    ("KWD", 32_500),
    ("MXN", 550),
];

fn not_balanced(text: String) -> GatewayError {
    GatewayError::business("GL-1009", text)
}

impl Call<'_> {
    /// Checks the balance and derives the base amounts.
    pub(super) fn check_balance(&self, draft: &mut Draft) -> Result<(), GatewayError> {
        if draft.statistical {
            return Ok(());
        }
        let debits = draft.lines.iter().filter(|l| l.debit).count();
        if debits == 0 || debits == draft.lines.len() {
            return Err(not_balanced("Debits and credits are not equal".into()));
        }
        for line in &mut draft.lines {
            self.check_currency(line)?;
        }
        let difference = |lines: &[&DraftLine]| {
            lines.iter().map(|l| i128::from(if l.debit { l.amount_minor } else { -l.amount_minor })).sum::<i128>()
        };
        for (currency, lines) in groups(&draft.lines, |l| value(&l.fields, field::CURRENCY).to_owned()) {
            if difference(&lines) != 0 {
                let text = format!("Debits and credits are not equal in {currency}");
                return Err(not_balanced(text).with("CURRENCY", currency));
            }
        }
        let covered = self.assumptions.inter_entity_setup && !value(&draft.header, field::BASELOCATION_NO).is_empty();
        if self.books.multi_entity && !covered {
            let entity = |l: &DraftLine| self.entity_of(value(&l.fields, field::LOCATION));
            let key = |l: &DraftLine| (entity(l), value(&l.fields, field::CURRENCY).to_owned());
            for ((entity, _), lines) in groups(&draft.lines, key) {
                if difference(&lines) != 0 {
                    let text = format!("Transactions do not balance for Location {entity}");
                    return Err(not_balanced(text).with("LOCATION", entity));
                }
            }
        }
        self.level_base(draft);
        Ok(())
    }

    /// The entity that a location belongs to: the top of its parents.
    fn entity_of(&self, location: &str) -> String {
        let mut id = location.to_owned();
        // Parents form no ring in the seeded company; the bound is for companies that tests change.
        for _ in 0..20 {
            let parent = self.books.find("LOCATION", &id).map(|(_, f)| self.books.names.text(f.get(field::PARENTID)));
            match parent {
                Some(parent) if !parent.is_empty() => id = parent.to_owned(),
                _ => break,
            }
        }
        id
    }

    fn check_currency(&self, line: &mut DraftLine) -> Result<(), GatewayError> {
        let currency = value(&line.fields, field::CURRENCY);
        if currency == BASE_CURRENCY {
            return Ok(());
        }
        if !self.books.multi_currency {
            return Err(GatewayError::business("", "Enable foreign-currency transactions, and try again"));
        }
        let given = value(&line.fields, field::EXCHANGE_RATE);
        let kind = value(&line.fields, field::EXCH_RATE_TYPE_ID);
        let rate = match given {
            "" if kind == "Intacct Daily Rate" => {
                DAILY_RATES.iter().find(|(code, _)| *code == currency).map(|(_, rate)| *rate)
            }
            "" => None,
            text => Some(
                scaled(text, 4)
                    .filter(|rate| *rate > 0)
                    .ok_or_else(|| bad_field(format!("Illegal format for EXCHANGE_RATE: '{text}'")))?,
            ),
        };
        let Some(rate) = rate else {
            return Err(GatewayError::business("", format!("There is no exchange rate for {currency} on this date")));
        };
        line.base_minor = convert(line.amount_minor, exponent(currency), rate, exponent(BASE_CURRENCY))
            .ok_or_else(|| bad_field("The base amount is too large"))?;
        Ok(())
    }

    /// What rounding leaves over between the base amounts goes to the last line in another currency (assumed).
    fn level_base(&self, draft: &mut Draft) {
        let signed = |l: &DraftLine| i128::from(if l.debit { l.base_minor } else { -l.base_minor });
        let sum = i64::try_from(draft.lines.iter().map(signed).sum::<i128>()).unwrap_or(0);
        let foreign = |l: &&mut DraftLine| value(&l.fields, field::CURRENCY) != BASE_CURRENCY;
        if sum != 0
            && let Some(last) = draft.lines.iter_mut().rfind(foreign)
        {
            last.base_minor -= if last.debit { sum } else { -sum };
        }
    }
}

fn groups<K: Ord>(lines: &[DraftLine], key: impl Fn(&DraftLine) -> K) -> BTreeMap<K, Vec<&DraftLine>> {
    let mut groups: BTreeMap<K, Vec<&DraftLine>> = BTreeMap::new();
    for line in lines {
        groups.entry(key(line)).or_default().push(line);
    }
    groups
}
