//! The XML gateway over HTTP.
