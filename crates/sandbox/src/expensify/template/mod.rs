//! Renders reports with the template that came with the request: really evaluated, whoever wrote it.
//!
//! The engine is a FreeMarker in Rust; where it differs from FreeMarker 2.3.31, with which it was compared, see
//! `dialect`. It is slow, so the plain constructs of export templates run by a `plan` that gives the same text.

mod dialect;
mod expense_fields;
mod field;
mod literals;
mod methods;
mod model;
mod plan;
mod report_fields;
mod run;
#[cfg(test)]
mod tests;
mod value;

use super::company::Company;
use super::{MissingValues, StatusWords};
use freemarker::parser::parse;
use freemarker::template::{Configuration, Template};
use jiff::civil::DateTime;
use plan::Plan;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// The assumptions that a rendering follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What absent values print.
    pub missing_values: MissingValues,
    /// What `status` prints.
    pub status_words: StatusWords,
}

impl Rules {
    fn is_classic(self) -> bool {
        self.missing_values == MissingValues::Lenient
    }
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

/// A template as it came, and how it is rendered.
#[derive(Debug)]
pub struct Sheet {
    source: String,
    rules: Rules,
    plan: Plan,
}

impl Sheet {
    /// Reads the FreeMarker text `source`.
    ///
    /// # Errors
    /// Says what is wrong with the template, in one line.
    pub fn new(source: String, rules: Rules) -> Result<Sheet, TemplateError> {
        if let Some(escape) = literals::unknown_escape(&source) {
            return Err(TemplateError::Syntax(format!("Invalid escape sequence ({escape}) in a string literal")));
        }
        let plan = guarded(|| {
            let template = parsed(&source, rules)?;
            let plan = Plan::of(&template);
            adapted(template, rules).map(|_| plan)
        })?;
        Ok(Sheet { source, rules, plan })
    }

    /// Whether it is `source` read under `rules`.
    pub fn is_of(&self, source: &str, rules: Rules) -> bool {
        self.rules == rules && self.source == source
    }

    /// One batch: the text of the reports `numbers` of `company`.
    ///
    /// # Errors
    /// Says what is wrong with the template, in one line.
    pub fn render(&self, company: &Arc<Company>, numbers: &[u32], add_header: bool) -> Result<Vec<u8>, TemplateError> {
        run::run(&self.plan, company, numbers, add_header, self.rules)
            .or_else(|_| self.render_by_engine(company, numbers, add_header))
    }

    /// The same, the slow way, which is right by definition.
    fn render_by_engine(
        &self,
        company: &Arc<Company>,
        numbers: &[u32],
        add_header: bool,
    ) -> Result<Vec<u8>, TemplateError> {
        guarded(|| {
            let template = adapted(parsed(&self.source, self.rules)?, self.rules)?;
            let mut text = Vec::new();
            template
                .process(model::root(company, numbers, add_header, self.rules), &mut text)
                .map_err(|error| TemplateError::Evaluation(one_line(&error)))?;
            Ok(text)
        })
    }
}

/// The engine is young: a template must not be able to bring the server down with it.
fn guarded<T>(work: impl FnOnce() -> Result<T, TemplateError>) -> Result<T, TemplateError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(TemplateError::Unsupported("a construct that the engine stumbles over".into())))
}

fn parsed(source: &str, rules: Rules) -> Result<Template, TemplateError> {
    let mut configuration = Configuration::default();
    configuration.settings.classic_compatible = rules.is_classic();
    methods::register(&mut configuration);
    parse(&Rc::new(configuration), "export", source).map_err(|error| TemplateError::Syntax(one_line(&error)))
}

fn adapted(mut template: Template, rules: Rules) -> Result<Template, TemplateError> {
    dialect::Dialect::adapt(&mut template, rules.is_classic()).map_err(TemplateError::Unsupported)?;
    Ok(template)
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
