//! Pages that explain the API: its operations, and the codes of problems. They are made of the description and the
//! table of codes, once; nothing on them runs, and nothing comes from elsewhere.

use std::fmt::Write as _;

use accounting::problem::Code;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::problem::Refusal;
use super::request::Place;

/// A page may use our own style, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#1b1b1b;background:#fff}code,.path{font-family:ui-monospace,monospace}h2{margin-top:2.5rem;border-bottom:1px \
solid #ccc}section{margin:1.5rem 0}.method{display:inline-block;min-width:4.5rem;font-weight:600}table{border-collapse:\
collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-top:1px solid #eee}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}h2{border-color:#555}td,th{border-color:#333}\
a{color:#8ab4f8}}";

/// A page's answer.
pub(super) fn answer(page: String) -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, page).into_response()
}

/// The pages' style.
pub(super) async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), STYLE).into_response()
}

/// The page of one code, to which every refusal leads.
pub(super) async fn problem(Place(code): Place<String>) -> Result<Response, Refusal> {
    let code = Code::parse(&code).ok_or_else(Refusal::not_found)?;
    let mut body = format!("<h1>{code} {}</h1>", escape(code.title()));
    for (label, text) in [("Cause", code.cause()), ("Remedy", code.remedy()), ("Who", code.owner().name())] {
        // Writing to a text cannot fail; so below.
        let _ = write!(body, "<p><strong>{label}:</strong> {}</p>", escape(text));
    }
    Ok(answer(whole(&format!("{code}"), &body)))
}

/// The page of the API, made of its description.
pub(super) fn page(description: &str) -> String {
    let description: Value = serde_json::from_str(description).unwrap_or_default();
    let mut body = String::from("<h1>The API</h1>");
    let about = description["info"]["description"].as_str().unwrap_or_default();
    let _ = write!(
        body,
        "<p>{}</p><p>The same as a document: <a href=\"/api/v1/openapi.json\">openapi.json</a>. Each answer that is no \
         success is a problem with a code, a remedy, and who can mend it.</p>",
        escape(about)
    );
    let mut groups: Vec<(String, String)> = Vec::new();
    for (path, item) in description["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let group = operation["tags"][0].as_str().unwrap_or("Other").to_owned();
            let text = self::operation(path, method, operation, &description);
            match groups.iter_mut().find(|(name, _)| *name == group) {
                Some((_, texts)) => texts.push_str(&text),
                None => groups.push((group, text)),
            }
        }
    }
    for (group, texts) in groups {
        let _ = write!(body, "<h2>{}</h2>{texts}", escape(&group));
    }
    whole("The API of ml-connector", &body)
}

fn operation(path: &str, method: &str, operation: &Value, description: &Value) -> String {
    let text = |key: &str| escape(operation[key].as_str().unwrap_or_default());
    let mut section = format!(
        "<section id=\"{0}\"><h3><span class=\"method\">{1}</span> <span class=\"path\">{2}</span></h3><p>{3} {4} \
         <code>{0}</code></p>",
        text("operationId"),
        escape(&method.to_uppercase()),
        escape(path),
        text("summary"),
        text("description")
    );
    let mut rows = String::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = parameter["in"].as_str().unwrap_or_default();
        let _ = write!(rows, "{}", row(parameter["name"].as_str(), place, parameter["description"].as_str()));
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    for (name, field) in fields(body, description) {
        let _ = write!(rows, "{}", row(Some(name), "body", field["description"].as_str()));
    }
    if !rows.is_empty() {
        let _ = write!(section, "<table>{rows}</table>");
    }
    let answers = operation["responses"].as_object().into_iter().flatten().filter(|(status, _)| *status != "default");
    for (status, response) in answers {
        let about = escape(response["description"].as_str().unwrap_or_default());
        let _ = write!(section, "<p>{}: {about}", escape(status));
        let schema = &response["content"]["application/json"]["schema"];
        let names: Vec<String> = fields(schema, description).map(|(name, _)| escape(name)).collect();
        if !names.is_empty() {
            let _ = write!(section, " <code>{}</code>", names.join(", "));
        }
        section.push_str("</p>");
    }
    section.push_str("</section>");
    section
}

fn row(name: Option<&str>, place: &str, about: Option<&str>) -> String {
    let (name, about) = (escape(name.unwrap_or_default()), escape(about.unwrap_or_default()));
    format!("<tr><th scope=\"row\"><code>{name}</code></th><td>{}</td><td>{about}</td></tr>", escape(place))
}

/// The fields of a schema, through one reference.
fn fields<'a>(schema: &'a Value, description: &'a Value) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let schema = name.map_or(schema, |name| &description["components"]["schemas"][name]);
    schema["properties"].as_object().into_iter().flatten().map(|(name, field)| (name.as_str(), field))
}

fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><link rel=\"stylesheet\" href=\"/page.css\"></head><body>\
         <main>{body}</main></body></html>",
        escape(title)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
