//! References to secrets and ids that stand outside a flow document. A reference may be shown; what it refers to is
//! read at the moment of use and never printed.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

use accounting::problem::Code;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Longest secret file that is read, in bytes.
const FILE_MAX_BYTES: u64 = 64 * 1024;

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// In the environment variable of this name.
    Env(String),
    /// In this file; relative paths start at the working directory.
    File(PathBuf),
    /// Sealed in the store under this name: the key it stands at in the document, unless another was given.
    Sealed(String),
}

/// Why a secret cannot be read. Names the reference, never a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    VariableMissing(String),
    /// The file cannot be read.
    #[error("reading the secret from {reference}")]
    File {
        /// The reference.
        reference: SecretRef,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Nothing but white space.
    #[error("{0} is empty")]
    Empty(SecretRef),
    /// More than 64 KiB.
    #[error("{0} is longer than 64 KiB")]
    TooLong(SecretRef),
    /// No UTF-8.
    #[error("{0} is not UTF-8 text")]
    NotText(SecretRef),
    /// Only the store can open it.
    #[error("the secret '{0}' is sealed in the store and can be opened there only")]
    Sealed(String),
}

impl SecretError {
    /// The stable problem code.
    pub const fn code(&self) -> Code {
        Code::SecretMissing
    }
}

impl SecretRef {
    /// Reads the secret. A file loses one line break at its end, nothing else is trimmed.
    ///
    /// # Errors
    /// [`SecretError`] where it is missing, empty, no text, or sealed.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        self.read_with(|name| std::env::var_os(name))
    }

    /// As [`SecretRef::read`], with `variable` in place of the process's environment.
    ///
    /// # Errors
    /// As [`SecretRef::read`].
    pub fn read_with(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<SecretString, SecretError> {
        let text = match self {
            Self::Env(name) => {
                let value = variable(name).ok_or_else(|| SecretError::VariableMissing(name.clone()))?;
                // The refused value is dropped here; it is not text, so it cannot be a secret we could use.
                value.into_string().map_err(|_| SecretError::NotText(self.clone()))?
            }
            Self::File(path) => self.read_file(path)?,
            Self::Sealed(name) => return Err(SecretError::Sealed(name.clone())),
        };
        if text.trim().is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        Ok(SecretString::from(text))
    }

    fn read_file(&self, path: &PathBuf) -> Result<String, SecretError> {
        let failed = |cause| SecretError::File { reference: self.clone(), cause };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > FILE_MAX_BYTES {
            return Err(SecretError::TooLong(self.clone()));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText(self.clone()))?;
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        Ok(text.to_owned())
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Sealed(name) => write!(f, "sealed:{name}"),
        }
    }
}

/// An id that is no secret: written out in the document, or referred to like a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// As written.
    Literal(String),
    /// Where it stands.
    Reference(SecretRef),
}

impl Identifier {
    /// The id.
    ///
    /// # Errors
    /// As [`SecretRef::read`].
    pub fn read(&self) -> Result<String, SecretError> {
        self.read_with(|name| std::env::var_os(name))
    }

    /// As [`Identifier::read`], with `variable` in place of the process's environment.
    ///
    /// # Errors
    /// As [`SecretRef::read`].
    pub fn read_with(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<String, SecretError> {
        use secrecy::ExposeSecret as _;
        match self {
            Self::Literal(id) => Ok(id.clone()),
            Self::Reference(reference) => Ok(reference.read_with(variable)?.expose_secret().trim().to_owned()),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(id) => f.write_str(id),
            Self::Reference(reference) => reference.fmt(f),
        }
    }
}
