//! What services saw of old and new, for charts, tables and the API.

use flags::Key;
use flags::report::{Compared, Example};
use serde::{Deserialize, Serialize};

use super::{Frame, ModuleRow};
use crate::Timestamp;
use crate::evidence::health::ModuleHealth;
use crate::evidence::{Outcome, Verdict};

/// How far back evidence is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum EvidenceRange {
    /// An hour, by the minute.
    #[serde(rename = "1h")]
    Hour,
    /// Six hours, by the minute.
    #[serde(rename = "6h")]
    SixHours,
    /// A day, by the minute.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// A week, by the hour.
    #[serde(rename = "7d")]
    Week,
    /// 30 days, by the hour.
    #[serde(rename = "30d")]
    Month,
    /// 90 days, by the hour.
    #[serde(rename = "90d")]
    Quarter,
}

impl EvidenceRange {
    /// All of them, the shortest first.
    pub const ALL: [Self; 6] = [
        Self::Hour,
        Self::SixHours,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
    ];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// How it is called on a page.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::SixHours => "6 hours",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    /// Its length in hours.
    pub const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::SixHours => 6,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::Quarter => 90 * 24,
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.as_str() == word)
    }
}

/// Uses of one side, added up.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideTotal {
    /// Minutes in which it was used.
    pub minutes: u64,
    /// Uses, failed ones too.
    pub uses: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// Half took at most so long, milliseconds; `None` where latency was not told.
    pub p50_ms: Option<f64>,
    /// 95 of 100 took at most so long.
    pub p95_ms: Option<f64>,
    /// 99 of 100 took at most so long.
    pub p99_ms: Option<f64>,
}

/// The same within one minute or hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SidePoint {
    /// When it begins.
    pub at: Timestamp,
    /// What was seen.
    #[serde(flatten)]
    pub total: SideTotal,
}

/// One side of a module over a range.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SideEvidence {
    /// All of it.
    pub total: SideTotal,
    /// By minute or hour, oldest first; without those in which nothing was seen.
    pub points: Vec<SidePoint>,
}

/// What comparing found within one minute or hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonPoint {
    /// When it begins.
    pub at: Timestamp,
    /// Calls that were compared: matches and mismatches.
    pub compared: u64,
    /// Those in which old and new differed.
    pub mismatches: u64,
    /// Calls in which old ran twice.
    pub noise_compared: u64,
    /// Those in which it did not do the same twice.
    pub noise_mismatches: u64,
}

/// A place in which answers differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MismatchRow {
    /// The place, and what each side had there when it was last seen.
    pub example: Example,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// When it was seen last.
    pub last_at: Timestamp,
}

/// What comparing found over a range.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ComparisonEvidence {
    /// All of it.
    pub total: Compared,
    /// By minute or hour, oldest first.
    pub points: Vec<ComparisonPoint>,
    /// Where answers differed, last seen first; at most 100.
    pub mismatches: Vec<MismatchRow>,
}

/// What happened, marked on time axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceMarkKind {
    /// The flag went up.
    Promotion,
    /// It went down.
    Rollback,
    /// The kill switch was pressed.
    KillSwitch,
    /// An issue was opened.
    Issue,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceMark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EvidenceMarkKind,
    /// In a few words.
    pub label: String,
}

/// A module's evidence in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModuleEvidenceView {
    /// What stands around it.
    pub frame: Frame,
    /// The module.
    pub module: ModuleRow,
    /// How far back.
    pub range: EvidenceRange,
    /// The begin of the range.
    pub from: Timestamp,
    /// How long one point is, milliseconds.
    pub point_ms: i64,
    /// What old did.
    pub old: SideEvidence,
    /// What new did.
    pub new: SideEvidence,
    /// What comparing found.
    pub comparisons: ComparisonEvidence,
    /// What happened in the range, oldest first.
    pub marks: Vec<EvidenceMark>,
    /// Since when the module stands where it stands: verdicts are about that time alone.
    pub judged_since: Timestamp,
    /// What is asked before it goes on, each with its answer.
    pub verdicts: Vec<Verdict>,
    /// How it is, from the uses of new in that time.
    pub health: ModuleHealth,
    /// Errors on new at which it is held and at which it is rolled back, as shares of 1.
    pub limits: [f64; 2],
}

/// A module's evidence in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// The module.
    pub module: ModuleRow,
    /// What old did; without latencies.
    pub old: SideTotal,
    /// What new did; without latencies.
    pub new: SideTotal,
    /// How it is, from the uses of new in the range.
    pub health: ModuleHealth,
}

/// The evidence of all modules in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceView {
    /// What stands around it.
    pub frame: Frame,
    /// How far back.
    pub range: EvidenceRange,
    /// Modules that are active or retired, by key.
    pub rows: Vec<EvidenceRow>,
    /// Whether anything was ever seen of any module.
    pub any: bool,
}

impl EvidenceView {
    /// Modules of which nothing was seen in the range.
    pub fn silent(&self) -> impl Iterator<Item = &Key> {
        self.rows
            .iter()
            .filter(|row| row.old.uses.saturating_add(row.new.uses) == 0)
            .map(|row| &row.module.key)
    }
}

impl ModuleEvidenceView {
    /// Questions that evidence does not answer.
    pub fn unanswered(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts
            .iter()
            .filter(|verdict| verdict.outcome == Outcome::NoData)
    }
}
