//! The master key: the 32 bytes that open every customer's data key, where it is read from, and how another one takes
//! its place. While that goes on, each data key tells by trial which of two keys it lies under; so a change can break
//! off anywhere, and simply goes on. No key is ever printed or stored here.

use std::fmt;
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use secrecy::SecretString;
use serde_json::json;
use zeroize::Zeroizing;

use super::error::{StoreError, failed};
use super::ids::CustomerId;
use super::secret::{COUNT, key_context, open, random, seal};
use super::{AuditEvent, Store, sql};

pub(super) const WRAPPED_KEY: &str = "SELECT wrapped_key FROM customers WHERE id = $1";
pub(super) const WRAPPED_KEYS: &str = "SELECT id, wrapped_key FROM customers WHERE wrapped_key IS NOT NULL ORDER BY id";
pub(super) const PUT_WRAPPED_KEY: &str = "UPDATE customers SET wrapped_key = $1 WHERE id = $2";

/// How often the customers are gone through for those that came meanwhile.
const ROUNDS: u32 = 5;

/// The bytes of a key. Wiped when dropped.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

/// The 32 bytes that open every data key, and perhaps those that were or will be in their place. Never printed.
#[derive(Clone)]
pub struct MasterKey {
    key: KeyBytes,
    others: Vec<KeyBytes>,
}

/// Under which keys the data keys lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DataKeys {
    /// Under the master key.
    pub under_master: u64,
    /// Under one of the others that were given.
    pub under_others: u64,
    /// Under none that was given.
    pub under_none: u64,
}

