//! What tests and benchmarks share: a real server process with a data directory of its own, and clients for it.

pub mod app;
pub mod clients;
pub mod events;
