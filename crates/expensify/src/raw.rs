//! The JSON shape our template prints, its values not yet read. It must not hold a number type: each value is read by
//! its own rule, so that an error can name its field.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::Raw;

#[derive(Deserialize)]
pub(crate) struct RawReport<'a> {
    #[serde(borrow, rename = "reportID")]
    pub(crate) report_id: Raw<'a>,
    #[serde(rename = "oldReportID")]
    pub(crate) old_report_id: Raw<'a>,
    #[serde(rename = "reportName")]
    pub(crate) report_name: Raw<'a>,
    #[serde(rename = "policyID")]
    pub(crate) policy_id: Raw<'a>,
    #[serde(rename = "policyName")]
    pub(crate) policy_name: Raw<'a>,
    #[serde(rename = "accountEmail")]
    pub(crate) account_email: Raw<'a>,
    #[serde(rename = "accountID")]
    pub(crate) account_id: Raw<'a>,
    #[serde(rename = "submitter.firstName")]
    pub(crate) submitter_first: Raw<'a>,
    #[serde(rename = "submitter.lastName")]
    pub(crate) submitter_last: Raw<'a>,
    #[serde(rename = "submitter.fullName")]
    pub(crate) submitter_full: Raw<'a>,
    #[serde(rename = "submitterUserID")]
    pub(crate) submitter_user_id: Raw<'a>,
    #[serde(rename = "submitterPayrollID")]
    pub(crate) submitter_payroll_id: Raw<'a>,
    #[serde(rename = "employeeCustomField1")]
    pub(crate) custom_field_1: Raw<'a>,
    #[serde(rename = "employeeCustomField2")]
    pub(crate) custom_field_2: Raw<'a>,
    #[serde(rename = "managerEmail")]
    pub(crate) manager_email: Raw<'a>,
    #[serde(rename = "manager.firstName")]
    pub(crate) manager_first: Raw<'a>,
    #[serde(rename = "manager.lastName")]
    pub(crate) manager_last: Raw<'a>,
    #[serde(rename = "manager.fullName")]
    pub(crate) manager_full: Raw<'a>,
    #[serde(rename = "managerUserID")]
    pub(crate) manager_user_id: Raw<'a>,
    #[serde(rename = "managerPayrollID")]
    pub(crate) manager_payroll_id: Raw<'a>,
    #[serde(default)]
    pub(crate) approvers: Vec<RawApprover<'a>>,
    pub(crate) status: Raw<'a>,
    pub(crate) state: Raw<'a>,
    #[serde(rename = "displayStatus")]
    pub(crate) display_status: Raw<'a>,
    pub(crate) currency: Raw<'a>,
    pub(crate) total: Raw<'a>,
    pub(crate) created: Raw<'a>,
    pub(crate) submitted: Raw<'a>,
    pub(crate) approved: Raw<'a>,
    pub(crate) reimbursed: Raw<'a>,
    #[serde(rename = "entryID")]
    pub(crate) entry_id: Raw<'a>,
    #[serde(rename = "isACHReimbursed")]
    pub(crate) is_ach_reimbursed: Raw<'a>,
    #[serde(rename = "reportFields", default)]
    pub(crate) report_fields: BTreeMap<String, Raw<'a>>,
    #[serde(rename = "expenseCount")]
    pub(crate) expense_count: Raw<'a>,
    #[serde(default)]
    pub(crate) expenses: Vec<RawExpense<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawApprover<'a> {
    #[serde(borrow)]
    pub(crate) email: Raw<'a>,
    pub(crate) date: Raw<'a>,
    pub(crate) first_name: Raw<'a>,
    pub(crate) last_name: Raw<'a>,
    pub(crate) full_name: Raw<'a>,
    #[serde(rename = "employeeUserID")]
    pub(crate) employee_user_id: Raw<'a>,
    #[serde(rename = "employeePayrollID")]
    pub(crate) employee_payroll_id: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawExpense<'a> {
    #[serde(borrow, rename = "transactionID")]
    pub(crate) transaction_id: Raw<'a>,
    #[serde(rename = "type")]
    pub(crate) expense_type: Raw<'a>,
    pub(crate) amount: Raw<'a>,
    pub(crate) modified_amount: Raw<'a>,
    pub(crate) converted_amount: Raw<'a>,
    pub(crate) currency: Raw<'a>,
    pub(crate) currency_conversion_rate: Raw<'a>,
    pub(crate) category: Raw<'a>,
    pub(crate) category_gl_code: Raw<'a>,
    pub(crate) category_payroll_code: Raw<'a>,
    pub(crate) tag: Raw<'a>,
    pub(crate) tag_gl_code: Raw<'a>,
    /// Levels 1, 2 and so on, "" where empty.
    #[serde(rename = "ntags", default)]
    pub(crate) tags: Vec<Raw<'a>>,
    #[serde(rename = "ntagGlCodes", default)]
    pub(crate) tag_gl_codes: Vec<Raw<'a>>,
    pub(crate) comment: Raw<'a>,
    pub(crate) merchant: Raw<'a>,
    pub(crate) modified_merchant: Raw<'a>,
    pub(crate) created: Raw<'a>,
    pub(crate) modified_created: Raw<'a>,
    pub(crate) inserted: Raw<'a>,
    pub(crate) reimbursable: Raw<'a>,
    pub(crate) billable: Raw<'a>,
    pub(crate) bank: Raw<'a>,
    #[serde(rename = "cardID")]
    pub(crate) card_id: Raw<'a>,
    pub(crate) card_name: Raw<'a>,
    pub(crate) card_number: Raw<'a>,
    #[serde(rename = "receiptID")]
    pub(crate) receipt_id: Raw<'a>,
    #[serde(rename = "receiptObject.url")]
    pub(crate) receipt_url: Raw<'a>,
    pub(crate) receipt_filename: Raw<'a>,
    pub(crate) has_tax: Raw<'a>,
    pub(crate) tax_amount: Raw<'a>,
    pub(crate) modified_tax_amount: Raw<'a>,
    pub(crate) tax_name: Raw<'a>,
    pub(crate) tax_rate: Raw<'a>,
    pub(crate) tax_rate_name: Raw<'a>,
    pub(crate) tax_code: Raw<'a>,
    pub(crate) attendee_count: Raw<'a>,
    pub(crate) mcc: Raw<'a>,
    #[serde(rename = "modifiedMCC")]
    pub(crate) modified_mcc: Raw<'a>,
    #[serde(rename = "units.count")]
    pub(crate) units_count: Raw<'a>,
    #[serde(rename = "units.rate")]
    pub(crate) units_rate: Raw<'a>,
    #[serde(rename = "units.unit")]
    pub(crate) units_unit: Raw<'a>,
    #[serde(rename = "units.name")]
    pub(crate) units_name: Raw<'a>,
    pub(crate) is_distance: Raw<'a>,
}
