//! `update` and `delete`, of journal entries and of simple objects.

use super::create::Made;
use super::{Call, Outcome};
use crate::intacct::books::Object;
use crate::intacct::error::{GatewayError, bad_field, object_unknown_ws};
use crate::intacct::names::field;
use crate::intacct::when::us_datetime;
use crate::intacct::xml::Element;

impl Call<'_> {
    pub(super) fn update(&mut self, body: &Element<'_>) -> Outcome {
        self.each(body, |call, object| match call.books.object(object.name) {
            Some(Object::Batch) => call.update_entry(object),
            Some(Object::Table(place)) => call.update_row(place, object).map_err(|e| vec![e]),
            Some(Object::Line | Object::Detail) | None => Err(vec![object_unknown_ws(object.name)]),
        })
    }

    fn update_row(&mut self, place: usize, object: &Element<'_>) -> Result<Made, GatewayError> {
        let pairs = self.flat(place, object)?;
        let table = self.books.table(place);
        let (object_name, key) = (table.def.name, table.def.key);
        let by_key = pairs.iter().find(|(n, _)| *n == key).and_then(|(_, v)| self.books.find(object_name, v));
        let record_no = match object.child_text("RECORDNO") {
            "" => by_key.map(|(record_no, _)| record_no),
            text => text.parse().ok(),
        };
        let found = record_no.and_then(|n| Some((n, table.get(n)?.clone())));
        let Some((record_no, mut fields)) = found else {
            return Err(bad_field(format!("The {} to update does not exist", table.def.singular)));
        };
        for (name, value) in pairs {
            let value = self.books.names.intern(&value);
            fields.set(name, value);
        }
        let stamp = self.books.names.intern(&us_datetime(self.now_ms));
        fields.set(field::WHENMODIFIED, stamp);
        let id = self.books.names.text(fields.get(key)).to_owned();
        self.books.put_row(place, record_no, Some(fields));
        let key = self.books.names.text(key).to_owned();
        Ok((object_name.into(), vec![("RECORDNO".into(), record_no.to_string()), (key, id)]))
    }

    /// Deletes by record numbers; all of them exist, or nothing is deleted.
    pub(super) fn delete(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let name = body.child_text("object");
        let object = self.object(name, "DELETE", object_unknown_ws)?;
        let viewer = self.viewer(true);
        let mut numbers = Vec::new();
        for key in body.child_text("keys").split(',').map(str::trim) {
            let number = key.parse().ok().filter(|n| self.books.row(object, *n, viewer).is_some());
            numbers.push(number.ok_or_else(|| {
                let text = format!("Cannot find {} with key '{key}' to delete.", name.to_lowercase());
                GatewayError::business("", text)
            })?);
        }
        for number in numbers {
            match object {
                Object::Table(place) => self.books.put_row(place, number, None),
                Object::Batch => self.books.put_entry(number, None),
                Object::Line | Object::Detail => return Err(bad_field(format!("{name} cannot be deleted alone"))),
            }
        }
        Ok(Outcome::default())
    }
}
