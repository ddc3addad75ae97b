//! The posting machine and the identity of postings.

mod simulation;
