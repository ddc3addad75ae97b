//! The workspaces ("policies") of the company and how each of them is set up.
//!
//! Only facts; the shapes of the answers are in `jobs`.

/// How a workspace keeps its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagSetup {
    /// Level 1 departments, level 2 projects.
    TwoLevels,
    /// Departments only.
    Flat,
}

/// One workspace.
#[derive(Debug)]
pub struct Policy {
    /// Id: 16 hexadecimal digits.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// `team` or `corporate` (documented).
    pub kind: &'static str,
    /// Currency of its reports.
    pub currency: &'static str,
    /// Tags.
    pub tags: TagSetup,
    /// Submit-and-Close: nobody approves, reports end as ARCHIVED.
    pub submit_and_close: bool,
    /// Whether its expenses carry tax.
    pub tax: bool,
}

/// Where nearly all reports are.
pub const MAIN: Policy = Policy {
    id: "3F2A9C51D07E4B86",
    name: "Example Services US",
    kind: "corporate",
    currency: "USD",
    tags: TagSetup::TwoLevels,
    submit_and_close: false,
    tax: false,
};

/// A small one, with flat tags and tax.
pub const LABS: Policy = Policy {
    id: "91B7E0D4C2A8F365",
    name: "Example Labs \"R&D\"",
    kind: "team",
    currency: "USD",
    tags: TagSetup::Flat,
    submit_and_close: false,
    tax: true,
};

/// Submit-and-Close.
pub const CONTRACTORS: Policy = Policy {
    id: "C8054E7FA1932BD6",
    name: "Contractor Expenses",
    kind: "team",
    currency: "USD",
    tags: TagSetup::Flat,
    submit_and_close: true,
    tax: false,
};

/// All workspaces.
pub const POLICIES: [&Policy; 3] = [&MAIN, &LABS, &CONTRACTORS];

/// A report field of every workspace: name, type, values (documented shape).
pub const REPORT_FIELDS: &[(&str, &str, &[&str])] =
    &[("Office", "dropdown", &["New York", "San Francisco", "London"]), ("Trip purpose / client?", "text", &[])];

/// The template key of a report field: everything that is not a letter or digit becomes `_` (documented).
pub fn field_key(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Name, GL code and enabled flag of the tags of level `level`, counted from 0.
pub fn tags_of_level(level: usize) -> Vec<(&'static str, &'static str, bool)> {
    match level {
        0 => crate::world::DEPARTMENTS.iter().map(|(id, title, active)| (*title, *id, *active)).collect(),
        1 => crate::world::PROJECTS.iter().map(|(id, name, _, active)| (*name, *id, *active)).collect(),
        _ => Vec::new(),
    }
}

/// GL code that a tag of a level carries.
pub fn tag_gl_code(level: usize, name: &str) -> Option<&'static str> {
    tags_of_level(level).into_iter().find(|(tag, _, _)| *tag == name).map(|(_, code, _)| code)
}

/// GL code that a category carries; `None` where it has none or is not known.
pub fn category_gl_code(name: &str) -> Option<&'static str> {
    let fact = crate::world::CATEGORIES.iter().find(|fact| fact.name == name)?;
    (!fact.gl_code.is_empty()).then_some(fact.gl_code)
}
