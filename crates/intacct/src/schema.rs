//! Everything this crate can send: each element and its children, in the order the gateway's schema wants.
//!
//! A table for tests and reviewers; nothing is built from it. The envelope and the reading functions follow the
//! published schema of 2019 \[X\] and the documented `query` \[D\]; names of a journal entry's fields follow the vendor's
//! page on journal entries \[D\].

/// How often a child may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    One,
    /// Once or not at all.
    Optional,
    /// Once or more.
    Many,
    /// Any number, none included.
    Any,
}

/// What stands inside an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// Text only.
    Text,
    /// Nothing.
    Empty,
    /// These children, in this order.
    Sequence(&'static [(&'static str, Occurs)]),
    /// Exactly one of these children.
    Choice(&'static [&'static str]),
    /// A filter's operands: a field and its values, or filters.
    Filters,
    /// Fields in any order; those not named are a company's own.
    Fields(&'static [&'static str]),
}

use Inside::{Choice, Empty, Fields, Filters, Sequence, Text};
use Occurs::{Any, Many, One, Optional};

/// Header fields of a journal entry, in the order written.
pub const GLBATCH: &[&str] = &[
    "JOURNAL",
    "BATCH_DATE",
    "REVERSEDATE",
    "BATCH_TITLE",
    "TAXIMPLICATIONS",
    "VATVENDORID",
    "VATCUSTOMERID",
    "VATCONTACTID",
    "TAXSOLUTIONID",
    "HISTORY_COMMENT",
    "REFERENCENO",
    "BASELOCATION_NO",
    "SUPDOCID",
    "STATE",
    "TRANSACTIONSOURCE",
    "ENTRIES",
];

/// Line fields of a journal entry, in the order written.
pub const GLENTRY: &[&str] = &[
    "ACCOUNTNO",
    "TR_TYPE",
    "TRX_AMOUNT",
    "CURRENCY",
    "EXCH_RATE_DATE",
    "EXCH_RATE_TYPE_ID",
    "EXCHANGE_RATE",
    "DESCRIPTION",
    "DOCUMENT",
    "LOCATION",
    "DEPARTMENT",
    "PROJECTID",
    "TASKID",
    "COSTTYPEID",
    "CUSTOMERID",
    "VENDORID",
    "EMPLOYEEID",
    "ITEMID",
    "CLASSID",
    "CONTRACTID",
    "WAREHOUSEID",
    "ALLOCATION",
    "SPLIT",
    "BILLABLE",
    "TAXENTRIES",
];

/// Dimensions of a split; `GLDIM…` besides.
pub const SPLIT_DIMENSIONS: &[&str] = &[
    "DEPARTMENTID",
    "LOCATIONID",
    "PROJECTID",
    "TASKID",
    "COSTTYPEID",
    "CUSTOMERID",
    "VENDORID",
    "EMPLOYEEID",
    "ITEMID",
    "CLASSID",
    "CONTRACTID",
    "WAREHOUSEID",
];

const SPLIT: &[&str] = &["AMOUNT"];

/// Operators of a filter.
pub const OPERATORS: &[&str] = &[
    "equalto",
    "notequalto",
    "lessthan",
    "lessthanorequalto",
    "greaterthan",
    "greaterthanorequalto",
    "between",
    "in",
    "notin",
    "like",
    "notlike",
    "isnull",
    "isnotnull",
    "and",
    "or",
];

/// Functions this crate sends.
pub const FUNCTIONS: &[&str] = &[
    "getAPISession",
    "query",
    "readByQuery",
    "readMore",
    "inspect",
    "getDimensions",
    "getFinancialSetup",
    "get_closedbooksdate",
    "create",
];

/// Every element with children or text of its own. An element that is missing here holds text.
pub const ELEMENTS: &[(&str, Inside)] = &[
    ("request", Sequence(&[("control", One), ("operation", One)])),
    (
        "control",
        Sequence(&[
            ("senderid", One),
            ("password", One),
            ("controlid", One),
            ("uniqueid", One),
            ("dtdversion", One),
            ("includewhitespace", One),
            ("showadditionalerrorinfo", Optional),
        ]),
    ),
    ("operation", Sequence(&[("authentication", One), ("content", One)])),
    ("authentication", Choice(&["login", "sessionid"])),
    ("login", Sequence(&[("userid", One), ("companyid", One), ("password", One), ("locationid", Optional)])),
    ("content", Sequence(&[("function", Many)])),
    ("function", Choice(FUNCTIONS)),
    ("getAPISession", Empty),
    ("getDimensions", Empty),
    ("getFinancialSetup", Empty),
    ("get_closedbooksdate", Empty),
    ("inspect", Sequence(&[("object", One)])),
    ("readMore", Sequence(&[("resultId", One)])),
    ("readByQuery", Sequence(&[("object", One), ("fields", One), ("query", One), ("pagesize", One)])),
    (
        "query",
        Sequence(&[
            ("object", One),
            ("select", One),
            ("filter", Optional),
            ("orderby", Optional),
            ("options", Optional),
            ("pagesize", One),
            ("offset", One),
        ]),
    ),
    ("select", Fields(&["field", "count", "sum", "min", "max", "avg"])),
    ("filter", Choice(OPERATORS)),
    ("and", Filters),
    ("or", Filters),
    ("orderby", Sequence(&[("order", Many)])),
    ("order", Sequence(&[("field", One), ("ascending", Optional), ("descending", Optional)])),
    ("ascending", Empty),
    ("descending", Empty),
    ("options", Sequence(&[("caseinsensitive", Optional), ("showprivate", Optional)])),
    ("equalto", Sequence(&[("field", One), ("value", One)])),
    ("notequalto", Sequence(&[("field", One), ("value", One)])),
    ("lessthan", Sequence(&[("field", One), ("value", One)])),
    ("lessthanorequalto", Sequence(&[("field", One), ("value", One)])),
    ("greaterthan", Sequence(&[("field", One), ("value", One)])),
    ("greaterthanorequalto", Sequence(&[("field", One), ("value", One)])),
    ("like", Sequence(&[("field", One), ("value", One)])),
    ("notlike", Sequence(&[("field", One), ("value", One)])),
    ("between", Sequence(&[("field", One), ("value", Many)])),
    ("in", Sequence(&[("field", One), ("value", Many)])),
    ("notin", Sequence(&[("field", One), ("value", Many)])),
    ("isnull", Sequence(&[("field", One)])),
    ("isnotnull", Sequence(&[("field", One)])),
    ("create", Sequence(&[("GLBATCH", One)])),
    ("GLBATCH", Fields(GLBATCH)),
    ("ENTRIES", Sequence(&[("GLENTRY", Many)])),
    ("GLENTRY", Fields(GLENTRY)),
    ("SPLIT", Fields(SPLIT)),
    ("TAXENTRIES", Sequence(&[("TAXENTRY", Any)])),
    ("TAXENTRY", Sequence(&[("TRX_TAX", One), ("DETAILID", One)])),
];

/// What may stand inside an element of a request, `parent` being where it stands: `query` holds children as a
/// function and text inside `readByQuery`.
pub fn inside(parent: &str, element: &str) -> Inside {
    if parent == "readByQuery" {
        return Text;
    }
    ELEMENTS.iter().find(|(name, _)| *name == element).map_or(Text, |(_, inside)| *inside)
}
