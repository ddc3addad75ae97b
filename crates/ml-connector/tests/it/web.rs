//! The service's face over real HTTP on this machine: who gets in, what they may, and how the rest is refused.

pub mod belongings;
mod board;
pub mod day;
mod forms;
mod hostile;
mod keys;
mod listening;
pub mod mapping;
mod matrix;
mod people;
mod provider;
pub mod reports;
mod roles;
mod sign_on;
mod signing_in;
pub mod site;
mod strangers;
mod throttling;
mod tokens;
