//! Passwords: argon2id with the parameters that OWASP's cheat sheet gives first (19 MiB, 2 passes, 1 lane). At most
//! two are computed at once, off the threads that serve, and only a bounded number waits.

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::PasswordVerifier as _;
use argon2::{Algorithm, Argon2, Params, Version};
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use accounting::problem::Code;

use super::problem::Refusal;

/// Memory in KiB and passes.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// Hashes that are computed at once, and that may wait for it.
const AT_ONCE: usize = 2;
const WAITING: usize = 32;
/// The hash of nobody's password, so that an unknown account costs as much as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8";
/// Length of a password in bytes.
const SHORTEST: usize = 12;
const LONGEST: usize = 128;

/// A password as it comes in a request; never printed.
#[derive(ToSchema)]
#[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
pub struct Password(SecretString);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Password {
    /// As it was entered in a form.
    pub fn entered(text: &str) -> Self {
        Self(text.into())
    }

    /// Refuses what is too long to be hashed, before any work is done.
    pub fn check_length(&self) -> Result<(), Refusal> {
        if self.0.expose_secret().len() > LONGEST {
            return Err(Refusal::invalid("password", format!("A password has at most {LONGEST} bytes.")));
        }
        Ok(())
    }

    /// Refuses what must not become anybody's password.
    pub fn check_new(&self, email: &str) -> Result<(), Refusal> {
        self.check_length()?;
        let text = self.0.expose_secret();
        if text.len() < SHORTEST {
            return Err(Refusal::invalid("password", format!("A password has at least {SHORTEST} bytes.")));
        }
        let first = text.chars().next();
        if text.chars().all(|letter| Some(letter) == first) || text.to_lowercase() == email {
            return Err(Refusal::invalid("password", "This password is too easy to guess."));
        }
        Ok(())
    }
}

/// Computes hashes, a few at a time.
pub struct Hasher {
    places: Semaphore,
    running: Semaphore,
}

impl Hasher {
    pub fn new() -> Self {
        Self { places: Semaphore::new(WAITING + AT_ONCE), running: Semaphore::new(AT_ONCE) }
    }

    /// The hash of a new password, in the PHC form.
    ///
    /// # Errors
    /// A refusal where too many wait, or the system gives no randomness.
    pub async fn hash(&self, password: &Password) -> Result<String, Refusal> {
        let text = password.0.clone();
        let hashed = self.compute(move || {
            let mut salt = [0_u8; 16];
            getrandom::fill(&mut salt).ok()?;
            argon2().hash_password_with_salt(text.expose_secret().as_bytes(), &salt).ok().map(|hash| hash.to_string())
        });
        hashed.await?.ok_or_else(failed)
    }

    /// Whether the password belongs to the hash. Without one the work is the same and the answer no.
    ///
    /// # Errors
    /// A refusal where too many wait.
    pub async fn verify(&self, password: &Password, hash: Option<String>) -> Result<bool, Refusal> {
        let text = password.0.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let fits = self
            .compute(move || Some(argon2().verify_password(text.expose_secret().as_bytes(), hash.as_str()).is_ok()));
        Ok(fits.await?.unwrap_or(false) && known)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, Refusal> {
        let busy = || {
            let detail = "Too many passwords are being checked.";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::ServiceBusy, detail).retry_after_seconds(2)
        };
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let _turn = self.running.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Refusal::failed("hashing a password", &error))
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn failed() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, Code::ServiceFailed, "The password was not set.")
}
