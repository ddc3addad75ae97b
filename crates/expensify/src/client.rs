//! The client: one method a read. It must not retry on its own, except to ask again for a file not rendered yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Response;

use crate::config::Config;
use crate::credentials::Credentials;
use crate::decoder::Marker;
use crate::error::{Error, Refusal};
use crate::job::{GetInput, Job, JobName};
use crate::pacer::Pacer;
use crate::policy::{PolicyDetails, PolicyField, PolicyListReply, PolicyReply, PolicySummary};
use crate::query::{ReportQuery, check_ids};
use crate::reply::{Content, Reply};
use crate::stream::ReportStream;
use crate::template::TEMPLATE;
use crate::transport::{Http, Transport};

/// A client of one credential. Clones share everything.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
}

/// A file rendered on Expensify's server. How long it is kept is undocumented: download it right away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    name: String,
}

impl ExportFile {
    /// A file by its name, as the export answered it.
    ///
    /// # Errors
    /// The name is anything but 1 to 128 letters, digits, `_`, `-` and `.`, or starts with a dot.
    pub fn new(name: &str) -> Result<Self, Error> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if (1..=128).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.') {
            return Ok(Self { name: name.to_owned() });
        }
        let cut: String = name.chars().take(60).collect();
        Err(Error::HostileFileName { shown: cut.escape_debug().to_string() })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Client {
    /// A client. Nothing is sent yet. Installs the `ring` TLS provider for the process, if none is.
    ///
    /// # Errors
    /// [`Error::Setup`]: the address is not acceptable, or TLS cannot be set up.
    pub fn new(config: Config, credentials: Credentials, pacer: Pacer) -> Result<Self, Error> {
        let http = Http::new(&config)?;
        Ok(Self::over(http, config, credentials, pacer))
    }

    /// A client over connections that others use as well; `config` is the one they were made from.
    pub fn over(http: Http, config: Config, credentials: Credentials, pacer: Pacer) -> Self {
        Self { transport: Arc::new(Transport::new(http, config, credentials, pacer)) }
    }

    /// Requests sent by this client and its clones.
    pub fn requests_sent(&self) -> u64 {
        self.transport.sent()
    }

    /// Asks for an export (job `file`): the vendor renders the reports into a file and answers its bare name
    /// \[observed\].
    ///
    /// # Errors
    /// [`Error::Query`] before anything is sent; else whatever the vendor or the network did.
    pub async fn export_reports(&self, query: &ReportQuery) -> Result<ExportFile, Error> {
        query.check()?;
        let reply = self.transport.exchange(&Job::export(query), Some(TEMPLATE)).await?;
        match reply.content(&self.transport.credentials)? {
            Content::Line(name) => ExportFile::new(name),
            Content::Json(_) => Err(reply.unexpected("an envelope where a file name belongs", None)),
            Content::Blank => Err(reply.unexpected("an empty reply", None)),
        }
    }

    /// Downloads an exported file (job `download`), asking again within bounds while it is not there.
    ///
    /// # Errors
    /// [`Error::FileNotReady`] after the last attempt; [`Error::MissingHeader`] for a file that is not ours; else
    /// whatever the vendor or the network did.
    pub async fn download(&self, file: &ExportFile) -> Result<ReportStream, Error> {
        let polling = self.transport.config.ready_polling;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let refusal = match self.try_download(file).await? {
                Attempt::Ready(stream) => return Ok(*stream),
                Attempt::NotReady(refusal) => refusal,
            };
            if attempts >= polling.attempts {
                return Err(Error::FileNotReady { file: file.name.clone(), attempts, refusal });
            }
            tokio::time::sleep(polling.delay).await;
        }
    }

    async fn try_download(&self, file: &ExportFile) -> Result<Attempt, Error> {
        let mut response = self.transport.send(&Job::download(&file.name), None).await?;
        let (start, complete) = self.first_line(&mut response).await?;
        let line = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
        let line = line.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
        if response.status() == 200 && matches!(Marker::read(line), Some(Marker::Header { .. })) {
            let stream = ReportStream::new(response, &start, complete, &self.transport.config);
            return Ok(Attempt::Ready(Box::new(stream)));
        }
        let cut = !line.is_empty() && (line.starts_with(HEADER_START) || HEADER_START.starts_with(line));
        let reply = self.transport.receive(JobName::Download, response, start).await?;
        match reply.content(&self.transport.credentials) {
            Ok(Content::Blank) => Ok(Attempt::NotReady(None)),
            Ok(Content::Json(_)) => Err(reply.unexpected("an envelope where a file belongs", None)),
            Err(Error::NotFound(refusal)) => Ok(Attempt::NotReady(Some(refusal))),
            Err(Error::Validation(refusal)) if refusal.code.unwrap_or(refusal.http_status.into()) == 410 => {
                Ok(Attempt::NotReady(Some(refusal)))
            }
            Ok(Content::Line(_)) | Err(Error::UnexpectedReply { .. }) if reply.http_status == 200 => {
                Err(not_our_file(cut))
            }
            Ok(Content::Line(_)) => Err(reply.unexpected("a text", None)),
            Err(other) => Err(other),
        }
    }

    /// Reads until the first line that is not blank is there, or more than any header line has.
    async fn first_line(&self, response: &mut Response) -> Result<(Vec<u8>, bool), Error> {
        const ENOUGH_BYTES: usize = 4096;
        let mut start = Vec::new();
        loop {
            let text: &[u8] = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
            if text.contains(&b'\n') || start.len() > ENOUGH_BYTES {
                return Ok((start, false));
            }
            let waited = self.transport.config.idle_timeout;
            match tokio::time::timeout(waited, response.chunk()).await {
                Ok(Ok(Some(chunk))) => start.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok((start, true)),
                Ok(Err(cause)) => {
                    let source = Some(cause.without_url());
                    return Err(Error::Truncated { line: 1, what: "the connection broke", source });
                }
                Err(_) => return Err(Error::Timeout { job: JobName::Download, waited }),
            }
        }
    }

    /// The policies the credential's user can see (job `get`, `policyList`).
    ///
    /// # Errors
    /// Whatever the vendor or the network did.
    pub async fn policies(&self) -> Result<Vec<PolicySummary>, Error> {
        let reply = self.transport.exchange(&Job::Get { input_settings: GetInput::PolicyList }, None).await?;
        self.read::<PolicyListReply>(&reply).map(|list| list.policies)
    }

    /// Settings of policies (job `get`, `policy`), by policy id: just the sections asked for. Whether one unknown id
    /// fails the whole request is unclear \[assumed: it does, with 410 or 404\].
    ///
    /// # Errors
    /// [`Error::Query`] for no ids or a malformed one; else whatever the vendor or the network did.
    pub async fn policy_details(
        &self,
        ids: &[String],
        fields: &[PolicyField],
    ) -> Result<BTreeMap<String, PolicyDetails>, Error> {
        check_ids(ids, "policy")?;
        if ids.is_empty() || fields.is_empty() {
            return Err(Error::Query { what: "no policy, or no section of one".to_owned() });
        }
        let job = Job::Get { input_settings: GetInput::Policy { policy_ids: ids, fields } };
        let reply = self.transport.exchange(&job, None).await?;
        self.read::<PolicyReply>(&reply).map(|reply| reply.policies)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, reply: &Reply) -> Result<T, Error> {
        match reply.content(&self.transport.credentials)? {
            Content::Json(json) => serde_json::from_str(json)
                .map_err(|cause| reply.unexpected("JSON of another shape than documented", Some(cause))),
            Content::Line(_) => Err(reply.unexpected("a text where JSON belongs", None)),
            Content::Blank => Err(reply.unexpected("an empty reply", None)),
        }
    }
}

/// What one download gave.
enum Attempt {
    Ready(Box<ReportStream>),
    NotReady(Option<Refusal>),
}

/// How a header line of our template starts.
const HEADER_START: &[u8] = br#"{"mlc":"#;

/// A file that opens without our header: cut within it, or of another template.
fn not_our_file(cut: bool) -> Error {
    if cut {
        Error::Truncated { line: 1, what: "the header line is not complete", source: None }
    } else {
        Error::MissingHeader { line: 1 }
    }
}
