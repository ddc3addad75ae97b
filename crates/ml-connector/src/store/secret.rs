//! Sealed secrets: XChaCha20-Poly1305 under a data key of each customer, which is itself sealed under the master key.
//! The customer, name and version are authenticated with each secret, so that one moved elsewhere does not open.
//! There is no plaintext form, in the database or in any message.

use std::fmt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use data_encoding::HEXLOWER_PERMISSIVE;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Store;
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::CustomerId;
use super::sql;
use super::tx::Tx;

pub(super) const WRAPPED_KEY: &str = "SELECT wrapped_key FROM customers WHERE id = $1";
pub(super) const WRAPPED_KEYS: &str = "SELECT id, wrapped_key FROM customers WHERE wrapped_key IS NOT NULL ORDER BY id";
pub(super) const PUT_WRAPPED_KEY: &str = "UPDATE customers SET wrapped_key = $1 WHERE id = $2";
pub(super) const SEAL: &str = "INSERT INTO secrets (customer_id, name, version, sealed, fingerprint, changed_ms) \
     VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const NEWEST: &str =
    "SELECT version, sealed FROM secrets WHERE customer_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1";
pub(super) const LIST: &str = "SELECT name, version, fingerprint, changed_ms FROM secrets WHERE customer_id = $1 \
     ORDER BY name, version";
pub(super) const ERASE_OLDER: &str = "DELETE FROM secrets WHERE customer_id = $1 AND name = $2 AND version < $3";
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM secrets WHERE customer_id = $1";

/// Bytes before a sealed text: its form (1), and the nonce.
const FORM: u8 = 1;
const NONCE_LENGTH: usize = 24;

/// The 32 bytes that open every data key. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Reads 64 hexadecimal digits, as they stand in a variable or a file.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyWrong`].
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = |_| StoreError::MasterKeyWrong { why: "it is not 64 hexadecimal digits" };
        let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(wrong)?);
        let key = <[u8; 32]>::try_from(bytes.as_slice());
        Ok(Self(Zeroizing::new(key.map_err(|_| StoreError::MasterKeyWrong { why: "it is not 32 bytes long" })?)))
    }

    /// Reads a file of 32 bytes, or of 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`StoreError::File`], [`StoreError::MasterKeyWrong`].
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let reading = |source| StoreError::File { doing: "reading the master key", path: path.to_owned(), source };
        let bytes = Zeroizing::new(std::fs::read(path).map_err(reading)?);
        if let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) {
            return Ok(Self(Zeroizing::new(key)));
        }
        let text = std::str::from_utf8(&bytes);
        Self::parse(text.map_err(|_| StoreError::MasterKeyWrong { why: "it is neither 32 bytes nor hexadecimal" })?)
    }

    /// A new key, from the system's randomness.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self(random()?))
    }

    /// The form that [`MasterKey::parse`] reads, for the file that will keep it.
    pub fn to_text(&self) -> SecretString {
        HEXLOWER_PERMISSIVE.encode(&*self.0).into()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

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
}

impl Tx {
    /// Seals a new version of a secret and returns its number. Older versions stay until erased.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyMissing`], [`StoreError::MasterKeyWrong`], [`StoreError::Random`],
    /// [`StoreError::Statement`].
    pub async fn seal_secret(&mut self, name: &str, secret: &SecretString, at_ms: i64) -> Result<i64, StoreError> {
        let sealing = failed("sealing a secret");
        let customer = self.customer_id().clone();
        let master_key = self.customer().store().0.master_key.clone().ok_or(StoreError::MasterKeyMissing)?;
        let finding = sql::query_scalar::<Option<Vec<u8>>>(WRAPPED_KEY).bind(customer.as_str());
        let wrapped = match finding.fetch_one(self.connection()).await.map_err(&sealing)? {
            Some(wrapped) => wrapped,
            None => {
                let wrapped = new_wrapped_key(&master_key, &customer)?;
                let putting = sql::query(PUT_WRAPPED_KEY).bind(&wrapped).bind(customer.as_str());
                putting.execute(self.connection()).await.map_err(&sealing)?;
                wrapped
            }
        };
        let data_key = unwrap_key(&master_key, &customer, &wrapped)?;
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
            .bind(at_ms);
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
        let data_key = unwrap_key(master_key, self.id(), &wrapped.ok_or_else(damaged)?)?;
        let plain = open(&data_key, &sealed, &secret_context(self.id(), name, version)).ok_or_else(damaged)?;
        Ok(std::str::from_utf8(&plain).map_err(|_| damaged())?.to_owned().into())
    }

    /// What may be shown of the sealed secrets, every version by name.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn secrets(&self) -> Result<Vec<SecretInfo>, StoreError> {
        let listing = sql::query_as::<(String, i64, String, i64)>(LIST).bind(self.id().as_str());
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing the secrets"))?;
        let info = |(name, version, fingerprint, changed_ms)| SecretInfo { name, version, fingerprint, changed_ms };
        Ok(rows.into_iter().map(info).collect())
    }
}

