//! What time it is. Tests step it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is stepped: milliseconds UTC.
    Stepped(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until it is stepped.
    pub fn stepped(start: Timestamp) -> Self {
        Self::Stepped(Arc::new(AtomicI64::new(start.0)))
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now().as_millisecond()),
            Self::Stepped(milliseconds) => Timestamp(milliseconds.load(Ordering::SeqCst)),
        }
    }

    /// Moves a stepped clock on; the machine's clock does not care.
    pub fn step(&self, milliseconds: i64) {
        if let Self::Stepped(clock) = self {
            clock.fetch_add(milliseconds, Ordering::SeqCst);
        }
    }
}
