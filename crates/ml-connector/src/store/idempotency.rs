//! Requests that may be repeated: the same caller with the same key gets the reply of the first time, and nothing
//! happens twice. A reply may hold a credential that is shown once, so it is sealed with the caller's own credential,
//! of which the database has only a hash.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::Store;
use super::error::{StoreError, failed};
use super::secret::fill;
use super::sql;

pub(super) const FORGET: &str = "DELETE FROM idempotency WHERE started_ms < $1";
pub(super) const CLAIM: &str = "INSERT INTO idempotency (caller, key_sha256, request_sha256, started_ms) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (caller, key_sha256) DO NOTHING";
pub(super) const FIND: &str =
    "SELECT request_sha256, reply, started_ms FROM idempotency WHERE caller = $1 AND key_sha256 = $2";
pub(super) const KEEP: &str = "UPDATE idempotency SET reply = $1 WHERE caller = $2 AND key_sha256 = $3";
pub(super) const RELEASE: &str = "DELETE FROM idempotency WHERE caller = $1 AND key_sha256 = $2 AND reply IS NULL";

/// How long a reply is kept, in milliseconds.
pub const KEPT_MS: i64 = 7 * 24 * 3_600_000;
const NONCE_LENGTH: usize = 24;

/// A request that carries a key.
pub struct KeyedRequest {
    /// Who asks: the id of a user or of a token.
    pub caller: String,
    /// SHA-256 of the key, in hexadecimal.
    pub key_sha256: String,
    /// SHA-256 of what is asked, in hexadecimal.
    pub request_sha256: String,
    /// What the reply is sealed with: made of the caller's credential, and known to nobody else.
    pub seal: Zeroizing<[u8; 32]>,
}

/// What is known of a request's key.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: the request is to be done now, and then either kept or released.
    New,
    /// It was done; this is the reply.
    Done(Vec<u8>),
    /// It was done, and the reply can only be read with the credential it was asked with.
    Unreadable,
    /// It is being done since this time in epoch milliseconds, or ended without a reply.
    Running(i64),
    /// The key belongs to another request.
    Reused,
}

impl Store {
    /// Takes the key for this request, or tells what is known of it. Replies older than [`KEPT_MS`] are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn claim_key(&self, request: &KeyedRequest, at_ms: i64) -> Result<Claimed, StoreError> {
        let claiming = failed("looking a request's key up");
        let forget = sql::query(FORGET).bind(at_ms.saturating_sub(KEPT_MS));
        forget.execute(self.0.database.writer("")).await.map_err(&claiming)?;
        let claim =
            sql::query(CLAIM).bind(&request.caller).bind(&request.key_sha256).bind(&request.request_sha256).bind(at_ms);
        if claim.execute(self.0.database.writer("")).await.map_err(&claiming)?.rows_affected() > 0 {
            return Ok(Claimed::New);
        }
        let find = sql::query_as::<(String, Option<Vec<u8>>, i64)>(FIND);
        let find = find.bind(&request.caller).bind(&request.key_sha256);
        // The writer, because a reader may not see yet what was written a moment ago. Gone meanwhile: it was released.
        let found = find.fetch_optional(self.0.database.writer("")).await.map_err(&claiming)?;
        Ok(match found {
            None => Claimed::Running(at_ms),
            Some((asked, _, _)) if asked != request.request_sha256 => Claimed::Reused,
            Some((_, None, started_ms)) => Claimed::Running(started_ms),
            Some((_, Some(reply), _)) => open(request, &reply).map_or(Claimed::Unreadable, Claimed::Done),
        })
    }

    /// Keeps the reply of a request that was done.
    ///
    /// # Errors
    /// [`StoreError::Random`], [`StoreError::Statement`].
    pub async fn keep_reply(&self, request: &KeyedRequest, reply: &[u8]) -> Result<(), StoreError> {
        let sealed = seal(request, reply)?;
        let keep = sql::query(KEEP).bind(sealed).bind(&request.caller).bind(&request.key_sha256);
        keep.execute(self.0.database.writer("")).await.map_err(failed("keeping a reply"))?;
        Ok(())
    }

    /// Gives the key back: the request changed nothing.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn release_key(&self, request: &KeyedRequest) -> Result<(), StoreError> {
        let release = sql::query(RELEASE).bind(&request.caller).bind(&request.key_sha256);
        release.execute(self.0.database.writer("")).await.map_err(failed("giving a request's key back"))?;
        Ok(())
    }
}

fn context(request: &KeyedRequest) -> Vec<u8> {
    format!("ml-connector reply\0{}\0{}", request.caller, request.key_sha256).into_bytes()
}

fn seal(request: &KeyedRequest, reply: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0_u8; NONCE_LENGTH];
    fill(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*request.seal));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: reply, aad: &context(request) });
    // Fails only above 256 GiB.
    let sealed = sealed.map_err(|_| StoreError::Damaged { found: "a reply is too long to seal".to_owned() })?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(request: &KeyedRequest, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*request.seal));
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: &context(request) }).ok()
}
