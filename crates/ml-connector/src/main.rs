//! The `ml-connector` program.
fn main() {}