impl MasterKey {
    /// Reads 64 hexadecimal digits, as they stand in a variable or a file.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyWrong`].
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = |_| StoreError::MasterKeyWrong { why: "it is not 64 hexadecimal digits" };
        let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(wrong)?);
        let key = <[u8; 32]>::try_from(bytes.as_slice());
        Ok(Self::of(key.map_err(|_| StoreError::MasterKeyWrong { why: "it is not 32 bytes long" })?))
    }

    /// Reads a file of 32 bytes, or of 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`StoreError::File`], [`StoreError::MasterKeyWrong`].
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let reading = |source| StoreError::File { doing: "reading the master key", path: path.to_owned(), source };
        let bytes = Zeroizing::new(std::fs::read(path).map_err(reading)?);
        if let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) {
            return Ok(Self::of(key));
        }
        let text = std::str::from_utf8(&bytes);
        Self::parse(text.map_err(|_| StoreError::MasterKeyWrong { why: "it is neither 32 bytes nor hexadecimal" })?)
    }

    /// A new key, from the system's randomness.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self { key: random()?, others: Vec::new() })
    }

    /// The same key, with others that are tried where it does not open a data key.
    #[must_use]
    pub fn with_others(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        self.others.extend(others.into_iter().map(|other| other.key));
        self
    }

    /// The form that [`MasterKey::parse`] reads, for the file that will keep it.
    pub fn to_text(&self) -> SecretString {
        HEXLOWER_PERMISSIVE.encode(&*self.key).into()
    }

    fn of(key: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(key), others: Vec::new() }
    }

    /// A new data key, sealed for one customer.
    pub(super) fn new_wrapped_key(&self, customer: &CustomerId) -> Result<Vec<u8>, StoreError> {
        seal(&self.key, &*random()?, &key_context(customer))
    }

    /// A customer's data key, under whichever of the keys it lies.
    pub(super) fn unwrap(&self, customer: &CustomerId, wrapped: &[u8]) -> Result<KeyBytes, StoreError> {
        let wrong = StoreError::MasterKeyWrong { why: "it does not open the data key of a customer" };
        let tried = std::iter::once(&self.key).chain(&self.others);
        tried.filter_map(|key| opened(key, customer, wrapped)).next().ok_or(wrong)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
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

    /// Seals every data key under another master key, customer by customer, and returns how many it were. One that lies
    /// under it already is left alone, so a change that broke off goes on where it was; until it has ended, both keys
    /// are needed. Whoever works meanwhile goes on, if it knows both.
    ///
    /// # Errors
    /// [`StoreError::MasterKeyMissing`], [`StoreError::MasterKeyWrong`] for a data key that lies under neither,
    /// [`StoreError::Refused`] where somebody makes customers under the old key all the time,
    /// [`StoreError::Statement`].
    pub async fn rewrap(&self, new: &MasterKey, actor: &str, at_ms: i64) -> Result<u64, StoreError> {
        let mut moved = 0;
        for _ in 0..ROUNDS {
            let under_old: Vec<CustomerId> = self
                .wrapped_keys()
                .await?
                .into_iter()
                .filter(|(customer, wrapped)| opened(&new.key, customer, wrapped).is_none())
                .map(|(customer, _)| customer)
                .collect();
            if under_old.is_empty() {
                return Ok(moved);
            }
            for customer in under_old {
                moved += u64::from(self.rewrap_one(&customer, new, actor, at_ms).await?);
            }
        }
        let why = "customers are still being made under the old master key: make the new one secrets.master_key of every \
                   process, and run this again";
        Err(StoreError::Refused { why: why.to_owned() })
    }

    /// Seals one customer's data key under another master key, if it does not lie there already.
    ///
    /// # Errors
    /// See [`Store::rewrap`].
    pub async fn rewrap_one(
        &self,
        id: &CustomerId,
        new: &MasterKey,
        actor: &str,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let rewrapping = failed("sealing a data key again");
        let old = self.0.master_key.as_ref().ok_or(StoreError::MasterKeyMissing)?;
        let mut tx = self.door(id.clone()).begin().await?;
        let finding = sql::query_scalar::<Option<Vec<u8>>>(WRAPPED_KEY).bind(id.as_str());
        let Some(wrapped) = finding.fetch_one(tx.connection()).await.map_err(&rewrapping)? else { return Ok(false) };
        if opened(&new.key, id, &wrapped).is_some() {
            return Ok(false);
        }
        let data_key = old.unwrap(id, &wrapped)?;
        let wrapped = seal(&new.key, &*data_key, &key_context(id))?;
        let putting = sql::query(PUT_WRAPPED_KEY).bind(wrapped).bind(id.as_str());
        putting.execute(tx.connection()).await.map_err(&rewrapping)?;
        tx.commit(at_ms, vec![AuditEvent::new(actor, "customer.key_sealed_again", id.as_str(), json!({}))]).await?;
        Ok(true)
    }

    /// Under which of the given keys the data keys lie.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn data_keys(&self) -> Result<DataKeys, StoreError> {
        let mut found = DataKeys::default();
        for (customer, wrapped) in self.wrapped_keys().await? {
            match &self.0.master_key {
                Some(master) if opened(&master.key, &customer, &wrapped).is_some() => found.under_master += 1,
                Some(master) if master.unwrap(&customer, &wrapped).is_ok() => found.under_others += 1,
                _ => found.under_none += 1,
            }
        }
        Ok(found)
    }

    /// A master key that was given must open every data key.
    pub(super) async fn check_master_key(&self) -> Result<(), StoreError> {
        let Some(master_key) = &self.0.master_key else { return Ok(()) };
        for (customer, wrapped) in self.wrapped_keys().await? {
            master_key.unwrap(&customer, &wrapped)?;
        }
        Ok(())
    }

    async fn wrapped_keys(&self) -> Result<Vec<(CustomerId, Vec<u8>)>, StoreError> {
        let finding = sql::query_as::<(String, Vec<u8>)>(WRAPPED_KEYS).fetch_all(self.0.database.reader(""));
        let rows = finding.await.map_err(failed("reading the sealed data keys"))?;
        let read = |(id, wrapped): (String, Vec<u8>)| match CustomerId::parse(&id) {
            Some(customer) => Ok((customer, wrapped)),
            None => Err(StoreError::Stored { what: "id", id }),
        };
        rows.into_iter().map(read).collect()
    }
}

fn opened(key: &KeyBytes, customer: &CustomerId, wrapped: &[u8]) -> Option<KeyBytes> {
    let plain = open(key, wrapped, &key_context(customer))?;
    Some(Zeroizing::new(plain.as_slice().try_into().ok()?))
}
