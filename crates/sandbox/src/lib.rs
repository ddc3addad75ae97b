//! Both vendors simulated: a pure model of each and an HTTP face over it. Shares no code with the clients.

pub mod world;
