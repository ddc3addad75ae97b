//! `health`: asks a running service on this machine whether it is ready, for whoever watches processes. It needs
//! neither a database nor a key.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Common;
use super::output::{Failure, print_text};

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Options of `health`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0 if it is ready, else 1.\n\nExamples:\n  ml-connector health\n  \
    ml-connector health --at 127.0.0.1:8601")]
pub struct Health {
    /// Where it listens; otherwise the port of web.listen on this machine
    #[arg(long, value_name = "ADDRESS")]
    at: Option<SocketAddr>,
}

impl Health {
    /// Asks and shows.
    pub fn execute(&self, common: &Common) -> Result<ExitCode, Failure> {
        let address = match self.at {
            Some(address) => address,
            None => listening(&common.settings()?.web.listen)?,
        };
        let answer = ask(address).map_err(|error| Failure::Plain(format!("{address}: {error}")))?;
        let ready = answer.split_whitespace().nth(1) == Some("200");
        print_text(if ready { "up\n" } else { "down\n" });
        Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Whatever address it listens on, it is asked on this machine.
fn listening(listen: &str) -> Result<SocketAddr, Failure> {
    let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| Failure::Settings(format!("web.listen is '{listen}', which names no port")))?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(4_096).read_to_string(&mut answer)?;
    Ok(answer)
}
