//! The rows of `<data>`: what every listing function answers.
//!
//! Rows keep the gateway's names and texts. No value is interpreted here.

use std::fmt;
use std::sync::Arc;

use super::Malformed;
use super::pull::{Open, Pull, Token};

/// One record of an answer: fields by name. An element inside a field's element is named with a dot.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// The element's name: the object, in the case the function answers it.
    pub object: Arc<str>,
    fields: Vec<(Arc<str>, String)>,
}

impl Row {
    /// The value of a field, in any case of its name; `None` where the row lacks it. A field without a value is the
    /// empty text.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.fields().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value)
    }

    /// The value of a field unless it is missing or empty.
    pub fn filled(&self, field: &str) -> Option<&str> {
        self.get(field).filter(|value| !value.is_empty())
    }

    /// All fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// A row from fields, as a transport of one's own may want to make them up.
    pub fn new<N: Into<Arc<str>>>(object: impl Into<Arc<str>>, fields: impl IntoIterator<Item = (N, String)>) -> Self {
        Self { object: object.into(), fields: fields.into_iter().map(|(name, value)| (name.into(), value)).collect() }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ", self.object)?;
        let secret = |name: &str| name.eq_ignore_ascii_case("sessionid");
        out.debug_map()
            .entries(self.fields().map(|(name, value)| (name, if secret(name) { "***" } else { value })))
            .finish()
    }
}

/// What counts as a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowShape {
    /// Each child of `<data>`.
    Children,
    /// Each element of this name, at any depth.
    Named(&'static str),
    /// All of `<data>` is one row.
    Whole,
}

/// The `<data>` of a result.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub count: Option<u64>,
    pub total_count: Option<u64>,
    pub num_remaining: Option<u64>,
    pub result_id: Option<String>,
    pub rows: Vec<Row>,
}

/// Reads `<data>`, whose start was just taken.
pub(crate) fn read(pull: &mut Pull<'_>, open: &Open<'_>, shape: RowShape) -> Result<Data, Malformed> {
    let mut data = Data::default();
    for (name, value) in open.attributes()? {
        match name.as_str() {
            "count" => data.count = number("count", value)?,
            "totalcount" => data.total_count = number("totalcount", value)?,
            "numremaining" => data.num_remaining = number("numremaining", value)?,
            "resultId" => data.result_id = Some(value),
            _ => {}
        }
    }
    let mut names = Names::default();
    match shape {
        RowShape::Children => {
            while let Some(child) = pull.child("data")? {
                let row = one(pull, child.name(), &mut names)?;
                data.rows.push(row);
            }
        }
        RowShape::Named(wanted) => named(pull, wanted, &mut names, &mut data.rows)?,
        RowShape::Whole => data.rows.push(one(pull, "data", &mut names)?),
    }
    Ok(data)
}

fn number(name: &'static str, value: String) -> Result<Option<u64>, Malformed> {
    if value.is_empty() {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|_| Malformed::Number { name, value })
}

/// Looks for rows of a name below an open element, to its end.
fn named(pull: &mut Pull<'_>, wanted: &str, names: &mut Names, rows: &mut Vec<Row>) -> Result<(), Malformed> {
    let mut depth = 1_usize;
    while depth > 0 {
        match pull.next()? {
            Token::Open(open) if open.name().eq_ignore_ascii_case(wanted) => {
                let row = one(pull, open.name(), names)?;
                rows.push(row);
            }
            Token::Open(_) => depth += 1,
            Token::Close => depth -= 1,
            Token::Text(_) => {}
            Token::End => return Err(Malformed::Truncated),
        }
    }
    Ok(())
}

/// One row: the leaves below an open element, to its end.
fn one(pull: &mut Pull<'_>, object: &str, names: &mut Names) -> Result<Row, Malformed> {
    let mut row = Row { object: names.same(usize::MAX, object), fields: Vec::with_capacity(names.fields.len()) };
    // Ends of the open elements' names inside `path`, and whether each holds elements.
    let mut path = String::new();
    let mut open_elements: Vec<(usize, bool)> = Vec::new();
    let mut value = String::new();
    loop {
        match pull.next()? {
            Token::Open(open) => {
                if let Some(parent) = open_elements.last_mut() {
                    if !value.trim_ascii().is_empty() {
                        return Err(Malformed::UnexpectedText { parent: path });
                    }
                    parent.1 = true;
                    path.push('.');
                }
                value.clear();
                path.push_str(open.name());
                open_elements.push((path.len(), false));
            }
            Token::Text(text) => value.push_str(&text),
            Token::Close => {
                let Some((_, holds_elements)) = open_elements.pop() else { break };
                if !holds_elements {
                    let name = names.same(row.fields.len(), &path);
                    row.fields.push((name, std::mem::take(&mut value)));
                }
                value.clear();
                path.truncate(open_elements.last().map_or(0, |(end, _)| *end));
            }
            Token::End => return Err(Malformed::Truncated),
        }
    }
    Ok(row)
}

/// Names already met, by place: rows of one listing share them instead of owning thousands of copies.
#[derive(Default)]
struct Names {
    object: Arc<str>,
    fields: Vec<Arc<str>>,
}

impl Names {
    fn same(&mut self, place: usize, name: &str) -> Arc<str> {
        let slot = if place == usize::MAX { Some(&mut self.object) } else { self.fields.get_mut(place) };
        match slot {
            Some(known) if **known == *name => known.clone(),
            Some(known) => {
                *known = Arc::from(name);
                known.clone()
            }
            None => {
                let name: Arc<str> = Arc::from(name);
                self.fields.push(name.clone());
                name
            }
        }
    }
}