impl Store {
    /// Fails where sealed secrets exist and no master key was given: nothing that needs them may start then.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyMissing`], [`StoreError::Statement`].
    pub async fn require_master_key(&self) -> Result<(), StoreError> {
        if self.0.master_key.is_some() {
            return Ok(());
        }
        for customer in self.customers().await? {
            let customer = self.door(customer.id);
            let counting = sql::query_scalar::<i64>(COUNT).bind(customer.id().as_str()).fetch_one(customer.reader());
            if counting.await.map_err(failed("counting the secrets"))? > 0 {
                return Err(StoreError::MasterKeyMissing);
            }
        }
        Ok(())
    }

    /// Seals every data key under another master key, all or none. Later openings need the new one.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyMissing`], [`StoreError::MasterKeyWrong`], [`StoreError::Statement`].
    pub async fn rewrap(&self, new: &MasterKey) -> Result<(), StoreError> {
        let rewrapping = failed("sealing the data keys again");
        let old = self.0.master_key.as_ref().ok_or(StoreError::MasterKeyMissing)?;
        let mut tx = self.0.database.begin("").await.map_err(&rewrapping)?;
        let finding = sql::query_as::<(String, Vec<u8>)>(WRAPPED_KEYS);
        for (id, wrapped) in finding.fetch_all(tx.target()).await.map_err(&rewrapping)? {
            let customer = CustomerId::parse(&id).ok_or(StoreError::Stored { what: "id", id })?;
            let data_key = unwrap_key(old, &customer, &wrapped)?;
            let wrapped = seal(new, &*data_key.0, &key_context(&customer))?;
            let putting = sql::query(PUT_WRAPPED_KEY).bind(wrapped).bind(customer.as_str());
            putting.execute(tx.target()).await.map_err(&rewrapping)?;
        }
        tx.commit().await.map_err(&rewrapping)
    }

    /// A master key that was given must open every data key.
    pub(super) async fn check_master_key(&self) -> Result<(), StoreError> {
        let Some(master_key) = &self.0.master_key else { return Ok(()) };
        let finding = sql::query_as::<(String, Vec<u8>)>(WRAPPED_KEYS).fetch_all(self.0.database.reader(""));
        for (id, wrapped) in finding.await.map_err(failed("checking the master key"))? {
            let customer = CustomerId::parse(&id).ok_or(StoreError::Stored { what: "id", id })?;
            unwrap_key(master_key, &customer, &wrapped)?;
        }
        Ok(())
    }
}

/// A new data key, sealed for one customer.
pub(super) fn new_wrapped_key(master_key: &MasterKey, customer: &CustomerId) -> Result<Vec<u8>, StoreError> {
    seal(master_key, &*random()?, &key_context(customer))
}

fn unwrap_key(master_key: &MasterKey, customer: &CustomerId, wrapped: &[u8]) -> Result<MasterKey, StoreError> {
    let wrong = || StoreError::MasterKeyWrong { why: "it does not open the data key of a customer" };
    let plain = open(master_key, wrapped, &key_context(customer)).ok_or_else(wrong)?;
    Ok(MasterKey(Zeroizing::new(plain.as_slice().try_into().map_err(|_| wrong())?)))
}

fn seal(key: &MasterKey, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0_u8; NONCE_LENGTH];
    fill(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key.0));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context });
    // Fails only above 256 GiB.
    let sealed = sealed.map_err(|_| StoreError::Damaged { found: "a secret is too long to seal".to_owned() })?;
    Ok([&[FORM], nonce.as_slice(), &sealed].concat())
}

fn open(key: &MasterKey, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = sealed.strip_prefix(&[FORM])?.split_first_chunk::<NONCE_LENGTH>()?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key.0));
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: context }).ok().map(Zeroizing::new)
}

fn random() -> Result<Zeroizing<[u8; 32]>, StoreError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    fill(&mut *bytes)?;
    Ok(bytes)
}

/// Fills bytes from the system's randomness.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|source| StoreError::Random { source: std::io::Error::other(source.to_string()) })
}

fn key_context(customer: &CustomerId) -> Vec<u8> {
    format!("ml-connector data key\0{customer}").into_bytes()
}

fn secret_context(customer: &CustomerId, name: &str, version: i64) -> Vec<u8> {
    format!("ml-connector secret\0{customer}\0{version}\0{name}").into_bytes()
}

/// Keyed by the data key, so that nobody can try values against it.
fn fingerprint(data_key: &MasterKey, plain: &[u8]) -> String {
    let hash = Sha256::new().chain_update(*data_key.0).chain_update(b"fingerprint").chain_update(plain).finalize();
    HEXLOWER_PERMISSIVE.encode(&hash[..6])
}
