//! Medians and percentiles of measured times.

use std::time::Duration;

/// Measured times, sorted.
pub struct Figures {
    sorted: Vec<Duration>,
}

impl Figures {
    /// Sorts what was measured.
    pub fn new(mut measured: Vec<Duration>) -> Self {
        measured.sort_unstable();
        Self { sorted: measured }
    }

    /// The time below which `share` (0 to 1) of the measurements lie; zero without any.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into some thousand measurements"
        )]
        let index = (last as f64 * share).round() as usize;
        self.sorted.get(index).copied().unwrap_or_default()
    }

    /// `median 1.2 ms, p99 3.4 ms, n 2000`.
    pub fn summary(&self) -> String {
        format!(
            "median {:.2} ms, p99 {:.2} ms, n {}",
            self.percentile(0.5).as_secs_f64() * 1e3,
            self.percentile(0.99).as_secs_f64() * 1e3,
            self.sorted.len()
        )
    }
}
