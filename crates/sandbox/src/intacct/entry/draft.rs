//! A GLBATCH element as a draft: every field under its name, dates and amounts understood, nothing checked against the
//! company yet but the journal.

use crate::intacct::books::{BASE_CURRENCY, Entry, Object};
use crate::intacct::error::{GatewayError, bad_field};
use crate::intacct::functions::Call;
use crate::intacct::money::{exponent, scaled};
use crate::intacct::names::{Sym, field};
use crate::intacct::objects::{Kind, STATES};
use crate::intacct::when::{read_us_date, us_date};
use crate::intacct::xml::Element;
use crate::world;
use jiff::civil::Date;

/// An entry that is not booked yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub header: Vec<(Sym, String)>,
    pub date: Date,
    pub statistical: bool,
    pub lines: Vec<DraftLine>,
}

/// A line that is not booked yet.
#[derive(Debug, Clone, Default)]
pub(super) struct DraftLine {
    pub fields: Vec<(Sym, String)>,
    pub debit: bool,
    pub amount_minor: i64,
    pub base_minor: i64,
}

/// The value of a field; empty where there is none.
pub(super) fn value(fields: &[(Sym, String)], name: Sym) -> &str {
    fields.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
}

fn set(fields: &mut Vec<(Sym, String)>, name: Sym, text: impl Into<String>) {
    fields.retain(|(n, _)| *n != name);
    fields.push((name, text.into()));
}

/// Amounts end here (assumed): 15 digits of minor units, far from the ends of the integers that add them up.
const AMOUNT_END: i64 = 1_000_000_000_000_000;

fn wrong_date(text: &str) -> GatewayError {
    bad_field(format!("Illegal format for date '{text}'")).correct("Use the format MM/DD/YYYY.")
}

