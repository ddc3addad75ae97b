//! The states of a posting as a pure machine: events in, next state out.
