//! JSON with bounds: lists and objects that refuse more than so many entries, and errors with their places.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::unreadable::{Position, Problem, Unreadable, clamp};

/// The value that a text is. Nesting is bounded by the parser, at 128.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

/// An error of the parser, at its place.
pub(crate) fn unreadable(error: &serde_json::Error) -> Unreadable {
    // What the parser says ends in the place, which is told apart from it.
    let words = error.to_string();
    let words = words
        .rsplit_once(" at line ")
        .map_or(words.as_str(), |(words, _)| words);
    let words = crate::text::excerpt(words, 200);
    let problem = match error.classify() {
        serde_json::error::Category::Data if words.starts_with(TOO_MANY) => Problem::TooMany,
        serde_json::error::Category::Data => Problem::Value,
        _ => Problem::Syntax,
    };
    let message = match problem {
        Problem::Syntax => {
            format!("this is not JSON ({words}): send the file as the tool wrote it, to its end")
        }
        _ => words,
    };
    let unreadable = Unreadable::new(problem, message);
    match error.line() {
        0 => unreadable,
        line => unreadable.at(Position {
            line: clamp(line),
            column: clamp(error.column()).max(1),
        }),
    }
}

const TOO_MANY: &str = "more than";

/// A list of at most `N` values.
#[derive(Clone, Debug)]
pub(crate) struct AtMost<T, const N: usize>(pub Vec<T>);

impl<T, const N: usize> Default for AtMost<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for AtMost<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for List<T, N> {
            type Value = AtMost<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {N} entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    if list.len() == N {
                        return Err(too_many::<A::Error, N>());
                    }
                    list.push(entry);
                }
                Ok(AtMost(list))
            }
        }

        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// An object of at most `N` entries, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Entries<T, const N: usize>(pub Vec<(String, T)>);

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Entries<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Object<T, N> {
            type Value = Entries<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {N} entries")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    if list.len() == N {
                        return Err(too_many::<A::Error, N>());
                    }
                    list.push(entry);
                }
                Ok(Entries(list))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

fn too_many<E: serde::de::Error, const N: usize>() -> E {
    E::custom(format_args!(
        "{TOO_MANY} {N} entries here: send the report in parts"
    ))
}

/// Which keys an object has, the first of them; nothing of any other value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<String>);

impl Keys {
    const MOST: usize = 32;

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|found| found == key)
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut keys = Keys::default();
                while let Some((key, IgnoredAny)) = entries.next_entry::<String, _>()? {
                    if keys.0.len() < Keys::MOST {
                        keys.0.push(key);
                    }
                }
                Ok(keys)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                while let Some(IgnoredAny) = entries.next_element()? {}
                Err(A::Error::custom("a list where an object belongs"))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
