//! Limits of errors that make items appear.

use serde::{Deserialize, Serialize};

use crate::Thresholds;

/// A limit of errors on new; the second includes the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Hold and investigate.
    Hold,
    /// Roll back.
    Rollback,
}

impl Threshold {
    /// Both, the lower first.
    pub const ALL: [Self; 2] = [Self::Hold, Self::Rollback];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Rollback => "rollback",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|threshold| threshold.as_str() == word)
    }
}

impl Threshold {
    /// The one that a plan's words speak of: the first percentage of the item where that is a condition itself, else of
    /// the condition it stands under.
    pub fn in_words(title: &str, condition: &str, limits: Thresholds) -> Self {
        let says = |word: &&str| title.to_lowercase().contains(word);
        let own = title.contains('%') && [">", "above", "over", "exceed"].iter().any(says);
        let words = if own { title } else { condition };
        let back = percentage(words)
            .is_some_and(|share| share >= f64::from(limits.rollback_basis_points) / 100.0);
        if back { Self::Rollback } else { Self::Hold }
    }

    /// How the condition reads, with the migration's limit in it.
    pub fn words(self, limits: Thresholds) -> String {
        format!("Error rate above {}", percent(self.limit(limits)))
    }

    /// Its limit, in basis points.
    pub fn limit(self, limits: Thresholds) -> u16 {
        match self {
            Self::Hold => limits.hold_basis_points,
            Self::Rollback => limits.rollback_basis_points,
        }
    }
}

/// `1 %`, `0.5 %`, `2.25 %`.
fn percent(basis_points: u16) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    match (part, part % 10) {
        (0, _) => format!("{whole} %"),
        (part, 0) => format!("{whole}.{} %", part / 10),
        (part, _) => format!("{whole}.{part:02} %"),
    }
}

/// The first number in front of a percent sign.
fn percentage(words: &str) -> Option<f64> {
    let (before, _) = words.split_once('%')?;
    let before = before.trim_end();
    let number = before
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(before, |at| before.get(at..).unwrap_or_default())
        .trim_start_matches(|c: char| !c.is_ascii_digit());
    number.parse().ok()
}

/// Whether an item that waits for `threshold` is shown when `crossed` is the highest one crossed.
pub fn shown(threshold: Threshold, crossed: Option<Threshold>) -> bool {
    crossed.is_some_and(|crossed| crossed >= threshold)
}
