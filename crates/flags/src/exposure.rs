//! The share of subjects that get new.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The share of subjects that get new, in basis points (hundredths of a percent): 0 to 10000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Exposure(u16);

/// Why something is not an [`Exposure`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExposure {
    /// Above 100 %.
    #[error("an exposure lies between 0 % and 100 % (0 to 10000 basis points)")]
    OutOfRange,
    /// Not written as a percentage.
    #[error(
        "write an exposure as a percentage with at most two decimals, such as 10, 0.5 or 12.34"
    )]
    NotAPercentage,
}

impl Exposure {
    /// Nobody gets new.
    pub const ZERO: Self = Self(0);
    /// Everybody gets new.
    pub const FULL: Self = Self(10_000);

    /// An exposure of so many hundredths of a percent.
    ///
    /// # Errors
    /// [`InvalidExposure::OutOfRange`] above 10000.
    pub const fn from_basis_points(basis_points: u16) -> Result<Self, InvalidExposure> {
        if basis_points > Self::FULL.0 {
            return Err(InvalidExposure::OutOfRange);
        }
        Ok(Self(basis_points))
    }

    /// Hundredths of a percent, 0 to 10000.
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// Reads a percentage as a person writes it: `10`, `0.5`, `12.34`, `10%` or `10 %`.
    ///
    /// # Errors
    /// [`InvalidExposure`] when it is no percentage, has more than two decimals or is above 100.
    pub fn from_percent_str(text: &str) -> Result<Self, InvalidExposure> {
        let text = text.trim();
        let number = text.strip_suffix('%').map_or(text, str::trim_end);
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
            return Err(InvalidExposure::NotAPercentage);
        }
        let out_of_range = |_| InvalidExposure::OutOfRange;
        let whole: u16 = whole.parse().map_err(out_of_range)?;
        let hundredths: u16 = format!("{decimals:0<2}").parse().map_err(out_of_range)?;
        let basis_points = whole
            .checked_mul(100)
            .and_then(|points| points.checked_add(hundredths));
        Self::from_basis_points(basis_points.ok_or(InvalidExposure::OutOfRange)?)
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        match (hundredths, hundredths % 10) {
            (0, _) => write!(f, "{whole} %"),
            (_, 0) => write!(f, "{whole}.{} %", hundredths / 10),
            _ => write!(f, "{whole}.{hundredths:02} %"),
        }
    }
}

impl<'de> Deserialize<'de> for Exposure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_basis_points(u16::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
