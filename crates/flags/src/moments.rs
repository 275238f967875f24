//! Count, mean and spread of numbers, added up wherever they come from.

use serde::{Deserialize, Serialize};

/// How many numbers there were, their mean, and the sum of their squared distances from it. Two of them can be merged, so
/// that a service reports its own and a server adds up those of all.
///
/// JSON: `{"count":3,"mean":0.5,"m2":0.02}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub count: u64,
    /// Their mean; 0 for none.
    pub mean: f64,
    /// The sum of their squared distances from the mean; 0 for none and for one.
    pub m2: f64,
}

impl Moments {
    /// The moments of one number.
    pub const fn of(number: f64) -> Self {
        Self::of_many(number, 1)
    }

    /// The moments of a number that came `count` times.
    pub const fn of_many(number: f64, count: u64) -> Self {
        Self {
            count,
            mean: if count == 0 { 0.0 } else { number },
            m2: 0.0,
        }
    }

    /// Adds a number.
    pub fn add(&mut self, number: f64) {
        self.merge(&Self::of(number));
    }

    /// Adds all that another saw.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (here, there) = (float(self.count), float(other.count));
        let all = here + there;
        let apart = other.mean - self.mean;
        self.mean += apart * (there / all);
        self.m2 += other.m2 + apart * apart * (here * (there / all));
        self.count = self.count.saturating_add(other.count);
    }

    /// The variance of what these numbers are a sample of (divided by count - 1); nothing for fewer than two.
    pub fn variance(&self) -> Option<f64> {
        let freedom = self.count.checked_sub(1).filter(|&freedom| freedom > 0)?;
        Some(self.m2 / float(freedom))
    }

    /// Whether numbers can have such moments: all finite, no spread below zero, and none where there are none.
    pub fn is_possible(&self) -> bool {
        self.mean.is_finite()
            && self.m2.is_finite()
            && self.m2 >= 0.0
            && (self.count > 0 || self.mean == 0.0)
            && (self.count > 1 || self.m2 == 0.0)
    }
}

/// A count among numbers with fractions.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to nine quadrillion, and a share of a count beyond"
)]
pub const fn float(count: u64) -> f64 {
    count as f64
}
