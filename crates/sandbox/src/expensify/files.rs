//! The files on the server: each remembers what to render, and renders while it is fetched.
//!
//! A file holds a snapshot of the company, so that later edits do not reach into it. Its text exists nowhere.

use super::company::Company;
use super::template::Sheet;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Files kept; the oldest go first. How long the vendor keeps them is unknown.
const KEPT: usize = 200;

/// What one export selected and how to print it.
#[derive(Debug)]
pub struct File {
    /// The company as it was when the export was asked for.
    pub company: Arc<Company>,
    /// Its reports.
    pub numbers: Vec<u32>,
    /// The template.
    pub sheet: Arc<Sheet>,
    /// Reports a batch; 0 for all in one.
    pub batch_reports: usize,
    /// When it can be fetched.
    pub ready_at_ms: u64,
}

/// All files by name.
#[derive(Debug, Default)]
pub struct Files {
    by_name: BTreeMap<String, Arc<File>>,
    oldest_first: VecDeque<String>,
}

impl Files {
    /// Keeps `file` under `name`.
    pub fn keep(&mut self, name: String, file: Arc<File>) {
        while self.oldest_first.len() >= KEPT {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.by_name.remove(&oldest);
            }
        }
        self.oldest_first.push_back(name.clone());
        self.by_name.insert(name, file);
    }

    /// The file of that name.
    pub fn get(&self, name: &str) -> Option<Arc<File>> {
        self.by_name.get(name).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }
}

/// The text of a file, one batch of reports after the other.
#[derive(Debug)]
pub struct Chunks {
    file: Arc<File>,
    next_report: usize,
    finished: bool,
    rendered: VecDeque<Bytes>,
}

impl Chunks {
    /// From the beginning.
    pub fn new(file: Arc<File>) -> Self {
        Chunks { file, next_report: 0, finished: false, rendered: VecDeque::new() }
    }

    /// Whether there is no report to render, so that drawing it costs nothing.
    pub fn is_idle(&self) -> bool {
        self.file.numbers.is_empty()
    }

    /// The bounds of the next batches: one where there is little to do, else one for each processor.
    fn take_bounds(&mut self) -> Vec<(usize, usize)> {
        let reports = self.file.numbers.len();
        let batch = if self.file.batch_reports == 0 { reports.max(1) } else { self.file.batch_reports };
        let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        let mut bounds = Vec::new();
        while bounds.len() < workers && (self.next_report < reports || (self.next_report == 0 && bounds.is_empty())) {
            let end = self.next_report.saturating_add(batch).min(reports);
            bounds.push((self.next_report, end));
            self.next_report = end;
            if reports == 0 {
                break;
            }
        }
        self.finished = self.next_report >= reports;
        bounds
    }

    fn render_some(&mut self) {
        let bounds = self.take_bounds();
        let file = &self.file;
        let batches: Vec<Result<Vec<u8>, String>> = match bounds.as_slice() {
            [one] => vec![batch(file, *one)],
            many => std::thread::scope(|scope| {
                let threads: Vec<_> = many.iter().map(|bounds| scope.spawn(|| batch(file, *bounds))).collect();
                let broken = || Err("the batch could not be rendered".to_string());
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| broken())).collect()
            }),
        };
        for batch in batches {
            match batch {
                Ok(text) => self.rendered.push_back(text.into()),
                Err(message) => {
                    // Assumed: a template that fails midway leaves its message in the file and nothing after it.
                    self.rendered.push_back(format!("\nFreeMarker template error: {message}\n").into());
                    self.finished = true;
                    break;
                }
            }
        }
    }
}

fn batch(file: &File, (start, end): (usize, usize)) -> Result<Vec<u8>, String> {
    let numbers = &file.numbers[start..end];
    file.sheet.render(&file.company, numbers, start == 0).map_err(|error| error.to_string())
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.rendered.pop_front() {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => return Some(chunk),
                None if self.finished => return None,
                None => self.render_some(),
            }
        }
    }
}
