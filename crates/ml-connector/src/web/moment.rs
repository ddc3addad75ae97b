//! Times in answers and requests: RFC 3339 in UTC, to the millisecond. Inside they are epoch milliseconds.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A time, in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-03T07:00:00.000Z")]
pub struct Moment(pub i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Beyond the year 9999 there is nothing of ours; the nearest time that can be written stands for it.
        let bound = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let time = Timestamp::from_millisecond(self.0).unwrap_or(bound);
        serializer.collect_str(&format_args!("{time:.3}"))
    }
}
