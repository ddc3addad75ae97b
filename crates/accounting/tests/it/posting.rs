//! The posting machine and the identity of postings.

mod batch;
mod evidence;
mod identity;
mod moves;
mod simulation;
mod stored;
mod waits;
