//! The records of the chart: which fields of which object, and the plain struct each row becomes.
//!
//! Field lists as proven queryable in the field \[F\]; those that may be missing are optional.

use super::{FieldList, Reading, read_rows};
use crate::client::Client;
use crate::error::Error;
use crate::reply::Row;

/// Defines a record: its object, the fields each row must have, and those it may lack.
macro_rules! record {
    (
        $(#[$doc:meta])* $name:ident = $object:literal, $method:ident;
        required { $($field:ident: $word:literal,)* }
        optional { $($extra:ident: $extra_word:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(#[doc = concat!("`", $word, "`.")] pub $field: String,)*
            $(#[doc = concat!("`", $extra_word, "`, where it can be read and is filled.")] pub $extra: Option<String>,)*
        }

        impl $name {
            fn from_row(row: &Row) -> Self {
                Self {
                    $($field: row.get($word).unwrap_or_default().to_owned(),)*
                    $($extra: row.filled($extra_word).map(str::to_owned),)*
                }
            }
        }

        impl Client {
            #[doc = concat!("All rows of `", $object, "`.")]
            ///
            /// # Errors
            /// See [`Error`]; an object the company lacks or the user may not read is no error.
            pub async fn $method(&self) -> Result<Reading<$name>, Error> {
                let mut fields = FieldList::new(&[$($word),*], &[$($extra_word),*]);
                Ok(typed(read_rows(self, $object, &mut fields, None).await?, $name::from_row))
            }
        }
    };
}

fn typed<T>(reading: Reading<Row>, make: impl Fn(&Row) -> T) -> Reading<T> {
    match reading {
        Reading::Rows { rows, left_out } => Reading::Rows { rows: rows.iter().map(make).collect(), left_out },
        Reading::Unavailable { errors } => Reading::Unavailable { errors },
    }
}

record! {
    /// A department.
    Department = "DEPARTMENT", departments;
    required { record_no: "RECORDNO", department_id: "DEPARTMENTID", title: "TITLE", status: "STATUS", }
    optional { parent_id: "PARENTID", }
}

record! {
    /// A location; nested locations that are no entities are among them.
    Location = "LOCATION", locations;
    required { record_no: "RECORDNO", location_id: "LOCATIONID", name: "NAME", status: "STATUS", }
    optional { parent_id: "PARENTID", currency: "CURRENCY", }
}

record! {
    /// An entity; only multi-entity shared companies have the object.
    Entity = "LOCATIONENTITY", entities;
    required { record_no: "RECORDNO", location_id: "LOCATIONID", name: "NAME", status: "STATUS", }
    optional { currency: "CURRENCY", start_date: "STARTDATE", end_date: "ENDDATE", has_ie_relation: "HAS_IE_RELATION",
    op_country: "OPCOUNTRY", }
}

record! {
    /// A project.
    Project = "PROJECT", projects;
    required { record_no: "RECORDNO", project_id: "PROJECTID", name: "NAME", status: "STATUS", }
    optional { parent_id: "PARENTID", customer_id: "CUSTOMERID", location_id: "LOCATIONID", currency: "CURRENCY",
    project_category: "PROJECTCATEGORY", project_status: "PROJECTSTATUS", entity_id: "MEGAENTITYID", }
}

record! {
    /// A customer.
    Customer = "CUSTOMER", customers;
    required { record_no: "RECORDNO", customer_id: "CUSTOMERID", name: "NAME", status: "STATUS", }
    optional { parent_id: "PARENTID", on_hold: "ONHOLD", entity_id: "MEGAENTITYID", }
}

record! {
    /// A vendor.
    Vendor = "VENDOR", vendors;
    required { record_no: "RECORDNO", vendor_id: "VENDORID", name: "NAME", status: "STATUS", }
    optional { email: "DISPLAYCONTACT.EMAIL1", entity_id: "MEGAENTITYID", }
}

record! {
    /// An employee.
    Employee = "EMPLOYEE", employees;
    required { record_no: "RECORDNO", employee_id: "EMPLOYEEID", status: "STATUS", }
    optional { title: "TITLE", location_id: "LOCATIONID", department_id: "DEPARTMENTID",
    contact_name: "CONTACT.CONTACTNAME", first_name: "CONTACT.FIRSTNAME", last_name: "CONTACT.LASTNAME",
    email: "CONTACT.EMAIL1", entity_id: "MEGAENTITYID", }
}

record! {
    /// A class.
    Class = "CLASS", classes;
    required { record_no: "RECORDNO", class_id: "CLASSID", name: "NAME", status: "STATUS", }
    optional { parent_id: "PARENTID", description: "DESCRIPTION", entity_id: "MEGAENTITYID", }
}

record! {
    /// An item.
    Item = "ITEM", items;
    required { record_no: "RECORDNO", item_id: "ITEMID", name: "NAME", status: "STATUS", }
    optional { item_type: "ITEMTYPE", product_line_id: "PRODUCTLINEID", gl_group: "GLGROUP", }
}

record! {
    /// A task of a project.
    Task = "TASK", tasks;
    required { record_no: "RECORDNO", task_id: "TASKID", name: "NAME", }
    optional { project_id: "PROJECTID", item_id: "ITEMID", task_status: "TASKSTATUS", billable: "BILLABLE", }
}

record! {
    /// A cost type; construction companies only.
    CostType = "COSTTYPE", cost_types;
    required { record_no: "RECORDNO", cost_type_id: "COSTTYPEID", name: "NAME", }
    optional { project_id: "PROJECTID", task_id: "TASKID", status: "STATUS", }
}

record! {
    /// A contract.
    Contract = "CONTRACT", contracts;
    required { record_no: "RECORDNO", contract_id: "CONTRACTID", name: "NAME", }
    optional { customer_id: "CUSTOMERID", status: "STATUS", state: "STATE", }
}

record! {
    /// A warehouse.
    Warehouse = "WAREHOUSE", warehouses;
    required { record_no: "RECORDNO", warehouse_id: "WAREHOUSEID", name: "NAME", }
    optional { status: "STATUS", location_id: "LOCATIONID", }
}

record! {
    /// A GL journal (assumed to be the `JOURNAL` object, to which `GLBATCH` relates).
    Journal = "JOURNAL", journals;
    required { record_no: "RECORDNO", symbol: "SYMBOL", title: "TITLE", status: "STATUS", }
    optional { adj: "ADJ", book_id: "BOOKID", book_type: "BOOKTYPE", }
}

/// The flags of an account that make a dimension compulsory. A user-defined dimension adds `REQUIREGLDIM…`.
pub const REQUIRE_FIELDS: &[&str] = &[
    "REQUIREDEPT",
    "REQUIRELOC",
    "REQUIREPROJECT",
    "REQUIRETASK",
    "REQUIRECUSTOMER",
    "REQUIREVENDOR",
    "REQUIREEMPLOYEE",
    "REQUIREITEM",
    "REQUIRECLASS",
    "REQUIRECONTRACT",
    "REQUIREWAREHOUSE",
];

const ACCOUNT_FIELDS: &[&str] = &["RECORDNO", "ACCOUNTNO", "TITLE", "ACCOUNTTYPE", "STATUS"];
const ACCOUNT_EXTRAS: &[&str] = &["NORMALBALANCE", "CLOSINGTYPE", "CATEGORY", "ALTERNATIVEACCOUNT", "MEGAENTITYID"];

/// A GL account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `RECORDNO`.
    pub record_no: String,
    /// `ACCOUNTNO`.
    pub account_no: String,
    /// `TITLE`.
    pub title: String,
    /// `ACCOUNTTYPE`: `balancesheet` or `incomestatement`.
    pub account_type: String,
    /// `STATUS`: `active` or `inactive`.
    pub status: String,
    /// `NORMALBALANCE`.
    pub normal_balance: Option<String>,
    /// `CLOSINGTYPE`.
    pub closing_type: Option<String>,
    /// `CATEGORY`.
    pub category: Option<String>,
    /// `ALTERNATIVEACCOUNT`.
    pub alternative_account: Option<String>,
    /// `MEGAENTITYID`.
    pub entity_id: Option<String>,
    /// Names of the `REQUIRE…` flags that are set.
    pub requires: Vec<String>,
}

/// A value of a user-defined dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDefinedValue {
    /// `RECORDNO`: the record id that `GLDIM…` wants on a line \[D\].
    pub record_no: String,
    /// `NAME`, where the object has one.
    pub name: Option<String>,
    /// Every field read.
    pub row: Row,
}

impl Client {
    /// All GL accounts. `more_flags` are the `REQUIREGLDIM…` fields of the company's user-defined dimensions.
    ///
    /// # Errors
    /// See [`Error`]; flags that can not be queried are left out and named.
    pub async fn accounts(&self, more_flags: &[&str]) -> Result<Reading<Account>, Error> {
        let flags: Vec<&str> = REQUIRE_FIELDS.iter().chain(more_flags).copied().collect();
        let optional: Vec<&str> = ACCOUNT_EXTRAS.iter().chain(&flags).copied().collect();
        let mut fields = FieldList::new(ACCOUNT_FIELDS, &optional);
        Ok(typed(read_rows(self, "GLACCOUNT", &mut fields, None).await?, |row| account(row, &flags)))
    }

    /// All values of a user-defined dimension, by its integration name. `NAME` and `more_fields` are read where they
    /// can be.
    ///
    /// # Errors
    /// See [`Error`]; an object the company lacks or the user may not read is no error.
    pub async fn user_defined_values(
        &self,
        integration_name: &str,
        more_fields: &[&str],
    ) -> Result<Reading<UserDefinedValue>, Error> {
        let optional: Vec<&str> = ["NAME"].iter().chain(more_fields).copied().collect();
        let mut fields = FieldList::new(&["RECORDNO"], &optional);
        let reading = read_rows(self, integration_name, &mut fields, None).await?;
        Ok(typed(reading, |row| UserDefinedValue {
            record_no: row.get("RECORDNO").unwrap_or_default().to_owned(),
            name: row.filled("NAME").map(str::to_owned),
            row: row.clone(),
        }))
    }
}

fn account(row: &Row, flags: &[&str]) -> Account {
    let text = |field| row.get(field).unwrap_or_default().to_owned();
    let filled = |field| row.filled(field).map(str::to_owned);
    let is_set = |flag: &&&str| row.get(flag).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    Account {
        record_no: text("RECORDNO"),
        account_no: text("ACCOUNTNO"),
        title: text("TITLE"),
        account_type: text("ACCOUNTTYPE"),
        status: text("STATUS"),
        normal_balance: filled("NORMALBALANCE"),
        closing_type: filled("CLOSINGTYPE"),
        category: filled("CATEGORY"),
        alternative_account: filled("ALTERNATIVEACCOUNT"),
        entity_id: filled("MEGAENTITYID"),
        requires: flags.iter().filter(is_set).map(|flag| (*flag).to_owned()).collect(),
    }
}
