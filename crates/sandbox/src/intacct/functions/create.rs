//! `create`: journal entries, and the simple objects that other clients' test suites make.
//!
//! One `create` may hold several objects; each stands for itself, so that a failed answer can hold what was made.

use super::{Call, Outcome};
use crate::intacct::books::Object;
use crate::intacct::error::{GatewayError, bad_field, duplicate_key, no_permission, object_unknown_ws};
use crate::intacct::names::{Fields, Sym, field};
use crate::intacct::when::us_datetime;
use crate::intacct::xml::{Element, Writer};

/// Name and value of the fields that a create answers with.
pub(super) type Made = (String, Vec<(String, String)>);

impl Call<'_> {
    pub(super) fn create(&mut self, body: &Element<'_>) -> Outcome {
        self.each(body, |call, object| match call.books.object(object.name) {
            Some(Object::Batch) => call.create_entry(object),
            Some(Object::Table(place)) => call.create_row(place, object),
            Some(Object::Line | Object::Detail) | None => Err(vec![object_unknown_ws(object.name)]),
        })
    }

    /// Does the same with each object of a create or update, and answers what was made and what went wrong.
    pub(super) fn each(
        &mut self,
        body: &Element<'_>,
        act: impl Fn(&mut Self, &Element<'_>) -> Result<Made, Vec<GatewayError>>,
    ) -> Outcome {
        if body.children.is_empty() {
            return bad_field(format!("{} holds no object", body.name)).into();
        }
        let (mut made, mut errors) = (Vec::new(), Vec::new());
        for object in &body.children {
            let denied = self.assumptions.denied_objects.iter().any(|d| d.eq_ignore_ascii_case(object.name));
            let result = if denied {
                Err(vec![no_permission(&body.name.to_uppercase(), object.name)])
            } else {
                act(self, object)
            };
            match result {
                Ok(fields) => made.push(fields),
                Err(mut list) => errors.append(&mut list),
            }
        }
        Outcome { errors, ..Outcome::data(self.objects(&made)) }
    }

    fn objects(&self, made: &[Made]) -> String {
        let count = made.len().to_string();
        let attributes = [("listtype", "objects"), ("count", count.as_str())];
        let mut writer: Writer = self.writer();
        if made.is_empty() {
            writer.empty_with("data", &attributes);
            return writer.finish();
        }
        writer.open_with("data", &attributes);
        for (name, fields) in made {
            let name = name.to_lowercase();
            writer.open(&name);
            for (field, value) in fields {
                if !(self.injected.omit_recordno && field == "RECORDNO") {
                    writer.leaf(field, value);
                }
            }
            writer.close(&name);
        }
        writer.close("data");
        writer.finish()
    }

    fn create_row(&mut self, place: usize, object: &Element<'_>) -> Result<Made, Vec<GatewayError>> {
        let def = &self.books.table(place).def;
        let (name, label, key) = (def.name, def.singular, def.key);
        let trailer = || GatewayError::business("", format!("Could not create {label} record."));
        let mut pairs = self.flat(place, object).map_err(|e| vec![e, trailer()])?;
        let value = |pairs: &[(Sym, String)], name: Sym| {
            pairs.iter().find(|(n, _)| *n == name).map_or(String::new(), |(_, v)| v.clone())
        };
        let def = &self.books.table(place).def;
        let missing = def.fields.iter().find(|f| f.required && value(&pairs, f.name).is_empty());
        if let Some(field) = missing {
            return Err(vec![bad_field(format!("Missing required field {}", field.text)), trailer()]);
        }
        let mut id = value(&pairs, key);
        if id.is_empty() {
            // Objects with document sequences get an id of their own.
            id = format!("{}-{}", name.chars().next().unwrap_or('X'), self.books.table(place).next_record_no());
            pairs.push((key, id.clone()));
        }
        if self.books.find(name, &id).is_some() {
            let error = match name {
                "GLACCOUNT" => account_exists(&id),
                _ => duplicate_key(label, &id),
            };
            return Err(vec![error, trailer()]);
        }
        let status = self.books.names.intern("STATUS");
        if self.books.table(place).def.field(status).is_some() && value(&pairs, status).is_empty() {
            pairs.push((status, "active".into()));
        }
        let stamp = us_datetime(self.now_ms);
        pairs.extend([(field::WHENCREATED, stamp.clone()), (field::WHENMODIFIED, stamp)]);
        let fields: Fields = pairs.iter().map(|(n, v)| (*n, self.books.names.intern(v))).collect();
        let record_no = self.books.insert_row(place, fields);
        let key = self.books.names.text(key).to_owned();
        Ok((name.into(), vec![("RECORDNO".into(), record_no.to_string()), (key, id)]))
    }

    /// The known fields of an object, nested ones under dotted names. Others are passed over (assumed).
    pub(super) fn flat(&mut self, place: usize, object: &Element<'_>) -> Result<Vec<(Sym, String)>, GatewayError> {
        let mut pairs = Vec::new();
        for child in &object.children {
            self.flatten(place, "", child, &mut pairs)?;
        }
        Ok(pairs)
    }

    fn flatten(
        &mut self,
        place: usize,
        prefix: &str,
        element: &Element<'_>,
        pairs: &mut Vec<(Sym, String)>,
    ) -> Result<(), GatewayError> {
        let name = format!("{prefix}{}", element.name.to_ascii_uppercase());
        if !element.children.is_empty() {
            let prefix = format!("{name}.");
            return element.children.iter().try_for_each(|child| self.flatten(place, &prefix, child, pairs));
        }
        let def = &self.books.table(place).def;
        let Some(sym) = self.books.names.find(&name).filter(|sym| def.field(*sym).is_some_and(|f| !f.read_only)) else {
            return Ok(());
        };
        let text = self.fitted(Object::Table(place), sym, element.text.trim())?;
        pairs.push((sym, text));
        Ok(())
    }
}

/// The documentation's own sample of additional information.
fn account_exists(id: &str) -> GatewayError {
    let mut error = GatewayError::business("GL-0493", format!("The account number '{id}' already exists"));
    error.description = "Duplicate account number".into();
    error.additional.category = "Duplication Prevention";
    error.correct("Enter unique account number").with("ACCOUNT_NO", id)
}
