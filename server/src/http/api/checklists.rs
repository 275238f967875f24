//! `/api/v1/migrations/{migration}/checklists`: items, ticks, the run of each day.

use axum::Json;
use axum::extract::State;
use control::commands::{AddCheck, ArchiveCheck, EditCheck, SkipCheck, TickCheck, UntickCheck};
use control::queries;
use domain::read::{CheckRow, Checklists};
use domain::schedule::checklist::{Due, List, Moment, Threshold};
use domain::{Key, PhaseNumber, Refusal};
use jiff::civil::Date;
use serde::Deserialize;

use super::edit::{IfMatch, Why};
use super::{At, Body, Done, Patch, Query, Versioned, present, run};
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// `?day=`; today without it.
#[derive(Debug, Deserialize)]
pub struct OnDay {
    day: Option<Date>,
}

/// Every list, those worked by days as of one day.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<OnDay>,
) -> Result<Json<Checklists>, Problem> {
    let lists = queries::checklists(&state.control, &caller, &migration, wanted.day, None).await?;
    Ok(Json(lists))
}

/// One item, as it stands on a day.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, item)): At<(Key, i64)>,
    Query(wanted): Query<OnDay>,
) -> Result<Versioned<CheckRow>, Problem> {
    let lists = queries::checklists(&state.control, &caller, &migration, wanted.day, None).await?;
    let found = lists.rows().find(|row| row.id == item).cloned();
    let row = found.ok_or_else(|| Refusal::not_found("checklist item", item.to_string()))?;
    let version = row.version;
    Ok(Versioned(row, version))
}

/// The word for a list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ListWord {
    Once,
    Daily,
    Phase,
    Conditional,
}

/// An item to be added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCheck {
    list: ListWord,
    phase: Option<PhaseNumber>,
    moment: Option<Moment>,
    threshold: Option<Threshold>,
    title: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    commands: String,
    #[serde(default)]
    evidence_required: bool,
    #[serde(default)]
    reason: String,
}

impl NewCheck {
    fn list(&self) -> Result<List, Refusal> {
        match self.list {
            ListWord::Once => Ok(List::Once),
            ListWord::Daily => Ok(List::Daily),
            ListWord::Phase => match (self.phase, self.moment) {
                (Some(phase), Some(moment)) => Ok(List::Phase { phase, moment }),
                (None, _) => Err(Refusal::field("phase", "Say which phase: its number.")),
                (_, None) => Err(Refusal::field(
                    "moment",
                    "Say when around the phase: before, during or after.",
                )),
            },
            ListWord::Conditional => {
                let threshold = self.threshold.map(List::Conditional);
                threshold.ok_or_else(|| {
                    Refusal::field(
                        "threshold",
                        "Say which limit it waits for: hold or rollback.",
                    )
                })
            }
        }
    }
}

/// Adds an item at the end of its list.
pub async fn add(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(new): Body<NewCheck>,
) -> Result<Done, Problem> {
    let base = format!("/api/v1/migrations/{migration}/checklists");
    let (list, due) = (new.list()?, Due::parse(&new.due)?);
    let command = AddCheck {
        migration,
        list,
        title: new.title,
        owner: new.owner,
        due,
        commands: new.commands,
        evidence_required: new.evidence_required,
        reason: new.reason,
    };
    let committed = run(&state, &caller, command).await?;
    let location = format!(
        "{base}/{}",
        committed.subject.as_deref().unwrap_or_default()
    );
    Ok(Done::created(committed, location))
}

/// What is to change; what is left out stays, `null` as `due` clears.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    title: Option<String>,
    owner: Option<String>,
    #[serde(default, deserialize_with = "present")]
    due: Patch<String>,
    commands: Option<String>,
    evidence_required: Option<bool>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Edits an item; its list stays.
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, item)): At<(Key, i64)>,
    if_match: IfMatch,
    Body(edit): Body<Edit>,
) -> Result<Done, Problem> {
    let due = match edit.due {
        None => None,
        Some(text) => Some(Due::parse(&text.unwrap_or_default())?),
    };
    let command = EditCheck {
        migration,
        item,
        title: edit.title,
        owner: edit.owner,
        due,
        commands: edit.commands,
        evidence_required: edit.evidence_required,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Puts an item away.
pub async fn archive(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, item)): At<(Key, i64)>,
    if_match: IfMatch,
    Body(why): Body<Why>,
) -> Result<Done, Problem> {
    let command = ArchiveCheck {
        migration,
        item,
        expected: if_match.or(why.expected_version),
        reason: why.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// That it was done, and where the evidence is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tick {
    day: Option<Date>,
    evidence: String,
}

/// Ticks an item.
pub async fn tick(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, item)): At<(Key, i64)>,
    Body(tick): Body<Tick>,
) -> Result<Done, Problem> {
    let command = TickCheck {
        migration,
        item,
        day: tick.day,
        evidence: tick.evidence,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

/// Why it is left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    day: Option<Date>,
    #[serde(default)]
    reason: String,
}

/// Skips an item.
pub async fn skip(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, item)): At<(Key, i64)>,
    Body(skip): Body<Skip>,
) -> Result<Done, Problem> {
    let command = SkipCheck {
        migration,
        item,
        day: skip.day,
        reason: skip.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

/// Which tick is taken back.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Untick {
    day: Option<Date>,
    seen: Option<u64>,
    reason: String,
}

/// Takes a tick back.
pub async fn untick(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, item)): At<(Key, i64)>,
    Body(untick): Body<Untick>,
) -> Result<Done, Problem> {
    let command = UntickCheck {
        migration,
        item,
        day: untick.day,
        seen: untick.seen,
        reason: untick.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}
