//! Turns the bytes of an export file into records, line by line, without doing any I/O. It must not hold more than
//! one line plus the chunk last pushed, and must never take a file that was cut short for a complete one.

use serde::Deserialize;

use crate::error::Error;
use crate::record::{RecordError, parse_record, report_id_near_start};
use crate::stream::Record;

/// Version of the lines our template prints.
const VERSION: u32 = 1;

/// What a look at the buffer gives.
pub(crate) enum Step {
    Record(Box<Record>),
    /// The buffer holds no further complete line.
    NeedMore,
    /// The file is complete and all records were given.
    End,
}

pub(crate) struct Decoder {
    max_record_bytes: usize,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already taken as lines.
    taken: usize,
    /// Bytes of `buffer` already searched for an end of line.
    searched: usize,
    /// Within a line that is too long: its report id is kept, its bytes are thrown away.
    skipping: Option<Option<String>>,
    line: u64,
    batch: Option<Batch>,
    opened: bool,
    over: bool,
    peak_bytes: usize,
}

/// A batch of reports that is open: the vendor may render the template several times and join the results \[assumed\].
struct Batch {
    expected: Option<u64>,
    found: u64,
}

/// A line that frames a batch.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Marker {
    Header { mlc: u32, reports: Option<u64> },
    End { mlc: u32 },
}

impl Marker {
    /// Markers are short; a longer line is not tried.
    const MOST_BYTES: usize = 128;

    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let marker = serde_json::from_slice(line.get(..Self::MOST_BYTES).map_or(line, |_| b"")).ok()?;
        match marker {
            Self::Header { mlc, .. } | Self::End { mlc } if mlc == VERSION => Some(marker),
            _ => None,
        }
    }
}

/// A line out of the buffer, or the verdict on one that did not fit.
enum Line {
    Whole(Vec<u8>),
    TooLong(Option<String>),
}

impl Decoder {
    pub(crate) fn new(max_record_bytes: usize) -> Self {
        Self {
            max_record_bytes,
            buffer: Vec::new(),
            taken: 0,
            searched: 0,
            skipping: None,
            line: 0,
            batch: None,
            opened: false,
            over: false,
            peak_bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.buffer.extend_from_slice(chunk);
        self.peak_bytes = self.peak_bytes.max(self.buffer.len());
    }

    /// The most bytes ever buffered.
    pub(crate) fn peak_bytes(&self) -> usize {
        self.peak_bytes
    }

    /// Gives up: nothing more will come out.
    pub(crate) fn stop(&mut self) {
        self.over = true;
    }

    /// The error for a connection that broke.
    pub(crate) fn broken(&mut self, source: reqwest::Error) -> Error {
        self.over = true;
        Error::Truncated { line: self.line + 1, what: "the connection broke", source: Some(source) }
    }

    /// The next record in the buffer. `complete` says that no more bytes will come.
    pub(crate) fn step(&mut self, complete: bool) -> Result<Step, Error> {
        while !self.over {
            match self.next_line() {
                Some(line) => {
                    if let Some(record) = self.take(line)? {
                        return Ok(Step::Record(Box::new(record)));
                    }
                }
                None if complete => self.finish()?,
                None => return Ok(Step::NeedMore),
            }
        }
        Ok(Step::End)
    }

    fn next_line(&mut self) -> Option<Line> {
        let Some(at) = self.buffer[self.searched..].iter().position(|b| *b == b'\n') else {
            self.searched = self.buffer.len();
            self.skip_if_too_long();
            return None;
        };
        let end = self.searched + at;
        let start = std::mem::replace(&mut self.taken, end + 1);
        self.searched = self.taken;
        self.line += 1;
        if let Some(report_id) = self.skipping.take() {
            return Some(Line::TooLong(report_id));
        }
        let line = &self.buffer[start..end];
        if line.len() > self.max_record_bytes {
            return Some(Line::TooLong(report_id_near_start(line)));
        }
        Some(Line::Whole(trimmed(line, self.line == 1).to_vec()))
    }

    /// Throws away the start of a line that is already too long, and remembers whose it was.
    fn skip_if_too_long(&mut self) {
        let open = &self.buffer[self.taken..];
        if self.skipping.is_none() && open.len() > self.max_record_bytes {
            self.skipping = Some(report_id_near_start(open));
        }
        if self.skipping.is_some() {
            self.buffer.clear();
            self.taken = 0;
            self.searched = 0;
        }
    }

    fn take(&mut self, line: Line) -> Result<Option<Record>, Error> {
        let read = match line {
            Line::Whole(raw) if raw.is_empty() => return Ok(None),
            Line::Whole(raw) => match Marker::read(&raw) {
                Some(marker) => return self.turn(marker).map(|()| None),
                None => parse_record(&raw).map(|report| Record { report, raw }),
            },
            Line::TooLong(report_id) => Err(RecordError::too_long(report_id, self.max_record_bytes)),
        };
        self.count_record()?;
        read.map(Some).map_err(|source| Error::Record { line: self.line, source })
    }

    fn count_record(&mut self) -> Result<(), Error> {
        match &mut self.batch {
            Some(batch) => {
                batch.found += 1;
                Ok(())
            }
            None => {
                self.over = true;
                Err(Error::MissingHeader { line: self.line })
            }
        }
    }

    fn turn(&mut self, marker: Marker) -> Result<(), Error> {
        match (marker, self.batch.take()) {
            (Marker::Header { reports, .. }, None) => {
                self.opened = true;
                self.batch = Some(Batch { expected: reports, found: 0 });
                Ok(())
            }
            (Marker::Header { .. }, Some(_)) => Err(self.truncated("a batch starts before the last one ended")),
            (Marker::End { .. }, None) => {
                self.over = true;
                Err(Error::MissingHeader { line: self.line })
            }
            (Marker::End { .. }, Some(batch)) => match batch.expected {
                Some(expected) if expected != batch.found => {
                    Err(self.truncated("a batch holds another number of reports than its header says"))
                }
                _ => Ok(()),
            },
        }
    }

    /// The bytes have ended: what is left must be nothing, or the end line without its line feed.
    fn finish(&mut self) -> Result<(), Error> {
        let left = trimmed(&self.buffer[self.taken..], self.line == 0).to_vec();
        self.buffer.clear();
        self.taken = 0;
        self.searched = 0;
        if self.skipping.is_some() || !left.is_empty() {
            self.line += 1;
            match Marker::read(&left) {
                Some(marker @ Marker::End { .. }) => self.turn(marker)?,
                _ => return Err(self.truncated("the last line has no end")),
            }
        }
        if self.batch.is_some() {
            return Err(self.truncated("the last batch has no end line"));
        }
        self.over = true;
        if self.opened { Ok(()) } else { Err(Error::MissingHeader { line: self.line.max(1) }) }
    }

    fn truncated(&mut self, what: &'static str) -> Error {
        self.over = true;
        Error::Truncated { line: self.line.max(1), what, source: None }
    }
}

/// A line without the blanks around it and, at the start of a file, without a byte order mark.
fn trimmed(line: &[u8], first: bool) -> &[u8] {
    let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    line.trim_ascii()
}
