//! What a template may print of an expense: the vendor's field names (documented, and seen in third-party clients).
//!
//! A field that has no value is absent here; what an absent value prints is decided elsewhere.

use super::field::Field;
use crate::expensify::company::{Card, Expense, category_gl_code, tag_gl_code};

/// Every field name, without the numbered tags; those whose values are not simple come last.
pub const NAMES: &[&str] = &[
    "amount",
    "bank",
    "billable",
    "cardID",
    "cardName",
    "cardNumber",
    "category",
    "categoryGlCode",
    "categoryPayrollCode",
    "comment",
    "convertedAmount",
    "created",
    "currency",
    "currencyConversionRate",
    "details",
    "externalID",
    "hasTax",
    "inserted",
    "isDistance",
    "mcc",
    "merchant",
    "modifiedAmount",
    "modifiedCreated",
    "modifiedMCC",
    "modifiedMerchant",
    "modifiedTaxAmount",
    "receiptFilename",
    "receiptID",
    "reimbursable",
    "reportID",
    "tag",
    "tagGlCode",
    "taxAmount",
    "taxCode",
    "taxName",
    "taxRate",
    "taxRateName",
    "transactionID",
    "type",
    "unverified",
];

/// Fields that hold more than one value.
pub const NESTED: &[&str] = &["attendees", "receiptObject", "units"];

/// The value of field `name` of `expense`, which is in report `report_id`.
pub fn get(expense: &Expense, report_id: &str, name: &str) -> Option<Field> {
    match name {
        "transactionID" => Some(Field::text(expense.transaction_id.as_str())),
        "reportID" => Some(Field::text(report_id)),
        "type" => Some(Field::text(expense.kind)),
        "isDistance" => Some(Field::Flag(expense.units.is_some())),
        "billable" => Some(Field::Flag(expense.billable)),
        "reimbursable" => Some(Field::Flag(expense.reimbursable)),
        "unverified" => Some(Field::Flag(false)),
        "comment" => filled(&expense.comment),
        "created" => Some(Field::text(expense.created.to_string())),
        "modifiedCreated" => expense.modified_created.map(|day| Field::text(day.to_string())),
        "inserted" => Some(Field::text(super::time_text(expense.inserted))),
        "merchant" => filled(&expense.merchant),
        "modifiedMerchant" => expense.modified_merchant.as_deref().and_then(filled),
        "mcc" => Some(Field::text(expense.mcc)),
        "attendees" => Some(attendees(expense)),
        "units" => units(expense),
        _ => money(expense, name)
            .or_else(|| coding(expense, name))
            .or_else(|| card(expense.card.as_ref()?, name))
            .or_else(|| receipt(expense, name)),
    }
}

fn filled(text: &str) -> Option<Field> {
    (!text.is_empty()).then(|| Field::text(text))
}

fn money(expense: &Expense, name: &str) -> Option<Field> {
    match name {
        "amount" => Some(Field::Number(expense.amount_hundredths)),
        "modifiedAmount" => expense.modified_hundredths.map(Field::Number),
        "convertedAmount" => expense.converted_hundredths.map(Field::Number),
        "currency" => Some(Field::text(expense.currency)),
        "currencyConversionRate" => expense.rate_millionths.map(Field::millionths),
        "hasTax" => Some(Field::Flag(expense.tax.is_some())),
        _ => {
            let tax = expense.tax.as_ref()?;
            match name {
                "taxAmount" => Some(Field::Number(tax.amount_hundredths)),
                "taxName" => Some(Field::text(tax.name)),
                "taxRate" => Some(Field::text(tax.rate)),
                "taxRateName" => Some(Field::text(format!("{} ({})", tax.name, tax.rate))),
                "taxCode" => Some(Field::text(tax.code)),
                _ => None,
            }
        }
    }
}

/// Category and tags; `ntagN` counts levels from 1.
fn coding(expense: &Expense, name: &str) -> Option<Field> {
    match name {
        "category" => filled(&expense.category),
        "categoryGlCode" => category_gl_code(&expense.category).map(Field::text),
        "tag" => filled(&expense.joined_tag()),
        "tagGlCode" => {
            let code = |(level, tag): (usize, &String)| tag_gl_code(level, tag).unwrap_or("");
            let codes: Vec<&str> = expense.tags.iter().enumerate().map(code).collect();
            filled(codes.join(":").trim_end_matches(':'))
        }
        _ => {
            let rest = name.strip_prefix("ntag")?;
            let (digits, wants_code) = match rest.strip_suffix("GlCode") {
                Some(digits) => (digits, true),
                None => (rest, false),
            };
            let level = digits.parse::<usize>().ok()?.checked_sub(1)?;
            let tag = expense.tags.get(level)?;
            if wants_code { tag_gl_code(level, tag).map(Field::text) } else { filled(tag) }
        }
    }
}

fn card(card: &Card, name: &str) -> Option<Field> {
    match name {
        "bank" => Some(Field::text(card.bank)),
        "cardID" => Some(Field::text(card.id.to_string())),
        "cardName" => Some(Field::text(card.name.as_str())),
        "cardNumber" => Some(Field::text(card.number.as_str())),
        _ => None,
    }
}

fn receipt(expense: &Expense, name: &str) -> Option<Field> {
    let id = expense.receipt_id?;
    let file = format!("w_{id:x}.jpg");
    let url = |size: &str| Field::text(format!("https://www.expensify.com/receipts/{size}{file}"));
    match name {
        "receiptID" => Some(Field::text(id.to_string())),
        "receiptFilename" => Some(Field::Text(file)),
        "receiptObject" => Some(Field::hash([
            ("receiptID", Field::text(id.to_string())),
            ("transactionID", Field::text(expense.transaction_id.as_str())),
            ("type", Field::text("jpg")),
            ("state", Field::text("SCANCOMPLETE")),
            ("url", url("")),
            ("thumbnail", url("t_320_")),
            ("smallThumbnail", url("t_64_")),
            ("formattedMerchant", Field::text(expense.merchant.as_str())),
            ("formattedCreated", Field::text(expense.created.to_string())),
        ])),
        _ => None,
    }
}

fn units(expense: &Expense) -> Option<Field> {
    let units = expense.units.as_ref()?;
    Some(Field::hash([
        ("count", Field::millionths(units.count_hundredths * 10_000)),
        ("rate", Field::millionths(units.rate_thousandths * 1_000)),
        ("unit", Field::text("mi")),
        ("name", Field::text("Mileage")),
    ]))
}

fn attendees(expense: &Expense) -> Field {
    let attendee = |(email, name): &(String, String)| {
        Field::hash([
            ("email", Field::text(email.as_str())),
            ("displayName", Field::text(name.as_str())),
            ("thumbnail", Field::text("")),
        ])
    };
    Field::List(expense.attendees.iter().map(attendee).collect())
}
