//! The result of a reconciliation for machines: rows, differences and exclusions. Nothing is added up here.

use accounting::identity::Scope;
use accounting::tie_out::{Key, Sums};
use serde_json::{Value, json};

use super::{Difference, Exclusion, Reconciled, figure};

/// The word for a scope.
pub fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Fund(fund) => fund.name(),
        Scope::WholeReport => "whole_report",
    }
}

impl Reconciled {
    /// For machines.
    pub fn to_json(&self) -> Value {
        let rows: Vec<Value> = self.tie_out.rows.iter().map(|(key, sums)| row(key, sums)).collect();
        let sums = self.exclusion_sums.iter().map(|((reason, currency), (count, minor))| {
            json!({ "reason": reason, "currency": currency, "count": count, "minor": figure(*minor) })
        });
        json!({
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "state": self.state().name(),
            "rows": rows,
            "differences": self.differences.iter().map(difference).collect::<Vec<_>>(),
            "difference_count": self.difference_count,
            "accepted_count": self.accepted_count,
            "exclusions": self.exclusions.iter().map(exclusion).collect::<Vec<_>>(),
            "exclusion_sums": sums.collect::<Vec<_>>(),
            "unvalued": self.unvalued,
            "problems": self.problems.iter().map(|problem| {
                json!({ "code": problem.code.to_string(), "title": problem.code.title(), "detail": problem.detail })
            }).collect::<Vec<_>>(),
        })
    }
}

fn row(key: &Key, sums: &Sums) -> Value {
    json!({
        "month": key.month.to_string(),
        "entity": key.entity,
        "currency": key.currency.code(),
        "fund_source": scope_name(key.scope),
        "reports": sums.reports,
        "entries": sums.entries,
        "source_minor": figure(sums.source),
        "excluded_minor": figure(sums.excluded),
        "held_minor": figure(sums.held),
        "explained_minor": figure(sums.explained),
        "planned_minor": figure(sums.planned),
        "waiting_minor": figure(sums.waiting),
        "acknowledged_minor": figure(sums.acknowledged),
        "corrections_minor": figure(sums.corrections),
        "ledger_minor": figure(sums.ledger),
        "ledger_explained_minor": figure(sums.ledger_explained),
        "unexplained_minor": figure(sums.unexplained()),
    })
}

fn difference(difference: &Difference) -> Value {
    let code = difference.finding.code();
    json!({
        "finding": difference.finding.name(),
        "code": code.to_string(),
        "title": code.title(),
        "remedy": code.remedy(),
        "subject": difference.subject,
        "record_no": difference.record_no,
        "report": difference.report_id,
        "month": difference.key.month.to_string(),
        "currency": difference.key.currency.code(),
        "fund_source": scope_name(difference.key.scope),
        "minor": figure(difference.minor),
        "detail": difference.detail,
    })
}

fn exclusion(exclusion: &Exclusion) -> Value {
    json!({
        "report": exclusion.report_id,
        "expense": exclusion.expense,
        "minor": exclusion.minor,
        "currency": exclusion.currency,
        "reason": exclusion.reason,
    })
}
