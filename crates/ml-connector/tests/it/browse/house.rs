//! The service as a person starts it, in a folder of its own: empty, or with the books of the demonstration.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::driver::Browser;
use crate::web::site::PASSWORD;

/// The address of whoever comes first.
pub const EMAIL: &str = "ada@example.com";

/// A running service.
pub struct House {
    child: Child,
    pub url: String,
    /// The first administrator's link.
    pub link: String,
    _folder: TempDir,
}

impl House {
    /// Nothing is there yet.
    pub fn empty() -> Self {
        Self::start(&["serve", "--set", "service.tick_ms=50"])
    }

    /// The demonstration, with some of its reports posted and some held.
    pub fn demonstration() -> Self {
        Self::start(&["demo", "--reports", "80", "--set", "service.tick_ms=50"])
    }

    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ml-connector"));
        for name in ["CONFIG", "DATABASE", "EXPENSIFY_URL", "INTACCT_URL", "MASTER_KEY", "LOG"] {
            command.env_remove(format!("ML_CONNECTOR_{name}"));
        }
        command.args(arguments).args(["--set", "web.listen=127.0.0.1:0"]).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // `serve` invites on standard output, `demo` beside it.
        let (said, lines) = std::sync::mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let said = said.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Nobody listens any more once the link is there.
                    let _ = said.send(line);
                }
            });
        }
        drop(said);
        let mut all = Vec::new();
        let link = loop {
            let line = lines.recv().unwrap_or_else(|_| panic!("it ended:\n{}", all.join("\n")));
            if let Some(at) = line.find("http://").filter(|_| line.contains("/administrator#")) {
                break line[at..].trim().to_owned();
            }
            all.push(line);
        };
        let url = link.split("/administrator").next().unwrap().to_owned();
        Self { child, url, link, _folder: folder }
    }

    /// Becomes the first administrator, which signs one in.
    pub async fn begin(&self, browser: &mut Browser) {
        browser.go(&self.link).await;
        browser.fill("#name", "Ada Lovelace").await;
        browser.fill("#email", EMAIL).await;
        browser.fill("#password", PASSWORD).await;
        browser.fill("#again", PASSWORD).await;
        browser.click_words("Begin").await;
    }

    /// Signs in.
    pub async fn sign_in(&self, browser: &mut Browser, email: &str, password: &str) {
        browser.go(&format!("{}/sign-in", self.url)).await;
        browser.fill("#email", email).await;
        browser.fill("#password", password).await;
        browser.click_words("Sign in").await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
