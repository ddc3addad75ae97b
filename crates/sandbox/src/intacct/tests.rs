//! The gateway model, call by call.
