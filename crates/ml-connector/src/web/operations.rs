//! The operations of the API as its description names them, for whoever calls them: the command line, and the table of
//! capabilities.

use serde_json::Value;

use super::api;

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id, such as `list_flows`.
    pub id: String,
    /// What it does.
    pub summary: String,
    /// `GET`, `POST`, ...
    pub method: String,
    /// Its path, with `{parameters}`.
    pub path: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// The members of its body.
    pub members: Vec<String>,
    /// Those of them that are texts.
    pub texts: Vec<String>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it stands in the path.
    pub in_path: bool,
}

/// Every operation, by id.
pub fn operations() -> Vec<Operation> {
    let (_, description) = api::described();
    let document = serde_json::to_value(&description).unwrap_or_default();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if let Some(id) = operation["operationId"].as_str() {
                operations.push(read(&document, id, path, method, operation));
            }
        }
    }
    operations.sort_by(|a, b| a.id.cmp(&b.id));
    operations
}

fn read(document: &Value, id: &str, path: &str, method: &str, operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Parameter {
        name: parameter["name"].as_str().unwrap_or_default().to_owned(),
        in_path: parameter["in"] == "path",
    });
    let schema = resolved(document, &operation["requestBody"]["content"]["application/json"]["schema"]);
    let members = schema["properties"].as_object();
    let is_text = |member: &Value| {
        let kind = &resolved(document, member)["type"];
        kind == "string" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "string"))
    };
    let texts = members.into_iter().flatten().filter(|(_, member)| is_text(member));
    Operation {
        id: id.to_owned(),
        summary: operation["summary"].as_str().unwrap_or_default().to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        parameters: parameters.collect(),
        members: members.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        texts: texts.map(|(name, _)| name.clone()).collect(),
    }
}

/// A schema, or the one that it refers to.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        Some(place) => document.pointer(place).unwrap_or(&Value::Null),
        None => schema,
    }
}
