//! Intacct's accounts, dimension values, journals and closed books as a chart. Reads only, several objects at a time;
//! what a company does not have or the user may not see is absent from the chart, never guessed.

use std::collections::{BTreeMap, BTreeSet};

use accounting::chart::FieldLengths;
use accounting::{Account, Chart, Code, Currency, Dimension, Journal, Value};
use intacct::{Client, DimensionFact, Error, Reading};
use tokio::{join, try_join};

use super::super::Fault;
use super::verdict::fault;

type Values = BTreeMap<String, Value>;

/// Reads the whole chart.
///
/// # Errors
/// The fault that kept accounts, journals or dimensions from being read.
pub async fn read(client: &Client) -> Result<Chart, Fault> {
    let journals = async { client.journals().await.map_err(fault) };
    let lengths = async { Ok(lengths(client).await) };
    let (dimensions, journals, setup, lengths) = try_join!(dimensions(client), journals, setup(client), lengths)?;
    let (accounts, standard, own_values) = dimensions;
    let accounts = needed("GLACCOUNT", accounts)?.into_iter().map(account);
    let journals = needed("JOURNAL", journals)?.into_iter().map(|journal| Journal {
        symbol: journal.symbol,
        title: journal.title,
        active: is_active(&journal.status),
    });
    let (closed_through, base_currency, multi_entity) = setup;
    Ok(Chart {
        accounts: accounts.map(|account| (account.number.clone(), account)).collect(),
        values: standard.into_iter().chain(own_values).collect(),
        journals: journals.map(|journal| (journal.symbol.clone(), journal)).collect(),
        closed_through,
        base_currency,
        multi_entity,
        lengths,
    })
}

type Dimensions = (Reading<intacct::Account>, BTreeMap<Dimension, Values>, Vec<(Dimension, Values)>);

/// The dimensions in use with their values, and the accounts with the dimensions that each requires.
async fn dimensions(client: &Client) -> Result<Dimensions, Fault> {
    let in_use = client.dimensions().await.map_err(fault)?;
    let own = own_dimensions(&in_use);
    let flags: Vec<String> = own.iter().map(|name| format!("REQUIREGLDIM{name}")).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    try_join!(
        async { client.accounts(&flags).await.map_err(fault) },
        standard_values(client, &in_use),
        own_values(client, &own),
    )
}

fn needed<T>(object: &str, reading: Reading<T>) -> Result<Vec<T>, Fault> {
    match reading {
        Reading::Rows { rows, .. } => Ok(rows),
        Reading::Unavailable { errors } => {
            let said = errors.first().map(intacct::GatewayError::text).unwrap_or_default();
            let detail = format!("{object} cannot be read: {said}");
            Err(Fault { code: Code::LedgerPermission, detail, retryable: false, source: None })
        }
    }
}

fn own_dimensions(in_use: &[DimensionFact]) -> Vec<String> {
    let own = in_use.iter().filter(|fact| fact.user_defined && fact.enabled_in_gl);
    own.map(|fact| fact.object_name.to_ascii_uppercase()).collect()
}

/// Reads one object if the dimension is in use; absent where the company has no such object.
macro_rules! values {
    ($client:expr, $used:expr, $dimension:expr, $read:ident, $make:expr) => {
        async {
            if !$used.contains(&$dimension) {
                return Ok(None);
            }
            match $client.$read().await.map_err(fault)? {
                Reading::Unavailable { .. } => Ok(None),
                Reading::Rows { rows, .. } => {
                    let values: Values = rows.into_iter().map($make).map(|value| (value.id.clone(), value)).collect();
                    Ok::<_, Fault>(Some(($dimension, values)))
                }
            }
        }
    };
}

