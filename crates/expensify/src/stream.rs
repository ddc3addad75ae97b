//! An export file being downloaded, as records. It must not read ahead of its reader by more than one chunk.

use std::time::Duration;

use reqwest::Response;
use tokio::time::Instant;

use crate::config::Config;
use crate::decoder::{Decoder, Step};
use crate::error::Error;
use crate::job::JobName;
use crate::report::Report;

/// One report of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The report.
    pub report: Report,
    /// The exact JSON line it was read from, without the line feed; [`crate::parse_record`] reads it again.
    pub raw: Vec<u8>,
}

/// The records of a file, in the vendor's order, while it is downloaded.
pub struct ReportStream {
    response: Response,
    decoder: Decoder,
    complete: bool,
    bytes_left: u64,
    wait_left: Duration,
    config: Config,
}

impl ReportStream {
    pub(crate) fn new(response: Response, start: &[u8], complete: bool, config: &Config) -> Self {
        let mut decoder = Decoder::new(config.max_record_bytes);
        decoder.push(start);
        let bytes_left = config.max_download_bytes.saturating_sub(start.len() as u64);
        let wait_left = config.download_timeout;
        Self { response, decoder, complete, bytes_left, wait_left, config: config.clone() }
    }

    /// The next record; `None` at the end of a complete file.
    ///
    /// # Errors
    /// [`Error::Record`] is about one report: call again for the next. After any other error the stream has ended, and
    /// further calls give `None`; that file was NOT complete.
    pub async fn next(&mut self) -> Result<Option<Record>, Error> {
        loop {
            match self.decoder.step(self.complete)? {
                Step::Record(record) => return Ok(Some(*record)),
                Step::End => return Ok(None),
                Step::NeedMore => self.fill().await?,
            }
        }
    }

    /// The most bytes buffered so far: at most one line and one chunk.
    pub fn peak_buffered_bytes(&self) -> usize {
        self.decoder.peak_bytes()
    }

    async fn fill(&mut self) -> Result<(), Error> {
        let waited = self.config.idle_timeout.min(self.wait_left);
        let started = Instant::now();
        let received = tokio::time::timeout(waited, self.response.chunk()).await;
        self.wait_left = self.wait_left.saturating_sub(started.elapsed());
        let chunk = match received {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => {
                self.complete = true;
                return Ok(());
            }
            Ok(Err(cause)) => return Err(self.decoder.broken(cause.without_url())),
            Err(_) => {
                self.decoder.stop();
                return Err(Error::Timeout { job: JobName::Download, waited });
            }
        };
        match self.bytes_left.checked_sub(chunk.len() as u64) {
            Some(left) => self.bytes_left = left,
            None => {
                self.decoder.stop();
                return Err(Error::TooLarge { job: JobName::Download, limit_bytes: self.config.max_download_bytes });
            }
        }
        self.decoder.push(&chunk);
        Ok(())
    }
}
