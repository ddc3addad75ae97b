//! The structured `query` function: what to read, from which object, in which order.
//!
//! Values are escaped on writing and never become part of a query language. The legacy `readByQuery` text language is
//! not built here.

use crate::text;

/// Rows a page may have at most \[D\].
pub const MAX_PAGE_SIZE: u32 = 2_000;
/// Values an `in` may have at most \[D\].
pub const MAX_IN_VALUES: usize = 1_000;

/// A `query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Object to read.
    pub object: String,
    /// Fields to select. There is no "all" \[D\].
    pub select: Vec<Select>,
    /// Which rows; `None` is every row.
    pub filter: Option<Filter>,
    /// Order; without one the order is undefined \[D\].
    pub order_by: Vec<(String, Order)>,
    /// Compare text without regard to case.
    pub case_insensitive: bool,
    /// Include rows of private entities when reading at the top level.
    pub show_private: bool,
    /// Rows a page, 1 to 2,000.
    pub page_size: u32,
    /// Rows to skip.
    pub offset: u64,
}

/// One column of a `query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// A field, or a dotted path over a many-to-one relation (`JOURNAL.SYMBOL`).
    Field(String),
    /// `count` of a field, answered as `COUNT.FIELD`.
    Count(String),
    /// `sum` of a field; in the vendor's sample it keeps the field's name \[D\].
    Sum(String),
    /// `min` of a field.
    Min(String),
    /// `max` of a field.
    Max(String),
    /// `avg` of a field.
    Avg(String),
}

/// Direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A filter. The first text is the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Equal.
    EqualTo(String, String),
    /// Not equal.
    NotEqualTo(String, String),
    /// Less.
    LessThan(String, String),
    /// Less or equal.
    LessThanOrEqualTo(String, String),
    /// Greater.
    GreaterThan(String, String),
    /// Greater or equal.
    GreaterThanOrEqualTo(String, String),
    /// Between two values, both included.
    Between(String, String, String),
    /// One of 1 to 1,000 values.
    In(String, Vec<String>),
    /// None of 1 to 1,000 values.
    NotIn(String, Vec<String>),
    /// Like a pattern with `%` and `_`.
    Like(String, String),
    /// Not like a pattern.
    NotLike(String, String),
    /// No value.
    IsNull(String),
    /// Some value.
    IsNotNull(String),
    /// All of them. One alone is written without the wrapper, which needs two.
    And(Vec<Filter>),
    /// Any of them. One alone is written without the wrapper, which needs two.
    Or(Vec<Filter>),
}

/// Why a query can not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Nothing is selected.
    #[error("nothing is selected")]
    NothingSelected,
    /// Page size outside 1 to 2,000.
    #[error("page size {0} is not between 1 and 2000")]
    PageSize(u32),
    /// An `in` with no value or more than 1,000.
    #[error("a list of {0} values is not between 1 and 1000")]
    ListLength(usize),
    /// An `and` or `or` of nothing.
    #[error("an and/or of nothing")]
    EmptyGroup,
    /// Filters nested too deep.
    #[error("filters nested deeper than 16")]
    TooDeep,
    /// A prefix that is empty or holds a wildcard.
    #[error("a prefix that is empty or holds a wildcard")]
    Wildcard,
}

impl Query {
    /// A query for fields of an object, in pages of 2,000, unordered.
    pub fn new<S: Into<String>>(object: impl Into<String>, fields: impl IntoIterator<Item = S>) -> Self {
        Self {
            object: object.into(),
            select: fields.into_iter().map(|field| Select::Field(field.into())).collect(),
            filter: None,
            order_by: Vec::new(),
            case_insensitive: false,
            show_private: false,
            page_size: MAX_PAGE_SIZE,
            offset: 0,
        }
    }

    /// The same with a filter.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The same, ordered by a field as well.
    #[must_use]
    pub fn order_by(mut self, field: impl Into<String>, order: Order) -> Self {
        self.order_by.push((field.into(), order));
        self
    }

    /// The same, private entities included.
    #[must_use]
    pub fn show_private(mut self) -> Self {
        self.show_private = true;
        self
    }

