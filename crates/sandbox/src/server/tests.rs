//! The listener from outside: cuts, hangs, pages and the control doors.
