//! Modules as a table: CSV or JSON in, checked rows or every error by line out. Nothing half.

use std::collections::HashMap;
use std::fmt;

use flags::Key;
use serde::{Deserialize, Serialize};

use crate::decode::MAX_BYTES;

/// Most modules one table may hold: as many as a server keeps.
pub const MAX_ROWS: usize = 10_000;

/// Most errors listed; whoever has more has one cause behind them.
pub(crate) const MAX_ERRORS: usize = 100;

/// Longest cell, in characters.
const MAX_CELL: usize = 300;

/// A module as somebody wrote it, not yet checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleInput {
    /// Its key.
    pub key: String,
    /// Its name; the key where it is empty.
    #[serde(default)]
    pub name: Option<String>,
    /// Number or name of its phase.
    #[serde(default, deserialize_with = "number_or_text")]
    pub phase: Option<String>,
    /// User or team.
    #[serde(default)]
    pub owner: Option<String>,
    /// Where the old code is.
    #[serde(default)]
    pub old_path: Option<String>,
    /// Where the new code is.
    #[serde(default)]
    pub new_path: Option<String>,
    /// Where it stands in its file, from 1; 0 when unknown.
    #[serde(skip)]
    pub line: u32,
}

/// A checked module of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModuleRow {
    /// Its key, unique within the table also when `-` is read as `_`.
    pub key: Key,
    /// Its name, never empty.
    pub name: String,
    /// Number or name of its phase, as written.
    pub phase: Option<String>,
    /// User or team.
    pub owner: Option<String>,
    /// Where the old code is.
    pub old_path: Option<String>,
    /// Where the new code is.
    pub new_path: Option<String>,
    /// Where it stands in its file.
    pub line: u32,
}

/// What is wrong with one line of a table, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct LineError {
    /// Which line, from 1.
    pub line: u32,
    /// Which column, where it is one.
    pub column: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl LineError {
    pub(crate) fn new(line: u32, column: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            line,
            column: column.map(str::to_owned),
            message: message.into(),
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.message),
            None => write!(f, "line {}: {}", self.line, self.message),
        }
    }
}

fn number_or_text<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Phase {
        Number(u32),
        Text(String),
    }
    Ok(
        Option::<Phase>::deserialize(deserializer)?.map(|phase| match phase {
            Phase::Number(number) => number.to_string(),
            Phase::Text(text) => text,
        }),
    )
}

/// Reads modules from JSON: a list of objects with the fields of [`ModuleInput`].
///
/// # Errors
/// As [`parse_modules_csv`].
pub fn parse_modules_json(bytes: &[u8]) -> Result<Vec<ModuleRow>, Vec<LineError>> {
    let text = readable(bytes)?;
    let syntax = |error: serde_json::Error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        vec![LineError::new(
            line,
            None,
            format!("not a list of modules: {error}"),
        )]
    };
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).map_err(syntax)?;
    let (mut inputs, mut errors) = (Vec::new(), Vec::new());
    let (mut line, mut offset) = (1_u32, 0_usize);
    for item in items {
        // The raw value is a slice of `text`, so its address says where it stands.
        let at = (item.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        line += clamp(
            text.get(offset..at)
                .unwrap_or_default()
                .matches('\n')
                .count() as u64,
        );
        offset = at;
        match serde_json::from_str::<ModuleInput>(item.get()) {
            Ok(input) => inputs.push(ModuleInput { line, ..input }),
            Err(error) => {
                let within = u32::try_from(error.line().saturating_sub(1)).unwrap_or(0);
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                errors.push(LineError::new(line + within, None, message));
            }
        }
        if errors.len() >= MAX_ERRORS || inputs.len() > MAX_ROWS {
            break;
        }
    }
    match check_modules(inputs) {
        Ok(rows) if errors.is_empty() => Ok(rows),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more);
            errors.sort_by_key(|error| error.line);
            errors.truncate(MAX_ERRORS);
            Err(errors)
        }
    }
}

