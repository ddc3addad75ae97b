//! Renders reports with the template that came with the request: really evaluated, whoever wrote it.
//!
//! FreeMarker's behaviour here was compared with FreeMarker 2.3.31 itself; where the engine differs, see `dialect`.

mod dialect;
mod expense_fields;
mod field;
mod literals;
mod methods;
mod model;
mod report_fields;
#[cfg(test)]
mod tests;

use super::company::Company;
use super::{MissingValues, StatusWords};
use freemarker::parser::parse;
use freemarker::template::Configuration;
use jiff::civil::DateTime;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// The assumptions that a rendering follows.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What absent values print.
    pub missing_values: MissingValues,
    /// What `status` prints.
    pub status_words: StatusWords,
}

/// Why a template did not render.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template is not FreeMarker.
    #[error("Template syntax error: {0}")]
    Syntax(String),
    /// The template is FreeMarker that the sandbox does not simulate.
    #[error("The sandbox does not simulate {0} in a template")]
    Unsupported(String),
    /// The template failed on the data.
    #[error("Template error: {0}")]
    Evaluation(String),
}

/// One batch: the text of the reports `numbers` of `company`.
///
/// # Errors
/// Says what is wrong with the template, in one line.
pub fn render(
    source: &str,
    company: &Arc<Company>,
    numbers: &[u32],
    add_header: bool,
    rules: Rules,
) -> Result<Vec<u8>, TemplateError> {
    if let Some(escape) = literals::unknown_escape(source) {
        return Err(TemplateError::Syntax(format!("Invalid escape sequence ({escape}) in a string literal")));
    }
    // The engine is young: a template must not be able to bring the server down with it.
    catch_unwind(AssertUnwindSafe(|| evaluate(source, company, numbers, add_header, rules)))
        .unwrap_or_else(|_| Err(TemplateError::Unsupported("a construct that the engine stumbles over".into())))
}

fn evaluate(
    source: &str,
    company: &Arc<Company>,
    numbers: &[u32],
    add_header: bool,
    rules: Rules,
) -> Result<Vec<u8>, TemplateError> {
    let classic = rules.missing_values == MissingValues::Lenient;
    let mut configuration = Configuration::default();
    configuration.settings.classic_compatible = classic;
    methods::register(&mut configuration);
    let mut template =
        parse(&Rc::new(configuration), "export", source).map_err(|error| TemplateError::Syntax(one_line(&error)))?;
    dialect::Dialect::adapt(&mut template, classic).map_err(TemplateError::Unsupported)?;
    let mut text = Vec::new();
    template
        .process(model::root(company, numbers, add_header, rules), &mut text)
        .map_err(|error| TemplateError::Evaluation(one_line(&error)))?;
    Ok(text)
}

/// The part of an engine's message that says what is wrong, without its stack.
fn one_line(error: &freemarker::TemplateError) -> String {
    let message = error.to_string();
    let lines = message.lines().map(str::trim).take_while(|line| !line.starts_with("----"));
    lines.filter(|line| !line.is_empty()).take(3).collect::<Vec<_>>().join(" ")
}

/// A time as the vendor prints it: `yyyy-MM-dd HH:mm:ss` (seen by third-party clients).
pub fn time_text(time: DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
