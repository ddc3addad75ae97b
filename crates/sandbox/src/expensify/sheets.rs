//! Templates that were read already, for all companies: a connector sends one text again and again.
//!
//! It keeps few, and decides nothing about what a template prints.

use super::template::{Rules, Sheet, TemplateError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Templates kept; those used least recently go first.
const KEPT: usize = 16;

/// The templates last used.
#[derive(Debug, Default)]
pub struct Sheets(Mutex<VecDeque<Arc<Sheet>>>);

impl Sheets {
    /// The template `source`, read now or before.
    ///
    /// # Errors
    /// Says what is wrong with the template, in one line.
    pub fn sheet(&self, source: &str, rules: Rules) -> Result<Arc<Sheet>, TemplateError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|sheet| sheet.is_of(source, rules));
        let sheet = match found.and_then(|place| kept.remove(place)) {
            Some(sheet) => sheet,
            None => Arc::new(Sheet::new(source.to_owned(), rules)?),
        };
        kept.truncate(KEPT - 1);
        kept.push_front(sheet.clone());
        Ok(sheet)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MissingValues, StatusWords};
    use super::*;

    #[test]
    fn a_template_is_read_once_for_each_set_of_rules() {
        let sheets = Sheets::default();
        let rules = Rules { missing_values: MissingValues::Lenient, status_words: StatusWords::Classic };
        let first = sheets.sheet("<#list reports as r>x</#list>", rules).unwrap();
        assert!(Arc::ptr_eq(&first, &sheets.sheet("<#list reports as r>x</#list>", rules).unwrap()));
        let strict = Rules { missing_values: MissingValues::Strict, ..rules };
        assert!(!Arc::ptr_eq(&first, &sheets.sheet("<#list reports as r>x</#list>", strict).unwrap()));
        for n in 0..KEPT {
            sheets.sheet(&format!("text {n}"), rules).unwrap();
        }
        assert!(!Arc::ptr_eq(&first, &sheets.sheet("<#list reports as r>x</#list>", rules).unwrap()));
        assert!(sheets.sheet("<#list", rules).is_err());
    }
}
