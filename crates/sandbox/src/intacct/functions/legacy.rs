//! The older functions that clients still use: lists, attachments, and the legacy delete of journal entries.

use super::{Call, Outcome};
use crate::intacct::books::Object;
use crate::intacct::error::{GatewayError, bad_field, duplicate_key, object_unknown_ws};
use crate::intacct::rows::Row;
use crate::intacct::xml::{Element, Writer};

impl Call<'_> {
    /// `get_list object="…" maxitems="…" start="…"`: rows with lower-case elements. Filters and sorts are passed over.
    pub(super) fn get_list(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let name = body.attribute("object").unwrap_or_default();
        let object = self.object(name, "LIST", object_unknown_ws)?;
        let attribute = |name: &str| body.attribute(name).and_then(|v| v.parse::<usize>().ok());
        let (start, max) = (attribute("start").unwrap_or(0), attribute("maxitems").unwrap_or(100));
        let rows: Vec<Row<'_>> = self.books.rows(object, self.viewer(true)).collect();
        let page = rows.iter().skip(start).take(max);
        let end = (start + page.len()).saturating_sub(1);
        let mut writer = self.writer();
        writer.open("data");
        page.for_each(|row| self.legacy_row(&mut writer, name, object, *row));
        writer.close("data");
        Ok(Outcome { list: Some((start, end, rows.len(), name.into())), ..Outcome::data(writer.finish()) })
    }

    /// `get object="…" key="…"`.
    pub(super) fn get(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let (name, key) = (body.attribute("object").unwrap_or_default(), body.attribute("key").unwrap_or_default());
        let object = self.object(name, "GET", object_unknown_ws)?;
        let number = match object {
            Object::Table(place) => {
                let known = self.books.names.find(key).and_then(|sym| self.books.table(place).find(sym));
                known.map(|(record_no, _)| record_no)
            }
            _ => key.parse().ok(),
        };
        let row = number.and_then(|n| self.books.row(object, n, self.viewer(true)));
        let row = row.ok_or_else(|| GatewayError::business("", format!("Cannot find {name} with key '{key}'.")))?;
        let mut writer = self.writer();
        writer.open("data");
        self.legacy_row(&mut writer, name, object, row);
        writer.close("data");
        Ok(Outcome { list: Some((0, 0, 1, name.into())), ..Outcome::data(writer.finish()) })
    }

    fn legacy_row(&self, writer: &mut Writer, name: &str, object: Object, row: Row<'_>) {
        writer.open(&name.to_lowercase());
        for field in &self.books.def(object).fields {
            writer.leaf(&field.text.to_lowercase().replace('.', "_"), &self.books.value(row, field.name));
        }
        writer.close(&name.to_lowercase());
    }

    pub(super) fn create_attachment(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let (id, folder) = (body.child_text("supdocid"), body.child_text("supdocfoldername"));
        if id.is_empty() {
            return Err(bad_field("Missing required field supdocid"));
        }
        if self.books.find("SUPDOCFOLDER", folder).is_none() {
            return Err(GatewayError::business("", format!("The attachment folder '{folder}' does not exist")));
        }
        let pairs = [
            ("SUPDOCID", id),
            ("SUPDOCNAME", body.child_text("supdocname")),
            ("SUPDOCFOLDERNAME", folder),
            ("SUPDOCDESCRIPTION", body.child_text("supdocdescription")),
        ];
        self.keyed("SUPDOC", id, &pairs)
    }

    pub(super) fn create_attachment_folder(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let name = body.child_text("supdocfoldername");
        if name.is_empty() {
            return Err(bad_field("Missing required field supdocfoldername"));
        }
        let pairs = [
            ("NAME", name),
            ("DESCRIPTION", body.child_text("supdocfolderdescription")),
            ("PARENTFOLDER", body.child_text("supdocparentfoldername")),
        ];
        self.keyed("SUPDOCFOLDER", name, &pairs)
    }

    /// Makes a record and answers its number as `<key>`.
    fn keyed(&mut self, object: &str, id: &str, pairs: &[(&str, &str)]) -> Result<Outcome, GatewayError> {
        if self.books.find(object, id).is_some() {
            return Err(duplicate_key("attachment record", id));
        }
        let Some(Object::Table(place)) = self.books.object(object) else { return Err(object_unknown_ws(object)) };
        let fields = self.books.intern_fields(pairs.iter().copied());
        let record_no = self.books.insert_row(place, fields);
        Ok(Outcome { key: Some(record_no.to_string()), ..Outcome::default() })
    }

    /// `delete_gltransaction key="…"`.
    pub(super) fn delete_transaction(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let key = body.attribute("key").unwrap_or_default();
        let number: Option<u64> = key.parse().ok();
        match number.filter(|n| self.books.ledger.get(*n).is_some()) {
            Some(number) => {
                self.books.put_entry(number, None);
                Ok(Outcome::default())
            }
            None => Err(GatewayError::business("", format!("Cannot find gltransaction with key '{key}' to delete."))),
        }
    }
}
