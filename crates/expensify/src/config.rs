//! Settings of the client: where, how long, how large. It must not hold a secret; those are `Credentials`.

use std::time::Duration;

/// The vendor's only endpoint \[documented\].
pub const VENDOR_URL: &str = "https://integrations.expensify.com/Integration-Server/ExpensifyIntegrations";

/// Settings of a [`crate::Client`]. Start from `Config::default()`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the Integration Server; checked against `endpoint_rule` by [`crate::Client::new`].
    pub url: String,
    /// Which addresses are acceptable at all.
    pub endpoint_rule: EndpointRule,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Most time to wait for a TCP and TLS connection.
    pub connect_timeout: Duration,
    /// Most time for one whole exchange with a short reply. The export blocks while the vendor renders, "many
    /// minutes" for large requests \[reported by clients\]; hence ten minutes.
    pub timeout: Duration,
    /// Most time between two chunks of a download.
    pub idle_timeout: Duration,
    /// Most time in all spent waiting for the chunks of a download (not counting the reader's own time).
    pub download_timeout: Duration,
    /// Largest single report line, in bytes. A longer one is a record error; the stream goes on.
    pub max_record_bytes: usize,
    /// Largest short reply (file name, envelope, policies), in bytes after decompression.
    pub max_reply_bytes: usize,
    /// Largest download, in bytes after decompression.
    pub max_download_bytes: u64,
    /// How patiently to ask for a file that is not rendered yet.
    pub ready_polling: ReadyPolling,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: VENDOR_URL.to_owned(),
            endpoint_rule: EndpointRule::VendorOnly,
            user_agent: concat!("ml-connector/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(60),
            download_timeout: Duration::from_secs(1800),
            max_record_bytes: 32 << 20,
            max_reply_bytes: 64 << 20,
            max_download_bytes: 4 << 30,
            ready_polling: ReadyPolling::default(),
        }
    }
}

/// Which addresses the client may talk to. Credentials go in every request, so this is a security setting: only an
/// operator (never a customer) may choose anything but the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointRule {
    /// Only `https://integrations.expensify.com`, at a public address.
    #[default]
    VendorOnly,
    /// The vendor, or plain `http` to this machine: a sandbox.
    VendorOrLoopback,
    /// Any `http` or `https` address, named by the operator: a sandbox on another machine.
    OperatorsChoice,
}

/// How often and how slowly to ask for a file the vendor has not rendered yet. What "not ready" looks like was never
/// published; an empty reply, 404 and 410 are treated so \[assumed\].
#[derive(Clone, Copy, Debug)]
pub struct ReadyPolling {
    /// Downloads asked for in all, the first included; at least one is made.
    pub attempts: u32,
    /// Pause between two of them (the pacer may lengthen it).
    pub delay: Duration,
}

impl Default for ReadyPolling {
    fn default() -> Self {
        Self { attempts: 20, delay: Duration::from_secs(3) }
    }
}
