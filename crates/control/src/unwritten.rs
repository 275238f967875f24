//! Refusals that must become audit entries and are not yet: minutes that are over, and what could not be written.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::refused::Draft;

/// Entries that wait at most; beyond it the oldest are given up, and the log says so.
const MAX_WAITING: usize = 10_000;

/// Entries in the making, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    waiting: Mutex<VecDeque<Draft>>,
}

impl Unwritten {
    /// Puts entries at the end.
    pub(crate) fn add(&self, drafts: impl IntoIterator<Item = Draft>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(drafts);
        let too_many = waiting.len().saturating_sub(MAX_WAITING);
        if too_many > 0 {
            waiting.drain(..too_many);
            tracing::error!(too_many, "refusals were given up: they cannot be recorded");
        }
    }

    /// Takes the oldest.
    pub(crate) fn take(&self) -> Option<Draft> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    /// Puts one back that could not be written.
    pub(crate) fn put_back(&self, draft: Draft) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_front(draft);
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }
}