impl Call<'_> {
    /// Reads the element; `before` is the entry that an update changes.
    pub(super) fn draft(&self, object: &Element<'_>, before: Option<&Entry>) -> Result<Draft, GatewayError> {
        let mut header = self.fields(Object::Batch, object)?;
        let mut date = None;
        if let Some(before) = before {
            for (name, sym) in before.header.iter() {
                if value(&header, name).is_empty() {
                    header.push((name, self.books.names.text(sym).to_owned()));
                }
            }
            date = Some(before.date);
        }
        let missing = |name: &str| bad_field(format!("Missing required field {name}"));
        let journal = value(&header, field::JOURNAL);
        if journal.is_empty() {
            return Err(missing("JOURNAL"));
        }
        let Some((_, found)) = self.books.find("GLJOURNAL", journal).filter(|(_, f)| self.books.is_active(f)) else {
            return Err(GatewayError::business("", format!("Invalid Journal '{journal}' specified.")));
        };
        let statistical = self.books.names.find("STATISTICAL").map(|s| self.books.names.text(found.get(s)) == "true");
        let text = value(&header, field::BATCH_DATE);
        match (text, date) {
            ("", Some(_)) => {}
            ("", None) => return Err(missing("BATCH_DATE")),
            (text, _) => date = Some(read_us_date(text).ok_or_else(|| wrong_date(text))?),
        }
        let date = date.ok_or_else(|| missing("BATCH_DATE"))?;
        if value(&header, field::BATCH_TITLE).is_empty() {
            return Err(missing("BATCH_TITLE"));
        }
        self.check_header(&mut header, date)?;
        let mut draft = Draft { header, date, statistical: statistical.unwrap_or(false), lines: Vec::new() };
        draft.lines = match (object.child("ENTRIES"), before) {
            (None, Some(before)) => before.lines.iter().map(|line| self.kept(line)).collect(),
            (entries, _) => self.lines(entries, &draft)?,
        };
        Ok(draft)
    }

    fn kept(&self, line: &crate::intacct::books::Line) -> DraftLine {
        DraftLine {
            fields: line.fields.iter().map(|(n, v)| (n, self.books.names.text(v).to_owned())).collect(),
            debit: line.debit,
            amount_minor: line.amount_minor,
            base_minor: line.base_minor,
        }
    }

    /// Rules of single header fields.
    fn check_header(&self, header: &mut Vec<(Sym, String)>, date: Date) -> Result<(), GatewayError> {
        let (year, month, day) = world::BOOKS_START;
        if let Ok(start) = Date::new(year, month, day)
            && date < start
        {
            let text = format!("Date must be on or after {}", us_date(start));
            return Err(GatewayError::business("", text));
        }
        let reverse = value(header, field::REVERSEDATE);
        if !reverse.is_empty() && read_us_date(reverse).ok_or_else(|| wrong_date(reverse))? <= date {
            return Err(bad_field("REVERSEDATE must be later than BATCH_DATE"));
        }
        let attachment = value(header, field::SUPDOCID);
        if !attachment.is_empty() && self.books.find("SUPDOC", attachment).is_none() {
            return Err(GatewayError::business("", format!("The attachment ID '{attachment}' does not exist")));
        }
        let base = value(header, field::BASELOCATION_NO);
        if !base.is_empty() && self.books.find("LOCATIONENTITY", base).is_none() {
            return Err(GatewayError::business("", format!("Location '{base}' is not valid")));
        }
        let state = match value(header, field::STATE) {
            "" | "Posted" if self.assumptions.approval_required => "Submitted",
            "" => "Posted",
            given => STATES
                .iter()
                .find(|(_, label)| *label == given)
                .map(|(_, label)| *label)
                .ok_or_else(|| bad_field(format!("Illegal value '{given}' for STATE")))?,
        };
        set(header, field::STATE, state);
        set(header, field::BATCH_DATE, us_date(date));
        Ok(())
    }

    fn lines(&self, entries: Option<&Element<'_>>, draft: &Draft) -> Result<Vec<DraftLine>, GatewayError> {
        let elements = entries.map(|e| e.children.as_slice()).unwrap_or_default();
        let least = if draft.statistical { 1 } else { 2 };
        if elements.len() < least {
            return Err(bad_field(format!("A journal entry needs at least {least} lines in ENTRIES")));
        }
        elements.iter().map(|element| self.line(element, draft)).collect()
    }

    fn line(&self, element: &Element<'_>, draft: &Draft) -> Result<DraftLine, GatewayError> {
        if !element.name.eq_ignore_ascii_case("GLENTRY") {
            return Err(bad_field(format!("ENTRIES holds GLENTRY, not {}", element.name)));
        }
        let mut fields = self.fields(Object::Line, element)?;
        let debit = match value(&fields, field::TR_TYPE) {
            "1" => true,
            "-1" => false,
            other => return Err(bad_field(format!("Illegal value '{other}' for TR_TYPE")).correct("Use 1 or -1.")),
        };
        if value(&fields, field::CURRENCY).is_empty() {
            if self.books.multi_currency && !draft.statistical {
                return Err(bad_field("Missing required field CURRENCY"));
            }
            set(&mut fields, field::CURRENCY, BASE_CURRENCY);
        }
        // Under several currencies AMOUNT is taken for the transaction amount too (assumed).
        let amount = [field::TRX_AMOUNT, field::AMOUNT].map(|name| value(&fields, name).to_owned());
        let Some(text) = amount.iter().find(|text| !text.is_empty()) else {
            return Err(bad_field("Missing required field TRX_AMOUNT"));
        };
        let digits = exponent(value(&fields, field::CURRENCY));
        let minor = scaled(text, digits).and_then(|n| i64::try_from(n).ok()).filter(|n| (0..AMOUNT_END).contains(n));
        let amount_minor = minor.ok_or_else(|| bad_field(format!("Illegal format for TRX_AMOUNT: '{text}'")))?;
        if amount_minor == 0 && !self.assumptions.accepts_zero_lines {
            return Err(bad_field("The amount of a line cannot be zero"));
        }
        if value(&fields, field::DESCRIPTION).is_empty() {
            set(&mut fields, field::DESCRIPTION, value(&draft.header, field::BATCH_TITLE));
        }
        fields.retain(|(name, _)| ![field::TR_TYPE, field::AMOUNT, field::TRX_AMOUNT].contains(name));
        Ok(DraftLine { fields, debit, amount_minor, base_minor: amount_minor })
    }

    /// The fields of an element under their names, in any case of letters; empty ones are as good as absent.
    fn fields(&self, object: Object, element: &Element<'_>) -> Result<Vec<(Sym, String)>, GatewayError> {
        let def = self.books.def(object);
        let mut fields: Vec<(Sym, String)> = Vec::with_capacity(element.children.len());
        for child in &element.children {
            if child.name.eq_ignore_ascii_case("ENTRIES") {
                continue;
            }
            let sym = self.books.names.find_upper(child.name);
            let found = sym.and_then(|sym| def.field(sym));
            let nested = [Some(field::SPLIT), Some(field::TAXENTRIES)].contains(&sym) && object == Object::Line;
            let (Some(sym), true) = (sym, found.is_some() || nested) else {
                if self.assumptions.refuses_unknown_fields {
                    return Err(bad_field(format!("There is no field {} in {}", child.name, def.name)));
                }
                continue;
            };
            if found.is_some_and(|f| f.read_only) {
                continue;
            }
            if fields.iter().any(|(n, _)| *n == sym) && !nested {
                return Err(bad_field(format!("The field {} is given twice", child.name)));
            }
            let text = match found {
                _ if nested => flat(child),
                Some(f) if f.kind == Kind::Text => self.fitted(object, sym, &child.text)?,
                _ => child.text.trim().to_owned(),
            };
            if !text.trim().is_empty() {
                fields.push((sym, text));
            }
        }
        Ok(fields)
    }
}

/// Nested elements (splits, tax entries) as one text, kept for whoever looks at the books.
fn flat(element: &Element<'_>) -> String {
    let parts = element.children.iter().map(|child| match child.children.is_empty() {
        true => format!("{}={}", child.name, child.text.trim()),
        false => format!("({})", flat(child)),
    });
    parts.collect::<Vec<_>>().join(";")
}
