//! The pages over HTTP, without a browser.

mod board;
mod browser;
mod mapping;
mod reports;
