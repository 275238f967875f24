//! The client contract, clause by clause, against a server in this process.
//!
//! Most tests run on a paused clock: it moves on by itself whenever everybody waits, so that a day takes seconds.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod compare;
mod disk;
mod outage;
mod push;
mod receipts;
mod refusal;
mod samples;
mod server;
mod start;
