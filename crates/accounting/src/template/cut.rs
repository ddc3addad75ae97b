//! Shortening a text where a person would not notice a broken letter.

use unicode_segmentation::UnicodeSegmentation;

/// Marks the place of a cut.
const MARKER: char = '…';

/// `text` shortened to at most `most` characters, the marker `…` included, at a boundary between letters as a reader
/// sees them. `None` where it fits as it is.
pub fn cut(text: &str, most: usize) -> Option<String> {
    // A text has no more characters than bytes.
    if text.len() <= most || text.chars().count() <= most {
        return None;
    }
    let Some(room) = most.checked_sub(1) else { return Some(String::new()) };
    let mut used = 0;
    let mut short = String::with_capacity(room + MARKER.len_utf8());
    for letter in text.graphemes(true) {
        used += letter.chars().count();
        if used > room {
            break;
        }
        short.push_str(letter);
    }
    short.truncate(short.trim_end().len());
    short.push(MARKER);
    Some(short)
}
