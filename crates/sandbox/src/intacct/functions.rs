//! The gateway's functions: what each is given, what it gives back, and which file carries it out.
//!
//! It only dispatches.

mod change;
mod company;
mod create;
mod describe;
mod legacy;
mod query;
mod read;

pub(super) use read::Cursors;

use super::assumptions::Assumptions;
use super::books::{Books, Object};
use super::error::{self, GatewayError};
use super::model::Injected;
use super::names::Sym;
use super::rows::Viewer;
use super::session::Sessions;
use super::xml::{Element, Writer};

/// What a function works on.
pub(super) struct Call<'m> {
    pub books: &'m mut Books,
    pub sessions: &'m mut Sessions,
    pub cursors: &'m mut Cursors,
    pub assumptions: &'m Assumptions,
    pub endpoint: &'m str,
    pub injected: Injected,
    pub now_ms: u64,
    /// The entity of the session; empty at the top level.
    pub entity: Sym,
    pub pretty: bool,
    /// The function's control id.
    pub control_id: &'m str,
}

/// What a function gives back. It failed when there are errors.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub list: Option<(usize, usize, usize, String)>,
    pub key: Option<String>,
    /// The `<data>` element.
    pub data: Option<String>,
    pub errors: Vec<GatewayError>,
    /// A body that replaces the whole answer (csv and json of `query`), with its content type.
    pub bare: Option<(&'static str, String)>,
}

impl From<GatewayError> for Outcome {
    fn from(error: GatewayError) -> Self {
        Outcome { errors: vec![error], ..Outcome::default() }
    }
}

impl Outcome {
    pub fn data(xml: String) -> Self {
        Outcome { data: Some(xml), ..Outcome::default() }
    }
}

impl Call<'_> {
    /// A writer for the `<data>` element of a result.
    fn writer(&self) -> Writer {
        Writer::new(self.pretty, 3)
    }

    fn viewer(&self, show_private: bool) -> Viewer {
        Viewer {
            entity: self.entity,
            show_private,
            entities_hide: self.assumptions.entity_hides_rows,
            until_ms: self.now_ms.saturating_sub(self.assumptions.query_staleness_ms),
        }
    }

    /// The object of that name, if the user may do this with it.
    fn object(&self, name: &str, operation: &str, unknown: fn(&str) -> GatewayError) -> Result<Object, GatewayError> {
        let name = name.trim();
        let object = self.books.object(name).ok_or_else(|| unknown(name))?;
        if self.assumptions.denied_objects.iter().any(|denied| denied.eq_ignore_ascii_case(name)) {
            return Err(error::no_permission(operation, name));
        }
        Ok(object)
    }

    /// Carries one function out.
    pub fn run(&mut self, body: &Element<'_>) -> Outcome {
        let result = match body.name {
            "getAPISession" => self.api_session(body),
            "create" => return self.create(body),
            "update" => return self.update(body),
            "delete" => self.delete(body),
            "read" => self.read(body, false),
            "readByName" => self.read(body, true),
            "readByQuery" => self.read_by_query(body),
            "readMore" => self.read_more(body),
            "query" => self.query(body),
            "inspect" => self.inspect(body),
            "lookup" => self.lookup(body),
            "getDimensions" => Ok(self.dimensions()),
            "getFinancialSetup" => Ok(self.financial_setup()),
            "get_closedbooksdate" => Ok(self.closed_books_date()),
            "get_companyprefs" => Ok(self.company_preferences(body)),
            "get_list" => self.get_list(body),
            "get" => self.get(body),
            "create_supdoc" => self.create_attachment(body),
            "create_supdocfolder" => self.create_attachment_folder(body),
            "delete_gltransaction" => self.delete_transaction(body),
            other => Err(GatewayError::new("XL03000003", format!("There is no function {other}"))),
        };
        result.unwrap_or_else(Outcome::from)
    }
}
