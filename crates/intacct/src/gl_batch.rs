//! A journal entry in Intacct's words: every header and line field the gateway takes.
//!
//! Plain values. Nothing here checks balance or meaning; that is settled before an entry gets here.

use jiff::civil::Date;

/// A journal entry (`GLBATCH`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlBatch {
    /// `JOURNAL`: journal symbol.
    pub journal: String,
    /// `BATCH_DATE`: posting date.
    pub batch_date: Date,
    /// `REVERSEDATE`: makes an auto-reversing entry; must be after `batch_date`.
    pub reverse_date: Option<Date>,
    /// `BATCH_TITLE`.
    pub batch_title: String,
    /// `TAXIMPLICATIONS`, `VATVENDORID` and the like; only where tax solutions are used.
    pub tax: Option<BatchTax>,
    /// `HISTORY_COMMENT`.
    pub history_comment: Option<String>,
    /// `REFERENCENO`. Nothing documents it as unique.
    pub reference_no: Option<String>,
    /// `SUPDOCID`: attachment id, which must exist.
    pub supdoc_id: Option<String>,
    /// `BASELOCATION_NO`: source entity, where entries do not balance by entity.
    pub base_location_no: Option<String>,
    /// `STATE`; left out it means posted.
    pub state: Option<BatchState>,
    /// `TRANSACTIONSOURCE`.
    pub transaction_source: Option<String>,
    /// Custom fields: element name and value.
    pub custom_fields: Vec<(String, String)>,
    /// `ENTRIES`: two lines or more.
    pub entries: Vec<GlEntry>,
}

impl GlBatch {
    /// An entry with what every entry must have.
    pub fn new(journal: impl Into<String>, batch_date: Date, batch_title: impl Into<String>) -> Self {
        Self {
            journal: journal.into(),
            batch_date,
            reverse_date: None,
            batch_title: batch_title.into(),
            tax: None,
            history_comment: None,
            reference_no: None,
            supdoc_id: None,
            base_location_no: None,
            state: None,
            transaction_source: None,
            custom_fields: Vec::new(),
            entries: Vec::new(),
        }
    }
}

/// `STATE` of a new entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// `Posted`. Where a journal needs approval it may land as submitted (assumed).
    Posted,
    /// `Draft`.
    Draft,
}

/// Tax fields of the header; Australia, Great Britain and South Africa only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchTax {
    /// `TAXIMPLICATIONS`: `None`, `Inbound` or `Outbound`.
    pub tax_implications: String,
    /// `VATVENDORID`.
    pub vat_vendor_id: Option<String>,
    /// `VATCUSTOMERID`.
    pub vat_customer_id: Option<String>,
    /// `VATCONTACTID`.
    pub vat_contact_id: Option<String>,
    /// `TAXSOLUTIONID`.
    pub tax_solution_id: Option<String>,
}

/// `TR_TYPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrType {
    /// `1`.
    Debit,
    /// `-1`.
    Credit,
}

/// An amount as the gateway takes it: a count of minor units, zero or more, and how many decimals they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Minor units; never negative (a refund flips `TR_TYPE`).
    pub minor: i64,
    /// Decimals of the currency: 2 for USD, 0 for JPY, 3 for KWD. At most 9.
    pub exponent: u8,
}

/// One line (`GLENTRY`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlEntry {
    /// `ACCOUNTNO`.
    pub account_no: String,
    /// `TR_TYPE`.
    pub tr_type: TrType,
    /// `TRX_AMOUNT`: absolute amount in the transaction's currency.
    pub trx_amount: Amount,
    /// `CURRENCY`: required in a multi-currency company.
    pub currency: Option<String>,
    /// `EXCH_RATE_DATE` and type or rate.
    pub exchange: Option<Exchange>,
    /// `DESCRIPTION`: line memo; blank becomes the title \[D\].
    pub description: Option<String>,
    /// `DOCUMENT`.
    pub document: Option<String>,
    /// `LOCATION` (without ID on a line).
    pub location: Option<String>,
    /// `DEPARTMENT` (without ID on a line).
    pub department: Option<String>,
    /// `PROJECTID`.
    pub project_id: Option<String>,
    /// `TASKID`: needs a project.
    pub task_id: Option<String>,
    /// `COSTTYPEID`: needs a project and a task.
    pub cost_type_id: Option<String>,
    /// `CUSTOMERID`.
    pub customer_id: Option<String>,
    /// `VENDORID`.
    pub vendor_id: Option<String>,
    /// `EMPLOYEEID`.
    pub employee_id: Option<String>,
    /// `ITEMID`.
    pub item_id: Option<String>,
    /// `CLASSID`.
    pub class_id: Option<String>,
    /// `CONTRACTID`.
    pub contract_id: Option<String>,
    /// `WAREHOUSEID`.
    pub warehouse_id: Option<String>,
    /// User-defined dimensions: `GLDIM…` element and the value's record id.
    pub user_defined: Vec<(String, String)>,
    /// `ALLOCATION`: overrides every dimension of the line.
    pub allocation: Option<Allocation>,
    /// `BILLABLE`.
    pub billable: Option<bool>,
    /// `TAXENTRIES`.
    pub tax_entries: Vec<TaxEntry>,
    /// Custom fields: element name and value.
    pub custom_fields: Vec<(String, String)>,
}

impl GlEntry {
    /// A line with what every line must have.
    pub fn new(account_no: impl Into<String>, tr_type: TrType, trx_amount: Amount) -> Self {
        Self {
            account_no: account_no.into(),
            tr_type,
            trx_amount,
            currency: None,
            exchange: None,
            description: None,
            document: None,
            location: None,
            department: None,
            project_id: None,
            task_id: None,
            cost_type_id: None,
            customer_id: None,
            vendor_id: None,
            employee_id: None,
            item_id: None,
            class_id: None,
            contract_id: None,
            warehouse_id: None,
            user_defined: Vec::new(),
            allocation: None,
            billable: None,
            tax_entries: Vec::new(),
            custom_fields: Vec::new(),
        }
    }
}

/// Exchange fields of a line. Give a type or a rate, not both \[D\].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// `EXCH_RATE_DATE`; left out it is the batch date.
    pub rate_date: Option<Date>,
    /// `EXCH_RATE_TYPE_ID`.
    pub rate_type: Option<String>,
    /// `EXCHANGE_RATE`: decimal text, at most four decimals.
    pub rate: Option<String>,
}

/// Allocation of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    /// A named allocation.
    Named(String),
    /// `Custom`, with splits that sum to the line's amount.
    Custom(Vec<Split>),
}

/// One `SPLIT` of a custom allocation. Here location and department carry ID \[D\].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// `AMOUNT`.
    pub amount: Amount,
    /// Dimensions: element name (`DEPARTMENTID`, `LOCATIONID`, `PROJECTID`, …, `GLDIM…`) and value.
    pub dimensions: Vec<(String, String)>,
}

/// One `TAXENTRY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxEntry {
    /// `TRX_TAX`.
    pub trx_tax: Amount,
    /// `DETAILID`.
    pub detail_id: String,
}
