//! Texts with tokens, such as `{employee_name} - {merchant | truncate 40}`: parsed once, rendered for every line.

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {position}")]
pub struct TemplateError {
    /// What is wrong, and what is allowed.
    pub message: String,
    /// Where, counted from 1.
    pub position: usize,
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// [`TemplateError`] for an unknown token or filter.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Ok(Self { source: source.to_owned() })
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}
