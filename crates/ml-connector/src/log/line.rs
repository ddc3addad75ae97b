//! How a line looks: one JSON object, or words for a person. Each is one line, whatever stands in it.

use jiff::Timestamp;
use serde_json::{Map, json};
use tracing::Level;

use super::fields::{Fields, Value};

/// One JSON object.
pub(super) fn json(at: Timestamp, level: Level, target: &str, fields: &Fields) -> String {
    let mut line = Map::new();
    line.insert("time".to_owned(), json!(at.to_string()));
    line.insert("level".to_owned(), json!(level.as_str().to_ascii_lowercase()));
    line.insert("message".to_owned(), json!(fields.message));
    line.insert("target".to_owned(), json!(target));
    for (name, value) in &fields.values {
        let value = match value {
            Value::Text(text) => json!(text),
            Value::Int(int) => json!(int),
            Value::Flag(flag) => json!(flag),
        };
        line.insert((*name).to_owned(), value);
    }
    format!("{}\n", serde_json::Value::Object(line))
}

/// Words.
pub(super) fn text(at: Timestamp, level: Level, target: &str, fields: &Fields) -> String {
    let mut line = format!("{at:.3} {:5} {}", level.as_str(), fields.message);
    for (name, value) in &fields.values {
        match value {
            Value::Text(text) if text.contains(' ') => line.push_str(&format!(" {name}={text:?}")),
            Value::Text(text) => line.push_str(&format!(" {name}={text}")),
            Value::Int(int) => line.push_str(&format!(" {name}={int}")),
            Value::Flag(flag) => line.push_str(&format!(" {name}={flag}")),
        }
    }
    if !target.starts_with("ml_connector") {
        line.push_str(&format!(" ({target})"));
    }
    let line: String = line.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    format!("{line}\n")
}
