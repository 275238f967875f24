//! `POST /api/v1/migrations/{migration}/flags`: brings modules, or a phase, to one state.

use std::collections::BTreeMap;

use axum::extract::State;
use control::CommandError;
use control::commands::{Selection, SetMode};
use domain::{Exposure, FlagState, Key, Mode, PhaseNumber, Refusal};
use serde::Deserialize;
use serde_json::Number;

use super::edit::IfMatch;
use super::{At, Body, Done, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Which modules, to what, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    modules: Option<Vec<Key>>,
    phase: Option<PhaseNumber>,
    mode: Mode,
    exposure: Option<Number>,
    #[serde(default)]
    reason: String,
    environment: Option<Key>,
    #[serde(default)]
    expected_versions: BTreeMap<Key, i64>,
    revision_seen: Option<u64>,
}

/// Modules by key, or all of a phase: exactly one of the two.
pub fn selection(
    modules: Option<Vec<Key>>,
    phase: Option<PhaseNumber>,
) -> Result<Selection, Problem> {
    match (modules, phase) {
        (Some(modules), None) if !modules.is_empty() => Ok(Selection::Modules(modules)),
        (None, Some(phase)) => Ok(Selection::Phase(phase)),
        _ => Err(Problem::field(
            "modules",
            "Name modules (a list that is not empty) or one phase.",
        )),
    }
}

/// A mode, and for `gradual_rollout` its exposure in percent.
pub fn state(mode: Mode, percent: Option<&Number>) -> Result<FlagState, Problem> {
    let exposure = percent
        .map(|percent| Exposure::from_percent_str(&percent.to_string()))
        .transpose()
        .map_err(|error| Problem::field("exposure", error.to_string()))?;
    FlagState::new(mode, exposure).map_err(|error| Problem::field("mode", error.to_string()))
}

/// Sets flags. Going down is a rollback and needs no version; going up needs each module's. So an `If-Match` that
/// cannot be read only stands in the way of what would have needed it.
pub async fn set(
    State(state): State<AppState>,
    Authenticated(mut caller): Authenticated,
    At(migration): At<Key>,
    if_match: Result<IfMatch, Problem>,
    Body(set): Body<Set>,
) -> Result<Done, Problem> {
    let wanted = self::state(set.mode, set.exposure.as_ref())?;
    let selection = selection(set.modules, set.phase)?;
    let mut expected = set.expected_versions;
    let seen = if_match.as_ref().ok().and_then(|version| version.or(None));
    if let (Selection::Modules(modules), Some(version)) = (&selection, seen)
        && let [module] = modules.as_slice()
    {
        expected.insert(module.clone(), version);
    }
    caller.revision_seen = set.revision_seen;
    let command = SetMode {
        migration,
        environment: set.environment,
        selection,
        state: wanted,
        reason: set.reason,
        expected,
    };
    let result = run(&state, &caller, command).await;
    match (if_match, result) {
        (Ok(if_match), result) => if_match.answer(result),
        (Err(unreadable), Err(CommandError::Refused(Refusal::VersionRequired))) => Err(unreadable),
        (Err(_), result) => Ok(Done::new(result?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(json: &str) -> Result<String, String> {
        let set: Set = serde_json::from_str(json).unwrap();
        super::state(set.mode, set.exposure.as_ref())
            .map(|state| state.to_string())
            .map_err(|problem| problem.detail)
    }

    #[test]
    fn exposure_is_given_in_percent() {
        assert_eq!(
            state(r#"{"mode":"gradual_rollout","exposure":10}"#).unwrap(),
            "gradual_rollout 10 %"
        );
        assert_eq!(
            state(r#"{"mode":"gradual_rollout","exposure":0.25}"#).unwrap(),
            "gradual_rollout 0.25 %"
        );
        assert_eq!(state(r#"{"mode":"new_only"}"#).unwrap(), "new_only");
    }

    #[test]
    fn a_state_that_does_not_exist_is_refused_with_the_one_that_is_meant() {
        assert!(
            state(r#"{"mode":"gradual_rollout","exposure":100}"#)
                .unwrap_err()
                .contains("new_only")
        );
        assert!(
            state(r#"{"mode":"gradual_rollout","exposure":0}"#)
                .unwrap_err()
                .contains("both_validate")
        );
        for json in [
            r#"{"mode":"gradual_rollout","exposure":1.234}"#,
            r#"{"mode":"gradual_rollout","exposure":-1}"#,
            r#"{"mode":"gradual_rollout","exposure":1e300}"#,
            r#"{"mode":"gradual_rollout"}"#,
        ] {
            assert!(state(json).is_err(), "{json}");
        }
    }

    #[test]
    fn modules_and_a_phase_exclude_each_other() {
        let module = || vec![Key::parse("a").unwrap()];
        assert!(selection(Some(module()), None).is_ok() && selection(None, Some(1)).is_ok());
        for (modules, phase) in [
            (None, None),
            (Some(vec![]), None),
            (Some(module()), Some(1)),
        ] {
            assert!(selection(modules, phase).is_err());
        }
    }
}
