//! The first step: TOML text to a tree, or the parser's mistakes; and what must not be shown of it. Where the text is
//! no TOML, nobody can say which part of it is a secret, so far more is hidden than in a sound document.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::reference;
use crate::flow::document::Document;
use crate::flow::reader::hide_values;

/// Longest document, in bytes.
const DOCUMENT_MAX_BYTES: usize = 1024 * 1024;

/// Words in the name of a key that holds a secret.
const SECRET_WORDS: [&str; 5] = ["secret", "password", "passwd", "token", "credential"];

/// The tree; `None` where mistakes were noted.
pub(super) fn parse<'d>(doc: &'d Document<'d>) -> Option<Spanned<DeTable<'d>>> {
    if doc.text.len() > DOCUMENT_MAX_BYTES {
        doc.refuse(None, "", "the document is longer than 1 MiB", "");
        return None;
    }
    let (tree, errors) = DeTable::parse_recoverable(doc.text);
    if errors.is_empty() {
        hide_secrets(doc, tree.get_ref());
        return Some(tree);
    }
    hide_suspects(doc);
    for error in errors {
        let remedy = if error.message() == "duplicate key" { "keep one of the two" } else { "" };
        doc.refuse(error.span(), "", error.message(), remedy);
    }
    None
}

fn names_a_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Hides every value under a key that names a secret, wherever it stands, unless it is a reference.
fn hide_secrets(doc: &Document<'_>, table: &DeTable<'_>) {
    for (key, value) in table {
        let is_reference = value.get_ref().as_str().is_some_and(|text| reference::parse(text, "").is_ok());
        if names_a_secret(key.get_ref()) && !is_reference {
            hide_values(doc, value.get_ref(), &value.span());
        }
        match value.get_ref() {
            DeValue::Table(inner) => hide_secrets(doc, inner),
            DeValue::Array(elements) => {
                for inner in elements.iter().filter_map(|element| element.get_ref().as_table()) {
                    hide_secrets(doc, inner);
                }
            }
            _ => {}
        }
    }
}

/// Hides, in a text that is no TOML, every value in the tables of the source, the destination and the receivers,
/// what follows a secret's name, and texts of several lines.
fn hide_suspects(doc: &Document<'_>) {
    let mut in_credentials = false;
    let mut in_long_text = false;
    let mut start = 0;
    for line in doc.text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        let is_header = line.trim_start().starts_with('[') && !in_long_text;
        if is_header {
            // The address of a chat is as good as a password.
            in_credentials = ["source", "destination", "notify"].iter().any(|table| line.contains(table));
        }
        let suspect = in_credentials || names_a_secret(line);
        if in_long_text {
            doc.hide(start..end);
        } else if suspect && !is_header {
            let value = line.find('=').map_or(0, |equals| equals + 1);
            doc.hide((start + value).min(end)..end);
        } else if suspect && line.contains('=') {
            doc.hide(start..end);
        }
        let quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
        in_long_text ^= quotes % 2 == 1;
        start += line.len();
    }
}
