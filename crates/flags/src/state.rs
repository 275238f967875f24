//! A flag's state, mode with exposure, and its rank between old and new.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Exposure, Mode};

/// A mode with the exposure that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "StateWire")]
pub struct FlagState {
    mode: Mode,
    exposure: Exposure,
}

/// Why a mode and an exposure do not go together, and what to ask for instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFlagState {
    /// `gradual_rollout` without an exposure.
    #[error("gradual_rollout needs an exposure between 0.01 % and 99.99 %")]
    ExposureMissing,
    /// `gradual_rollout` at 0 %.
    #[error("gradual_rollout at 0 % serves new to nobody: use both_validate")]
    GradualAtZero,
    /// `gradual_rollout` at 100 %.
    #[error("gradual_rollout at 100 % serves new to everybody: use new_only")]
    GradualAtFull,
    /// An exposure that is not the mode's own.
    #[error(
        "{mode} always has exposure {fixed}, not {given}: leave the exposure out or use gradual_rollout"
    )]
    ExposureFixed {
        /// The mode asked for.
        mode: Mode,
        /// The only exposure it has.
        fixed: Exposure,
        /// The exposure asked for.
        given: Exposure,
    },
}

/// Where a state stands between old and new:
/// `old_only` < `both_validate` < `gradual_rollout` by exposure < `new_only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u16);

/// What a change does to the rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Lowers it; never blocked.
    Rollback,
    /// Raises it; gates, freezes and approvals apply.
    Promotion,
    /// Leaves the state as it is.
    NoChange,
}

impl FlagState {
    /// Old for everybody.
    pub const OLD_ONLY: Self = Self {
        mode: Mode::OldOnly,
        exposure: Exposure::ZERO,
    };
    /// Old for everybody, new run beside it and compared.
    pub const BOTH_VALIDATE: Self = Self {
        mode: Mode::BothValidate,
        exposure: Exposure::ZERO,
    };
    /// New for everybody.
    pub const NEW_ONLY: Self = Self {
        mode: Mode::NewOnly,
        exposure: Exposure::FULL,
    };

    /// A mode with its exposure; only `gradual_rollout` has a choice, the others may leave it out.
    ///
    /// # Errors
    /// [`InvalidFlagState`] names the mode that fits what was asked for.
    pub fn new(mode: Mode, exposure: Option<Exposure>) -> Result<Self, InvalidFlagState> {
        let fixed = match mode {
            Mode::GradualRollout => return Self::gradual(exposure),
            Mode::OldOnly => Self::OLD_ONLY,
            Mode::BothValidate => Self::BOTH_VALIDATE,
            Mode::NewOnly => Self::NEW_ONLY,
        };
        match exposure {
            Some(given) if given != fixed.exposure => Err(InvalidFlagState::ExposureFixed {
                mode,
                fixed: fixed.exposure,
                given,
            }),
            _ => Ok(fixed),
        }
    }

    fn gradual(exposure: Option<Exposure>) -> Result<Self, InvalidFlagState> {
        match exposure {
            None => Err(InvalidFlagState::ExposureMissing),
            Some(Exposure::ZERO) => Err(InvalidFlagState::GradualAtZero),
            Some(Exposure::FULL) => Err(InvalidFlagState::GradualAtFull),
            Some(exposure) => Ok(Self {
                mode: Mode::GradualRollout,
                exposure,
            }),
        }
    }

    /// What callers do.
    pub const fn mode(self) -> Mode {
        self.mode
    }

    /// The share of subjects that get new.
    pub const fn exposure(self) -> Exposure {
        self.exposure
    }

    /// Whether callers run new beside old and compare: true in `both_validate` alone.
    pub const fn compare(self) -> bool {
        matches!(self.mode, Mode::BothValidate)
    }

    /// Where the state stands between old and new.
    pub const fn rank(self) -> Rank {
        Rank(match self.mode {
            Mode::OldOnly => 0,
            Mode::BothValidate => 1,
            Mode::GradualRollout | Mode::NewOnly => 1 + self.exposure.basis_points(),
        })
    }

    /// What a change from this state to `to` is, by whatever command it is asked for.
    pub fn direction_to(&self, to: Self) -> Direction {
        match to.rank().cmp(&self.rank()) {
            std::cmp::Ordering::Less => Direction::Rollback,
            std::cmp::Ordering::Greater => Direction::Promotion,
            std::cmp::Ordering::Equal => Direction::NoChange,
        }
    }
}

impl fmt::Display for FlagState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::GradualRollout => write!(f, "{} {}", self.mode, self.exposure),
            _ => self.mode.fmt(f),
        }
    }
}

#[derive(Deserialize)]
struct StateWire {
    mode: Mode,
    #[serde(default)]
    exposure: Option<Exposure>,
}

impl TryFrom<StateWire> for FlagState {
    type Error = InvalidFlagState;

    fn try_from(wire: StateWire) -> Result<Self, InvalidFlagState> {
        Self::new(wire.mode, wire.exposure)
    }
}

#[cfg(test)]
mod tests;
