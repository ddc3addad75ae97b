//! An expense report as Expensify sent it: every amount kept, nothing chosen, nothing rounded. It must not hold a
//! float, and must not turn an absent value into a zero. Empty strings are `None`; other texts are kept exactly.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};

use crate::query::ReportState;
use crate::tag::split_tags;

/// A date or date-time as sent: `yyyy-MM-dd` or `yyyy-MM-dd HH:mm:ss` \[observed by clients\], zone undocumented.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateText(pub String);

impl DateText {
    /// The text as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The calendar date, or `None` where the text is neither of the two forms.
    pub fn date(&self) -> Option<Date> {
        self.date_time().map(|at| at.date())
    }

    /// The date and time of day (midnight where only a date was sent), or `None`.
    pub fn date_time(&self) -> Option<DateTime> {
        let text = self.0.trim();
        let date = text.get(..10)?.parse::<Date>().ok()?;
        match text.len() {
            10 => Some(date.to_datetime(jiff::civil::Time::midnight())),
            _ => text.parse::<DateTime>().ok(),
        }
    }
}

/// One expense report. Amounts are hundredths of the currency unit, whatever the currency \[assumed for currencies
/// without cents\]; a charge is positive, a credit negative \[documented\].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// `reportID`, base 62, case-sensitive.
    pub report_id: String,
    /// `oldReportID`, base 10.
    pub old_report_id: Option<String>,
    /// Name of the report.
    pub report_name: Option<String>,
    /// Policy (workspace) of the report.
    pub policy_id: Option<String>,
    /// Name of the policy.
    pub policy_name: Option<String>,
    /// E-mail of the account that made the report.
    pub account_email: Option<String>,
    /// Number of that account.
    pub account_id: Option<String>,
    /// Who submitted.
    pub submitter: Submitter,
    /// Last approver; while in progress, who will approve.
    pub manager: Manager,
    /// Approvers in their order.
    pub approvers: Vec<Approver>,
    /// `status`, the label as printed.
    pub status: Option<String>,
    /// The state that label stands for (else that of `state` or `displayStatus`), where it is known.
    pub state: Option<ReportState>,
    /// Currency of the report: the policy's output currency.
    pub currency: Option<String>,
    /// `total`, hundredths of the report currency.
    pub total: Option<i64>,
    /// When the report was made.
    pub created: Option<DateText>,
    /// When it was submitted.
    pub submitted: Option<DateText>,
    /// When it was approved, presumably last \[assumed\].
    pub approved: Option<DateText>,
    /// When it was reimbursed.
    pub reimbursed: Option<DateText>,
    /// `entryID`, the latest reimbursement.
    pub reimbursement_id: Option<String>,
    /// Whether it was paid by ACH through Expensify.
    pub is_ach_reimbursed: Option<bool>,
    /// `customField`: the report fields by name, every character but letters and digits replaced by `_`
    /// \[documented\]. Empty ones are left out.
    pub report_fields: BTreeMap<String, String>,
    /// How many expenses the vendor counted; always equal to `expenses.len()`.
    pub expense_count: u64,
    /// The expenses in the vendor's order.
    pub expenses: Vec<Expense>,
}

/// The employee a report belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submitter {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// `submitterUserID` (older name; the employee id).
    pub user_id: Option<String>,
    /// `submitterPayrollID` (older name).
    pub payroll_id: Option<String>,
    /// `employeeCustomField1`: where companies keep the employee id.
    pub custom_field_1: Option<String>,
    /// `employeeCustomField2`.
    pub custom_field_2: Option<String>,
}

/// The manager of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manager {
    /// E-mail.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// `managerUserID`.
    pub user_id: Option<String>,
    /// `managerPayrollID`.
    pub payroll_id: Option<String>,
}

/// One approval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Approver {
    /// E-mail.
    pub email: Option<String>,
    /// When.
    pub date: Option<DateText>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// `employeeUserID`.
    pub employee_user_id: Option<String>,
    /// `employeePayrollID`.
    pub employee_payroll_id: Option<String>,
}

