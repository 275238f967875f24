//! What an audit entry says was there before and after, as lines of a diff.

use domain::read::AuditRow;
use serde_json::Value;

use crate::components::DiffLine;

/// The fields in which `before` and `after` differ, by path.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<DiffLine> {
    let mut lines = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut lines);
    lines
}

/// At most `most` differences of an entry in a list, and how many more there are.
pub(super) fn first_differences(row: &AuditRow, most: usize) -> (Vec<DiffLine>, usize) {
    let mut lines = differences(&row.before, &row.after);
    let more = lines.len().saturating_sub(most);
    lines.truncate(most);
    (lines, more)
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, lines: &mut Vec<DiffLine>) {
    if before == after {
        return;
    }
    let objects = (fields(before), fields(after));
    let (Some(old), Some(new)) = objects else {
        lines.push(DiffLine {
            name: if path.is_empty() {
                "value".to_owned()
            } else {
                path
            },
            before: written(before),
            after: written(after),
        });
        return;
    };
    let mut names: Vec<&String> = old.iter().chain(&new).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let below = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        compare(below, find(&old, name), find(&new, name), lines);
    }
}

fn find<'v>(fields: &[(&String, &'v Value)], name: &str) -> Option<&'v Value> {
    fields
        .iter()
        .find(|(field, _)| *field == name)
        .map(|(_, value)| *value)
}

/// Fields of an object; nothing at all counts as one without fields, so that what was created shows field by field.
fn fields(value: Option<&Value>) -> Option<Vec<(&String, &Value)>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Object(fields)) => Some(fields.iter().collect()),
        Some(_) => None,
    }
}

fn written(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items))
            if items
                .iter()
                .all(|item| !item.is_object() && !item.is_array()) =>
        {
            items
                .iter()
                .map(|item| written(Some(item)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(before: &Value, after: &Value) -> Vec<(String, String, String)> {
        differences(before, after)
            .into_iter()
            .map(|line| (line.name, line.before, line.after))
            .collect()
    }

    #[test]
    fn only_what_differs_is_shown_by_its_path() {
        let before = json!({"config": {"mode": "gradual_rollout", "exposure": 1000}, "same": 1});
        let after = json!({"config": {"mode": "old_only", "exposure": 1000}, "same": 1});
        assert_eq!(
            told(&before, &after),
            [(
                "config.mode".into(),
                "gradual_rollout".into(),
                "old_only".into()
            )]
        );
    }

    #[test]
    fn what_was_created_shows_field_by_field() {
        let after = json!({"name": "Ada", "grants": ["viewer", "operator"], "end": null});
        assert_eq!(
            told(&Value::Null, &after),
            [
                ("grants".into(), String::new(), "viewer, operator".into()),
                ("name".into(), String::new(), "Ada".into()),
            ]
        );
    }

    #[test]
    fn a_plain_value_has_a_name_too() {
        assert_eq!(
            told(&json!(false), &json!(true)),
            [("value".into(), "false".into(), "true".into())]
        );
        assert_eq!(told(&json!({}), &json!({})), []);
    }
}
