//! `api`: every operation of the service, called at a running server. The list of operations is the API's own
//! description, compiled in; nothing is called that it does not name.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::Common;
use super::output::{Failure, print_text, table};
use crate::clock::Clock;
use crate::store::Ids;
use crate::web::Operation;

/// How often a wish is looked at with `--wait`, and how long at most.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: u32 = 1_200;
/// Most pages that `--all` reads.
const PAGES: u32 = 10_000;

/// Options of `api`.
#[derive(Debug, Args)]
#[command(after_help = "Without an operation it lists them all. Parameters and members of the body are given as \
    name=value; a value that is JSON is taken as such. A token is made with `create_token`; where one may do what, \
    `whoami` tells.\n\nExamples:\n  ml-connector api\n  ml-connector api list_flows customer=cus_...\n  \
    ml-connector api ask customer=cus_... flow=flow_... kind=ping --wait\n  \
    ml-connector api change_flow customer=cus_... flow=flow_... expected_version=3 document=@expenses.toml")]
pub struct Api {
    /// Which operation
    #[arg(value_name = "OPERATION")]
    operation: Option<String>,
    /// Its parameters, and the members of its body; @FILE reads a text from a file, @- from standard input
    #[arg(value_name = "NAME=VALUE")]
    values: Vec<String>,
    /// Where the service is
    #[arg(long, env = "ML_CONNECTOR_SERVER", default_value = "http://127.0.0.1:8600", value_name = "URL")]
    server: String,
    /// A file with the token; else it is taken from ML_CONNECTOR_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Read all pages of a list
    #[arg(long)]
    all: bool,
    /// Wait until what was asked for is answered
    #[arg(long)]
    wait: bool,
}

/// A call, ready to be made.
struct Call<'o> {
    operation: &'o Operation,
    path: String,
    query: BTreeMap<String, String>,
    body: Option<Value>,
}

/// A server and how to call it.
struct Server {
    http: reqwest::Client,
    url: String,
    token: Option<SecretString>,
}

impl Api {
    /// Calls, and prints the answer.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let operations = crate::web::operations();
        let Some(name) = &self.operation else {
            print_text(&listed(&operations));
            return Ok(ExitCode::SUCCESS);
        };
        let operation = operations.iter().find(|operation| operation.id == *name);
        let unknown = || Failure::Usage(format!("there is no operation '{name}'; `ml-connector api` lists them"));
        let mut call = Call::new(operation.ok_or_else(unknown)?, &self.values)?;
        let server = Server::new(&self.server, self.token_file.as_deref())?;
        let (status, mut answer) = server.call(&call).await?;
        if self.all {
            server.read_on(&mut call, &mut answer).await?;
        }
        if self.wait && status == StatusCode::ACCEPTED {
            answer = server.wait(&answer, &call).await?;
        }
        let shown = match (&answer, common.json) {
            (Value::String(text), _) => text.clone(),
            (answer, true) => format!("{answer}\n"),
            (answer, false) => format!("{}\n", serde_json::to_string_pretty(answer).unwrap_or_default()),
        };
        print_text(&shown);
        let failed = !status.is_success() || answer["failed"] == Value::Bool(true);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn listed(operations: &[Operation]) -> String {
    let rows = operations.iter().map(|operation| {
        let names: Vec<String> = operation.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        vec![operation.id.clone(), operation.summary.clone(), names.join(" "), operation.members.join(" ")]
    });
    table(&["operation", "what it does", "parameters", "body"], &[], rows)
}

impl<'o> Call<'o> {
    fn new(operation: &'o Operation, values: &[String]) -> Result<Self, Failure> {
        let mut path = operation.path.clone();
        let (mut query, mut body) = (BTreeMap::new(), Map::new());
        for given in values {
            let usage = || Failure::Usage(format!("'{given}' is not name=value"));
            let (name, value) = given.split_once('=').ok_or_else(usage)?;
            let text = text_of(value)?;
            let parameter = operation.parameters.iter().find(|parameter| parameter.name == name);
            match parameter {
                Some(parameter) if parameter.in_path => {
                    path = path.replace(&format!("{{{name}}}"), &encoded(&text));
                }
                Some(_) => drop(query.insert(name.to_owned(), text)),
                None if operation.members.iter().any(|member| member == name) => {
                    let of_file = value.starts_with('@');
                    let parsed = if of_file { None } else { serde_json::from_str(&text).ok() };
                    // An id or a text of digits is a text where the operation takes a text.
                    let value = parsed.filter(|_| !operation.texts.iter().any(|member| member == name));
                    body.insert(name.to_owned(), value.unwrap_or_else(|| json!(text)));
                }
                None => return Err(Failure::Usage(format!("{} has no parameter '{name}'", operation.id))),
            }
        }
        let missing = operation.parameters.iter().filter(|parameter| parameter.in_path);
        let missing: Vec<&str> = missing
            .map(|parameter| parameter.name.as_str())
            .filter(|name| path.contains(&format!("{{{name}}}")))
            .collect();
        if !missing.is_empty() {
            return Err(Failure::Usage(format!("{} needs {}", operation.id, missing.join(", "))));
        }
        let body = (!operation.members.is_empty()).then_some(Value::Object(body));
        Ok(Self { operation, path, query, body })
    }
}

/// A value, or what stands in the file that it names.
fn text_of(value: &str) -> Result<String, Failure> {
    let Some(name) = value.strip_prefix('@') else { return Ok(value.to_owned()) };
    let mut text = String::new();
    let read = match name {
        "-" => std::io::stdin().read_to_string(&mut text).map(|_| ()),
        path => std::fs::read_to_string(path).map(|read| text = read),
    };
    read.map_err(|error| Failure::Plain(format!("cannot read {name}: {error}")))?;
    Ok(text)
}

/// A piece of a path.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let piece = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(piece).collect()
}

