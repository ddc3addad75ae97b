//! References to secrets, and ids that may be references. A value that is no reference is never repeated.

use std::path::PathBuf;

use crate::flow::reader::{Item, Section};
use crate::flow::secret::{Identifier, SecretRef};

const REMEDY: &str = "write \"env:NAME\" for an environment variable, \"file:PATH\" for a file, or \"sealed\" for a \
                      secret that is already stored";

/// Why a text is no reference.
pub(super) enum NoReference {
    /// It does not begin like one.
    Bare,
    /// It begins like one, and this is what is wrong with the rest.
    Malformed(&'static str),
}

/// Reads a reference; `path` names what a bare `sealed` stands for.
pub(super) fn parse(text: &str, path: &str) -> Result<SecretRef, NoReference> {
    let text = text.trim();
    if text == "sealed" {
        return Ok(SecretRef::Sealed(path.to_owned()));
    }
    let is_name = |name: &str, also: &[u8]| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || also.contains(&byte);
        !name.is_empty() && name.len() <= 128 && name.bytes().all(plain)
    };
    match text.split_once(':') {
        Some(("env", name)) if is_name(name, b"") && !name.starts_with(|c: char| c.is_ascii_digit()) => {
            Ok(SecretRef::Env(name.to_owned()))
        }
        Some(("env", _)) => Err(NoReference::Malformed("env: must be followed by the name of a variable")),
        Some(("file", path)) if !path.trim().is_empty() && !path.contains(char::is_control) => {
            Ok(SecretRef::File(PathBuf::from(path)))
        }
        Some(("file", _)) => Err(NoReference::Malformed("file: must be followed by the path of a file")),
        Some(("sealed", name)) if is_name(name, b".-") => Ok(SecretRef::Sealed(name.to_owned())),
        Some(("sealed", _)) => Err(NoReference::Malformed("sealed: must be followed by the name of a stored secret")),
        _ => Err(NoReference::Bare),
    }
}

/// The reference at `key`.
pub(super) fn secret(section: &Section<'_>, key: &str) -> Option<SecretRef> {
    let item = section.required(key)?;
    let text = item.value.as_str().unwrap_or_default();
    match parse(text, &item.at.path) {
        Ok(reference) => Some(reference),
        Err(error) => {
            item.at.hide();
            refuse(&item, error);
            None
        }
    }
}

fn refuse(item: &Item<'_>, error: NoReference) {
    let path = &item.at.path;
    let message = match error {
        NoReference::Bare => format!("`{path}` must be a reference to a secret, never the secret itself"),
        NoReference::Malformed(why) => format!("`{path}` is no reference: {why}"),
    };
    item.at.refuse(message, REMEDY);
}

/// The id at `key`, or the reference to it.
pub(super) fn identifier(section: &Section<'_>, key: &str) -> Option<Identifier> {
    let text = section.required_text(key)?;
    match parse(text.value, &text.at.path) {
        Ok(reference) => Some(Identifier::Reference(reference)),
        Err(NoReference::Bare) => Some(Identifier::Literal(text.trimmed())),
        Err(NoReference::Malformed(why)) => {
            text.at.hide();
            text.at.refuse(format!("`{}` is no reference: {why}", text.at.path), "");
            None
        }
    }
}
