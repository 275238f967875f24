#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acks;
mod backoff;
mod builder;
mod client;
pub mod compare;
mod disk;
mod error;
#[cfg(any(test, fuzzing))]
#[path = "../../../fuzz/properties/client.rs"]
pub mod fuzzed;
mod heartbeat;
mod http;
#[cfg(feature = "openfeature")]
pub mod openfeature;
mod outbox;
mod poll;
pub mod samples;
mod sse;
mod status;
mod store;
mod stream;

pub use builder::Builder;
pub use client::{Client, Evaluation, Flags, NotReady};
pub use error::{EvaluationError, Problem, StartError};
pub use flags::{
    Epoch, Exposure, FlagSet, FlagState, InvalidKey, InvalidSnapshot, Key, Mode, Reason, Revision,
    Side, Snapshot,
};
/// What [`Builder::http`] configures, in the version that it takes.
pub use reqwest;
pub use status::{Part, Source, Status, Trouble};
