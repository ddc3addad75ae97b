//! The flow file: one flow of one customer as a TOML document that a person keeps in version control. It is read
//! into a validated [`Flow`], or refused with ALL mistakes that can be found at once, each with its line and column.
//! Nothing here talks to a vendor or a database, and no secret is ever read while parsing: a document holds references.

use std::path::Path;

use accounting::Mapping;

use self::document::Document;

mod difference;
mod document;
mod edit;
mod error;
pub mod key_page;
pub mod keys;
mod nearest;
mod read;
mod reader;
pub mod rule_edit;
mod secret;
pub mod setting;
mod settings;
pub mod table;

pub use difference::{Difference, differences};
pub use error::{FlowError, FlowProblem};
pub use read::web_address;
pub use secret::{Identifier, SecretError, SecretRef};
pub use settings::{
    About, Control, Destination, ExpensifySource, HandOver, IntacctDestination, Mode, Notify, Receiver, Schedule,
    Source,
};

/// A validated flow document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its name, as shown.
    pub name: String,
    /// The customer it belongs to.
    pub customer: String,
    /// Whether it posts.
    pub mode: Mode,
    /// Where reports come from.
    pub source: Source,
    /// Where entries go.
    pub destination: Destination,
    /// When things are done.
    pub schedule: Schedule,
    /// What a person must agree to, and what is watched.
    pub control: Control,
    /// Who is told.
    pub notify: Vec<Notify>,
    /// The rules, with version 0 until [`Flow::with_version`] sets the stored one. What is selected (workspaces,
    /// states, cut-over, skips) stands in `mapping.selection`.
    pub mapping: Mapping,
    /// The document as it was written, complete in itself: where it named a file of categories, their rows stand in
    /// its place, so that it reads the same without that file.
    pub document: String,
    /// SHA-256 of `document`.
    pub sha256: [u8; 32],
}

impl Flow {
    /// Reads a document. `origin` is what mistakes are reported against, such as the file's name. `base_dir` is the
    /// folder in which a file of categories may lie; with `None` such files are refused (a document that came over
    /// the network must not name files of this machine).
    ///
    /// # Errors
    /// [`FlowError`] with every mistake that could be found.
    pub fn parse(text: &str, origin: &str, base_dir: Option<&Path>) -> Result<Self, FlowError> {
        let document = Document::new(text, base_dir);
        match read::flow(&document) {
            Some(flow) => Ok(flow),
            None => Err(document.into_error(origin)),
        }
    }

    /// Reads the document in the file `path`; a file of categories is looked for beside it.
    ///
    /// # Errors
    /// [`FlowError`] with every mistake that could be found, or that the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, FlowError> {
        let origin = path.display().to_string();
        let unreadable = |message: String| {
            let document = Document::new("", None);
            document.refuse(None, "", message, "");
            document.into_error(&origin)
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable(format!("the file cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("the file is not UTF-8 text".to_owned()))?;
        Self::parse(&text, &origin, path.parent())
    }

    /// The same flow, with the stored version on its mapping.
    #[must_use]
    pub fn with_version(mut self, version: u32) -> Self {
        self.mapping.version = version;
        self
    }

    /// Every reference in the document, with the key it stands at; for checks before a start.
    pub fn references(&self) -> Vec<(&'static str, &SecretRef)> {
        let Source::Expensify(source) = &self.source;
        let Destination::Intacct(destination) = &self.destination;
        let ids = [
            ("source.expensify.partner_user_id", &source.partner_user_id),
            ("destination.intacct.sender_id", &destination.sender_id),
            ("destination.intacct.company_id", &destination.company_id),
            ("destination.intacct.user_id", &destination.user_id),
        ];
        let ids = ids.into_iter().filter_map(|(key, id)| match id {
            Identifier::Reference(reference) => Some((key, reference)),
            Identifier::Literal(_) => None,
        });
        let secrets = [
            ("source.expensify.partner_user_secret", &source.partner_user_secret),
            ("destination.intacct.sender_password", &destination.sender_password),
            ("destination.intacct.user_password", &destination.user_password),
        ];
        let notify = self.notify.iter().flat_map(|notify| {
            let to = match &notify.to {
                Receiver::Webhook(Identifier::Reference(url)) | Receiver::Chat(Identifier::Reference(url)) => Some(url),
                Receiver::Mail(_) | Receiver::Webhook(_) | Receiver::Chat(_) => None,
            };
            let to = to.map(|url| ("notify.to", url));
            to.into_iter().chain(notify.secret.as_ref().map(|secret| ("notify.secret", secret)))
        });
        ids.chain(secrets).chain(notify).collect()
    }
}

/// The document that a new flow begins with: it reads and maps, and posts nothing until somebody says so. What a person
/// still has to choose stands as `?`.
pub const FIRST: &str = include_str!("flow/first.toml");

/// A value as a document is to hold it.
#[derive(Debug, Clone)]
pub enum NewValue<'v> {
    /// A text.
    Text(&'v str),
    /// A whole number.
    Number(u32),
}

/// The document with other values at the keys of these paths, such as `posting.journal.company_card`; all else stays as
/// a person wrote it.
///
/// # Errors
/// A sentence, where the document cannot be read or has no such key.
pub fn with_values(document: &str, values: &[(&str, NewValue<'_>)]) -> Result<String, String> {
    values.iter().try_fold(document.to_owned(), |text, (path, value)| {
        let path: Vec<&str> = path.split('.').collect();
        match value {
            NewValue::Text(value) => edit::replace_text(&text, &path, value),
            NewValue::Number(value) => edit::replace_value(&text, &path, &value.to_string()),
        }
    })
}
