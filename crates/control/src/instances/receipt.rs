//! The receipt of one change in one environment.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::read::ReceiptView;
use flags::Revision;

/// Names of those behind that are shown and kept.
const NAMES: usize = 20;

/// Who has to say that they obey a change, and who has said so.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) sequence: u64,
    pub(crate) revision: Revision,
    pub(crate) stored_at: Timestamp,
    pushed_at: Timestamp,
    expected: usize,
    waiting: BTreeSet<String>,
    /// How long after it was stored each acknowledgement came, milliseconds.
    delays: Vec<i64>,
    /// It differs from what was written down.
    pub(crate) changed: bool,
}

impl Receipt {
    pub(crate) fn new(
        sequence: u64,
        revision: Revision,
        stored_at: Timestamp,
        pushed_at: Timestamp,
        expected: BTreeSet<String>,
    ) -> Self {
        Self {
            sequence,
            revision,
            stored_at,
            pushed_at,
            expected: expected.len(),
            waiting: expected,
            delays: Vec::new(),
            changed: true,
        }
    }

    /// An instance applied `applied`: this change too, when it is not older.
    pub(crate) fn acknowledged(&mut self, instance: &str, applied: &Revision, now: Timestamp) {
        let obeys = applied.epoch == self.revision.epoch && applied.number >= self.revision.number;
        if obeys && self.waiting.remove(instance) {
            self.delays.push(now.since(self.stored_at).max(0));
            self.changed = true;
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn view(&self) -> ReceiptView {
        let mut delays = self.delays.clone();
        delays.sort_unstable();
        ReceiptView {
            stored_at: self.stored_at,
            pushed_at: self.pushed_at,
            expected: count(self.expected),
            acknowledged: count(self.delays.len()),
            median_ms: nearest_rank(&delays, 50),
            p99_ms: nearest_rank(&delays, 99),
            slowest_ms: delays.last().copied(),
            behind: self.waiting.iter().take(NAMES).cloned().collect(),
        }
    }
}

/// The smallest delay that `percent` of them do not exceed.
fn nearest_rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
