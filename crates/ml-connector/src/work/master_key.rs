//! Where the master key comes from: the settings' references, or a file beside the database. It reads and makes keys;
//! what they open is the store's business.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use accounting::Code;
use secrecy::ExposeSecret as _;

use super::WorkError;
use super::start::place;
use crate::settings::Settings;
use crate::store::{MasterKey, Place};

/// Where the master key of a database file lies that was given none: `<database>.master-key`.
pub(super) fn key_beside(place: &Place) -> Option<PathBuf> {
    let mut name = place.file()?.as_os_str().to_owned();
    name.push(".master-key");
    Some(name.into())
}

/// Makes a master key beside a database file that does not exist yet, where the settings lead to none: so that
/// credentials can be sealed from the first start on. Where it was put.
///
/// # Errors
/// [`Code::DatabaseUnusable`] where the file cannot be written; that of the settings' own reference.
pub fn make_master_key(settings: &Settings) -> Result<Option<PathBuf>, WorkError> {
    let place = place(settings)?;
    let is_new = place.file().is_some_and(|file| !file.exists());
    if !is_new || master_key(&settings.secrets.master_key)?.is_some() {
        return Ok(None);
    }
    let Some(path) = key_beside(&place).filter(|path| !path.exists()) else { return Ok(None) };
    let refused = |error: std::io::Error| WorkError::Refused {
        code: Code::DatabaseUnusable,
        detail: format!("the master key cannot be written to {}: {error}", path.display()),
    };
    let text = MasterKey::generate()?.to_text();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(refused)?;
    file.write_all(text.expose_secret().as_bytes()).and_then(|()| file.sync_all()).map_err(refused)?;
    Ok(Some(path))
}

/// The master key, or else the one that lies beside a database file, with the others that the settings name.
///
/// # Errors
/// [`Code::MasterKeyMissing`] for one that is no key, or another one that is not there.
pub fn master_keys(settings: &Settings) -> Result<Option<MasterKey>, WorkError> {
    let others = settings.secrets.other_master_keys.iter();
    let others = others.map(|reference| given_key(reference)).collect::<Result<Vec<_>, _>>()?;
    let key = match master_key(&settings.secrets.master_key)? {
        None => {
            key_beside(&place(settings)?).filter(|path| path.exists()).map(|path| MasterKey::read(&path)).transpose()?
        }
        key => key,
    };
    Ok(key.map(|key| key.with_others(others)))
}

/// The key that a reference leads to.
///
/// # Errors
/// [`Code::MasterKeyMissing`] where there is none.
pub fn given_key(reference: &str) -> Result<MasterKey, WorkError> {
    let missing = || WorkError::Refused {
        code: Code::MasterKeyMissing,
        detail: format!("there is no key at {reference}; a reference is env:NAME or file:PATH"),
    };
    master_key(reference)?.ok_or_else(missing)
}

/// The master key, where the reference leads to one; none where the variable or file does not exist.
fn master_key(reference: &str) -> Result<Option<MasterKey>, WorkError> {
    if let Some(name) = reference.strip_prefix("env:") {
        return match std::env::var(name) {
            Ok(text) if !text.trim().is_empty() => Ok(Some(MasterKey::parse(&text)?)),
            _ => Ok(None),
        };
    }
    match reference.strip_prefix("file:").map(Path::new) {
        Some(path) if path.exists() => Ok(Some(MasterKey::read(path)?)),
        _ => Ok(None),
    }
}
