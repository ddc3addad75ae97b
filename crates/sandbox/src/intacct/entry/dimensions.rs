//! One line against the chart: account, dimensions, what the account requires, what may not meet.
//!
//! Texts follow those seen in the field; where only a neighbour's text is public, it is assumed to be alike.

use super::draft::{Draft, value};
use crate::intacct::error::GatewayError;
use crate::intacct::functions::Call;
use crate::intacct::names::{Sym, field};

/// A dimension of a line: its field, the object of its values, its word, and the account's flag.
struct Dimension {
    field: Sym,
    object: &'static str,
    word: &'static str,
    flag: Sym,
}

const fn dimension(field: Sym, object: &'static str, word: &'static str, flag: Sym) -> Dimension {
    Dimension { field, object, word, flag }
}

const DIMENSIONS: &[Dimension] = &[
    dimension(field::DEPARTMENT, "DEPARTMENT", "Department", field::REQUIREDEPT),
    dimension(field::LOCATION, "LOCATION", "Location", field::REQUIRELOC),
    dimension(field::PROJECTID, "PROJECT", "Project", field::REQUIREPROJECT),
    dimension(field::TASKID, "TASK", "Task", field::REQUIRETASK),
    dimension(field::COSTTYPEID, "COSTTYPE", "Cost type", field::REQUIRECOSTTYPE),
    dimension(field::CUSTOMERID, "CUSTOMER", "Customer", field::REQUIRECUSTOMER),
    dimension(field::VENDORID, "VENDOR", "Vendor", field::REQUIREVENDOR),
    dimension(field::EMPLOYEEID, "EMPLOYEE", "Employee", field::REQUIREEMPLOYEE),
    dimension(field::ITEMID, "ITEM", "Item", field::REQUIREITEM),
    dimension(field::CLASSID, "CLASS", "Class", field::REQUIRECLASS),
    dimension(field::CONTRACTID, "CONTRACT", "Contract", field::REQUIRECONTRACT),
    dimension(field::WAREHOUSEID, "WAREHOUSE", "Warehouse", field::REQUIREWAREHOUSE),
    dimension(field::GLDIMGRANT, "GRANT", "Grant", field::REQUIREGLDIMGRANT),
];

/// What an unknown value is called.
fn unknown(dimension: &Dimension, id: &str) -> GatewayError {
    let text = match dimension.object {
        "DEPARTMENT" => format!("Invalid Department {id} selected"),
        "LOCATION" => format!("Location '{id}' is not valid"),
        "CUSTOMER" => format!("Customer '{id}' specified is not valid."),
        "EMPLOYEE" => format!("The employee '{id}' is invalid."),
        _ => format!("Invalid {} '{id}' specified.", dimension.word),
    };
    GatewayError::business("", text).with("DIMENSION", dimension.word).with("VALUE", id)
}

impl Call<'_> {
    /// Checks one line; at the entity level a location that is missing becomes the entity.
    pub(super) fn check_line(&self, draft: &mut Draft, place: usize) -> Result<(), GatewayError> {
        if self.books.multi_entity && value(&draft.lines[place].fields, field::LOCATION).is_empty() {
            if self.entity.is_empty() {
                let text = "Use of empty Location is invalid. A valid Multi-Entity Location must be specified.";
                return Err(GatewayError::business("", text));
            }
            let entity = self.books.names.text(self.entity).to_owned();
            draft.lines[place].fields.push((field::LOCATION, entity));
        }
        let fields = &draft.lines[place].fields;
        let number = value(fields, field::ACCOUNTNO);
        let chart = if draft.statistical { "STATACCOUNT" } else { "GLACCOUNT" };
        let Some((_, account)) = self.books.find(chart, number) else {
            let text = format!("Account {number} is not valid");
            return Err(GatewayError::business("", text).with("ACCOUNT_NO", number));
        };
        if !self.books.is_active(account) {
            let text = format!("Activate the account {number}, then try again.");
            return Err(GatewayError::business("", text).with("ACCOUNT_NO", number));
        }
        for dimension in DIMENSIONS {
            let id = value(fields, dimension.field);
            if !id.is_empty() {
                self.check_value(dimension, id)?;
                self.check_restriction(dimension, number, id)?;
                continue;
            }
            if self.books.names.text(account.get(dimension.flag)) == "true" {
                let text =
                    format!("This transaction is missing the {} dimension for the Account {number}", dimension.word);
                return Err(GatewayError::business("", text)
                    .with("DIMENSION", dimension.word)
                    .with("ACCOUNT_NO", number));
            }
        }
        let given = |name| !value(fields, name).is_empty();
        if (given(field::TASKID) && !given(field::PROJECTID))
            || (given(field::COSTTYPEID) && !(given(field::PROJECTID) && given(field::TASKID)))
        {
            let text = "A task needs its project, and a cost type its project and task.";
            return Err(GatewayError::business("", text));
        }
        Ok(())
    }

    fn check_value(&self, dimension: &Dimension, id: &str) -> Result<(), GatewayError> {
        let found = match dimension.object {
            // A user-defined dimension is named by the number of its record.
            "GRANT" => id.parse().ok().and_then(|n| self.books.named("GRANT")?.get(n)),
            object => self.books.find(object, id).map(|(_, fields)| fields),
        };
        let fields = found.ok_or_else(|| unknown(dimension, id))?;
        if self.books.is_active(fields) {
            return Ok(());
        }
        let text = format!("Activate the {} {id}, then try again.", dimension.word.to_lowercase());
        Err(GatewayError::business("", text).with("DIMENSION", dimension.word).with("VALUE", id))
    }

    fn check_restriction(&self, dimension: &Dimension, account: &str, id: &str) -> Result<(), GatewayError> {
        let name = self.books.names.text(dimension.field);
        let pair = format!("{account}/{name}/{id}");
        if !self.assumptions.restricted.contains(&pair) {
            return Ok(());
        }
        let text = format!("{} is restricted by GL account. ({id}, {account})", dimension.word);
        Err(GatewayError::business("", text).with("DIMENSION", dimension.word).with("ACCOUNT_NO", account))
    }
}
