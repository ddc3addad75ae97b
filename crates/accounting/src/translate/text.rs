//! The texts of an entry, cut to what the destination takes. What a text must say whatever its length (the date
//! before it was moved, which part of a long entry it is) comes after the cut.

use std::sync::Arc;

use jiff::civil::Date;

use crate::template::{Facts, Template, cut};

/// The end of a text that is never cut off.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending(String);

impl Ending {
    /// Says the date that an entry had before closed books moved it.
    pub fn dated(original: Option<Date>) -> Self {
        Self(original.map(|date| format!(" (dated {date})")).unwrap_or_default())
    }

    /// Says which part of a long entry this is; nothing where it is the only one.
    pub fn part(&self, part: usize, of: usize) -> Self {
        Self(if of > 1 { format!("{} ({part}/{of})", self.0) } else { self.0.clone() })
    }
}

/// The text of `template`, at most `most` characters; a badge where it had to be cut.
pub(super) fn text(
    what: &str,
    template: &Template,
    facts: &Facts<'_>,
    ending: &Ending,
    most: usize,
    badges: &mut Vec<Arc<str>>,
) -> String {
    let mut text = template.render(facts);
    let room = most.saturating_sub(ending.0.chars().count());
    if let Some(short) = cut(&text, room) {
        badges.push(format!("{what} shortened to {most} characters").into());
        text = short;
    }
    text.push_str(&ending.0);
    // An ending longer than the whole field: the field's length wins.
    cut(&text, most).unwrap_or(text)
}
