//! A journal entry as the `<create>` element that is frozen and sent.
//!
//! Pure: the same entry gives the same bytes, always. No credentials, no control id, no clock.

use jiff::civil::Date;

use crate::gl_batch::{Allocation, Amount, BatchState, BatchTax, Exchange, GlBatch, GlEntry, TrType};
use crate::payload::one_create;
use crate::text;

/// Why an entry can not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A negative amount: direction belongs in `TR_TYPE`.
    #[error("amount {minor} of line {line} is negative")]
    NegativeAmount {
        /// Line, from 1.
        line: usize,
        /// The amount, in minor units.
        minor: i64,
    },
    /// More than nine decimals.
    #[error("{exponent} decimals in line {line}")]
    Exponent {
        /// Line, from 1.
        line: usize,
        /// The decimals.
        exponent: u8,
    },
    /// An exchange rate that is not decimal digits with at most four decimals.
    #[error("exchange rate {rate:?} of line {line} is not a decimal with at most four decimals")]
    ExchangeRate {
        /// Line, from 1.
        line: usize,
        /// As given.
        rate: String,
    },
    /// A custom field or user-defined dimension whose name can not be an element, or is a field of its own.
    #[error("{name:?} can not be a field name")]
    FieldName {
        /// As given.
        name: String,
    },
    /// Fewer than two lines.
    #[error("an entry of {0} lines")]
    TooFewLines(usize),
    /// A year outside 1 to 9999.
    #[error("date {0} has no four-digit year")]
    Date(Date),
    /// What was rendered is not exactly one element. Never seen; checked all the same before anything is frozen.
    #[error("rendered something else than one create element: {0}")]
    NotOneElement(&'static str),
}

/// A rendered entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The `<create>` element.
    pub bytes: Vec<u8>,
    /// Code points XML can not hold, each replaced by U+FFFD.
    pub replaced: usize,
}

/// The `<create><GLBATCH>…</GLBATCH></create>` element of an entry.
///
/// # Errors
/// See [`RenderError`].
pub fn render_gl_batch(batch: &GlBatch) -> Result<Vec<u8>, RenderError> {
    render_gl_batch_counted(batch).map(|rendered| rendered.bytes)
}

/// The same, with the number of code points that were replaced.
///
/// # Errors
/// See [`RenderError`].
pub fn render_gl_batch_counted(batch: &GlBatch) -> Result<Rendered, RenderError> {
    if batch.entries.len() < 2 {
        return Err(RenderError::TooFewLines(batch.entries.len()));
    }
    let mut out = Writer { xml: String::with_capacity(512 + batch.entries.len() * 320), replaced: 0 };
    out.xml.push_str("<create><GLBATCH>");
    header(&mut out, batch)?;
    out.xml.push_str("<ENTRIES>");
    for (index, entry) in batch.entries.iter().enumerate() {
        line(&mut out, entry, index + 1)?;
    }
    out.xml.push_str("</ENTRIES></GLBATCH></create>");
    one_create(out.xml.as_bytes()).map_err(RenderError::NotOneElement)?;
    Ok(Rendered { bytes: out.xml.into_bytes(), replaced: out.replaced })
}

struct Writer {
    xml: String,
    replaced: usize,
}

impl Writer {
    fn field(&mut self, name: &str, value: &str) {
        self.replaced += text::element(&mut self.xml, name, value);
    }

    fn optional(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    fn date(&mut self, name: &str, date: Date) -> Result<(), RenderError> {
        if date.year() < 1 {
            return Err(RenderError::Date(date));
        }
        self.field(name, &format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year()));
        Ok(())
    }

    fn amount(&mut self, name: &str, amount: Amount, line: usize) -> Result<(), RenderError> {
        let decimal = decimal(amount, line)?;
        self.field(name, &decimal);
        Ok(())
    }

    /// Fields whose names come from the company. `known` are names that have a place of their own already.
    fn custom(&mut self, fields: &[(String, String)], known: &[&str]) -> Result<(), RenderError> {
        for (name, value) in fields {
            let taken = known.iter().any(|known| known.eq_ignore_ascii_case(name));
            if taken || !text::is_name(name) || name.eq_ignore_ascii_case("function") {
                return Err(RenderError::FieldName { name: name.clone() });
            }
            self.field(name, value);
        }
        Ok(())
    }
}

fn header(out: &mut Writer, batch: &GlBatch) -> Result<(), RenderError> {
    out.field("JOURNAL", &batch.journal);
    out.date("BATCH_DATE", batch.batch_date)?;
    if let Some(date) = batch.reverse_date {
        out.date("REVERSEDATE", date)?;
    }
    out.field("BATCH_TITLE", &batch.batch_title);
    if let Some(tax) = &batch.tax {
        header_tax(out, tax);
    }
    out.optional("HISTORY_COMMENT", batch.history_comment.as_ref());
    out.optional("REFERENCENO", batch.reference_no.as_ref());
    out.optional("BASELOCATION_NO", batch.base_location_no.as_ref());
    out.optional("SUPDOCID", batch.supdoc_id.as_ref());
    if let Some(state) = batch.state {
        out.field("STATE", state_text(state));
    }
    out.optional("TRANSACTIONSOURCE", batch.transaction_source.as_ref());
    out.custom(&batch.custom_fields, crate::schema::GLBATCH)
}

