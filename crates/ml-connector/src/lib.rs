//! The service library.
