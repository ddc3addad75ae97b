//! Sealed secrets: XChaCha20-Poly1305 under a data key of each customer, which is itself sealed under the master key.
//! The customer, name and version are authenticated with each secret, so that one moved elsewhere does not open.
//! There is no plaintext form, in the database or in any message.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use data_encoding::HEXLOWER_PERMISSIVE;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::CustomerId;
use super::master_key::{KeyBytes, PUT_WRAPPED_KEY, WRAPPED_KEY};
use super::sql;
use super::tx::Tx;

pub(super) const SEAL: &str = "INSERT INTO secrets (customer_id, name, version, sealed, fingerprint, changed_ms, author) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const NEWEST: &str =
    "SELECT version, sealed FROM secrets WHERE customer_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1";
pub(super) const LIST: &str = "SELECT name, version, fingerprint, changed_ms, author FROM secrets WHERE customer_id = $1 \
     ORDER BY name, version";
pub(super) const ERASE_OLDER: &str = "DELETE FROM secrets WHERE customer_id = $1 AND name = $2 AND version < $3";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM secrets WHERE customer_id = $1";

/// Bytes before a sealed text: its form (1), and the nonce.
const FORM: u8 = 1;
const NONCE_LENGTH: usize = 24;

/// What may be shown of a sealed secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretInfo {
    /// Its name.
    pub name: String,
    /// Counts up with each change.
    pub version: i64,
    /// Tells whether two values are the same, to whoever has no key; worthless outside this customer.
    pub fingerprint: String,
    /// When it was sealed, in epoch milliseconds.
    pub changed_ms: i64,
    /// Who put it, where it is known.
    pub author: Option<String>,
}

impl Tx {
    /// Seals a new version of a secret and returns its number. Older versions stay until erased. `author` is who put
    /// it, as the audit names them.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyMissing`], [`StoreError::MasterKeyWrong`], [`StoreError::Random`],
    /// [`StoreError::Statement`].
    pub async fn seal_secret(
        &mut self,
        name: &str,
        secret: &SecretString,
        author: &str,
        at_ms: i64,
    ) -> Result<i64, StoreError> {
        let sealing = failed("sealing a secret");
        let customer = self.customer_id().clone();
        let master_key = self.customer().store().0.master_key.clone().ok_or(StoreError::MasterKeyMissing)?;
        let finding = sql::query_scalar::<Option<Vec<u8>>>(WRAPPED_KEY).bind(customer.as_str());
        let wrapped = match finding.fetch_one(self.connection()).await.map_err(&sealing)? {
            Some(wrapped) => wrapped,
            None => {
                let wrapped = master_key.new_wrapped_key(&customer)?;
                let putting = sql::query(PUT_WRAPPED_KEY).bind(&wrapped).bind(customer.as_str());
                putting.execute(self.connection()).await.map_err(&sealing)?;
                wrapped
            }
        };
        let data_key = master_key.unwrap(&customer, &wrapped)?;
        let newest = sql::query_as::<(i64, Vec<u8>)>(NEWEST).bind(customer.as_str()).bind(name);
        let newest = newest.fetch_optional(self.connection()).await.map_err(&sealing)?;
        let version = newest.map_or(0, |(version, _)| version) + 1;
        let plain = secret.expose_secret().as_bytes();
        let sealed = seal(&data_key, plain, &secret_context(&customer, name, version))?;
        let inserting = sql::query(SEAL)
            .bind(customer.as_str())
            .bind(name)
            .bind(version)
            .bind(sealed)
            .bind(fingerprint(&data_key, plain))
            .bind(at_ms)
            .bind(author);
        inserting.execute(self.connection()).await.map_err(&sealing)?;
        Ok(version)
    }

    /// Erases the versions before `version`, once nothing uses them any more.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn erase_older_secrets(&mut self, name: &str, version: i64) -> Result<(), StoreError> {
        let erasing = sql::query(ERASE_OLDER).bind(self.customer_id().as_str()).bind(name).bind(version);
        erasing.execute(self.connection()).await.map_err(failed("erasing old secrets"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// Opens the newest version of a secret.
    ///
    /// # Errors
    /// [`StoreError::SecretMissing`], [`StoreError::SecretDamaged`], [`StoreError::MasterKeyMissing`],
    /// [`StoreError::MasterKeyWrong`], [`StoreError::Statement`].
    pub async fn open_secret(&self, name: &str) -> Result<SecretString, StoreError> {
        let opening = failed("opening a secret");
        let newest = sql::query_as::<(i64, Vec<u8>)>(NEWEST).bind(self.id().as_str()).bind(name);
        let newest = newest.fetch_optional(self.reader()).await.map_err(&opening)?;
        let (version, sealed) = newest.ok_or_else(|| StoreError::SecretMissing { name: name.to_owned() })?;
        let master_key = self.store().0.master_key.as_ref().ok_or(StoreError::MasterKeyMissing)?;
        let finding = sql::query_scalar::<Option<Vec<u8>>>(WRAPPED_KEY).bind(self.id().as_str());
        let wrapped = finding.fetch_one(self.reader()).await.map_err(&opening)?;
        let damaged = || StoreError::SecretDamaged { name: name.to_owned() };
        let data_key = master_key.unwrap(self.id(), &wrapped.ok_or_else(damaged)?)?;
        let plain = open(&data_key, &sealed, &secret_context(self.id(), name, version)).ok_or_else(damaged)?;
        Ok(std::str::from_utf8(&plain).map_err(|_| damaged())?.to_owned().into())
    }

    /// What may be shown of the sealed secrets, every version by name.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn secrets(&self) -> Result<Vec<SecretInfo>, StoreError> {
        let listing = sql::query_as::<(String, i64, String, i64, Option<String>)>(LIST).bind(self.id().as_str());
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing the secrets"))?;
        let info = |(name, version, fingerprint, changed_ms, author)| SecretInfo {
            name,
            version,
            fingerprint,
            changed_ms,
            author,
        };
        Ok(rows.into_iter().map(info).collect())
    }
}

pub(super) fn seal(key: &KeyBytes, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0_u8; NONCE_LENGTH];
    fill(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new(&Key::from(**key));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context });
    // Fails only above 256 GiB.
    let sealed = sealed.map_err(|_| StoreError::Damaged { found: "a secret is too long to seal".to_owned() })?;
    Ok([&[FORM], nonce.as_slice(), &sealed].concat())
}

pub(super) fn open(key: &KeyBytes, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = sealed.strip_prefix(&[FORM])?.split_first_chunk::<NONCE_LENGTH>()?;
    let cipher = XChaCha20Poly1305::new(&Key::from(**key));
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: context }).ok().map(Zeroizing::new)
}

pub(super) fn random() -> Result<KeyBytes, StoreError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    fill(&mut *bytes)?;
    Ok(bytes)
}

/// Fills bytes from the system's randomness.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|source| StoreError::Random { source: std::io::Error::other(source.to_string()) })
}

pub(super) fn key_context(customer: &CustomerId) -> Vec<u8> {
    format!("ml-connector data key\0{customer}").into_bytes()
}

fn secret_context(customer: &CustomerId, name: &str, version: i64) -> Vec<u8> {
    format!("ml-connector secret\0{customer}\0{version}\0{name}").into_bytes()
}

/// Keyed by the data key, so that nobody can try values against it.
fn fingerprint(data_key: &KeyBytes, plain: &[u8]) -> String {
    let hash = Sha256::new().chain_update(**data_key).chain_update(b"fingerprint").chain_update(plain).finalize();
    HEXLOWER_PERMISSIVE.encode(&hash[..6])
}
