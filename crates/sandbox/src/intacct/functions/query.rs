//! `query`: select, filter, order, options and pages; rows as XML, or bare as csv or json.

use super::{Call, Outcome};
use crate::intacct::error::{GatewayError, object_unknown};
use crate::intacct::filter::Scope;
use crate::intacct::predicate::Predicate;
use crate::intacct::rows::Path;
use crate::intacct::select::{Aggregate, Search};
use crate::intacct::xml::Element;
use std::fmt::Write;

/// A page of results, as columns and their values.
struct Page {
    object: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    total: usize,
    offset: usize,
}

impl Call<'_> {
    pub(super) fn query(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let object = self.object(body.child_text("object"), "QUERY", object_unknown)?;
        let options = body.child("options");
        let option = |name: &str| options.map_or("", |o| o.child_text(name));
        let fold = option("caseinsensitive").eq_ignore_ascii_case("true");
        let unqueryable = &self.assumptions.unqueryable;
        let scope = Scope { books: self.books, object, fold, unqueryable };
        let (fields, aggregates) = match select(body, &scope) {
            Ok(columns) => columns,
            Err(errors) => return Ok(Outcome { errors, ..Outcome::default() }),
        };
        let order = order(body, &scope)?;
        let predicate = body.child("filter").map_or(Ok(Predicate::Always), |f| scope.filter(f))?;
        let page_size = number(body, "pagesize", 100)?;
        let offset = number(body, "offset", 0)?;
        if !(1..=2000).contains(&page_size) {
            return Err(invalid("pagesize is a number from 1 to 2000"));
        }
        let rows = self.books.search(&Search {
            object,
            predicate: &predicate,
            viewer: self.viewer(option("showprivate").eq_ignore_ascii_case("true")),
            fold,
            order: &order,
            unordered: self.assumptions.unordered,
            offset,
        });
        let mut columns: Vec<String> = fields.iter().map(|path| path.name.clone()).collect();
        let keeps = self.assumptions.sum_keeps_field_name;
        columns.extend(aggregates.iter().map(|(aggregate, path)| aggregate.column(&path.name, keeps)));
        let (total, values) = if aggregates.is_empty() {
            let page = rows.iter().skip(offset).take(page_size);
            let line = |row| fields.iter().map(|path| self.books.read(row, path).into_owned()).collect();
            (rows.len(), page.map(|row| line(*row)).collect::<Vec<Vec<String>>>())
        } else {
            let groups = self.books.aggregate(&rows, &fields, &aggregates);
            let all = groups.len();
            let page = groups.into_iter().skip(offset).take(page_size).map(|(key, results)| [key, results].concat());
            (all, page.collect())
        };
        let page =
            Page { object: body.child_text("object").to_ascii_uppercase(), columns, rows: values, total, offset };
        Ok(match option("returnformat").to_ascii_lowercase().as_str() {
            "csv" => Outcome { bare: Some(("text/csv", page.csv())), ..Outcome::default() },
            "json" => Outcome { bare: Some(("application/json", page.json())), ..Outcome::default() },
            _ => self.page(&page),
        })
    }

    fn page(&self, page: &Page) -> Outcome {
        let (count, total, offset) = (page.rows.len().to_string(), page.total.to_string(), page.offset.to_string());
        let remaining = page.total.saturating_sub(page.offset + page.rows.len()).to_string();
        let attributes = [
            ("listtype", page.object.as_str()),
            ("totalcount", &total),
            ("offset", &offset),
            ("count", &count),
            ("numremaining", &remaining),
        ];
        let mut writer = self.writer();
        if page.rows.is_empty() {
            writer.empty_with("data", &attributes);
            return Outcome::data(writer.finish());
        }
        writer.open_with("data", &attributes);
        for row in &page.rows {
            writer.open(&page.object);
            page.columns.iter().zip(row).for_each(|(column, value)| writer.leaf(column, value));
            writer.close(&page.object);
        }
        writer.close("data");
        Outcome::data(writer.finish())
    }
}

impl Page {
    fn csv(&self) -> String {
        let mut out = String::new();
        let header = self.columns.clone();
        for line in std::iter::once(&header).chain(&self.rows) {
            let cells: Vec<String> = line.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", cells.join(","));
        }
        out
    }

    fn json(&self) -> String {
        let object = |row: &Vec<String>| {
            let pairs = self.columns.iter().zip(row).map(|(k, v)| (k.clone(), v.as_str().into()));
            serde_json::Value::Object(pairs.collect())
        };
        serde_json::Value::Array(self.rows.iter().map(object).collect()).to_string()
    }
}

fn invalid(text: &str) -> GatewayError {
    GatewayError::new("XL03000003", text)
}

fn unqueryable(name: &str) -> GatewayError {
    GatewayError::new("XL03000006", format!("The following fields cannot be queried: {name}"))
}

fn number(body: &Element<'_>, name: &str, default: usize) -> Result<usize, GatewayError> {
    match body.child_text(name) {
        "" => Ok(default),
        text => text.parse().map_err(|_| invalid(&format!("{name} is a number"))),
    }
}

type Columns = (Vec<Path>, Vec<(Aggregate, Path)>);

/// The fields and aggregates asked for; each that cannot be queried is an error of its own.
fn select(body: &Element<'_>, scope: &Scope<'_>) -> Result<Columns, Vec<GatewayError>> {
    let select = body.child("select").ok_or_else(|| vec![invalid("query needs a select")])?;
    let (mut fields, mut aggregates, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for child in &select.children {
        let name = child.text.trim();
        let Some(path) = scope.path(name) else {
            unknown.push(name);
            continue;
        };
        if child.name.eq_ignore_ascii_case("field") {
            fields.push(path);
        } else if let Some(aggregate) = Aggregate::named(child.name).filter(|a| !a.wants_number(path.kind)) {
            aggregates.push((aggregate, path));
        } else {
            return Err(vec![invalid(&format!("{} of {name} cannot be selected", child.name))]);
        }
    }
    if !unknown.is_empty() {
        return Err(unknown.into_iter().map(unqueryable).collect());
    }
    if fields.is_empty() && aggregates.is_empty() {
        return Err(vec![invalid("select names no field")]);
    }
    Ok((fields, aggregates))
}

fn order(body: &Element<'_>, scope: &Scope<'_>) -> Result<Vec<(Path, bool)>, GatewayError> {
    let orders = body.child("orderby").map(|o| o.children.as_slice()).unwrap_or_default();
    let one = |order: &Element<'_>| {
        let name = order.child_text("field");
        let path = scope.path(name).ok_or_else(|| unqueryable(name))?;
        Ok((path, order.child("descending").is_some()))
    };
    orders.iter().filter(|o| o.name.eq_ignore_ascii_case("order")).map(one).collect()
}
