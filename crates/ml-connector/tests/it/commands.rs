//! The command line as people and scripts meet it: what each command prints, where, and with which exit code.

mod audit;
mod config;
mod decide;
mod demo;
mod ping;
mod postgres;
mod preview;
mod run;
mod schedule;
mod usage;

use std::process::Output;

use crate::program::{err, out};

/// No colour and no secret in anything that was printed.
fn is_plain(output: &Output, sandbox: &sandbox::Sandbox) {
    for (place, text) in [("standard output", out(output)), ("standard error", err(output))] {
        assert!(!text.contains('\u{1b}'), "{place} holds colours: {text}");
        crate::stories::secrets::of(sandbox).absent_from(place, text.as_bytes());
    }
}
