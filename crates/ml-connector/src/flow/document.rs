//! The text under the reader: collects mistakes by byte position and turns them into lines, columns and shown lines at
//! the end. Keeps secrets out of the shown lines; knows no key of the document.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;

use super::error::{FlowError, FlowProblem};

/// Most mistakes that are shown; a file of the wrong kind would make thousands.
const PROBLEMS_MAX: usize = 200;
/// Most characters of a line that are shown.
const SHOWN_MAX: usize = 160;
/// How many bytes on either side of a mistake are looked at for what is shown, in a line without end.
const AROUND_MAX_BYTES: usize = 4 * 1024;
/// What stands for a value that may be a secret.
const HIDDEN: &str = "(hidden)";

/// A document while it is read.
pub(super) struct Document<'d> {
    pub(super) text: &'d str,
    pub(super) base_dir: Option<&'d Path>,
    mistakes: RefCell<Vec<Mistake>>,
    hidden: RefCell<Vec<Range<usize>>>,
    replacement: RefCell<Option<(Range<usize>, String)>>,
}

struct Mistake {
    span: Option<Range<usize>>,
    path: String,
    message: String,
    remedy: String,
}

impl<'d> Document<'d> {
    pub(super) const fn new(text: &'d str, base_dir: Option<&'d Path>) -> Self {
        Self {
            text,
            base_dir,
            mistakes: RefCell::new(Vec::new()),
            hidden: RefCell::new(Vec::new()),
            replacement: RefCell::new(None),
        }
    }

    /// Notes a mistake; without a place it is about the document as a whole.
    pub(super) fn refuse(
        &self,
        span: Option<Range<usize>>,
        path: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (message, remedy) = (message.into(), remedy.into());
        self.mistakes.borrow_mut().push(Mistake { span, path: path.to_owned(), message, remedy });
    }

    /// Leaves these bytes out of every shown line.
    pub(super) fn hide(&self, span: Range<usize>) {
        self.hidden.borrow_mut().push(span);
    }

    /// Lets the stored document read `text` in place of these bytes.
    pub(super) fn replace(&self, span: Range<usize>, text: String) {
        *self.replacement.borrow_mut() = Some((span, text));
    }

    pub(super) fn is_faultless(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// The document to store.
    pub(super) fn stored_text(&self) -> String {
        match &*self.replacement.borrow() {
            Some((span, text)) => {
                let before = self.text.get(..span.start).unwrap_or_default();
                let after = self.text.get(span.end..).unwrap_or_default();
                [before, text, after].concat()
            }
            None => self.text.to_owned(),
        }
    }

    /// All mistakes, in the order of their places.
    pub(super) fn into_error(self, origin: &str) -> FlowError {
        let mut mistakes = self.mistakes.take();
        mistakes.sort_by_key(|mistake| mistake.span.as_ref().map(|span| span.start));
        let left_out = mistakes.len().saturating_sub(PROBLEMS_MAX);
        mistakes.truncate(PROBLEMS_MAX);
        let hidden = self.hidden.take();
        let mut problems: Vec<FlowProblem> =
            mistakes.into_iter().map(|mistake| problem(self.text, &hidden, mistake)).collect();
        if left_out > 0 {
            let message = format!("{left_out} more mistakes are not shown");
            let rest = Mistake { span: None, path: String::new(), message, remedy: String::new() };
            problems.push(problem(self.text, &hidden, rest));
        }
        FlowError { origin: origin.to_owned(), problems }
    }
}

fn problem(text: &str, hidden: &[Range<usize>], mistake: Mistake) -> FlowProblem {
    let Mistake { span, path, message, remedy } = mistake;
    let nowhere = (0, 0, Shown::default());
    let (line, column, shown) = span.map_or(nowhere, |span| {
        let at = floor(text, span.start);
        let before = text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
        let column = text.get(line_start..at).unwrap_or_default().chars().count() + 1;
        let marked = at..span.end.clamp(at, line_end);
        let around = floor(text, line_start.max(at.saturating_sub(AROUND_MAX_BYTES)))
            ..floor(text, line_end.min(at + AROUND_MAX_BYTES));
        (before.matches('\n').count() + 1, column, show(text, around, &marked, hidden))
    });
    let Shown { line: source_line, marker_indent, marker_width } = shown;
    FlowProblem { line, column, path, message, remedy, source_line, marker_indent, marker_width }
}

#[derive(Default)]
struct Shown {
    line: String,
    marker_indent: usize,
    marker_width: usize,
}

/// The line as it may be shown, and where in it the marked bytes are.
fn show(text: &str, line: Range<usize>, marked: &Range<usize>, hidden: &[Range<usize>]) -> Shown {
    let mut shown = Shown::default();
    let mut covered_by = None;
    let mut length = 0;
    for (offset, character) in text.get(line.clone()).unwrap_or_default().char_indices() {
        let at = line.start + offset;
        let cover = hidden.iter().position(|span| span.contains(&at));
        let piece: &str = match cover {
            Some(_) if cover == covered_by => "",
            Some(_) => HIDDEN,
            // Nothing in a file may steer the terminal it is shown on.
            None if character.is_control() => " ",
            None => text.get(at..at + character.len_utf8()).unwrap_or_default(),
        };
        covered_by = cover;
        let width = piece.chars().count();
        if at < marked.start {
            shown.marker_indent += width;
        } else if at < marked.end {
            shown.marker_width += width;
        }
        length += width;
        shown.line.push_str(piece);
    }
    shown.line.truncate(shown.line.trim_end().len());
    if length > SHOWN_MAX {
        cut(&mut shown);
    }
    shown.marker_width = shown.marker_width.max(1);
    shown
}

/// Cuts a long line to the part around its marker.
fn cut(shown: &mut Shown) {
    let first = shown.marker_indent.saturating_sub(SHOWN_MAX / 2);
    let lead = if first > 0 { "..." } else { "" };
    let window: String = shown.line.chars().skip(first).take(SHOWN_MAX).collect();
    shown.line = format!("{lead}{window}...");
    shown.marker_indent = shown.marker_indent - first + lead.len();
    shown.marker_width = shown.marker_width.min(SHOWN_MAX.saturating_sub(shown.marker_indent - lead.len()));
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A value as it may stand in a message: short, on one line.
pub(super) fn quoted(value: &str) -> String {
    const LENGTH_MAX: usize = 60;
    let mut short: String =
        value.chars().take(LENGTH_MAX).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if value.chars().nth(LENGTH_MAX).is_some() {
        short.push_str("...");
    }
    format!("\"{short}\"")
}
