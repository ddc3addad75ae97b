//! When something is due: how often (a [`Cadence`]), what was missed ([`Cadence::due`], [`agenda`]), and when nothing may
//! be posted ([`Blackout`], [`Freeze`], [`may_post_at`]). Pure arithmetic: the time and the time zone come in as
//! arguments, and nothing here waits, reads a clock or knows what the schedule is for.
//!
//! Two kinds of schedules meet daylight saving in two ways:
//!
//! | schedule | clock jumps over the time | clock shows the time twice |
//! |---|---|---|
//! | names its hours (`daily at 02:30`, `0 8-18 * * *`) | once, at the first instant after the gap | once, at the first |
//! | leaves the hour open (`every 15 minutes`, `hourly`, `*/15 * * * *`) | keeps its rhythm of elapsed time | keeps it too |

mod cadence;
mod closed;
mod coming;
mod cron;
mod days;
mod due;
mod instant;
mod parse;
mod print;

pub use cadence::Cadence;
pub use closed::{Blackout, Closed, ClosedBy, Freeze, Which, always_closed, may_post_at};
pub use coming::{Shift, next_closed};
pub use due::{Agenda, Due, agenda};
pub use parse::ScheduleError;