    /// The same with another page size.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows;
        self
    }

    /// Writes the `<query>` element.
    pub(crate) fn write(&self, out: &mut String) -> Result<(), QueryError> {
        if self.select.is_empty() {
            return Err(QueryError::NothingSelected);
        }
        if !(1..=MAX_PAGE_SIZE).contains(&self.page_size) {
            return Err(QueryError::PageSize(self.page_size));
        }
        out.push_str("<query>");
        text::element(out, "object", &self.object);
        out.push_str("<select>");
        for column in &self.select {
            let (name, field) = column.parts();
            text::element(out, name, field);
        }
        out.push_str("</select>");
        if let Some(filter) = &self.filter {
            out.push_str("<filter>");
            filter.write(out, 0)?;
            out.push_str("</filter>");
        }
        self.write_order(out);
        self.write_options(out);
        text::element(out, "pagesize", &self.page_size.to_string());
        text::element(out, "offset", &self.offset.to_string());
        out.push_str("</query>");
        Ok(())
    }

    fn write_order(&self, out: &mut String) {
        if self.order_by.is_empty() {
            return;
        }
        out.push_str("<orderby>");
        for (field, order) in &self.order_by {
            out.push_str("<order>");
            text::element(out, "field", field);
            out.push_str(match order {
                Order::Ascending => "<ascending/>",
                Order::Descending => "<descending/>",
            });
            out.push_str("</order>");
        }
        out.push_str("</orderby>");
    }

    fn write_options(&self, out: &mut String) {
        if !self.case_insensitive && !self.show_private {
            return;
        }
        out.push_str("<options>");
        if self.case_insensitive {
            text::element(out, "caseinsensitive", "true");
        }
        if self.show_private {
            text::element(out, "showprivate", "true");
        }
        out.push_str("</options>");
    }
}

impl Select {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Field(field) => ("field", field),
            Self::Count(field) => ("count", field),
            Self::Sum(field) => ("sum", field),
            Self::Min(field) => ("min", field),
            Self::Max(field) => ("max", field),
            Self::Avg(field) => ("avg", field),
        }
    }
}

impl Filter {
    /// Equal to a value.
    pub fn equal_to(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::EqualTo(field.into(), value.into())
    }

    /// Like a pattern.
    pub fn like(field: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::Like(field.into(), pattern.into())
    }

    /// One of a list.
    pub fn any_of<S: Into<String>>(field: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        Self::In(field.into(), values.into_iter().map(Into::into).collect())
    }

    fn write(&self, out: &mut String, depth: usize) -> Result<(), QueryError> {
        if depth > 16 {
            return Err(QueryError::TooDeep);
        }
        match self {
            Self::EqualTo(field, value) => compare(out, "equalto", field, [value]),
            Self::NotEqualTo(field, value) => compare(out, "notequalto", field, [value]),
            Self::LessThan(field, value) => compare(out, "lessthan", field, [value]),
            Self::LessThanOrEqualTo(field, value) => compare(out, "lessthanorequalto", field, [value]),
            Self::GreaterThan(field, value) => compare(out, "greaterthan", field, [value]),
            Self::GreaterThanOrEqualTo(field, value) => compare(out, "greaterthanorequalto", field, [value]),
            Self::Between(field, low, high) => compare(out, "between", field, [low, high]),
            Self::Like(field, pattern) => compare(out, "like", field, [pattern]),
            Self::NotLike(field, pattern) => compare(out, "notlike", field, [pattern]),
            Self::In(field, values) => list(out, "in", field, values)?,
            Self::NotIn(field, values) => list(out, "notin", field, values)?,
            Self::IsNull(field) => compare(out, "isnull", field, []),
            Self::IsNotNull(field) => compare(out, "isnotnull", field, []),
            Self::And(parts) => group(out, "and", parts, depth)?,
            Self::Or(parts) => group(out, "or", parts, depth)?,
        }
        Ok(())
    }
}

fn compare<'v>(out: &mut String, operator: &str, field: &str, values: impl IntoIterator<Item = &'v String>) {
    text::open(out, operator);
    text::element(out, "field", field);
    for value in values {
        text::element(out, "value", value);
    }
    text::close(out, operator);
}

fn list(out: &mut String, operator: &str, field: &str, values: &[String]) -> Result<(), QueryError> {
    if !(1..=MAX_IN_VALUES).contains(&values.len()) {
        return Err(QueryError::ListLength(values.len()));
    }
    compare(out, operator, field, values);
    Ok(())
}

fn group(out: &mut String, operator: &str, parts: &[Filter], depth: usize) -> Result<(), QueryError> {
    match parts {
        [] => Err(QueryError::EmptyGroup),
        [only] => only.write(out, depth + 1),
        _ => {
            text::open(out, operator);
            for part in parts {
                part.write(out, depth + 1)?;
            }
            text::close(out, operator);
            Ok(())
        }
    }
}
