//! Ids of our own rows: a readable prefix and a version 7 uuid. It is the one place that makes them; no id of a
//! posting is made here (those come from the vendors' ids alone, see `accounting::identity`).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::{BASE32HEX_NOPAD, Encoding};

use super::error::StoreError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Letters before the uuid.
            pub const PREFIX: &str = $prefix;

            /// Reads an id as `Display` writes it; `None` where it is not one of this kind.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?;
                let ours = digits.len() == 26 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'));
                ours.then(|| Self(text.to_owned()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A company that uses this service.
    CustomerId "cus_"
}
id! {
    /// A flow of a customer.
    FlowId "flow_"
}
id! {
    /// One pass over a flow.
    RunId "run_"
}
id! {
    /// A person.
    UserId "usr_"
}
id! {
    /// A token of the API.
    TokenId "tok_"
}
id! {
    /// One request to a vendor.
    RequestId "req_"
}
id! {
    /// Something that a person must decide.
    CaseId "case_"
}
id! {
    /// One reconciliation of a flow.
    ReconciliationId "rec_"
}

id! {
    /// Something a person asked a worker to do.
    WantedId "want_"
}

id! {
    /// A message to a person.
    MessageId "msg_"
}

/// The maker of ids. Times come in as epoch milliseconds, so that ids sort by the time they were made.
#[derive(Clone)]
pub struct Ids(Source);

#[derive(Clone)]
enum Source {
    System,
    Counted(Arc<AtomicU64>),
}

impl Ids {
    /// Ids from the system's randomness.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Ids that repeat with the seed, for simulations and tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Counted(Arc::new(AtomicU64::new(seed))))
    }

    /// A new customer's id.
    ///
    /// # Errors
    /// [`StoreError::Random`] where the system gives no randomness; so for all that follow.
    pub fn customer(&self, at_ms: i64) -> Result<CustomerId, StoreError> {
        Ok(CustomerId(self.text(CustomerId::PREFIX, at_ms)?))
    }

    /// A new flow's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn flow(&self, at_ms: i64) -> Result<FlowId, StoreError> {
        Ok(FlowId(self.text(FlowId::PREFIX, at_ms)?))
    }

    /// A new run's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn run(&self, at_ms: i64) -> Result<RunId, StoreError> {
        Ok(RunId(self.text(RunId::PREFIX, at_ms)?))
    }

    /// A new request's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn request(&self, at_ms: i64) -> Result<RequestId, StoreError> {
        Ok(RequestId(self.text(RequestId::PREFIX, at_ms)?))
    }

    /// A new wish's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn wanted(&self, at_ms: i64) -> Result<WantedId, StoreError> {
        Ok(WantedId(self.text(WantedId::PREFIX, at_ms)?))
    }

    /// A new case's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn case(&self, at_ms: i64) -> Result<CaseId, StoreError> {
        Ok(CaseId(self.text(CaseId::PREFIX, at_ms)?))
    }

    /// A new reconciliation's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn reconciliation(&self, at_ms: i64) -> Result<ReconciliationId, StoreError> {
        Ok(ReconciliationId(self.text(ReconciliationId::PREFIX, at_ms)?))
    }

    /// A new person's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn user(&self, at_ms: i64) -> Result<UserId, StoreError> {
        Ok(UserId(self.text(UserId::PREFIX, at_ms)?))
    }

    /// A new token's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn token(&self, at_ms: i64) -> Result<TokenId, StoreError> {
        Ok(TokenId(self.text(TokenId::PREFIX, at_ms)?))
    }

    /// A new message's id.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn message(&self, at_ms: i64) -> Result<MessageId, StoreError> {
        Ok(MessageId(self.text(MessageId::PREFIX, at_ms)?))
    }

    /// A text that no other installation carries: who holds a lease, which incarnation a database is.
    ///
    /// # Errors
    /// See [`Ids::customer`].
    pub fn unique(&self, at_ms: i64) -> Result<String, StoreError> {
        self.text("", at_ms)
    }

    fn text(&self, prefix: &str, at_ms: i64) -> Result<String, StoreError> {
        let mut random = [0_u8; 10];
        match &self.0 {
            Source::System => super::secret::fill(&mut random)?,
            Source::Counted(counter) => {
                // Weyl steps keep the counter's low bits from lining up with the seed of another maker.
                let next = counter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
                random[2..].copy_from_slice(&next.to_be_bytes());
            }
        }
        let millis = u64::try_from(at_ms).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let mut text = String::with_capacity(prefix.len() + 26);
        text.push_str(prefix);
        LOWER.encode_append(id.as_bytes(), &mut text);
        text.make_ascii_lowercase();
        Ok(text)
    }
}

/// Base32 of the alphabet that sorts as the bytes do.
const LOWER: Encoding = BASE32HEX_NOPAD;
