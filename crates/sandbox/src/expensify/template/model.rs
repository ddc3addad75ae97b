//! Reports and expenses as the template engine's own hashes, made as the template asks for them.
//!
//! Each field is computed on access: nothing is converted that no template prints.

use super::field::{Field, hash_model};
use super::{Rules, expense_fields, report_fields};
use crate::expensify::MissingValues;
use crate::expensify::company::{Company, Expense, Report};
use freemarker::Result;
use freemarker::template::{ModelKind, TModel, TemplateHashModel, TemplateHashModelEx, TemplateSequenceModel};
use std::rc::Rc;
use std::sync::Arc;

/// The root of the data model for one batch: the reports of these numbers, in this order.
pub fn root(company: &Arc<Company>, numbers: &[u32], add_header: bool, rules: Rules) -> TModel {
    let reports = Batch { company: company.clone(), numbers: numbers.to_vec(), rules };
    hash_model(Rc::new(Root { reports: Rc::new(reports), add_header }))
}

struct Root {
    reports: Rc<Batch>,
    add_header: bool,
}

impl TemplateHashModel for Root {
    fn get(&self, key: &str) -> Result<Option<TModel>> {
        Ok(match key {
            "reports" => Some(TModel {
                sequence: Some(self.reports.clone()),
                type_name: "sequence",
                kind: ModelKind::Sequence,
                ..TModel::nothing()
            }),
            "addHeader" => Some(TModel::from_boolean(self.add_header)),
            _ => None,
        })
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(false)
    }
}

impl TemplateHashModelEx for Root {
    fn size(&self) -> Result<usize> {
        Ok(2)
    }

    fn keys(&self) -> Result<Vec<String>> {
        Ok(vec!["reports".into(), "addHeader".into()])
    }
}

/// The numbers are of reports that exist in this very snapshot; each is made when the template comes to it.
struct Batch {
    company: Arc<Company>,
    numbers: Vec<u32>,
    rules: Rules,
}

impl TemplateSequenceModel for Batch {
    fn get(&self, index: usize) -> Result<TModel> {
        let report = self.numbers.get(index).and_then(|n| self.company.report(*n));
        Ok(report.map_or_else(TModel::nothing, |report| hash_model(Rc::new(ReportHash { report, rules: self.rules }))))
    }

    fn size(&self) -> Result<usize> {
        Ok(self.numbers.len())
    }
}

struct ReportHash {
    report: Arc<Report>,
    rules: Rules,
}

/// A known field without a value, where the rules say that it is an empty text.
fn blank(known: &[&str], key: &str, rules: Rules) -> Option<Field> {
    (rules.missing_values == MissingValues::EmptyText && known.contains(&key)).then(|| Field::text(""))
}

impl TemplateHashModel for ReportHash {
    fn get(&self, key: &str) -> Result<Option<TModel>> {
        if key == "transactionList" {
            let expense = |expense: &Arc<Expense>| {
                let (report, expense) = (self.report.clone(), expense.clone());
                hash_model(Rc::new(ExpenseHash { report, expense, rules: self.rules }))
            };
            return Ok(Some(TModel::from_sequence(self.report.expenses.iter().map(expense).collect())));
        }
        let field = report_fields::get(&self.report, self.rules.status_words, key);
        Ok(field.or_else(|| blank(report_fields::NAMES, key, self.rules)).map(Field::into_model))
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(false)
    }
}

impl TemplateHashModelEx for ReportHash {
    fn size(&self) -> Result<usize> {
        Ok(self.keys()?.len())
    }

    fn keys(&self) -> Result<Vec<String>> {
        let names = report_fields::NAMES.iter().chain(report_fields::NESTED);
        Ok(names.map(ToString::to_string).collect())
    }
}

struct ExpenseHash {
    report: Arc<Report>,
    expense: Arc<Expense>,
    rules: Rules,
}

impl TemplateHashModel for ExpenseHash {
    fn get(&self, key: &str) -> Result<Option<TModel>> {
        let report = &self.report;
        let field = expense_fields::get(&self.expense, &report.id, key);
        Ok(field.or_else(|| blank(expense_fields::NAMES, key, self.rules)).map(Field::into_model))
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(false)
    }
}

impl TemplateHashModelEx for ExpenseHash {
    fn size(&self) -> Result<usize> {
        Ok(self.keys()?.len())
    }

    fn keys(&self) -> Result<Vec<String>> {
        let levels = 1..=self.expense.tags.len();
        let tags = levels.flat_map(|level| [format!("ntag{level}"), format!("ntag{level}GlCode")]);
        let names = expense_fields::NAMES.iter().chain(expense_fields::NESTED);
        Ok(names.map(ToString::to_string).chain(tags).collect())
    }
}
