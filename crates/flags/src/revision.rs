//! The version of a server's flag state.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest epoch, in characters.
const MAX_EPOCH_LENGTH: usize = 64;

/// An opaque name for one life of a server's state, new after a restore: 1 to 64 of `[A-Za-z0-9_-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Epoch(Box<str>);

/// A text is not an [`Epoch`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an epoch is 1 to 64 of A-Z, a-z, 0-9, - and _")]
pub struct InvalidEpoch;

/// Why a text is not a [`Revision`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRevision {
    /// No colon between epoch and number.
    #[error("a revision is written epoch:number, the colon is missing")]
    NoColon,
    /// What stands before the colon is no epoch.
    #[error(transparent)]
    Epoch(#[from] InvalidEpoch),
    /// What stands behind the colon is no number, or has zeros before it.
    #[error("a revision is written epoch:number, the number is missing or not a whole number")]
    Number,
}

/// The revision of flag state: a counter within an epoch, written `epoch:number`.
///
/// There is no order between revisions of different epochs, so none is offered: compare `number` where `epoch` is equal.
/// In JSON it is the same text as [`fmt::Display`] writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision {
    /// The life of the state this revision belongs to.
    pub epoch: Epoch,
    /// Counts transactions that changed a flag or a kill switch.
    pub number: u64,
}

impl Epoch {
    /// Reads an epoch.
    ///
    /// # Errors
    /// [`InvalidEpoch`] when it is empty, too long or holds another character.
    pub fn parse(text: &str) -> Result<Self, InvalidEpoch> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if text.is_empty() || text.len() > MAX_EPOCH_LENGTH || !text.bytes().all(allowed) {
            return Err(InvalidEpoch);
        }
        Ok(Self(text.into()))
    }

    /// The epoch as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Epoch {
    type Err = InvalidEpoch;

    fn from_str(text: &str) -> Result<Self, InvalidEpoch> {
        Self::parse(text)
    }
}

impl AsRef<str> for Epoch {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.number)
    }
}

impl FromStr for Revision {
    type Err = InvalidRevision;

    fn from_str(text: &str) -> Result<Self, InvalidRevision> {
        let (epoch, number) = text.split_once(':').ok_or(InvalidRevision::NoColon)?;
        let epoch = Epoch::parse(epoch)?;
        // `u64::from_str` alone would also take a leading plus sign, and zeros before the number: one revision has one text.
        let padded = number.len() > 1 && number.starts_with('0');
        if padded || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidRevision::Number);
        }
        let number = number.parse().map_err(|_| InvalidRevision::Number)?;
        Ok(Self { epoch, number })
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_and_shown_unchanged() {
        for text in ["a:0", "Zz_9-:18446744073709551615"] {
            assert_eq!(text.parse::<Revision>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bad_revision_is_refused() {
        for text in [
            "",
            "a",
            ":1",
            "a:",
            "a:+1",
            "a:01",
            "a:00",
            "a:-1",
            "a:1:2",
            "a b:1",
            "a:18446744073709551616",
        ] {
            assert!(text.parse::<Revision>().is_err(), "{text}");
        }
        assert!(Epoch::parse(&"e".repeat(65)).is_err());
    }
}