fn header_tax(out: &mut Writer, tax: &BatchTax) {
    out.field("TAXIMPLICATIONS", &tax.tax_implications);
    out.optional("VATVENDORID", tax.vat_vendor_id.as_ref());
    out.optional("VATCUSTOMERID", tax.vat_customer_id.as_ref());
    out.optional("VATCONTACTID", tax.vat_contact_id.as_ref());
    out.optional("TAXSOLUTIONID", tax.tax_solution_id.as_ref());
}

fn line(out: &mut Writer, entry: &GlEntry, line: usize) -> Result<(), RenderError> {
    out.xml.push_str("<GLENTRY>");
    out.field("ACCOUNTNO", &entry.account_no);
    out.field("TR_TYPE", if entry.tr_type == TrType::Debit { "1" } else { "-1" });
    out.amount("TRX_AMOUNT", entry.trx_amount, line)?;
    out.optional("CURRENCY", entry.currency.as_ref());
    if let Some(exchange) = &entry.exchange {
        exchange_fields(out, exchange, line)?;
    }
    out.optional("DESCRIPTION", entry.description.as_ref());
    out.optional("DOCUMENT", entry.document.as_ref());
    for (name, value) in [
        ("LOCATION", &entry.location),
        ("DEPARTMENT", &entry.department),
        ("PROJECTID", &entry.project_id),
        ("TASKID", &entry.task_id),
        ("COSTTYPEID", &entry.cost_type_id),
        ("CUSTOMERID", &entry.customer_id),
        ("VENDORID", &entry.vendor_id),
        ("EMPLOYEEID", &entry.employee_id),
        ("ITEMID", &entry.item_id),
        ("CLASSID", &entry.class_id),
        ("CONTRACTID", &entry.contract_id),
        ("WAREHOUSEID", &entry.warehouse_id),
    ] {
        out.optional(name, value.as_ref());
    }
    user_defined(out, &entry.user_defined)?;
    if let Some(allocation) = &entry.allocation {
        allocation_fields(out, allocation, line)?;
    }
    if let Some(billable) = entry.billable {
        out.field("BILLABLE", if billable { "true" } else { "false" });
    }
    if !entry.tax_entries.is_empty() {
        out.xml.push_str("<TAXENTRIES>");
        for tax in &entry.tax_entries {
            out.xml.push_str("<TAXENTRY>");
            out.amount("TRX_TAX", tax.trx_tax, line)?;
            out.field("DETAILID", &tax.detail_id);
            out.xml.push_str("</TAXENTRY>");
        }
        out.xml.push_str("</TAXENTRIES>");
    }
    out.custom(&entry.custom_fields, crate::schema::GLENTRY)?;
    out.xml.push_str("</GLENTRY>");
    Ok(())
}

fn exchange_fields(out: &mut Writer, exchange: &Exchange, line: usize) -> Result<(), RenderError> {
    if let Some(date) = exchange.rate_date {
        out.date("EXCH_RATE_DATE", date)?;
    }
    out.optional("EXCH_RATE_TYPE_ID", exchange.rate_type.as_ref());
    if let Some(rate) = &exchange.rate {
        if !is_rate(rate) {
            return Err(RenderError::ExchangeRate { line, rate: rate.clone() });
        }
        out.field("EXCHANGE_RATE", rate);
    }
    Ok(())
}

fn user_defined(out: &mut Writer, values: &[(String, String)]) -> Result<(), RenderError> {
    if let Some((name, _)) = values.iter().find(|(name, _)| !name.starts_with("GLDIM") || name.len() == 5) {
        return Err(RenderError::FieldName { name: name.clone() });
    }
    out.custom(values, &[])
}

fn allocation_fields(out: &mut Writer, allocation: &Allocation, line: usize) -> Result<(), RenderError> {
    match allocation {
        Allocation::Named(name) => out.field("ALLOCATION", name),
        Allocation::Custom(splits) => {
            out.field("ALLOCATION", "Custom");
            for split in splits {
                out.xml.push_str("<SPLIT>");
                out.amount("AMOUNT", split.amount, line)?;
                let unknown = split.dimensions.iter().find(|(name, _)| {
                    !crate::schema::SPLIT_DIMENSIONS.contains(&name.as_str()) && !name.starts_with("GLDIM")
                });
                if let Some((name, _)) = unknown {
                    return Err(RenderError::FieldName { name: name.clone() });
                }
                out.custom(&split.dimensions, &["AMOUNT"])?;
                out.xml.push_str("</SPLIT>");
            }
        }
    }
    Ok(())
}

/// `12345` with two decimals is `123.45`; with none, `12345`.
fn decimal(amount: Amount, line: usize) -> Result<String, RenderError> {
    let Amount { minor, exponent } = amount;
    if minor < 0 {
        return Err(RenderError::NegativeAmount { line, minor });
    }
    if exponent > 9 {
        return Err(RenderError::Exponent { line, exponent });
    }
    if exponent == 0 {
        return Ok(minor.to_string());
    }
    let unit = 10_i64.pow(u32::from(exponent));
    Ok(format!("{}.{:0width$}", minor / unit, minor % unit, width = usize::from(exponent)))
}

fn is_rate(rate: &str) -> bool {
    let (whole, decimals) = rate.split_once('.').unwrap_or((rate, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && whole.len() <= 12 && digits(decimals) && decimals.len() <= 4
}

const fn state_text(state: BatchState) -> &'static str {
    match state {
        BatchState::Posted => "Posted",
        BatchState::Draft => "Draft",
    }
}
