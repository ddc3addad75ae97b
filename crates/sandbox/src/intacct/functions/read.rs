//! `read`, `readByName`, and the legacy `readByQuery` with `readMore`.

use super::{Call, Outcome};
use crate::intacct::books::{Entry, Object};
use crate::intacct::error::{GatewayError, object_unknown, object_unknown_ws};
use crate::intacct::filter::Scope;
use crate::intacct::names::field;
use crate::intacct::rows::{Path, Row};
use crate::intacct::select::Search;
use crate::intacct::sql;
use crate::intacct::xml::{Element, Writer};
use std::collections::{HashMap, VecDeque};

/// What `readMore` goes on with.
#[derive(Debug, Default)]
pub(in crate::intacct) struct Cursors {
    made: u64,
    open: HashMap<String, Cursor>,
    /// The last result of each object.
    last: HashMap<String, String>,
}

#[derive(Debug)]
struct Cursor {
    object: Object,
    tag: String,
    paths: Vec<Path>,
    rest: VecDeque<u64>,
    total: usize,
    page_size: usize,
}

impl Call<'_> {
    /// The fields asked for: `*` or nothing is all of them.
    fn paths(&self, object: Object, list: &str) -> Result<Vec<Path>, GatewayError> {
        let list = list.trim();
        if list.is_empty() || list == "*" {
            let all = self.books.def(object).fields.iter();
            return Ok(all.filter_map(|f| self.books.path(object, f.text)).collect());
        }
        let names: Vec<&str> = list.split(',').map(str::trim).collect();
        let found = names.iter().map(|name| self.books.path(object, name));
        // The message is the number of this error (seen in the field).
        found.collect::<Option<_>>().ok_or_else(|| {
            let wrong: Vec<&str> = names.into_iter().filter(|name| self.books.path(object, name).is_none()).collect();
            GatewayError::new(format!("Invalid fields list {}", wrong.join(",")), "")
        })
    }

    fn write_row(&self, writer: &mut Writer, tag: &str, row: Row<'_>, paths: &[Path], with_entries: bool) {
        writer.open(tag);
        for path in paths {
            writer.leaf(&path.name, &self.books.read(row, path));
        }
        if let (true, Row::Batch(entry)) = (with_entries, row) {
            self.write_entries(writer, entry);
        }
        writer.close(tag);
    }

    fn write_entries(&self, writer: &mut Writer, entry: &Entry) {
        let paths = self.paths(Object::Line, "*").unwrap_or_default();
        writer.open("ENTRIES");
        for place in 0..entry.lines.len() {
            self.write_row(writer, "glentry", Row::Line(entry, place), &paths, false);
        }
        writer.close("ENTRIES");
    }

    /// `read` by record numbers, `readByName` by natural keys. Keys that do not exist are left out.
    pub(super) fn read(&mut self, body: &Element<'_>, by_name: bool) -> Result<Outcome, GatewayError> {
        let tag = body.child_text("object");
        let object = self.object(tag, if by_name { "READ_BY_NAME" } else { "READ" }, object_unknown_ws)?;
        let all = matches!(body.child_text("fields"), "" | "*");
        let paths = self.paths(object, body.child_text("fields"))?;
        let viewer = self.viewer(true);
        let keys = body.child_text("keys").split(',').map(str::trim).filter(|k| !k.is_empty());
        let number = |key: &str| match (by_name, object) {
            (true, Object::Table(place)) => {
                self.books.table(place).find(self.books.names.find(key)?).map(|(record_no, _)| record_no)
            }
            _ => key.parse().ok(),
        };
        let rows: Vec<Row<'_>> =
            keys.filter_map(|key| self.books.row(object, number(key)?, viewer)).take(100).collect();
        let mut writer = self.writer();
        let attributes = [("listtype", tag), ("count", &rows.len().to_string())];
        if rows.is_empty() {
            writer.empty_with("data", &attributes);
        } else {
            writer.open_with("data", &attributes);
            rows.iter().for_each(|row| self.write_row(&mut writer, tag, *row, &paths, all));
            writer.close("data");
        }
        Ok(Outcome::data(writer.finish()))
    }

    pub(super) fn read_by_query(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let name = body.child_text("object");
        let object = self.object(name, "READ_BY_QUERY", object_unknown)?;
        let paths = self.paths(object, body.child_text("fields"))?;
        let page_size = match body.child_text("pagesize") {
            "" => 100,
            text => text
                .parse()
                .ok()
                .filter(|n| (1..=1000).contains(n))
                .ok_or_else(|| GatewayError::new("XL03000003", "pagesize is a number from 1 to 1000"))?,
        };
        let unqueryable = &self.assumptions.unqueryable;
        let scope = Scope { books: self.books, object, fold: false, unqueryable };
        let predicate = sql::parse(body.child_text("query"), &scope)?;
        let rows = self.books.search(&Search {
            object,
            predicate: &predicate,
            viewer: self.viewer(false),
            fold: false,
            order: &[],
            unordered: self.assumptions.unordered,
            offset: 0,
        });
        let rest: VecDeque<u64> =
            rows.iter().filter_map(|row| self.books.value(*row, field::RECORDNO).parse().ok()).collect();
        let total = rest.len();
        let cursor = Cursor { object, tag: name.to_lowercase(), paths, rest, total, page_size };
        self.cursors.made += 1;
        let id = format!("sandbox-result-{}", self.cursors.made);
        Ok(self.next_page(id, cursor))
    }

    pub(super) fn read_more(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let asked = ["object", "view", "reportId", "resultId"].iter().filter(|n| body.child(n).is_some()).count();
        if asked != 1 {
            return Err(GatewayError::new("XL03000003", "readMore takes one of object, view, reportId, resultId"));
        }
        let id = match body.child_text("resultId") {
            "" => self.cursors.last.get(&body.child_text("object").to_lowercase()).cloned().unwrap_or_default(),
            id => id.to_owned(),
        };
        let cursor = self.cursors.open.remove(&id).ok_or_else(|| {
            GatewayError::new("readMore failed", format!("Attempt to readMore with invalid or expired resultId {id}"))
        })?;
        Ok(self.next_page(id, cursor))
    }

    fn next_page(&mut self, id: String, mut cursor: Cursor) -> Outcome {
        let take = cursor.page_size.min(cursor.rest.len());
        let numbers: Vec<u64> = cursor.rest.drain(..take).collect();
        let viewer = self.viewer(true);
        let rows: Vec<Row<'_>> = numbers.into_iter().filter_map(|n| self.books.row(cursor.object, n, viewer)).collect();
        let (count, total) = (rows.len().to_string(), cursor.total.to_string());
        let remaining = cursor.rest.len().to_string();
        let more = !cursor.rest.is_empty();
        let attributes = [
            ("listtype", cursor.tag.as_str()),
            ("count", &count),
            ("totalcount", &total),
            ("numremaining", &remaining),
            ("resultId", if more { &id } else { "" }),
        ];
        let mut writer = self.writer();
        if rows.is_empty() {
            writer.empty_with("data", &attributes);
        } else {
            writer.open_with("data", &attributes);
            rows.iter().for_each(|row| self.write_row(&mut writer, &cursor.tag, *row, &cursor.paths, false));
            writer.close("data");
        }
        if more {
            self.cursors.last.insert(cursor.tag.clone(), id.clone());
            self.cursors.open.insert(id, cursor);
        }
        Outcome::data(writer.finish())
    }
}
