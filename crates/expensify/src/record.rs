//! Reads one line of an export file (or of the inbox, later) into a `Report`. It must not repair anything: a line
//! that breaks a rule is an error that names the report, the expense and the field.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde_json::value::RawValue;

pub use crate::field::Fault;
use crate::field::{Flaw, Raw, decimal, flag, needed, text, whole};
use crate::query::ReportState;
use crate::raw::{RawApprover, RawExpense, RawReport};
use crate::report::{Approver, Card, DateText, Expense, Manager, Receipt, Report, Submitter, Tag, Tax, Units};

/// A report that cannot be read: which, where, and (as the source) why.
#[derive(Debug)]
#[non_exhaustive]
pub struct RecordError {
    /// The report, where its id could be made out.
    pub report_id: Option<String>,
    /// Position of the expense, from 1, where the flaw is in one.
    pub expense: Option<usize>,
    /// Its transaction id, where that could be made out.
    pub transaction_id: Option<String>,
    /// The vendor's name of the field, where the flaw is in one.
    pub field: Option<&'static str>,
    /// Why.
    pub fault: Fault,
}

impl RecordError {
    /// About the line as a whole.
    fn whole(report_id: Option<String>, fault: Fault) -> Self {
        Self { report_id, expense: None, transaction_id: None, field: None, fault }
    }

