//! The one place where the service learns what time it is, so that everything else can be told.

use accounting::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Tells the time.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// The system's clock, with days counted in `zone`.
    pub fn system(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Today in the clock's zone.
    pub fn today(&self) -> Date {
        Zoned::new(self.now(), self.zone.clone()).date()
    }
}
