//! How a module is, in one word.

use serde::{Deserialize, Serialize};

use super::gates::error_rate;
use super::{Outcome, Rule, Tally, Verdict};
use crate::Thresholds;

/// How a module, or the worst of several, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Errors on new are proven to be under the limit to hold at.
    Healthy,
    /// Proven to be over the limit to hold at.
    Degraded,
    /// Proven to be over the limit to roll back at.
    Unhealthy,
    /// None of that can be told.
    NoData,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Degraded, Self::Unhealthy, Self::NoData];

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::NoData => "no_data",
        }
    }

    /// How it is shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoData => "no data",
            other => other.as_str(),
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.as_str() == word)
    }

    /// What `switchback health` exits with. 3 is left for a server that does not answer.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Degraded => 1,
            Self::Unhealthy => 2,
            Self::NoData => 4,
        }
    }

    /// The worst of several: what is proven to be bad before what is not known, that before what is well. Of none: NO
    /// DATA.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        let how_bad = |health: &Self| match health {
            Self::Healthy => 0,
            Self::NoData => 1,
            Self::Degraded => 2,
            Self::Unhealthy => 3,
        };
        all.into_iter().max_by_key(how_bad).unwrap_or(Self::NoData)
    }
}

/// How a module is, and the verdict that says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModuleHealth {
    /// In one word.
    pub health: Health,
    /// Against the limit that decided.
    pub verdict: Verdict,
}

/// The health of a module from the uses of new.
pub fn health(new: Tally, thresholds: Thresholds) -> ModuleHealth {
    let rollback = error_rate(Rule::RollbackRate, new, thresholds);
    if rollback.outcome == Outcome::Fail {
        return ModuleHealth {
            health: Health::Unhealthy,
            verdict: rollback,
        };
    }
    let hold = error_rate(Rule::ErrorRate, new, thresholds);
    let health = match hold.outcome {
        Outcome::Pass => Health::Healthy,
        Outcome::Fail => Health::Degraded,
        Outcome::NoData => Health::NoData,
    };
    ModuleHealth {
        health,
        verdict: hold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errors: u64, uses: u64) -> Health {
        health(Tally { uses, errors }, Thresholds::default()).health
    }

    #[test]
    fn a_module_is_called_what_is_proven_of_it() {
        assert_eq!(of(0, 0), Health::NoData);
        assert_eq!(of(0, 200), Health::NoData);
        assert_eq!(of(0, 400), Health::Healthy);
        assert_eq!(of(30, 1_000), Health::Degraded);
        // Above 5 % by the measure, but not beyond doubt.
        assert_eq!(of(6, 100), Health::Degraded);
        assert_eq!(of(80, 1_000), Health::Unhealthy);
    }

    #[test]
    fn the_worst_decides_and_codes_are_stable() {
        use Health::{Degraded, Healthy, NoData, Unhealthy};
        assert_eq!(Health::worst([]), NoData);
        assert_eq!(Health::worst([Healthy, NoData]), NoData);
        assert_eq!(Health::worst([NoData, Degraded, Healthy]), Degraded);
        assert_eq!(Health::worst(Health::ALL), Unhealthy);
        assert_eq!(Health::ALL.map(Health::exit_code), [0, 1, 2, 4]);
        for health in Health::ALL {
            assert_eq!(Health::parse(health.as_str()), Some(health));
            assert_eq!(serde_json::to_value(health).unwrap(), health.as_str());
        }
    }
}
