//! Sending what comparisons found.

use std::sync::Arc;
use std::time::SystemTime;

use flags::report::{ComparisonReport, MOST_COMPARISONS};

use super::ledger::{Ledger, calls};
use crate::Problem;
use crate::http::milliseconds;
use crate::outbox::{Outbox, batch, split};

/// Writes reports and sends them.
#[derive(Debug)]
pub(super) struct Reporter {
    pub(super) outbox: Outbox,
    ledger: Arc<Ledger>,
}

impl Reporter {
    pub(super) const fn new(outbox: Outbox, ledger: Arc<Ledger>) -> Self {
        Self { outbox, ledger }
    }

    /// Sends what is of minutes before `end`; what is not accepted now is kept for later.
    pub(super) async fn send(&self, end: u64) -> Result<(), Problem> {
        let now = milliseconds(SystemTime::now());
        let (service, instance) = self.outbox.sender();
        for comparisons in split(self.ledger.take_before(now, end), MOST_COMPARISONS) {
            let calls = comparisons.iter().map(|one| calls(&one.found)).sum();
            let report = ComparisonReport {
                batch: Some(batch()),
                service: service.to_owned(),
                instance: instance.to_owned(),
                comparisons,
            };
            self.outbox.push(&report, calls);
        }
        self.outbox.send().await
    }
}
