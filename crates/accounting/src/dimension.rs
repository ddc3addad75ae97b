//! The dimensions of a journal line: all standard ones, and those a company defined for itself.

use std::fmt;

/// A dimension by which the ledger tells its lines apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Department or cost centre.
    Department,
    /// Location; in a multi-entity company it decides the entity.
    Location,
    /// Class.
    Class,
    /// Project.
    Project,
    /// Task of a project.
    Task,
    /// Cost type of a task.
    CostType,
    /// Customer.
    Customer,
    /// Vendor.
    Vendor,
    /// Employee.
    Employee,
    /// Item.
    Item,
    /// Contract.
    Contract,
    /// Warehouse.
    Warehouse,
    /// A dimension of the company's own, by its name in the destination.
    UserDefined(String),
}

/// The standard dimensions with their names in flow files and on screens.
const STANDARD: [(&str, Dimension); 12] = [
    ("department", Dimension::Department),
    ("location", Dimension::Location),
    ("class", Dimension::Class),
    ("project", Dimension::Project),
    ("task", Dimension::Task),
    ("cost_type", Dimension::CostType),
    ("customer", Dimension::Customer),
    ("vendor", Dimension::Vendor),
    ("employee", Dimension::Employee),
    ("item", Dimension::Item),
    ("contract", Dimension::Contract),
    ("warehouse", Dimension::Warehouse),
];

impl Dimension {
    /// All standard dimensions.
    pub fn standard() -> impl Iterator<Item = Self> {
        STANDARD.iter().map(|(_, dimension)| dimension.clone())
    }

    /// The dimension called `name`: a standard name, or `custom.NAME` for one of the company's own.
    pub fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix("custom.") {
            Some("") => None,
            Some(own) => Some(Self::UserDefined(own.to_owned())),
            None => STANDARD.iter().find(|(known, _)| *known == name).map(|(_, dimension)| dimension.clone()),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserDefined(name) => write!(f, "custom.{name}"),
            standard => {
                let name = STANDARD.iter().find(|(_, dimension)| dimension == standard).map_or("", |(name, _)| name);
                f.write_str(name)
            }
        }
    }
}
