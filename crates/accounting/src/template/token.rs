//! The tokens a text may name, and where their values come from.

use std::borrow::Cow;

use jiff::civil::Date;

use super::filter::DateFormat;
use crate::amount::{Amount, Currency};
use crate::report::{Expense, ExpenseReport, Person};

/// What tokens take their values from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The report.
    pub report: &'a ExpenseReport,
    /// The expense, where a text is about exactly one; else its tokens have no value.
    pub expense: Option<&'a Expense>,
    /// The amount the text is about, in the report's currency; negative for a refund.
    pub amount: Option<Amount>,
    /// The entry's reference.
    pub key: &'a str,
    /// Id of the run.
    pub run: &'a str,
}

/// A name in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A field with a name of its own.
    Field(Field),
    /// A level of the expense's tag, 1 first: `tag_1` or `tag1`.
    Tag(u8),
}

macro_rules! fields {
    ($($name:ident $($text:literal)|+ $doc:literal)*) => {
        /// A field with a name of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { $(#[doc = $doc] $name,)* }

        impl Token {
            /// The fields' names with what they stand for; tags come besides, as `tag_1`, `tag_2` and so on.
            pub const NAMES: &[(&str, &str)] = &[$($(($text, $doc),)+)*];

            /// The token called `name`.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($($text)|+ => Some(Self::Field(Field::$name)),)*
                    _ => Self::parse_tag(name),
                }
            }
        }
    };
}

fields! {
    ReportId "report_id" "Id of the report"
    ReportName "report_name" "Name of the report"
    ReportNumber "report_number" "Number of the report; its id where it has none"
    Policy "policy" "Workspace"
    EmployeeName "employee_name" "Employee; the e-mail where no name is known"
    EmployeeEmail "employee_email" "The employee's e-mail"
    EmployeeId "employee_id" "The employee's id"
    Manager "manager" "Whom the employee reports to"
    Approver "approver" "Who approved last"
    Submitted "submitted" "Day of submission"
    Approved "approved" "Day of approval"
    ExpenseDate "expense_date" "Day of the expense"
    Merchant "merchant" "Merchant"
    OriginalMerchant "original_merchant" "Merchant before an edit"
    Category "category" "Category"
    Comment "comment" "The employee's note"
    Amount "amount" "Amount in the report's currency"
    Currency "currency" "The report's currency"
    OriginalAmount "original_amount" "Amount in the currency of the receipt"
    OriginalCurrency "original_currency" "Currency of the receipt"
    Rate "rate" "Exchange rate as the source printed it"
    CardLastFour "card_last_four" | "card_last4" "Last four digits of the card"
    CardName "card_name" "Name of the card"
    Reimbursable "reimbursable" "yes or no"
    ReceiptUrl "receipt_url" "Link to the receipt"
    ReportUrl "report_url" "Link to the report"
    Key "key" "The entry's reference"
    Run "run" "Id of the run"
}

impl Token {
    fn parse_tag(name: &str) -> Option<Self> {
        let level = name.strip_prefix("tag")?;
        let level = level.strip_prefix('_').unwrap_or(level);
        let plain = level.bytes().all(|byte| byte.is_ascii_digit()) && !level.starts_with('0');
        if plain { level.parse().ok().map(Self::Tag) } else { None }
    }

    /// Whether the value is a day, so that a date format fits.
    pub const fn is_date(self) -> bool {
        matches!(self, Self::Field(Field::Submitted | Field::Approved | Field::ExpenseDate))
    }

    pub(super) fn value<'a>(self, facts: &Facts<'a>, format: &DateFormat) -> Cow<'a, str> {
        let field = match self {
            Self::Field(field) => field,
            Self::Tag(level) => return tag(facts, level).into(),
        };
        let report = facts.report;
        let of_expense = |get: fn(&'a Expense) -> Option<&'a str>| -> Cow<'a, str> {
            facts.expense.and_then(get).unwrap_or("").into()
        };
        let day = |date: Option<Date>| date.map_or(Cow::Borrowed(""), |date| format.write(date).into());
        match field {
            Field::ReportId => report.id.as_str().into(),
            Field::ReportName => report.name.as_str().into(),
            Field::ReportNumber => filled(report.number.as_deref()).unwrap_or(&report.id).into(),
            Field::Policy => filled(Some(&report.policy_name)).unwrap_or(&report.policy_id).into(),
            Field::EmployeeName => person(&report.employee).into(),
            Field::EmployeeEmail => report.employee.email.as_str().into(),
            Field::EmployeeId => report.employee.id.as_deref().unwrap_or("").into(),
            Field::Manager => report.manager.as_ref().map_or("", person).into(),
            Field::Approver => report.approver.as_ref().map_or("", person).into(),
            Field::Submitted => day(report.submitted),
            Field::Approved => day(report.approved),
            Field::ExpenseDate => day(facts.expense.and_then(|expense| expense.date)),
            Field::Merchant => of_expense(|expense| expense.merchant.as_deref()),
            Field::OriginalMerchant => of_expense(|expense| expense.original_merchant.as_deref()),
            Field::Category => of_expense(|expense| expense.category.as_deref()),
            Field::Comment => of_expense(|expense| expense.comment.as_deref()),
            Field::Amount => facts.amount.map_or(Cow::Borrowed(""), |amount| amount.decimals().into()),
            Field::Currency => report.currency.as_deref().unwrap_or("").into(),
            Field::OriginalAmount => facts.expense.and_then(on_the_receipt).unwrap_or_default().into(),
            Field::OriginalCurrency => of_expense(|expense| expense.currency.as_deref()),
            Field::Rate => of_expense(|expense| expense.rate.as_deref()),
            Field::CardLastFour => of_expense(|expense| expense.card.as_ref()?.last_four.as_deref()),
            Field::CardName => of_expense(|expense| expense.card.as_ref()?.name.as_deref()),
            Field::Reimbursable => of_expense(|expense| Some(if expense.reimbursable? { "yes" } else { "no" })),
            Field::ReceiptUrl => of_expense(|expense| expense.receipt_url.as_deref()),
            Field::ReportUrl => report.url.as_deref().unwrap_or("").into(),
            Field::Key => facts.key.into(),
            Field::Run => facts.run.into(),
        }
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn person(person: &Person) -> &str {
    filled(Some(&person.name)).unwrap_or(&person.email)
}

fn tag<'a>(facts: &Facts<'a>, level: u8) -> &'a str {
    let index = usize::from(level).checked_sub(1);
    let tag = index.and_then(|index| facts.expense?.tags.get(index));
    tag.map_or("", |tag| &tag.name)
}

fn on_the_receipt(expense: &Expense) -> Option<String> {
    let currency = Currency::parse(expense.currency.as_deref()?).ok()?;
    let amount = expense.modified.or(expense.original)?.to_amount(currency).ok()?;
    Some(amount.decimals())
}
