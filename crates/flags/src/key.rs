//! Names of migrations, environments and modules.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Longest key, in characters (all of them ASCII).
const MAX_LENGTH: usize = 64;

/// The name of a migration, an environment or a module: `[a-z0-9][a-z0-9_-]{0,63}`, and not `mode`.
///
/// `mode` is reserved because `<migration>.<module>.mode` asks for a mode; a key holds no dot for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Key(Arc<str>);

/// Why a text is not a [`Key`], and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Nothing was given.
    #[error("a key is missing: write 1 to 64 of a-z, 0-9, - and _")]
    Empty,
    /// Longer than 64 characters.
    #[error("a key has at most 64 characters, this one has {length}: shorten it")]
    TooLong {
        /// How many characters were given.
        length: usize,
    },
    /// It begins with `-` or `_`.
    #[error("a key begins with a-z or 0-9, not with {found:?}: put a letter or digit first")]
    BadStart {
        /// The first character.
        found: char,
    },
    /// A character outside `[a-z0-9_-]`.
    #[error(
        "a key holds only a-z, 0-9, - and _: replace {found:?} (capitals in lower case, spaces as -)"
    )]
    BadCharacter {
        /// The first character that does not belong.
        found: char,
    },
    /// The reserved word `mode`.
    #[error("\"mode\" is reserved for questions about a mode: choose another key")]
    Reserved,
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// [`InvalidKey`] says which rule the text breaks and how to mend it.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let first = text.chars().next().ok_or(InvalidKey::Empty)?;
        if let Some(found) = text.chars().find(|&c| !is_key_character(c)) {
            return Err(InvalidKey::BadCharacter { found });
        }
        if !first.is_ascii_alphanumeric() {
            return Err(InvalidKey::BadStart { found: first });
        }
        if text.len() > MAX_LENGTH {
            return Err(InvalidKey::TooLong { length: text.len() });
        }
        if text == "mode" {
            return Err(InvalidKey::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key with `-` as `_`: the form that must be unique, because exports as shell variables know no `-`.
    pub fn folded(&self) -> String {
        self.0.replace('-', "_")
    }
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::parse(text)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_and_shown_unchanged() {
        for text in [
            "a",
            "0",
            "memory-engine",
            "core_v2",
            "a-",
            "mode2",
            &"x".repeat(64),
        ] {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bad_key_is_refused_with_the_rule_it_breaks() {
        assert_eq!(Key::parse(""), Err(InvalidKey::Empty));
        assert_eq!(Key::parse("mode"), Err(InvalidKey::Reserved));
        assert_eq!(Key::parse("-a"), Err(InvalidKey::BadStart { found: '-' }));
        assert_eq!(
            Key::parse("a.b"),
            Err(InvalidKey::BadCharacter { found: '.' })
        );
        assert_eq!(
            Key::parse("Aa"),
            Err(InvalidKey::BadCharacter { found: 'A' })
        );
        assert_eq!(
            Key::parse("schlüssel"),
            Err(InvalidKey::BadCharacter { found: 'ü' })
        );
        assert_eq!(
            Key::parse(&"x".repeat(65)),
            Err(InvalidKey::TooLong { length: 65 })
        );
    }

    #[test]
    fn dashes_and_underscores_fold_together() {
        assert_eq!(Key::parse("a-b_c").unwrap().folded(), "a_b_c");
    }

    #[test]
    fn json_is_a_validated_string() {
        assert_eq!(
            serde_json::from_str::<Key>("\"core\"").unwrap().as_str(),
            "core"
        );
        let refusal = serde_json::from_str::<Key>("\"mode\"")
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("reserved"), "{refusal}");
    }
}
