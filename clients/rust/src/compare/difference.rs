//! Where two answers differ, and what of it may leave the process.

use std::collections::BTreeSet;

use flags::report::{Example, LONGEST_EXAMPLE, MOST_EXAMPLES};
use serde::Serialize;
use serde_json::Value;

/// A place in which new's answer is not old's.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where in the answer, such as `lines.0.sku`.
    pub path: String,
    /// What old has there; nothing when it has no such place.
    pub old: Option<Value>,
    /// What new has there; nothing when it has no such place.
    pub new: Option<Value>,
}

impl Difference {
    /// A difference at a place that both have.
    pub fn new(path: impl Into<String>, old: impl Into<Value>, new: impl Into<Value>) -> Self {
        Self {
            path: path.into(),
            old: Some(old.into()),
            new: Some(new.into()),
        }
    }
}

/// What is said of a value that must not leave the process: its kind and size. The redaction unless another is set.
pub fn hidden(_path: &str, value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) => format!("a text of {} characters", text.chars().count()),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(fields) => format!("an object of {} fields", fields.len()),
    }
}

/// The value itself, cut to 200 characters: for answers that hold nothing to protect.
pub fn shown(_path: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A difference as it is reported.
pub(super) fn redacted(
    difference: &Difference,
    redact: &(dyn Fn(&str, &Value) -> String + Send + Sync),
) -> Example {
    let path = &difference.path;
    let text = |value: Option<&Value>| match value {
        Some(value) => cut(redact(path, value)),
        None => "absent".to_owned(),
    };
    Example {
        path: cut(path.clone()),
        old: text(difference.old.as_ref()),
        new: text(difference.new.as_ref()),
    }
}

/// One side answered, the other failed.
pub(super) fn of_outcome(old_answered: bool) -> Example {
    let text = |answered| if answered { "answer" } else { "error" }.to_owned();
    Example {
        path: String::new(),
        old: text(old_answered),
        new: text(!old_answered),
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_EXAMPLE) {
        text.truncate(end);
    }
    text
}

/// Where the JSON of two answers differs; nothing when an answer has none, so that they cannot be compared.
pub(super) fn of_json<T: Serialize>(old: &T, new: &T) -> Option<Vec<Difference>> {
    let old = serde_json::to_value(old).ok()?;
    let new = serde_json::to_value(new).ok()?;
    let mut found = Vec::new();
    walk("", Some(&old), Some(&new), &mut found);
    Some(found)
}

fn walk(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    if found.len() >= MOST_EXAMPLES || old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                walk(&below(path, name), old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for place in 0..old.len().max(new.len()) {
                let path = below(path, &place.to_string());
                walk(&path, old.get(place), new.get(place), found);
                if found.len() >= MOST_EXAMPLES {
                    return;
                }
            }
        }
        _ => found.push(Difference {
            path: path.to_owned(),
            old: old.cloned(),
            new: new.cloned(),
        }),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(old: &Value, new: &Value) -> Vec<String> {
        let found = of_json(old, new).unwrap();
        found.into_iter().map(|found| found.path).collect()
    }

    #[test]
    fn differences_are_named_by_their_place() {
        let old = json!({"a": 1, "lines": [{"sku": "x"}, 2], "gone": true, "same": [1]});
        let new = json!({"a": 2, "lines": [{"sku": "y"}, 2, 3], "same": [1]});
        assert_eq!(paths(&old, &new), ["a", "gone", "lines.0.sku", "lines.2"]);
        assert_eq!(paths(&old, &old), [""; 0]);
        assert_eq!(paths(&json!(1), &json!("1")), [""]);
        let many = |start: i32| json!((start..start + 1000).collect::<Vec<_>>());
        assert_eq!(paths(&many(0), &many(1)).len(), MOST_EXAMPLES);
    }

    #[test]
    fn what_cannot_be_written_as_json_cannot_be_compared() {
        let odd = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert_eq!(of_json(&odd, &odd), None);
    }

    #[test]
    fn an_example_shows_no_value_unless_told_to() {
        let secret = "4111 1111 1111 1111 ü".repeat(20);
        let difference = Difference::new("card", secret.as_str(), 7);
        let example = redacted(&difference, &hidden);
        assert_eq!(example.old, "a text of 420 characters");
        assert_eq!(example.new, "a number");
        let example = redacted(&difference, &shown);
        assert_eq!(example.old.chars().count(), LONGEST_EXAMPLE);
        assert!(secret.starts_with(&example.old));
        let difference = Difference {
            old: None,
            ..difference
        };
        assert_eq!(redacted(&difference, &shown).old, "absent");
    }
}