/// One expense of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expense {
    /// `transactionID`: up to 19 digits, more than a double holds; hence text.
    pub transaction_id: String,
    /// `type`; the values are not documented.
    pub expense_type: Option<String>,
    /// Original amount, hundredths of `currency`.
    pub amount: Option<i64>,
    /// Amount after an edit, hundredths of `currency`. Zero is a real value here.
    pub modified_amount: Option<i64>,
    /// Amount in the report's currency, hundredths.
    pub converted_amount: Option<i64>,
    /// Currency of the expense.
    pub currency: Option<String>,
    /// Rate from `currency` to the report's, a decimal as text.
    pub currency_conversion_rate: Option<String>,
    /// Category; `Uncategorized` is the vendor's word for none.
    pub category: Option<String>,
    /// The workspace's GL code of the category at export time.
    pub category_gl_code: Option<String>,
    /// The workspace's payroll code of the category.
    pub category_payroll_code: Option<String>,
    /// `tag`: all levels joined by `:`, a literal colon as `\:`.
    pub tag: Option<String>,
    /// `tagGlCode`.
    pub tag_gl_code: Option<String>,
    /// The levels that are set, from `ntag1`, `ntag2` and so on.
    pub tags: Vec<Tag>,
    /// Comment.
    pub comment: Option<String>,
    /// Merchant as first recorded.
    pub merchant: Option<String>,
    /// Merchant after an edit.
    pub modified_merchant: Option<String>,
    /// Date of the expense.
    pub created: Option<DateText>,
    /// Date after an edit.
    pub modified_created: Option<DateText>,
    /// When the expense was recorded.
    pub inserted: Option<DateText>,
    /// Whether the employee is to be paid back.
    pub reimbursable: Option<bool>,
    /// Whether a customer is to be billed.
    pub billable: Option<bool>,
    /// `bank`: the card feed.
    pub bank: Option<String>,
    /// Card, where one is named.
    pub card: Card,
    /// Receipt, never fetched.
    pub receipt: Receipt,
    /// Tax, where tracked.
    pub tax: Tax,
    /// Number of attendees.
    pub attendee_count: Option<i64>,
    /// Merchant category code.
    pub mcc: Option<String>,
    /// Merchant category code after an edit.
    pub modified_mcc: Option<String>,
    /// Mileage or time units.
    pub units: Units,
    /// Whether it is a distance expense.
    pub is_distance: Option<bool>,
}

impl Expense {
    /// The tag levels: the per-level fields where there are any, else the joined `tag` taken apart.
    pub fn tag_levels(&self) -> Vec<Tag> {
        if !self.tags.is_empty() {
            return self.tags.clone();
        }
        let joined = self.tag.as_deref().unwrap_or_default();
        let levels = split_tags(joined).into_iter().zip(1u8..);
        levels.filter_map(|(name, level)| Some(Tag { level, name: name?, gl_code: None })).collect()
    }
}

/// One level of an expense's tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Position, from 1; levels left empty by the employee are missing from the list, not renumbered.
    pub level: u8,
    /// Name of the tag, unescaped.
    pub name: String,
    /// The workspace's GL code of the tag.
    pub gl_code: Option<String>,
}

/// The card an expense was paid with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Card {
    /// `cardID`.
    pub id: Option<String>,
    /// `cardName`.
    pub name: Option<String>,
    /// `cardNumber`, masked as sent.
    pub number: Option<String>,
}

impl Card {
    /// The last four digits, where the number ends in four digits.
    pub fn last_four(&self) -> Option<&str> {
        let number = self.number.as_deref()?.trim_end();
        let tail = number.get(number.len().checked_sub(4)?..)?;
        tail.bytes().all(|b| b.is_ascii_digit()).then_some(tail)
    }
}

/// A receipt's whereabouts. The address is the vendor's data: show it, never fetch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// `receiptID`.
    pub id: Option<String>,
    /// `receiptObject.url`.
    pub url: Option<String>,
    /// `receiptFilename`.
    pub filename: Option<String>,
}

/// Tax of an expense; amounts in hundredths of the expense's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tax {
    /// Whether tax is tracked on it.
    pub has_tax: Option<bool>,
    /// Tax amount.
    pub amount: Option<i64>,
    /// Tax amount after an edit.
    pub modified_amount: Option<i64>,
    /// `taxName`.
    pub name: Option<String>,
    /// `taxRate` as text.
    pub rate: Option<String>,
    /// `taxRateName`.
    pub rate_name: Option<String>,
    /// `taxCode`.
    pub code: Option<String>,
}

/// Mileage or time, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Units {
    /// How many.
    pub count: Option<String>,
    /// Rate of one.
    pub rate: Option<String>,
    /// Of what.
    pub unit: Option<String>,
    /// Name of the rate.
    pub name: Option<String>,
}
