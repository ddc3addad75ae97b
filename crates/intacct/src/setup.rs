//! What a company is set up like: its dimensions, fields, currencies and closed books.
//!
//! Reads only, each answered as the gateway words it.

use jiff::civil::Date;

use crate::client::Client;
use crate::error::Error;
use crate::reply::{Row, RowShape};
use crate::text;

/// A dimension of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionFact {
    /// Object name (`DEPARTMENT`), or a user-defined dimension's integration name.
    pub object_name: String,
    /// Label of the object.
    pub object_label: String,
    /// The company's own term for it.
    pub term_label: String,
    /// Whether it is user-defined.
    pub user_defined: bool,
    /// Whether journal entries may use it.
    pub enabled_in_gl: bool,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFact {
    /// Name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Vendor's type name (`string`, `integer`, …).
    pub data_type: String,
    /// Longest text, in characters; `None` where none is told or it is zero.
    pub max_length: Option<u32>,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether it can not be given.
    pub is_read_only: bool,
}

/// `getFinancialSetup`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinancialSetup {
    /// Base currency code.
    pub base_currency: Option<String>,
    /// First month of the fiscal year, as worded.
    pub first_fiscal_month: Option<String>,
    /// Whether transactions may be in several currencies.
    pub multi_currency: Option<bool>,
    /// Whether entities may have several base currencies.
    pub multi_base_currency: Option<bool>,
    /// Whether the company is shared by several entities.
    pub multi_entity_shared: Option<bool>,
    /// Everything else that was answered.
    pub row: Row,
}

impl Client {
    /// All dimensions of the company, user-defined ones included (`getDimensions` \[D\]).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn dimensions(&self) -> Result<Vec<DimensionFact>, Error> {
        let data = self.read("getDimensions", "", "<getDimensions/>", RowShape::Named("dimension")).await?;
        data.rows
            .iter()
            .map(|row| {
                Ok(DimensionFact {
                    object_name: required("getDimensions", row, "objectName")?,
                    object_label: row.get("objectLabel").unwrap_or_default().to_owned(),
                    term_label: row.get("termLabel").unwrap_or_default().to_owned(),
                    user_defined: is_true(row, "userDefinedDimension").unwrap_or(false),
                    enabled_in_gl: is_true(row, "enabledInGL").unwrap_or(false),
                })
            })
            .collect()
    }

    /// The fields of an object with their lengths (`inspect` with detail): the only machine-readable source of field
    /// lengths \[D\].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn inspect(&self, object: &str) -> Result<Vec<FieldFact>, Error> {
        let mut element = String::from(r#"<inspect detail="1">"#);
        text::element(&mut element, "object", object);
        element.push_str("</inspect>");
        let data = self.read("inspect", object, &element, RowShape::Named("Field")).await?;
        data.rows
            .iter()
            .map(|row| {
                Ok(FieldFact {
                    name: required("inspect", row, "Name")?,
                    label: row.get("DisplayLabel").unwrap_or_default().to_owned(),
                    data_type: row.get("externalDataName").unwrap_or_default().to_owned(),
                    max_length: row
                        .get("maxLength")
                        .and_then(|text| text.trim().parse().ok())
                        .filter(|length| *length > 0),
                    is_required: is_true(row, "isRequired").unwrap_or(false),
                    is_read_only: is_true(row, "isReadOnly").unwrap_or(false),
                })
            })
            .collect()
    }

    /// The day up to which the books are closed; `None` where no day is set. In the published schema, not in today's
    /// documentation; whether it minds entities is assumed not \[X\].
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Incomplete`] where what is answered is no date.
    pub async fn closed_books_date(&self) -> Result<Option<Date>, Error> {
        const FUNCTION: &str = "get_closedbooksdate";
        let data = self.read(FUNCTION, "", "<get_closedbooksdate/>", RowShape::Named("closedbooksdate")).await?;
        let Some(row) = data.rows.first() else { return Ok(None) };
        let parts = ["year", "month", "day"].map(|name| row.filled(name));
        let [Some(year), Some(month), Some(day)] = parts else {
            return match parts {
                [None, None, None] => Ok(None),
                _ => Err(no_date(FUNCTION)),
            };
        };
        let date = || Date::new(year.trim().parse().ok()?, month.trim().parse().ok()?, day.trim().parse().ok()?).ok();
        date().map(Some).ok_or_else(|| no_date(FUNCTION))
    }

    /// Currencies, entities and fiscal year (`getFinancialSetup` \[D\]).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn financial_setup(&self) -> Result<FinancialSetup, Error> {
        let data = self.read("getFinancialSetup", "", "<getFinancialSetup/>", RowShape::Whole).await?;
        let row = data.rows.into_iter().next().unwrap_or_default();
        // The element around the fields is assumed, so only a name's last part counts.
        let last = row.fields().map(|(name, value)| {
            (std::sync::Arc::<str>::from(name.rsplit('.').next().unwrap_or(name)), value.to_owned())
        });
        let row = Row::new("getFinancialSetup", last);
        Ok(FinancialSetup {
            base_currency: row.filled("baseCurrency").map(str::to_owned),
            first_fiscal_month: row.filled("firstFiscalMonth").map(str::to_owned),
            multi_currency: is_true(&row, "multiCurrency"),
            multi_base_currency: is_true(&row, "multiBaseCurrency"),
            multi_entity_shared: is_true(&row, "multiEntityShared"),
            row,
        })
    }
}

fn no_date(function: &str) -> Error {
    Error::Incomplete { function: function.to_owned(), what: "a date".to_owned() }
}

fn required(function: &str, row: &Row, field: &str) -> Result<String, Error> {
    let missing = || Error::Incomplete { function: function.to_owned(), what: field.to_owned() };
    row.filled(field).map(str::to_owned).ok_or_else(missing)
}

fn is_true(row: &Row, field: &str) -> Option<bool> {
    match row.filled(field)?.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "1" => Some(true),
        "false" | "f" | "no" | "0" => Some(false),
        _ => None,
    }
}
