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

    /// When today began in the clock's zone, in milliseconds since 1970.
    pub fn day_began_ms(&self) -> i64 {
        self.midnight_ms(self.today())
    }

    /// When today ends there.
    pub fn day_ends_ms(&self) -> i64 {
        let today = self.today();
        self.midnight_ms(today.tomorrow().unwrap_or(today))
    }

    /// A time as the clock's zone shows it, for people.
    pub fn local(&self, time: Timestamp) -> String {
        Zoned::new(time, self.zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// The first instant of a day; midnight itself may be skipped by the zone.
    fn midnight_ms(&self, day: Date) -> i64 {
        let first = day.to_zoned(self.zone.clone()).map(|start| start.timestamp());
        first.unwrap_or(Timestamp::MIN).as_millisecond()
    }
}
