//! Renders the export template over JSON data with a FreeMarker engine, as the vendor does. It must not know the
//! template.

use std::rc::Rc;

use freemarker::parser::parse;
use freemarker::template::{Configuration, TModel};
use freemarker::value::TNumber;
use serde_json::{Value, json};

/// What the template prints for one batch of reports.
pub fn render(reports: &Value, add_header: bool) -> String {
    let configuration = Rc::new(Configuration::default());
    let template = parse(&configuration, "export", expensify::TEMPLATE).unwrap();
    let root = json!({ "reports": reports, "addHeader": add_header });
    let mut out = Vec::new();
    template.process(model(&root), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// JSON as the engine's data; null is an absent value.
fn model(value: &Value) -> TModel {
    match value {
        Value::Null => TModel::nothing(),
        Value::Bool(flag) => TModel::from_boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => TModel::from_number(TNumber::Long(whole)),
            None => TModel::from_number(TNumber::Double(number.as_f64().unwrap())),
        },
        Value::String(text) => TModel::from_scalar(text.clone()),
        Value::Array(items) => TModel::from_sequence(items.iter().map(model).collect()),
        Value::Object(fields) => {
            TModel::from_hash(fields.iter().map(|(name, value)| (name.clone(), model(value))).collect())
        }
    }
}
