//! The fields of an edit's `before`: those it changed, as they were.

use std::collections::BTreeMap;

use domain::schedule::windows::{Scope, WindowKind};
use domain::{PhaseNumber, Thresholds, Timestamp};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::calendar::Days;
use crate::store::StoreError;

/// Reads an entry's `before`; a field unknown here is an error, so that none is silently not undone.
pub(super) fn read<T: for<'de> Deserialize<'de>>(before: Value) -> Result<T, StoreError> {
    Ok(serde_json::from_value(before)?)
}

/// A field that was not edited, was empty, or had a value.
type Patch<T> = Option<Option<T>>;

/// A field that was empty stands there as `null`; one that was not edited is absent.
fn present<'de, T, D>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Of a module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModuleFields {
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) phase: Patch<PhaseNumber>,
    pub(super) owner: Option<String>,
    pub(super) old_path: Option<String>,
    pub(super) new_path: Option<String>,
}

/// Of a phase.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhaseFields {
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) start: Patch<Date>,
    #[serde(default, deserialize_with = "present")]
    pub(super) end: Patch<Date>,
    #[serde(default, deserialize_with = "present")]
    pub(super) expected_modules: Patch<u32>,
    #[serde(default, deserialize_with = "present")]
    pub(super) validation_days: Patch<u32>,
    pub(super) notes: Option<String>,
}

/// Of phases that were moved, by number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DaysOfPhases {
    pub(super) phases: BTreeMap<PhaseNumber, Days>,
}

/// What a phase needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NeedsFields {
    pub(super) needs: Vec<PhaseNumber>,
}

/// Of a window.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowFields {
    pub(super) name: Option<String>,
    pub(super) kind: Option<WindowKind>,
    pub(super) scope: Option<Scope>,
    pub(super) starts: Option<DateTime>,
    pub(super) ends: Option<DateTime>,
    pub(super) recurrence: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) archived_at: Patch<Timestamp>,
}

/// Of a milestone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MilestoneFields {
    pub(super) name: Option<String>,
    pub(super) day: Option<Date>,
    #[serde(default, deserialize_with = "present")]
    pub(super) archived_at: Patch<Timestamp>,
}

/// Of an environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentFields {
    pub(super) name: Option<String>,
    pub(super) deciding: Option<bool>,
}

/// Of a migration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MigrationFields {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) zone: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) start: Patch<Date>,
    #[serde(default, deserialize_with = "present")]
    pub(super) expected_modules: Patch<u32>,
    pub(super) thresholds: Option<Thresholds>,
    pub(super) automatic_rollback: Option<bool>,
}
