//! Progress of long work on a terminal; silent elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::work::Progress;
use crate::work::progress::Step;

/// A line that shows how far a run is.
pub struct Watch {
    bar: ProgressBar,
    counts: std::sync::Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    read: usize,
    frozen: usize,
    settled: usize,
}

impl Watch {
    /// A line on standard error; hidden where that is no terminal or where the output is for machines.
    pub fn new(hidden: bool) -> Self {
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, counts: std::sync::Mutex::default() }
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Watch {
    fn tell(&self, step: Step) {
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match step {
            Step::Refreshing => self.bar.set_message("reading Intacct's accounts and dimensions"),
            Step::Waiting { until_ms, unknown } => {
                let until = jiff::Timestamp::from_millisecond(until_ms).map(|at| at.to_string()).unwrap_or_default();
                let message = format!("{unknown} outcomes are not known yet; looking again at {until}");
                if self.bar.is_hidden() {
                    return;
                }
                self.bar.println(&message);
                self.bar.set_message(message);
                return;
            }
            Step::Going => {}
            Step::Read(reports) => counts.read += reports,
            Step::Frozen(entries) => counts.frozen += entries,
            Step::Settled(entries) => counts.settled += entries,
        }
        if counts.read > 0 {
            let Counts { read, frozen, settled } = &*counts;
            self.bar.set_message(format!("{read} reports read, {frozen} entries made, {settled} settled"));
        }
    }
}
