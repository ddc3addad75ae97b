//! The `<filter>` of `query` as a condition.
//!
//! Every operator of the documentation, and nothing besides.

use super::books::{Books, Object};
use super::error::{GatewayError, processing};
use super::objects::Kind;
use super::predicate::{Pattern, Predicate, Relation, Test, Value, typed};
use super::rows::Path;
use super::xml::Element;

/// Where the fields of a filter are looked up.
pub(super) struct Scope<'a> {
    pub books: &'a Books,
    pub object: Object,
    pub fold: bool,
    /// `OBJECT.FIELD`s that exist and cannot be queried.
    pub unqueryable: &'a [String],
}

impl Scope<'_> {
    /// A field by name.
    pub fn path(&self, name: &str) -> Option<Path> {
        let full = format!("{}.{}", self.books.def(self.object).name, name.trim().to_ascii_uppercase());
        if self.unqueryable.contains(&full) {
            return None;
        }
        self.books.path(self.object, name)
    }

    /// The value of a text for a field, as the field shows it.
    pub fn value(&self, path: &Path, text: &str) -> Result<Value, GatewayError> {
        typed(path.kind, text, self.fold)
            .ok_or_else(|| processing(&format!("'{text}' is no value of the field {}", path.name)))
    }

    /// Reads the one operator of a filter.
    pub fn filter(&self, filter: &Element<'_>) -> Result<Predicate, GatewayError> {
        match filter.children.as_slice() {
            [] => Ok(Predicate::Always),
            [one] => self.operator(one),
            _ => Err(invalid("A filter has one operator; join several with and or or")),
        }
    }

    fn operator(&self, element: &Element<'_>) -> Result<Predicate, GatewayError> {
        let name = element.name.to_ascii_lowercase();
        if matches!(name.as_str(), "and" | "or") {
            if element.children.len() < 2 {
                return Err(invalid("and and or take at least two operators"));
            }
            let parts = element.children.iter().map(|c| self.operator(c)).collect::<Result<Vec<_>, _>>()?;
            return Ok(if name == "and" { Predicate::And(parts) } else { Predicate::Or(parts) });
        }
        let field = element.child_text("field");
        let path = self.path(field).ok_or_else(|| {
            GatewayError::new(
                "XL03000010",
                format!("The field {field} in the filter does not exist or cannot be queried"),
            )
        })?;
        let texts: Vec<&str> =
            element.children.iter().filter(|c| c.name.eq_ignore_ascii_case("value")).map(|c| &*c.text).collect();
        self.test(&name, path, &texts)
    }

    fn test(&self, name: &str, path: Path, texts: &[&str]) -> Result<Predicate, GatewayError> {
        let one = || match texts {
            [text] => Ok(*text),
            _ => Err(invalid(&format!("{name} takes one value"))),
        };
        let compare = |relation| Ok(Test::Compare(relation, self.value(&path, one()?)?));
        let like = || {
            if matches!(path.kind, Kind::Date | Kind::DateTime) {
                return Err(processing("like compares texts"));
            }
            Ok(Test::Like(Pattern { text: one()?.to_owned(), fold: self.fold }))
        };
        let among = || {
            if texts.is_empty() || texts.len() > 1000 {
                return Err(invalid(&format!("{name} takes 1 to 1000 values")));
            }
            Ok(Test::In(texts.iter().map(|t| self.value(&path, t)).collect::<Result<_, _>>()?))
        };
        let (negated, test) = match name {
            "equalto" => (false, compare(Relation::Equal)?),
            "notequalto" => (false, compare(Relation::NotEqual)?),
            "lessthan" => (false, compare(Relation::Less)?),
            "lessthanorequalto" => (false, compare(Relation::LessOrEqual)?),
            "greaterthan" => (false, compare(Relation::Greater)?),
            "greaterthanorequalto" => (false, compare(Relation::GreaterOrEqual)?),
            "between" => match texts {
                [low, high] => (false, Test::Between(self.value(&path, low)?, self.value(&path, high)?)),
                _ => return Err(invalid("between takes two values")),
            },
            "in" => (false, among()?),
            "notin" => (true, among()?),
            "like" => (false, like()?),
            "notlike" => (true, like()?),
            "isnull" => (false, Test::Null),
            "isnotnull" => (true, Test::Null),
            other => return Err(invalid(&format!("There is no operator {other}"))),
        };
        Ok(if negated { negate(path, test) } else { Predicate::Test(path, test) })
    }
}

/// "Not" of a test; a value that is absent passes neither a test nor its opposite.
pub(super) fn negate(path: Path, test: Test) -> Predicate {
    if matches!(test, Test::Null) {
        return Predicate::Not(Box::new(Predicate::Test(path, test)));
    }
    let present = Predicate::Not(Box::new(Predicate::Test(path.clone(), Test::Null)));
    Predicate::And(vec![present, Predicate::Not(Box::new(Predicate::Test(path, test)))])
}

fn invalid(text: &str) -> GatewayError {
    GatewayError::new("XL03000003", text)
}
