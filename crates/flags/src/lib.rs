//! Flag snapshots, the one evaluation function and the wire types, shared by server, clients and WASM.
//!
//! Pure: no input or output, no clock, no randomness; `serde` is the only framework. Where to look:
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`key`](Key) | names of migrations, environments and modules |
//! | [`mode`](Mode), [`exposure`](Exposure) | what callers do, and the share of subjects that get new |
//! | [`state`](FlagState) | a mode with its exposure, its rank, and what a change of it is |
//! | [`revision`](Revision) | `epoch:revision`, the version of a server's flag state |
//! | [`snapshot`](Snapshot) | all flags of a migration in one environment, validated as a whole, and its JSON |
//! | [`change`](SnapshotChange) | the step from one snapshot to the next, as streams send it |
//! | [`murmur`](murmur3_x86_32) | the hash behind bucketing |
//! | [`evaluate`](FlagSet) | an indexed snapshot and the question "old or new?" |
//! | [`export`] | a snapshot as shell variables and as a flag definition for flagd |
//! | [`replay`] | what somebody who comes back to a stream is told |
//! | [`latency`](LatencySketch), [`moments`](Moments) | latencies and what differs between them, small and mergeable |
//! | [`report`] | what services report of old and new: samples and comparisons |
//! | [`ofrep`] | requests and answers of the `OpenFeature` Remote Evaluation Protocol 0.3 |
//!
//! The bucketing is fixed by `tests/vectors/bucketing.json`, which every client checks.
#![forbid(unsafe_code)]

mod change;
mod evaluate;
pub mod export;
mod exposure;
mod index;
mod key;
mod latency;
mod mode;
mod moments;
mod murmur;
pub mod ofrep;
pub mod replay;
pub mod report;
mod revision;
mod snapshot;
mod state;

pub use change::{CannotApply, SnapshotChange};
pub use evaluate::{
    CompiledFlag, Evaluation, EvaluationError, FlagSet, ModeEvaluation, Reason, Side,
};
pub use exposure::{Exposure, InvalidExposure};
pub use key::{InvalidKey, Key};
pub use latency::{InvalidSketch, LatencySketch};
pub use mode::{InvalidMode, Mode};
pub use moments::Moments;
pub use murmur::{Murmur3Prefix, bucket, murmur3_x86_32};
pub use revision::{Epoch, InvalidEpoch, InvalidRevision, Revision};
pub use snapshot::{Flag, InvalidFlag, InvalidSnapshot, Snapshot};
pub use state::{Direction, FlagState, InvalidFlagState, Rank};
