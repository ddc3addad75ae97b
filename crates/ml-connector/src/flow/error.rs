//! What is wrong with a flow document: every mistake with its place, shown with the line it stands on. A line that
//! holds or may hold a secret is kept only up to it.

use std::fmt;

use accounting::problem::Code;

/// Everything that is wrong with a document, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowError {
    /// What the places refer to, such as the file's name.
    pub origin: String,
    /// At least one.
    pub problems: Vec<FlowProblem>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowProblem {
    /// Line, from 1; 0 where the document as a whole is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 where no line is meant.
    pub column: usize,
    /// The key, such as `posting.state`; empty where the text is no TOML.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead; empty where the message says it.
    pub remedy: String,
    /// The line, with secrets left out.
    pub source_line: String,
    /// How many characters of `source_line` stand before what is meant.
    pub marker_indent: usize,
    /// How many characters of it are meant.
    pub marker_width: usize,
}

impl FlowError {
    /// The stable problem code.
    pub const fn code(&self) -> Code {
        Code::FlowInvalid
    }
}

impl std::error::Error for FlowError {}

impl fmt::Display for FlowError {
    /// Like a compiler: message, place, line and marker for each problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.write(f, &self.origin)?;
        }
        Ok(())
    }
}

impl FlowProblem {
    fn write(&self, f: &mut fmt::Formatter<'_>, origin: &str) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let margin = self.line.to_string().len();
        if self.line == 0 {
            writeln!(f, " --> {origin}")?;
        } else {
            let marker = "^".repeat(self.marker_width.max(1));
            writeln!(f, "{:margin$}--> {origin}:{}:{}", "", self.line, self.column)?;
            writeln!(f, "{:margin$} |", "")?;
            writeln!(f, "{} | {}", self.line, self.source_line)?;
            writeln!(f, "{:margin$} | {:indent$}{marker}", "", "", indent = self.marker_indent)?;
        }
        if !self.remedy.is_empty() {
            writeln!(f, "{:margin$} = {}", "", self.remedy)?;
        }
        Ok(())
    }
}
