//! What we hand out ourselves and know again: sessions, tokens and one-time links. 256 random bits each; the text is
//! shown once and only its SHA-256 is kept, so that a stolen database opens nothing.

use std::fmt;

use data_encoding::{BASE32HEX_NOPAD, HEXLOWER};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::secret::fill;

/// A credential that was just made.
pub struct Fresh {
    /// What its holder shows; it is nowhere else.
    pub text: SecretString,
    /// What is kept of it.
    pub sha256: String,
}

impl Fresh {
    /// A credential whose text begins with `prefix`, from the system's randomness.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn make(prefix: &str) -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        fill(&mut *bytes)?;
        let mut text = String::with_capacity(prefix.len() + 52);
        text.push_str(prefix);
        BASE32HEX_NOPAD.encode_append(&*bytes, &mut text);
        text[prefix.len()..].make_ascii_lowercase();
        let sha256 = credential_sha256(&text);
        Ok(Self { text: text.into(), sha256 })
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh(***)")
    }
}

/// What is kept of a credential: SHA-256 in hexadecimal. With 256 random bits in the text it needs no salt, and whoever
/// looks one up by it learns nothing from the time that takes.
pub fn credential_sha256(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}
