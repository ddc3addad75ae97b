//! A customer's key to Expensify. It must never appear in `Debug`, `Display`, an error or an address.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The pair made on expensify.com/tools/integrations. `Debug` masks both halves.
#[derive(Clone)]
pub struct Credentials {
    /// `partnerUserID`.
    pub partner_user_id: String,
    /// `partnerUserSecret`; shown once by Expensify.
    pub partner_user_secret: SecretString,
}

impl Credentials {
    /// The two halves as given by Expensify.
    pub fn new(partner_user_id: impl Into<String>, partner_user_secret: impl Into<SecretString>) -> Self {
        Self { partner_user_id: partner_user_id.into(), partner_user_secret: partner_user_secret.into() }
    }

    /// `text` with either half blotted out, should the vendor have repeated it to us.
    pub(crate) fn blot(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for half in [self.partner_user_secret.expose_secret(), &self.partner_user_id] {
            if !half.is_empty() && clean.contains(half) {
                clean = clean.replace(half, "***");
            }
        }
        clean
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { partner_user_id: ***, partner_user_secret: *** }")
    }
}
