//! Prometheus's text form: one family after the other, each with its help and type. Figures come in as integers and are
//! written with their point where it belongs.

use std::fmt::Write as _;

use crate::figures::Histogram;

/// Before every name.
const PREFIX: &str = "ml_connector_";

/// The page as it grows.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Something that only grows. Each value has its labels, without braces.
    pub(super) fn counter(&mut self, name: &str, help: &str, values: &[(&str, String)]) {
        self.family(name, help, "counter", values);
    }

    /// Something that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, values: &[(&str, String)]) {
        self.family(name, help, "gauge", values);
    }

    /// How often something took how long, in seconds.
    pub(super) fn histogram(&mut self, name: &str, help: &str, values: &[(&str, &Histogram)]) {
        self.head(name, help, "histogram");
        for (labels, histogram) in values {
            let comma = if labels.is_empty() { "" } else { "," };
            let (bounded, all) = histogram.cumulated();
            for (bound_us, count) in bounded {
                let bound = seconds_of_us(bound_us);
                self.line(&format!("{name}_bucket"), &format!("{labels}{comma}le=\"{bound}\""), &count.to_string());
            }
            self.line(&format!("{name}_bucket"), &format!("{labels}{comma}le=\"+Inf\""), &all.to_string());
            self.line(&format!("{name}_sum"), labels, &seconds_of_us(histogram.sum_us()));
            self.line(&format!("{name}_count"), labels, &all.to_string());
        }
    }

    /// The page.
    pub(super) fn end(self) -> String {
        self.0
    }

    fn family(&mut self, name: &str, help: &str, kind: &str, values: &[(&str, String)]) {
        self.head(name, help, kind);
        values.iter().for_each(|(labels, value)| self.line(name, labels, value));
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        // Writing to a text cannot fail.
        let _ = write!(self.0, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &str, value: &str) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "{PREFIX}{name}{labels} {value}");
    }
}

/// Microseconds as seconds, without zeros that say nothing.
pub(super) fn seconds_of_us(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Milliseconds as seconds; what lies before zero is zero.
pub(super) fn seconds_of_ms(ms: i64) -> String {
    seconds_of_us(ms.max(0).unsigned_abs().saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_their_point_where_it_belongs() {
        for (us, seconds) in [(0, "0"), (1_000, "0.001"), (1_500_000, "1.5"), (10_000_000, "10"), (600_000_000, "600")]
        {
            assert_eq!(seconds_of_us(us), seconds);
        }
        assert_eq!(seconds_of_ms(-5), "0");
    }
}