async fn standard_values(client: &Client, in_use: &[DimensionFact]) -> Result<BTreeMap<Dimension, Values>, Fault> {
    let used: BTreeSet<Dimension> = in_use
        .iter()
        .filter(|fact| fact.enabled_in_gl && !fact.user_defined)
        .filter_map(|fact| dimension(&fact.object_name))
        .collect();
    let (departments, locations, classes, projects, customers, vendors) = try_join!(
        values!(client, used, Dimension::Department, departments, |row| value(
            row.department_id,
            row.title,
            &row.status
        )),
        locations(client, &used),
        values!(client, used, Dimension::Class, classes, |row| value(row.class_id, row.name, &row.status)),
        values!(client, used, Dimension::Project, projects, |row| {
            value(row.project_id, row.name, &row.status).implying(Dimension::Customer, row.customer_id)
        }),
        values!(client, used, Dimension::Customer, customers, |row| value(row.customer_id, row.name, &row.status)),
        values!(client, used, Dimension::Vendor, vendors, |row| value(row.vendor_id, row.name, &row.status)),
    )?;
    let (employees, items, tasks, cost_types, contracts, warehouses) = try_join!(
        values!(client, used, Dimension::Employee, employees, employee),
        values!(client, used, Dimension::Item, items, |row| value(row.item_id, row.name, &row.status)),
        values!(client, used, Dimension::Task, tasks, |row| {
            value(row.task_id, row.name, "active").implying(Dimension::Project, row.project_id)
        }),
        values!(client, used, Dimension::CostType, cost_types, |row| {
            let status = row.status.unwrap_or_else(|| "active".to_owned());
            value(row.cost_type_id, row.name, &status).implying(Dimension::Task, row.task_id)
        }),
        values!(client, used, Dimension::Contract, contracts, |row| {
            let status = row.status.unwrap_or_else(|| "active".to_owned());
            value(row.contract_id, row.name, &status).implying(Dimension::Customer, row.customer_id)
        }),
        values!(client, used, Dimension::Warehouse, warehouses, |row| {
            let status = row.status.unwrap_or_else(|| "active".to_owned());
            value(row.warehouse_id, row.name, &status)
        }),
    )?;
    let all = [
        departments,
        locations,
        classes,
        projects,
        customers,
        vendors,
        employees,
        items,
        tasks,
        cost_types,
        contracts,
        warehouses,
    ];
    Ok(all.into_iter().flatten().collect())
}

/// Locations, each implying the entity it belongs to: the topmost of its parents.
async fn locations(client: &Client, used: &BTreeSet<Dimension>) -> Result<Option<(Dimension, Values)>, Fault> {
    if !used.contains(&Dimension::Location) {
        return Ok(None);
    }
    let Reading::Rows { rows, .. } = client.locations().await.map_err(fault)? else { return Ok(None) };
    let parents: BTreeMap<String, String> = rows
        .iter()
        .filter_map(|row| Some((row.location_id.clone(), row.parent_id.clone().filter(|id| !id.is_empty())?)))
        .collect();
    let entity = |id: &str| {
        let mut top = id;
        // Bounded by the number of locations, should parents ever form a circle.
        for _ in 0..parents.len() {
            match parents.get(top) {
                Some(parent) => top = parent,
                None => break,
            }
        }
        top.to_owned()
    };
    let values = rows.iter().map(|row| {
        value(row.location_id.clone(), row.name.clone(), &row.status)
            .implying(Dimension::Location, Some(entity(&row.location_id)))
    });
    Ok(Some((Dimension::Location, values.map(|value| (value.id.clone(), value)).collect())))
}

fn employee(row: intacct::Employee) -> Value {
    let name = row
        .contact_name
        .unwrap_or_else(|| [row.first_name, row.last_name].into_iter().flatten().collect::<Vec<_>>().join(" "));
    let mut value = value(row.employee_id, name, &row.status)
        .implying(Dimension::Department, row.department_id)
        .implying(Dimension::Location, row.location_id);
    value.aliases = row.email.into_iter().collect();
    value
}

async fn own_values(client: &Client, own: &[String]) -> Result<Vec<(Dimension, Values)>, Fault> {
    let mut all = Vec::new();
    for name in own {
        if let Reading::Rows { rows, .. } = client.user_defined_values(name, &[]).await.map_err(fault)? {
            // A journal line names the record's id; the name is what people type.
            let values = rows.into_iter().map(|row| {
                let name = row.name.clone().unwrap_or_else(|| row.record_no.clone());
                (row.record_no.clone(), value(row.record_no, name, "active"))
            });
            all.push((Dimension::UserDefined(name.clone()), values.collect()));
        }
    }
    Ok(all)
}

