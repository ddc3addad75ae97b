//! What objects look like: inspect (with field lengths), lookup, getDimensions.

use super::{Call, Outcome};
use crate::intacct::books::Object;
use crate::intacct::error::{GatewayError, object_unknown_ws};
use crate::intacct::names::Sym;
use crate::intacct::objects::{FieldDef, Kind};
use crate::intacct::xml::Element;

/// Dimensions as `getDimensions` lists them: object, label, term, user-defined.
const DIMENSIONS: &[(&str, &str, bool)] = &[
    ("DEPARTMENT", "Department", false),
    ("LOCATION", "Location", false),
    ("PROJECT", "Project", false),
    ("TASK", "Task", false),
    ("COSTTYPE", "Cost type", false),
    ("CUSTOMER", "Customer", false),
    ("VENDOR", "Vendor", false),
    ("EMPLOYEE", "Employee", false),
    ("ITEM", "Item", false),
    ("CLASS", "Class", false),
    ("CONTRACT", "Contract", false),
    ("WAREHOUSE", "Warehouse", false),
    ("GRANT", "Grant", true),
];

/// The legacy type names and the plain ones of a kind.
fn type_names(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Text => ("Pt_FieldString", "string", "TEXT"),
        Kind::Integer => ("Pt_FieldInt", "integer", "INTEGER"),
        Kind::Decimal => ("Pt_FieldDouble", "decimal", "DECIMAL"),
        Kind::Date => ("Pt_FieldDate", "date", "DATE"),
        Kind::DateTime => ("Pt_FieldDateTime", "datetime", "TIMESTAMP"),
        Kind::Boolean => ("Pt_FieldBoolean", "boolean", "BOOLEAN"),
        Kind::Enum(_) => ("Pt_FieldPicklist", "string", "ENUM"),
    }
}

fn flag(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

impl Call<'_> {
    /// How long a field may be, in characters.
    pub(crate) fn max_length(&self, object: Object, name: Sym) -> Option<usize> {
        let def = self.books.def(object);
        let field = def.field(name)?;
        if self.assumptions.field_lengths.is_empty() {
            return Some(field.max_length);
        }
        let full = format!("{}.{}", def.name, field.text);
        Some(self.assumptions.field_lengths.get(&full).copied().unwrap_or(field.max_length))
    }

    pub(super) fn inspect(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let name = body.child_text("object");
        let mut writer = self.writer();
        if name == "*" {
            let count = self.books.defs().count().to_string();
            writer.open_with("data", &[("listtype", "All"), ("count", &count)]);
            for def in self.books.defs() {
                writer.text_with("type", &[("typename", def.name)], def.singular);
            }
            writer.close("data");
            return Ok(Outcome::data(writer.finish()));
        }
        let object = self.object(name, "INSPECT", object_unknown_ws)?;
        let detail = body.attribute("detail") == Some("1");
        let def = self.books.def(object);
        writer.open_with("data", &[("listtype", "All"), ("count", "1")]);
        writer.open_with("Type", &[("Name", def.name)]);
        writer.open("Attributes");
        writer.leaf("SingularName", def.singular);
        writer.leaf("PluralName", def.plural);
        writer.leaf("Description", "");
        writer.close("Attributes");
        writer.open("Fields");
        for (place, field) in def.fields.iter().enumerate() {
            if !detail {
                writer.leaf("Field", field.text);
                continue;
            }
            let (data_name, external, _) = type_names(field.kind);
            let length = self.max_length(object, field.name).unwrap_or(field.max_length);
            writer.open("Field");
            writer.leaf("Name", field.text);
            writer.leaf("GroupName", "");
            writer.leaf("dataName", data_name);
            writer.leaf("externalDataName", external);
            writer.leaf("isRequired", flag(field.required));
            writer.leaf("isReadOnly", flag(field.read_only));
            writer.leaf("maxLength", &length.to_string());
            writer.leaf("DisplayLabel", &label(field));
            writer.leaf("Description", &label(field));
            writer.leaf("id", &format!("{}", 999_500_400_000_000_u64 + place as u64));
            writer.close("Field");
        }
        writer.close("Fields");
        writer.close("Type");
        writer.close("data");
        Ok(Outcome::data(writer.finish()))
    }

    pub(super) fn lookup(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let object = self.object(body.child_text("object"), "LOOKUP", object_unknown_ws)?;
        let def = self.books.def(object);
        let mut writer = self.writer();
        writer.open_with("data", &[("listtype", "All"), ("count", "1")]);
        writer.open_with("Type", &[("Name", def.name), ("DocumentType", "")]);
        writer.open("Fields");
        for field in &def.fields {
            writer.open("Field");
            writer.leaf("ID", field.text);
            writer.leaf("LABEL", &label(field));
            writer.leaf("DESCRIPTION", &label(field));
            writer.leaf("REQUIRED", flag(field.required));
            writer.leaf("READONLY", flag(field.read_only));
            writer.leaf("DATATYPE", type_names(field.kind).2);
            writer.leaf("ISCUSTOM", flag(matches!(field.text, "EXPENSE_REPORT" | "EXPENSE_ID")));
            if let Kind::Enum(values) = field.kind {
                writer.open("VALIDVALUES");
                values.iter().for_each(|(_, label)| writer.leaf("VALIDVALUE", label));
                writer.close("VALIDVALUES");
            }
            writer.close("Field");
        }
        writer.close("Fields");
        writer.open("Relationships");
        for relation in &def.relations {
            writer.open("Relationship");
            writer.leaf("OBJECTPATH", relation.path);
            writer.leaf("OBJECTNAME", relation.target);
            writer.leaf("LABEL", relation.path);
            writer.leaf("RELATIONSHIPTYPE", "MANY2ONE");
            writer.leaf("RELATEDBY", self.books.names.text(relation.local));
            writer.close("Relationship");
        }
        writer.close("Relationships");
        writer.close("Type");
        writer.close("data");
        Ok(Outcome::data(writer.finish()))
    }

    pub(super) fn dimensions(&self) -> Outcome {
        let mut writer = self.writer();
        writer.open("data");
        writer.open("dimensions");
        for (object, label, user_defined) in DIMENSIONS {
            writer.open("dimension");
            writer.leaf("objectName", object);
            writer.leaf("objectLabel", label);
            writer.leaf("termLabel", label);
            writer.leaf("userDefinedDimension", flag(*user_defined));
            writer.leaf("enabledInGL", "true");
            writer.close("dimension");
        }
        writer.close("dimensions");
        writer.close("data");
        Outcome::data(writer.finish())
    }
}

/// `BATCH_TITLE` reads "Batch title".
fn label(field: &FieldDef) -> String {
    let text = field.text.replace(['_', '.'], " ").to_lowercase();
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
