//! Where in these pages a problem is mended: in the mapping, at the offending value, or in the flow's settings. What is
//! mended in Expensify or Intacct has no page here.

use accounting::Code;
use accounting::problem::Owner;

use super::frame::Frame;

/// A page that mends a problem.
pub(super) enum Mending {
    /// The mapping, searched for the value.
    Mapping(String),
    /// The flow's settings.
    Settings(String),
}

/// The page that mends a problem of a flow's reports.
pub(super) fn mending(frame: &Frame, flow: &str, code: Code, value: &str) -> Option<Mending> {
    let grid = |table: &str, search: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("table", table).append_pair("search", search);
        Some(Mending::Mapping(frame.at(&format!("/flows/{flow}/mapping?{}", query.finish()))))
    };
    match code {
        Code::CategoryUnmapped | Code::AccountUnknown | Code::AccountInactive => grid("categories", value),
        Code::DimensionUnmapped | Code::DimensionUnknown | Code::DimensionInactive => {
            let (dimension, id) = value.split_once(": ")?;
            grid(dimension, id)
        }
        _ if code.owner() == Owner::Mapper && (101..=129).contains(&code.number()) => {
            Some(Mending::Settings(frame.at(&format!("/flows/{flow}/settings"))))
        }
        _ => None,
    }
}
