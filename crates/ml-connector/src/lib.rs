//! The service: one library behind one binary. Rooms, from the top: `cli`, `work`, then `store` and `systems`.

pub mod flow;
pub mod problem_page;
pub mod store;
