//! The one place where the service learns what time it is, so that everything else can be told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use accounting::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Tells the time.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    /// How far it goes ahead of the system's, in milliseconds; for tests of what happens after hours or days.
    ahead_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock, with days counted in `zone`.
    pub fn system(zone: TimeZone) -> Self {
        Self { zone, ahead_ms: None }
    }

    /// A clock that goes ahead of the system's by as many milliseconds as `ahead_ms` says at the moment: a test need
    /// not wait for what takes days.
    pub fn ahead(zone: TimeZone, ahead_ms: Arc<AtomicI64>) -> Self {
        Self { zone, ahead_ms: Some(ahead_ms) }
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        let ahead_ms = self.ahead_ms.as_ref().map_or(0, |ahead_ms| ahead_ms.load(Ordering::Relaxed));
        now.saturating_add(SignedDuration::from_millis(ahead_ms)).unwrap_or(now)
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