/// Checks modules wherever they come from: keys, lengths, and that no two have the same folded key. A `line` of 0 is
/// taken as the place in the list.
///
/// # Errors
/// Every error by line (the first hundred).
pub fn check_modules(inputs: Vec<ModuleInput>) -> Result<Vec<ModuleRow>, Vec<LineError>> {
    if inputs.len() > MAX_ROWS {
        let line = inputs.get(MAX_ROWS).map_or(0, |input| input.line);
        return Err(vec![LineError::new(
            line,
            None,
            format!("more than {MAX_ROWS} modules: a server keeps no more"),
        )]);
    }
    let (mut rows, mut errors) = (Vec::with_capacity(inputs.len()), Vec::new());
    let mut first: HashMap<String, (u32, String)> = HashMap::new();
    for (place, mut input) in (1_u32..).zip(inputs) {
        if input.line == 0 {
            input.line = place;
        }
        match check(input) {
            Ok(row) => match first.get(&row.key.folded()) {
                Some((line, key)) if errors.len() < MAX_ERRORS => {
                    errors.push(duplicate(&row, *line, key));
                }
                Some(_) => {}
                None => {
                    first.insert(row.key.folded(), (row.line, row.key.to_string()));
                    rows.push(row);
                }
            },
            Err(more) if errors.len() < MAX_ERRORS => errors.extend(more),
            Err(_) => {}
        }
    }
    if errors.is_empty() {
        Ok(rows)
    } else {
        Err(errors)
    }
}

fn duplicate(row: &ModuleRow, line: u32, key: &str) -> LineError {
    let message = if key == row.key.as_str() {
        format!("{key} stands on line {line} already: keep one of them")
    } else {
        format!(
            "{} is the same as {key} on line {line}, since - and _ count as one: rename one of them",
            row.key
        )
    };
    LineError::new(row.line, Some("key"), message)
}

fn check(input: ModuleInput) -> Result<ModuleRow, Vec<LineError>> {
    let line = input.line;
    let mut errors = Vec::new();
    let mut cell = |column: &str, value: Option<String>| {
        let value = value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())?;
        if value.chars().any(char::is_control) {
            errors.push(LineError::new(
                line,
                Some(column),
                "holds a line break or another control character: remove it",
            ));
        } else if value.chars().count() > MAX_CELL {
            errors.push(LineError::new(
                line,
                Some(column),
                format!("is longer than {MAX_CELL} characters: shorten it"),
            ));
        }
        Some(value)
    };
    let name = cell("name", input.name);
    let phase = cell("phase", input.phase);
    let owner = cell("owner", input.owner);
    let old_path = cell("old_path", input.old_path);
    let new_path = cell("new_path", input.new_path);
    match Key::parse(input.key.trim()) {
        Ok(key) if errors.is_empty() => {
            let name = name.unwrap_or_else(|| key.to_string());
            Ok(ModuleRow {
                key,
                name,
                phase,
                owner,
                old_path,
                new_path,
                line,
            })
        }
        Ok(_) => Err(errors),
        Err(error) => {
            errors.insert(0, LineError::new(line, Some("key"), error.to_string()));
            Err(errors)
        }
    }
}

pub(crate) fn clamp(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

pub(crate) fn readable(bytes: &[u8]) -> Result<&str, Vec<LineError>> {
    let fail = |line: u32, message: String| Err(vec![LineError::new(line, None, message)]);
    if bytes.len() > MAX_BYTES {
        return fail(
            0,
            format!(
                "the file has {} MiB, {} MiB are allowed: split it",
                bytes.len() >> 20,
                MAX_BYTES >> 20
            ),
        );
    }
    let line_at =
        |at: usize| clamp(bytes.iter().take(at).filter(|&&b| b == b'\n').count() as u64 + 1);
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return fail(
            line_at(at),
            "not a text file: it holds a zero byte".to_owned(),
        );
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => fail(
            line_at(error.valid_up_to()),
            "not UTF-8: save the file as UTF-8 and try again".to_owned(),
        ),
    }
}