/// Closed books, base currency and whether there are several entities. Each may be unreadable for the user; then
/// nothing is assumed closed, and Intacct itself has the last word when an entry is posted.
async fn setup(client: &Client) -> Result<(Option<accounting::Date>, Option<Currency>, bool), Fault> {
    let (closed, finance, entities) = join!(client.closed_books_date(), client.financial_setup(), client.entities());
    let closed_through = optional(closed)?.flatten();
    let finance = optional(finance)?;
    let base_currency = finance.as_ref().and_then(|setup| setup.base_currency.as_deref());
    let base_currency = base_currency.and_then(|code| Currency::parse(code).ok());
    let has_entities = optional(entities)?.is_some_and(|reading| !reading.into_rows().is_empty());
    let shared = finance.and_then(|setup| setup.multi_entity_shared).unwrap_or(has_entities);
    Ok((closed_through, base_currency, shared))
}

/// `None` where the company or the role does not offer it; an error where the gateway did not answer.
fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_retryable() => Err(fault(error)),
        Err(Error::Refused { refusal, errors }) => Err(fault(Error::Refused { refusal, errors })),
        Err(_) => Ok(None),
    }
}

/// Longest texts, where the gateway tells them.
async fn lengths(client: &Client) -> FieldLengths {
    let mut lengths = FieldLengths::default();
    let (header, line) = join!(client.inspect("GLBATCH"), client.inspect("GLENTRY"));
    let longest = |facts: &Result<Vec<intacct::FieldFact>, Error>, field: &str| {
        let fact = facts.as_ref().ok()?.iter().find(|fact| fact.name.eq_ignore_ascii_case(field))?;
        usize::try_from(fact.max_length?).ok()
    };
    lengths.title = longest(&header, "BATCH_TITLE").unwrap_or(lengths.title);
    lengths.memo = longest(&line, "DESCRIPTION").unwrap_or(lengths.memo);
    lengths.document = longest(&line, "DOCUMENT").unwrap_or(lengths.document);
    lengths
}

fn account(account: intacct::Account) -> Account {
    let requires = account.requires.iter().filter_map(|flag| match flag.strip_prefix("REQUIRE")? {
        "DEPT" => Some(Dimension::Department),
        "LOC" => Some(Dimension::Location),
        other => other
            .strip_prefix("GLDIM")
            .map_or_else(|| dimension(other), |own| Some(Dimension::UserDefined(own.to_owned()))),
    });
    Account {
        requires: requires.collect(),
        active: is_active(&account.status),
        number: account.account_no,
        title: account.title,
    }
}

fn dimension(object: &str) -> Option<Dimension> {
    Some(match object.to_ascii_uppercase().as_str() {
        "DEPARTMENT" => Dimension::Department,
        "LOCATION" => Dimension::Location,
        "CLASS" => Dimension::Class,
        "PROJECT" => Dimension::Project,
        "TASK" => Dimension::Task,
        "COSTTYPE" => Dimension::CostType,
        "CUSTOMER" => Dimension::Customer,
        "VENDOR" => Dimension::Vendor,
        "EMPLOYEE" => Dimension::Employee,
        "ITEM" => Dimension::Item,
        "CONTRACT" => Dimension::Contract,
        "WAREHOUSE" => Dimension::Warehouse,
        _ => return None,
    })
}

fn is_active(status: &str) -> bool {
    let status = status.trim();
    status.is_empty() || status.to_ascii_lowercase().starts_with("active")
}

fn value(id: String, name: String, status: &str) -> Value {
    Value { id, name, active: is_active(status), ..Value::default() }
}

trait Implying {
    fn implying(self, dimension: Dimension, id: Option<String>) -> Self;
}

impl Implying for Value {
    fn implying(mut self, dimension: Dimension, id: Option<String>) -> Self {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            self.implies.insert(dimension, id);
        }
        self
    }
}