impl Server {
    fn new(url: &str, token_file: Option<&std::path::Path>) -> Result<Self, Failure> {
        let token = match token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                Some(text.map_err(|error| Failure::Plain(format!("cannot read {}: {error}", path.display())))?)
            }
            None => std::env::var("ML_CONNECTOR_TOKEN").ok(),
        };
        let token = token.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).map(SecretString::from);
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
        if !url.starts_with("https://") && !local {
            return Err(Failure::Usage(format!("{url} is not encrypted; a token is sent over https alone")));
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(120));
        // No TLS, so no certificates: a machine without any can still call a service of its own.
        let builder = if local { builder.tls_certs_only([]) } else { builder };
        let http = builder.redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let http = http.map_err(|error| Failure::Plain(format!("cannot set up the client: {error}")))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), token })
    }

    async fn call(&self, call: &Call<'_>) -> Result<(StatusCode, Value), Failure> {
        let method = Method::from_bytes(call.operation.method.as_bytes()).unwrap_or(Method::GET);
        self.send(method, &call.path, &call.query, call.body.as_ref()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &BTreeMap<String, String>,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Failure> {
        let pairs: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let pairs = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        let changes = method != Method::GET;
        let mut request = self.http.request(method, format!("{}{path}{pairs}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if changes {
            let key = Ids::system().unique(Clock::system(TimeZone::UTC).now_ms())?;
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let unreachable = |error: reqwest::Error| {
            Failure::Plain(format!("the service at {} cannot be reached: {}", self.url, error.without_url()))
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// The pages after the first, in one list.
    async fn read_on(&self, call: &mut Call<'_>, answer: &mut Value) -> Result<(), Failure> {
        for _ in 0..PAGES {
            let Some(next) = answer["next"].as_str().map(str::to_owned) else { return Ok(()) };
            call.query.insert("after".to_owned(), next);
            let (_, mut page) = self.call(call).await?;
            let more = page["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
            if let Some(items) = answer["items"].as_array_mut() {
                items.extend(more);
            }
            answer["next"] = page["next"].take();
        }
        Ok(())
    }

    /// The answer to a wish.
    async fn wait(&self, wish: &Value, call: &Call<'_>) -> Result<Value, Failure> {
        let customer = call.path.split('/').skip_while(|part| *part != "customers").nth(1).unwrap_or_default();
        let path = format!("/api/v1/customers/{customer}/wishes/{}", wish["id"].as_str().unwrap_or_default());
        for _ in 0..LOOKS {
            let (status, answer) = self.send(Method::GET, &path, &BTreeMap::new(), None).await?;
            let open = status.is_success() && answer["failed"] == Value::Bool(false) && answer["outcome"].is_null();
            if !open {
                return Ok(answer);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Failure::Plain("it is not answered yet; read it later with show_wish".to_owned()))
    }
}
