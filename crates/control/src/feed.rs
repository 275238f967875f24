//! Says that something changed. A doorbell: whoever hears it fetches the truth.

use std::sync::Arc;

use domain::Key;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// What kind of thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A flag or kill switch.
    Flags,
    /// A migration, environment, phase or module.
    Structure,
    /// Steps, checks, criteria, the runbook.
    Plan,
    /// The issue log.
    Issues,
    /// Users, grants, tokens.
    Access,
    /// Only the audit log: a refusal.
    Audit,
    /// An instance said what it applied.
    Receipts,
}

/// One announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Sequence of the audit entry behind it.
    pub sequence: u64,
    /// The migration it is about; `None` for the server itself.
    pub migration: Option<Key>,
    /// What changed.
    pub topics: Vec<Topic>,
}

/// Where events are published and heard.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: broadcast::Sender<Arc<Event>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            sender: broadcast::channel(1024).0,
        }
    }
}

impl Feed {
    /// Hears what is published from now on. One that lags misses events and must look at the truth anyway.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    /// Announces; nobody listening is fine.
    pub fn publish(&self, event: Event) {
        let _nobody_listens = self.sender.send(Arc::new(event));
    }
}
