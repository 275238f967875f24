//! `/api/v1/migrations/{migration}/{calendar,windows,milestones}`, and phases that move.

use axum::Json;
use axum::extract::State;
use control::commands::{
    ArchiveWindow, CreateMilestone, CreateWindow, EditMilestone, EditWindow, MovePhase,
    SetBaseline, SetDependencies, WindowInput,
};
use control::queries;
use domain::read::{CalendarFilter, CalendarView};
use domain::schedule::phases::Following;
use domain::schedule::windows::{Scope, WindowKind};
use domain::{Key, PhaseNumber};
use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::{IfMatch, Why};
use super::{At, Body, Done, Query, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Which part of the calendar.
#[derive(Debug, Deserialize)]
pub struct Asked {
    environment: Option<Key>,
    #[serde(default)]
    layout: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    phase: String,
}

/// The calendar, as its page shows it.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(asked): Query<Asked>,
) -> Result<Json<CalendarView>, Problem> {
    let filter = CalendarFilter {
        layout: asked.layout,
        from: asked.from,
        days: asked.days,
        zone: asked.zone,
        phase: asked.phase,
    };
    let environment = asked.environment.as_ref();
    let view = queries::calendar(&state.control, &caller, &migration, environment, &filter);
    Ok(Json(view.await?))
}

async fn whole(
    state: &AppState,
    caller: &control::Caller,
    migration: &Key,
) -> Result<CalendarView, Problem> {
    let filter = CalendarFilter::default();
    Ok(queries::calendar(&state.control, caller, migration, None, &filter).await?)
}

/// Freezes and change windows.
pub async fn windows(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Json<Value>, Problem> {
    let mut windows = json!(whole(&state, &caller, &migration).await?.windows);
    // Where they lie in a picture is of no use without it.
    for window in windows.as_array_mut().into_iter().flatten() {
        if let Some(window) = window.as_object_mut() {
            window.remove("bars");
        }
    }
    Ok(Json(json!({ "windows": windows })))
}

/// A window as it is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowBody {
    name: String,
    kind: WindowKind,
    #[serde(default = "whole_migration")]
    scope: Scope,
    starts: DateTime,
    ends: DateTime,
    #[serde(default)]
    recurrence: String,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

fn whole_migration() -> Scope {
    Scope::Migration
}

impl WindowBody {
    fn into_input(self) -> (WindowInput, Option<i64>, String) {
        let input = WindowInput {
            name: self.name,
            kind: self.kind,
            scope: self.scope,
            starts: self.starts,
            ends: self.ends,
            recurrence: self.recurrence,
        };
        (input, self.expected_version, self.reason)
    }
}

/// Creates a freeze or a change window.
pub async fn create_window(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(body): Body<WindowBody>,
) -> Result<Done, Problem> {
    let base = format!("/api/v1/migrations/{migration}/windows");
    let (window, _, reason) = body.into_input();
    let command = CreateWindow {
        migration,
        window,
        reason,
    };
    Ok(created(run(&state, &caller, command).await?, &base))
}

/// Says what a window is from now on.
pub async fn edit_window(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, id)): At<(Key, i64)>,
    if_match: IfMatch,
    Body(body): Body<WindowBody>,
) -> Result<Done, Problem> {
    let (window, expected, reason) = body.into_input();
    let command = EditWindow {
        migration,
        id,
        window,
        expected: if_match.or(expected),
        reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts a window away.
pub async fn archive_window(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, id)): At<(Key, i64)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let command = ArchiveWindow {
        migration,
        id,
        expected: if_match.or(why.expected_version),
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Days to remember.
pub async fn milestones(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Json<Value>, Problem> {
    let mut milestones = json!(whole(&state, &caller, &migration).await?.milestones);
    for milestone in milestones.as_array_mut().into_iter().flatten() {
        if let Some(milestone) = milestone.as_object_mut() {
            milestone.remove("place");
        }
    }
    Ok(Json(json!({ "milestones": milestones })))
}

/// A milestone to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMilestone {
    name: String,
    day: Date,
    #[serde(default)]
    reason: String,
}

/// Creates a milestone.
pub async fn create_milestone(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(new): Body<NewMilestone>,
) -> Result<Done, Problem> {
    let base = format!("/api/v1/migrations/{migration}/milestones");
    let command = CreateMilestone {
        migration,
        name: new.name,
        day: new.day,
        reason: new.reason,
    };
    Ok(created(run(&state, &caller, command).await?, &base))
}

/// What is to change of a milestone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MilestoneEdit {
    name: Option<String>,
    day: Option<Date>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Edits a milestone.
pub async fn edit_milestone(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, id)): At<(Key, i64)>,
    if_match: IfMatch,
    Body(edit): Body<MilestoneEdit>,
) -> Result<Done, Problem> {
    let command = EditMilestone {
        migration,
        id,
        name: edit.name,
        day: edit.day,
        archive: false,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts a milestone away.
pub async fn archive_milestone(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, id)): At<(Key, i64)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let command = EditMilestone {
        migration,
        id,
        name: None,
        day: None,
        archive: true,
        expected: if_match.or(why.expected_version),
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// New days for a phase.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    start: Date,
    end: Date,
    #[serde(default = "stay")]
    following: Following,
    #[serde(default)]
    overriding: bool,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

fn stay() -> Following {
    Following::Stay
}

/// Moves a phase and, when asked, what waits for it.
pub async fn move_phase(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, PhaseNumber)>,
    if_match: IfMatch,
    Body(body): Body<Move>,
) -> Result<Done, Problem> {
    let command = MovePhase {
        migration,
        number,
        start: body.start,
        end: body.end,
        following: body.following,
        overriding: body.overriding,
        expected: if_match.or(body.expected_version),
        reason: body.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// What a phase waits for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependencies {
    needs: Vec<PhaseNumber>,
    #[serde(default)]
    overriding: bool,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Says which phases a phase waits for.
pub async fn set_needs(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, PhaseNumber)>,
    if_match: IfMatch,
    Body(body): Body<Dependencies>,
) -> Result<Done, Problem> {
    let command = SetDependencies {
        migration,
        number,
        needs: body.needs,
        overriding: body.overriding,
        expected: if_match.or(body.expected_version),
        reason: body.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Takes the plan as it is for the baseline.
pub async fn set_baseline(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let command = SetBaseline {
        migration,
        reason: why.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

fn created(committed: domain::Committed, base: &str) -> Done {
    let id = committed.subject.clone().unwrap_or_default();
    Done::created(committed, format!("{base}/{id}"))
}
