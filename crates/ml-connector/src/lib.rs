//! The service: one library behind one binary. Rooms, from the top: `cli`, `web`, `log`, `work`, then `store` and
//! `systems`; below them `flow`, `settings`, `clock`, `figures` and `problem_page`. A room uses those below it, never one above.

pub mod cli;
pub mod clock;
pub mod figures;
pub mod flow;
pub mod log;
pub mod problem_page;
pub mod settings;
pub mod store;
pub mod systems;
pub mod web;
pub mod work;
