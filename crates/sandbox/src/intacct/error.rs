//! The gateway's errors: what each carries, and the ones that belong to no single function.
//!
//! Texts follow the fact sheet; where none is public the code says "assumed".

use std::borrow::Cow;

/// One `<error>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct GatewayError {
    pub errorno: Cow<'static, str>,
    pub description: String,
    pub description2: String,
    pub correction: String,
    /// Shown only to those who ask for it.
    pub additional: Box<Additional>,
}

/// `<additionalinfo>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Additional {
    /// The stable code behind a generic number; empty where none is public.
    pub errorid: &'static str,
    pub category: &'static str,
    pub placeholders: Vec<(&'static str, String)>,
}

/// The generic number that wraps nearly everything of the business layer (documented).
pub(super) const BUSINESS: &str = "BL01001973";

impl GatewayError {
    pub fn new(errorno: impl Into<Cow<'static, str>>, description2: impl Into<String>) -> Self {
        GatewayError { errorno: errorno.into(), description2: description2.into(), ..Self::default() }
    }

    /// A business error; `errorid` is the stable code behind the generic number.
    pub fn business(errorid: &'static str, description2: impl Into<String>) -> Self {
        let additional = Box::new(Additional { errorid, category: "General", placeholders: Vec::new() });
        GatewayError { additional, ..Self::new(BUSINESS, description2) }
    }

    pub fn with(mut self, placeholder: &'static str, value: impl Into<String>) -> Self {
        self.additional.placeholders.push((placeholder, value.into()));
        self
    }

    pub fn correct(mut self, correction: impl Into<String>) -> Self {
        self.correction = correction.into();
        self
    }
}

/// Sender credentials are wrong: control level.
pub(super) fn sender_refused() -> GatewayError {
    GatewayError::new("XL03000006", "Incorrect Intacct XML Partner ID or password.")
}

/// There is no such transport policy: control level.
pub(super) fn policy_unknown(policy: &str) -> GatewayError {
    GatewayError::new("XL03000006", format!("{policy} is not a valid transport policy."))
}

/// Company, user, password or entity is wrong: authentication level.
pub(super) fn sign_in_refused() -> GatewayError {
    GatewayError::new("XL03000006", "Sign-in information is incorrect")
}

/// The company's list lacks the sender: authentication level.
pub(super) fn sender_not_authorised(sender: &str, company: &str) -> GatewayError {
    let text = format!(
        "Invalid Web Services Authorization. The sender ID '{sender}' is not authorized to make Web Services requests \
         to company ID '{company}'."
    );
    GatewayError::new("XL03000006", text)
        .correct(format!("Contact the company administrator to grant Web Services authorization to {sender}."))
}

/// The company has no Web Services: authentication level.
pub(super) fn not_subscribed() -> GatewayError {
    let text = "This company is not authorized for XML transactions. Please subscribe to the XML Gateway.";
    GatewayError::new("XL03000006", text)
}

/// The session is unknown or over: authentication level.
pub(super) fn session_invalid() -> GatewayError {
    GatewayError::new("XL03000006", "Invalid session. The session has expired or does not exist.")
}

/// Companion of the root error where an operation is rolled back.
pub(super) fn rolled_back() -> GatewayError {
    GatewayError::new("XL03000009", "The entire transaction in this operation has been rolled back due to an error.")
}

/// The role lacks a right on an object.
pub(super) fn no_permission(operation: &str, object: &str) -> GatewayError {
    let text = format!(
        "You do not have permission for API operation {operation} on objects of type {}",
        object.to_lowercase()
    );
    GatewayError::new("PL04000005", text)
}

/// There is no such object, as `query` and `readByQuery` say it.
pub(super) fn object_unknown(object: &str) -> GatewayError {
    GatewayError::new("Query Failed", format!("Object definition {object} not found"))
}

/// There is no such object, as the other functions say it.
pub(super) fn object_unknown_ws(object: &str) -> GatewayError {
    GatewayError::new("WS", format!("Object definition {object} not found"))
}

/// A natural key is taken.
pub(super) fn duplicate_key(label: &str, values: &str) -> GatewayError {
    let text = format!("Another {label} with the given value(s) {values} already exists");
    GatewayError::new("BL34000061", text).correct("Use a unique value instead.")
}

/// Something is wrong with a date, a field or the text of a query.
pub(super) fn processing(detail: &str) -> GatewayError {
    let mut error = GatewayError::new("DL02000001", "There was an error processing the request.");
    error.description = detail.into();
    error
}

/// A required field is missing or its value has the wrong form.
pub(super) fn bad_field(text: impl Into<String>) -> GatewayError {
    GatewayError::new("BL03000018", text)
}