    pub(crate) fn too_long(report_id: Option<String>, limit_bytes: usize) -> Self {
        Self::whole(report_id, Fault::TooLong { limit_bytes })
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "report {}", self.report_id.as_deref().unwrap_or("of unknown id"))?;
        if let Some(position) = self.expense {
            write!(f, ", expense {position}")?;
        }
        if let Some(id) = &self.transaction_id {
            write!(f, " ({id})")?;
        }
        match self.field {
            Some(field) => write!(f, ", field `{field}`"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

/// Reads one report from its JSON line, as our template prints it.
///
/// # Errors
/// The line is not such an object; `reportID`, `expenseCount` or a `transactionID` is absent; a number is not whole or
/// too large; the count differs from the expenses present; a transaction comes twice.
pub fn parse_record(line: &[u8]) -> Result<Report, RecordError> {
    let raw: RawReport<'_> = serde_json::from_slice(line)
        .map_err(|cause| RecordError::whole(report_id_near_start(line), Fault::Malformed(cause)))?;
    let report_id = text("reportID", raw.report_id).ok().flatten();
    let expenses = expenses(&raw.expenses, report_id.as_ref())?;
    report(raw, expenses)
        .map_err(|Flaw { field, fault }| RecordError { field: Some(field), ..RecordError::whole(report_id, fault) })
}

/// The report id of a line that is no JSON: our template prints it among the first fields, and it is plain letters.
pub(crate) fn report_id_near_start(line: &[u8]) -> Option<String> {
    const NAME: &[u8] = br#""reportID":""#;
    let start = &line[..line.len().min(256)];
    let at = start.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let id: String = start[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).map(|b| char::from(*b)).collect();
    (!id.is_empty() && start.get(at + id.len()) == Some(&b'"')).then_some(id)
}

fn expenses(raw: &[RawExpense<'_>], report_id: Option<&String>) -> Result<Vec<Expense>, RecordError> {
    let mut seen = HashSet::with_capacity(raw.len());
    let mut expenses = Vec::with_capacity(raw.len());
    for (index, raw_expense) in raw.iter().enumerate() {
        let error = |flaw: Flaw| RecordError {
            report_id: report_id.cloned(),
            expense: Some(index + 1),
            transaction_id: text("transactionID", raw_expense.transaction_id).ok().flatten(),
            field: Some(flaw.field),
            fault: flaw.fault,
        };
        if !raw_expense.transaction_id.is_none_or(|id| seen.insert(id.get())) {
            return Err(error(Flaw { field: "transactionID", fault: Fault::Repeated }));
        }
        expenses.push(expense(raw_expense).map_err(error)?);
    }
    Ok(expenses)
}

fn report(raw: RawReport<'_>, expenses: Vec<Expense>) -> Result<Report, Flaw> {
    let report_id = needed("reportID", raw.report_id)?;
    let missing = Flaw { field: "expenseCount", fault: Fault::Missing };
    let said = whole("expenseCount", raw.expense_count)?.and_then(|count| u64::try_from(count).ok()).ok_or(missing)?;
    if u64::try_from(expenses.len()) != Ok(said) {
        return Err(Flaw { field: "expenseCount", fault: Fault::CountDiffers { said, found: expenses.len() } });
    }
    let status = text("status", raw.status)?;
    let labels = [status.clone(), text("state", raw.state)?, text("displayStatus", raw.display_status)?];
    Ok(Report {
        report_id,
        old_report_id: text("oldReportID", raw.old_report_id)?,
        report_name: text("reportName", raw.report_name)?,
        policy_id: text("policyID", raw.policy_id)?,
        policy_name: text("policyName", raw.policy_name)?,
        account_email: text("accountEmail", raw.account_email)?,
        account_id: text("accountID", raw.account_id)?,
        submitter: Submitter {
            first_name: text("submitter.firstName", raw.submitter_first)?,
            last_name: text("submitter.lastName", raw.submitter_last)?,
            full_name: text("submitter.fullName", raw.submitter_full)?,
            user_id: text("submitterUserID", raw.submitter_user_id)?,
            payroll_id: text("submitterPayrollID", raw.submitter_payroll_id)?,
            custom_field_1: text("employeeCustomField1", raw.custom_field_1)?,
            custom_field_2: text("employeeCustomField2", raw.custom_field_2)?,
        },
        manager: Manager {
            email: text("managerEmail", raw.manager_email)?,
            first_name: text("manager.firstName", raw.manager_first)?,
            last_name: text("manager.lastName", raw.manager_last)?,
            full_name: text("manager.fullName", raw.manager_full)?,
            user_id: text("managerUserID", raw.manager_user_id)?,
            payroll_id: text("managerPayrollID", raw.manager_payroll_id)?,
        },
        approvers: raw.approvers.iter().map(approver).collect::<Result<_, _>>()?,
        status,
        state: labels.iter().flatten().find_map(|label| ReportState::from_label(label)),
        currency: text("currency", raw.currency)?,
        total: whole("total", raw.total)?,
        created: date("created", raw.created)?,
        submitted: date("submitted", raw.submitted)?,
        approved: date("approved", raw.approved)?,
        reimbursed: date("reimbursed", raw.reimbursed)?,
        reimbursement_id: text("entryID", raw.entry_id)?,
        is_ach_reimbursed: flag("isACHReimbursed", raw.is_ach_reimbursed)?,
        report_fields: report_fields(raw.report_fields)?,
        expense_count: said,
        expenses,
    })
}

fn report_fields(raw: BTreeMap<String, Raw<'_>>) -> Result<BTreeMap<String, String>, Flaw> {
    let mut fields = BTreeMap::new();
    for (name, value) in raw {
        // A checkbox may come as a boolean; everything here is text to us.
        let word = value.map(RawValue::get).filter(|token| matches!(*token, "true" | "false")).map(str::to_owned);
        if let Some(value) = word.map_or_else(|| text("reportFields", value), |word| Ok(Some(word)))? {
            fields.insert(name, value);
        }
    }
    Ok(fields)
}

fn approver(raw: &RawApprover<'_>) -> Result<Approver, Flaw> {
    Ok(Approver {
        email: text("approvers.email", raw.email)?,
        date: date("approvers.date", raw.date)?,
        first_name: text("approvers.firstName", raw.first_name)?,
        last_name: text("approvers.lastName", raw.last_name)?,
        full_name: text("approvers.fullName", raw.full_name)?,
        employee_user_id: text("approvers.employeeUserID", raw.employee_user_id)?,
        employee_payroll_id: text("approvers.employeePayrollID", raw.employee_payroll_id)?,
    })
}

fn expense(raw: &RawExpense<'_>) -> Result<Expense, Flaw> {
    Ok(Expense {
        transaction_id: needed("transactionID", raw.transaction_id)?,
        expense_type: text("type", raw.expense_type)?,
        amount: whole("amount", raw.amount)?,
        modified_amount: whole("modifiedAmount", raw.modified_amount)?,
        converted_amount: whole("convertedAmount", raw.converted_amount)?,
        currency: text("currency", raw.currency)?,
        currency_conversion_rate: decimal("currencyConversionRate", raw.currency_conversion_rate)?,
        category: text("category", raw.category)?,
        category_gl_code: text("categoryGlCode", raw.category_gl_code)?,
        category_payroll_code: text("categoryPayrollCode", raw.category_payroll_code)?,
        tag: text("tag", raw.tag)?,
        tag_gl_code: text("tagGlCode", raw.tag_gl_code)?,
        tags: tags(raw)?,
        comment: text("comment", raw.comment)?,
        merchant: text("merchant", raw.merchant)?,
        modified_merchant: text("modifiedMerchant", raw.modified_merchant)?,
        created: date("created", raw.created)?,
        modified_created: date("modifiedCreated", raw.modified_created)?,
        inserted: date("inserted", raw.inserted)?,
        reimbursable: flag("reimbursable", raw.reimbursable)?,
        billable: flag("billable", raw.billable)?,
        bank: text("bank", raw.bank)?,
        card: Card {
            id: text("cardID", raw.card_id)?,
            name: text("cardName", raw.card_name)?,
            number: text("cardNumber", raw.card_number)?,
        },
        receipt: Receipt {
            id: text("receiptID", raw.receipt_id)?,
            url: text("receiptObject.url", raw.receipt_url)?,
            filename: text("receiptFilename", raw.receipt_filename)?,
        },
        tax: Tax {
            has_tax: flag("hasTax", raw.has_tax)?,
            amount: whole("taxAmount", raw.tax_amount)?,
            modified_amount: whole("modifiedTaxAmount", raw.modified_tax_amount)?,
            name: text("taxName", raw.tax_name)?,
            rate: text("taxRate", raw.tax_rate)?,
            rate_name: text("taxRateName", raw.tax_rate_name)?,
            code: text("taxCode", raw.tax_code)?,
        },
        attendee_count: whole("attendeeCount", raw.attendee_count)?,
        mcc: text("mcc", raw.mcc)?,
        modified_mcc: text("modifiedMCC", raw.modified_mcc)?,
        units: Units {
            count: text("units.count", raw.units_count)?,
            rate: text("units.rate", raw.units_rate)?,
            unit: text("units.unit", raw.units_unit)?,
            name: text("units.name", raw.units_name)?,
        },
        is_distance: flag("isDistance", raw.is_distance)?,
    })
}

fn tags(raw: &RawExpense<'_>) -> Result<Vec<Tag>, Flaw> {
    let mut tags = Vec::new();
    for (index, (name, level)) in raw.tags.iter().zip(1u8..).enumerate() {
        if let Some(name) = text("ntag", *name)? {
            let gl_code = text("ntagGlCode", raw.tag_gl_codes.get(index).copied().flatten())?;
            tags.push(Tag { level, name, gl_code });
        }
    }
    Ok(tags)
}

fn date(field: &'static str, raw: Raw<'_>) -> Result<Option<DateText>, Flaw> {
    Ok(text(field, raw)?.map(DateText))
}

#[cfg(test)]
mod tests;
