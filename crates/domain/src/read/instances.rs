//! Running instances of services, and the receipts of changes.

use serde::{Deserialize, Serialize};

use super::{Frame, ReaderRow};
use crate::Timestamp;

/// An instance of a service that acknowledges what it applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of its own, and any of them may hold with any other"
)]
pub struct InstanceRow {
    /// Its own name.
    pub instance: String,
    /// The service it is an instance of.
    pub service: String,
    /// The client library and its version.
    pub sdk: String,
    /// Name of the token it reads with.
    pub token: String,
    /// The revision it applied last; `None` before its first acknowledgement.
    pub revision: Option<u64>,
    /// Whether that revision is of another epoch: before a restore.
    pub other_epoch: bool,
    /// When it applied it, by its own clock.
    pub applied_at: Option<Timestamp>,
    /// When it was last heard from.
    pub last_seen_at: Timestamp,
    /// Whether it has a stream open now.
    pub connected: bool,
    /// Whether it is connected or was heard from within 30 s.
    pub listens: bool,
    /// Whether it has not applied the newest revision.
    pub behind: bool,
    /// Whether it is connected and has been behind for more than 10 s.
    pub lags: bool,
}

/// Who would notice a change now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Listening {
    /// Instances that acknowledge, connected or heard from in the last 30 s.
    pub instances: u32,
    /// Services they belong to.
    pub services: u32,
    /// Readers without receipts that read in the last 30 s.
    pub readers: u32,
}

/// Who obeyed a change, and how fast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// When the change was stored.
    pub stored_at: Timestamp,
    /// When streams were told.
    pub pushed_at: Timestamp,
    /// Instances heard from in the 30 s before it was stored: they are expected to obey.
    pub expected: u32,
    /// How many of them said that they do.
    pub acknowledged: u32,
    /// Milliseconds from stored to acknowledged, the median of those that did.
    pub median_ms: Option<i64>,
    /// The same, 99th percentile.
    pub p99_ms: Option<i64>,
    /// The same, of the slowest.
    pub slowest_ms: Option<i64>,
    /// Names of those that have not, at most 20.
    pub behind: Vec<String>,
}

impl ReceiptView {
    /// How many have not said that they obey.
    pub fn missing(&self) -> u32 {
        self.expected.saturating_sub(self.acknowledged)
    }
}

/// The instances of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstancesView {
    /// What stands around it.
    pub frame: Frame,
    /// The environment's revision.
    pub revision: u64,
    /// By service and name.
    pub instances: Vec<InstanceRow>,
    /// Readers that never acknowledge, of the last 24 h: they are not counted as obeying.
    pub without_receipts: Vec<ReaderRow>,
}
