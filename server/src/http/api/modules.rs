//! `/api/v1/migrations/{migration}/modules`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use control::commands::{ArchiveModule, CreateModule, EditModule, ImportModules, RetireModule};
use control::queries;
use domain::read::{GroupBy, ModuleFilter, ModuleRow};
use domain::{FlagState, Key, Mode, ModuleStatus, PhaseNumber};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use plan::LineError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::edit::{IfMatch, Why};
use super::{At, Body, Done, InEnvironment, Patch, Query, Versioned, present, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::middleware::request::text;
use crate::state::AppState;

/// Which modules, in which environment, on which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    environment: Option<Key>,
    #[serde(default)]
    q: String,
    phase: Option<PhaseNumber>,
    mode: Option<Mode>,
    owner: Option<String>,
    status: Option<ModuleStatus>,
    #[serde(default = "first")]
    page: u32,
}

fn first() -> u32 {
    1
}

/// A module with its flag in one environment.
#[derive(Debug, Serialize)]
struct Listed {
    key: Key,
    name: String,
    phase: Option<PhaseNumber>,
    owner: String,
    status: ModuleStatus,
    /// Stored state; `exposure` in basis points.
    flag: FlagState,
    /// Whether the kill switch overrides it.
    killed: bool,
    /// Stored states by environment.
    flags: BTreeMap<Key, FlagState>,
    version: i64,
}

impl Listed {
    fn new(row: ModuleRow, flags: BTreeMap<Key, FlagState>) -> Self {
        Self {
            key: row.key,
            name: row.name,
            phase: row.phase,
            owner: row.owner,
            status: row.status,
            flag: row.track.state,
            killed: row.track.killed,
            flags,
            version: row.version,
        }
    }
}

/// Modules with their flags, a page at a time.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let filter = ModuleFilter {
        q: wanted.q,
        phase: wanted.phase,
        mode: wanted.mode,
        owner: wanted.owner,
        status: wanted.status,
        group: GroupBy::None,
        page: wanted.page.max(1),
        ..ModuleFilter::default()
    };
    let view = queries::modules(
        &state.control,
        &caller,
        &migration,
        wanted.environment.as_ref(),
        &filter,
    )
    .await?;
    let all = queries::module_list(&state.control, &caller, &migration).await?;
    let mut flags: BTreeMap<Key, BTreeMap<Key, FlagState>> = all
        .into_iter()
        .map(|module| (module.module.key, module.flags))
        .collect();
    let rows = view.groups.into_iter().flat_map(|group| group.rows);
    let rows: Vec<Listed> = rows
        .map(|row| {
            let flags = flags.remove(&row.key).unwrap_or_default();
            Listed::new(row, flags)
        })
        .collect();
    Ok(Json(json!({
        "environment": view.frame.environment.key,
        "revision": view.frame.revision,
        "modules": rows,
        "matching": view.matching,
        "page": view.filter.page.max(1),
        "pages": view.pages,
    })))
}

/// One module with its flag in every environment.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    listed: Listed,
    environment: Key,
    old_path: String,
    new_path: String,
    held_because: Option<String>,
    flag_key: String,
}

/// One module.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, module)): At<(Key, Key)>,
    Query(here): Query<InEnvironment>,
) -> Result<Versioned<Shown>, Problem> {
    let view = queries::module(
        &state.control,
        &caller,
        &migration,
        here.environment.as_ref(),
        &module,
    )
    .await?;
    let version = view.row.version;
    let environment = view.frame.environment.key;
    let mut flags: BTreeMap<_, _> = view.elsewhere.into_iter().collect();
    flags.insert(environment.clone(), view.row.track.state);
    let shown = Shown {
        listed: Listed::new(view.row, flags),
        environment,
        old_path: view.old_path,
        new_path: view.new_path,
        held_because: view.held_because,
        flag_key: view.flag_key,
    };
    Ok(Versioned(shown, version))
}

/// A module to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewModule {
    key: Key,
    name: Option<String>,
    phase: Option<PhaseNumber>,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    old_path: String,
    #[serde(default)]
    new_path: String,
    #[serde(default)]
    reason: String,
}

/// Creates a module, `old_only` in every environment.
pub async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(new): Body<NewModule>,
) -> Result<Done, Problem> {
    let location = format!("/api/v1/migrations/{migration}/modules/{}", new.key);
    let name = new.name.unwrap_or_else(|| new.key.to_string());
    let command = CreateModule {
        migration,
        key: new.key,
        name,
        phase: new.phase,
        owner: new.owner,
        old_path: new.old_path,
        new_path: new.new_path,
        reason: new.reason,
    };
    Ok(Done::created(
        run(&state, &caller, command).await?,
        location,
    ))
}

/// What is to change; what is left out stays, `null` clears.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    phase: Patch<PhaseNumber>,
    owner: Option<String>,
    old_path: Option<String>,
    new_path: Option<String>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Edits a module.
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, module)): At<(Key, Key)>,
    if_match: IfMatch,
    Body(edit): Body<Edit>,
) -> Result<Done, Problem> {
    let command = EditModule {
        migration,
        module,
        name: edit.name,
        phase: edit.phase,
        owner: edit.owner,
        old_path: edit.old_path,
        new_path: edit.new_path,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts a module away: it is no longer in snapshots.
pub async fn archive(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, module)): At<(Key, Key)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let expected = if_match.or(why.expected_version);
    let command = ArchiveModule {
        migration,
        module,
        expected,
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Attests that a module's old code is gone: new is served for ever.
pub async fn retire(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, module)): At<(Key, Key)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let expected = if_match.or(why.expected_version);
    let command = RetireModule {
        migration,
        module,
        expected,
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Why modules are imported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    #[serde(default)]
    reason: String,
}

/// Creates and edits modules from a table: CSV or JSON. All of it or nothing.
pub async fn import(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(import): Query<Import>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Done, Problem> {
    let content_type = text(&headers, &CONTENT_TYPE)
        .and_then(|text| text.split(';').next())
        .unwrap_or_default();
    let rows = match content_type.trim() {
        "text/csv" => plan::parse_modules_csv(&body),
        "application/json" => plan::parse_modules_json(&body),
        _ => {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Send modules as text/csv or application/json.",
            ));
        }
    };
    let rows = rows.map_err(|errors| wrong_lines(&errors))?;
    let command = ImportModules {
        migration,
        rows,
        reason: import.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

fn wrong_lines(errors: &[LineError]) -> Problem {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let mut problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid",
        format!("Nothing was imported. {}", lines.join("; ")),
    );
    problem.members.insert("lines".into(), json!(errors));
    problem
}
