//! An uploaded plan on its way in: kept for an hour, previewed, and imported exactly as it was previewed.

use domain::read::{ImportPreview, UploadedPlan};
use domain::{Committed, Key, Permission, Refusal, Timestamp};
use jiff::civil::Date;
use plan::Plan;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::plan::plan_changes;
use super::preview_sections::{notes, sections, unrecognised};
use super::standing::viewer;
use crate::commands::ImportPlan;
use crate::control::authorise;
use crate::store::drafts::{self, DraftRecord};
use crate::store::{Lane, StoreError};
use crate::{Caller, Control, QueryError};

/// How long an upload is kept, in milliseconds.
const KEPT_MILLISECONDS: i64 = 60 * 60 * 1000;

/// What a person uploads.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The file's name.
    pub file_name: String,
    /// Key of the migration it goes into.
    pub migration: Key,
    /// The migration's name; the plan's title without it.
    pub name: Option<String>,
    /// The migration's zone, for a new one.
    pub zone: String,
    /// First day of the earliest phase.
    pub start: Date,
    /// The file.
    pub body: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    migration: Key,
    name: Option<String>,
    zone: String,
    start: Date,
}

/// Keeps an upload for an hour, when it can be read at all.
pub async fn save_draft(
    control: &Control,
    caller: &Caller,
    draft: Draft,
) -> Result<UploadedPlan, QueryError> {
    authorise(caller, Permission::Administer(&draft.migration))?;
    read(&draft.body, draft.start)?;
    let settings = Settings {
        migration: draft.migration,
        name: draft.name,
        zone: draft.zone,
        start: draft.start,
    };
    let settings_json = serde_json::to_string(&settings).map_err(StoreError::from)?;
    let mut hasher = Sha256::new();
    hasher.update(settings_json.as_bytes());
    hasher.update([0]);
    hasher.update(&draft.body);
    let now = control.clock().now();
    let record = DraftRecord {
        id: uuid::Uuid::now_v7().simple().to_string(),
        actor_id: caller.actor.id.clone(),
        file_name: draft
            .file_name
            .chars()
            .take(domain::migration::MAX_NAME)
            .collect(),
        settings: settings_json,
        digest: hex::encode(hasher.finalize()),
        body: draft.body,
        expires_at: now.plus(KEPT_MILLISECONDS).0,
    };
    let uploaded = uploaded(&record, settings);
    control
        .inner()
        .store
        .evidence
        .run(Lane::Normal, move |connection| {
            Box::pin(async move { drafts::keep(connection, &record, now).await })
        })
        .await?;
    Ok(uploaded)
}

/// What an upload would bring.
pub async fn preview(
    control: &Control,
    caller: &Caller,
    draft: &str,
) -> Result<ImportPreview, QueryError> {
    let (record, settings) = find(control, caller, draft).await?;
    let plan = read(&record.body, settings.start)?;
    let found = plan_changes(control, caller, &settings.migration, &plan, false).await?;
    Ok(ImportPreview {
        viewer: viewer(caller, Some(&settings.migration)),
        title: settings
            .name
            .clone()
            .or_else(|| plan.title.clone())
            .unwrap_or_default(),
        date: plan.date.map(|date| date.to_string()),
        migration_exists: found.migration_exists,
        expected_modules: plan.expected_modules,
        sections: sections(&plan),
        unrecognised: unrecognised(&plan),
        notes: notes(&plan),
        changes: found.changes,
        absent: found.absent,
        kept: found.kept,
        broken: found.broken.iter().map(ToString::to_string).collect(),
        uploaded: uploaded(&record, settings),
    })
}

/// What a person confirms of a preview.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    /// The digest that was shown.
    pub digest: String,
    /// Whether what the plan does not name is archived.
    pub archive_absent: bool,
    /// Whether phases may begin before what they need has ended.
    pub overriding: bool,
    /// Why; may be empty unless overriding.
    pub reason: String,
}

/// Imports an upload, if it still is the one that was previewed.
pub async fn import_draft(
    control: &Control,
    caller: &Caller,
    draft: &str,
    confirmed: Confirmed,
) -> Result<Committed, QueryError> {
    let (record, settings) = find(control, caller, draft).await?;
    if record.digest != confirmed.digest {
        return Err(Refusal::Drift.into());
    }
    let plan = read(&record.body, settings.start)?;
    let command = ImportPlan {
        migration: settings.migration,
        name: settings.name,
        zone: settings.zone,
        document: hex::encode(Sha256::digest(&record.body)),
        plan,
        archive_absent: confirmed.archive_absent,
        overriding: confirmed.overriding,
        reason: confirmed.reason,
    };
    control.execute(caller, command).await
}

async fn find(
    control: &Control,
    caller: &Caller,
    id: &str,
) -> Result<(DraftRecord, Settings), QueryError> {
    let mut connection = control.inner().store.read_evidence().await?;
    let now = control.clock().now();
    let record = drafts::find(&mut connection, id, &caller.actor.id, now)
        .await?
        .ok_or_else(|| Refusal::not_found("uploaded plan (kept for an hour)", id))?;
    let settings = serde_json::from_str(&record.settings).map_err(StoreError::from)?;
    Ok((record, settings))
}

fn read(body: &[u8], start: Date) -> Result<Plan, Refusal> {
    plan::parse_markdown(body, start).map_err(|error| Refusal::field("file", error.to_string()))
}

fn uploaded(record: &DraftRecord, settings: Settings) -> UploadedPlan {
    UploadedPlan {
        draft: record.id.clone(),
        digest: record.digest.clone(),
        file_name: record.file_name.clone(),
        bytes: record.body.len() as u64,
        migration: settings.migration,
        start: settings.start.to_string(),
        expires_at: Timestamp(record.expires_at),
    }
}
