//! Texts with tokens, such as `{employee_name} - {merchant | truncate 40}`: parsed once, rendered for every line.
//!
//! ```text
//! {token}                      the token's value
//! {token | filter | filter}    changed by filters: truncate N, date FORMAT, default "TEXT", upper, strip
//! {{ and }}                    braces themselves
//! ```
//! A token without a value takes its separator with it: text between two tokens that has neither letters nor digits
//! stands only between two values, so `{a} - {b} - {c}` without `b` gives `a - c`. Such text at the very beginning or
//! end stands only beside a value. Text with letters or digits stands always. A rendered text is one line: line
//! breaks and tabs become spaces. Characters that a wire cannot carry are not looked at here.

mod cut;
mod filter;
mod parse;
mod token;

pub use cut::cut;
pub use filter::{DateFormat, Filter};
pub use token::{Facts, Token};

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Text with letters or digits: stands always.
    Text(String),
    /// Text without: stands between values.
    Separator(String),
    /// A token with its filters.
    Token { token: Token, date: DateFormat, filters: Vec<Filter> },
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
    /// [`TemplateError`] for an unknown token or filter, a wrong argument, or a brace without its partner.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Ok(Self { source: source.to_owned(), parts: parse::parts(source)? })
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text with the values of `facts`.
    pub fn render(&self, facts: &Facts<'_>) -> String {
        let mut out = OneLine::new(self.source.len() + 64);
        let last = self.parts.len().saturating_sub(1);
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => out.value(text),
                Part::Separator(text) if index == 0 => out.opening(text),
                Part::Separator(text) if index == last => out.closing(text),
                Part::Separator(text) => out.separator(text),
                Part::Token { token, date, filters } => {
                    let value = filters.iter().fold(token.value(facts, date), |value, filter| filter.apply(value));
                    out.value(value.trim());
                }
            }
        }
        out.finish()
    }
}

/// A text under way, and the separator that waits for the next value.
struct OneLine<'t> {
    text: String,
    waiting: &'t str,
    /// Whether the waiting separator stands even where no value came before it.
    opens: bool,
    last_was_empty: bool,
}

impl<'t> OneLine<'t> {
    fn new(capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity), waiting: "", opens: false, last_was_empty: true }
    }

    fn opening(&mut self, text: &'t str) {
        self.waiting = text;
        self.opens = true;
    }

    /// Of the separators around an empty value the last one stands, without the bracket that closed the value.
    fn separator(&mut self, text: &'t str) {
        let closes = self.last_was_empty && !self.text.is_empty();
        self.waiting = if closes { text.trim_start_matches([')', ']', '}']) } else { text };
        self.opens = false;
    }

    fn closing(&mut self, text: &str) {
        if !self.last_was_empty {
            self.push(text);
        }
    }

    fn value(&mut self, value: &str) {
        self.last_was_empty = value.is_empty();
        if value.is_empty() {
            return;
        }
        if self.opens || !self.text.is_empty() {
            let spaced = self.text.ends_with(' ');
            self.push(if spaced { self.waiting.trim_start() } else { self.waiting });
        }
        self.waiting = "";
        self.opens = false;
        self.push(value);
    }

    fn push(&mut self, text: &str) {
        if !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | b'\t')) {
            return self.text.push_str(text);
        }
        let mut after_return = false;
        for letter in text.chars() {
            match letter {
                '\n' if after_return => {}
                '\r' | '\n' | '\t' => self.text.push(' '),
                other => self.text.push(other),
            }
            after_return = letter == '\r';
        }
    }

    fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        if self.text.starts_with(char::is_whitespace) {
            return self.text.trim_start().to_owned();
        }
        self.text
    }
}
