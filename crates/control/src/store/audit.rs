//! Rows of `audit`: appended, never changed.

use std::collections::BTreeMap;

use domain::audit::{AuditEntry, ChainedEntry};
use domain::refusal::OtherChange;
use domain::{FlagState, Key, Timestamp};
use sqlx::FromRow;

use super::{Connection, StoreError};

/// An entry as stored: the body verbatim, the columns beside it, and both hashes.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AuditRecord {
    pub(crate) sequence: i64,
    pub(crate) at: i64,
    pub(crate) actor_id: String,
    pub(crate) actor_name: String,
    pub(crate) action: String,
    pub(crate) migration: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) targets: String,
    pub(crate) revision_made: Option<i64>,
    pub(crate) reason: String,
    pub(crate) outcome: String,
    pub(crate) body: String,
    pub(crate) previous_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

impl AuditRecord {
    /// The entry that the body holds.
    pub(crate) fn entry(&self) -> Result<AuditEntry, StoreError> {
        Ok(serde_json::from_str(&self.body)?)
    }

    /// The entry with its place in the chain.
    pub(crate) fn chained(&self) -> Result<ChainedEntry, StoreError> {
        Ok(ChainedEntry {
            entry: self.entry()?,
            previous_hash: hex::encode(&self.previous_hash),
            hash: hex::encode(&self.hash),
        })
    }
}

/// Sequence and hash of the newest entry; zero and 32 zero bytes before the first.
pub(crate) async fn head(connection: &mut Connection) -> Result<(u64, [u8; 32]), StoreError> {
    let row: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(connection)
            .await?;
    let Some((sequence, hash)) = row else {
        return Ok((0, [0; 32]));
    };
    Ok((
        u64::try_from(sequence).map_err(|error| StoreError::corrupt("audit", error))?,
        hash.try_into()
            .map_err(|_| StoreError::corrupt("audit", "a hash is not 32 bytes"))?,
    ))
}

/// Appends an entry; the trigger refuses any but the next sequence.
pub(crate) async fn append(
    connection: &mut Connection,
    entry: &AuditEntry,
    body: &str,
    previous_hash: &[u8; 32],
    hash: &[u8; 32],
) -> Result<(), StoreError> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO audit (sequence, at, actor_id, actor_name, action, migration, environment, targets,
                            revision_made, reason, outcome, body, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(number(entry.sequence))
    .bind(entry.at.0)
    .bind(&entry.actor.id)
    .bind(&entry.actor.name)
    .bind(&entry.action)
    .bind(entry.migration.as_ref().map(Key::as_str))
    .bind(entry.environment.as_ref().map(Key::as_str))
    .bind(serde_json::to_string(&entry.targets)?)
    .bind(entry.revision_made.map(number))
    .bind(&entry.reason)
    .bind(entry.outcome.as_str())
    .bind(body)
    .bind(previous_hash.as_slice())
    .bind(hash.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// One entry.
pub(crate) async fn by_sequence(
    connection: &mut Connection,
    sequence: u64,
) -> Result<Option<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT sequence, at, actor_id, actor_name, action, migration, environment, targets, revision_made, reason,
                outcome, body, previous_hash, hash
         FROM audit WHERE sequence = $1",
    )
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .fetch_optional(connection)
    .await?)
}

/// The newest entry that made a revision of this number, in whichever epoch.
pub(crate) async fn by_revision(
    connection: &mut Connection,
    revision: u64,
) -> Result<Option<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT sequence, at, actor_id, actor_name, action, migration, environment, targets, revision_made, reason,
                outcome, body, previous_hash, hash
         FROM audit WHERE revision_made = $1 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(i64::try_from(revision).unwrap_or(i64::MAX))
    .fetch_optional(connection)
    .await?)
}

/// Entries after `sequence`, oldest first, at most `limit`: for verification and export.
pub(crate) async fn after(
    connection: &mut Connection,
    sequence: u64,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT sequence, at, actor_id, actor_name, action, migration, environment, targets, revision_made, reason,
                outcome, body, previous_hash, hash
         FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2",
    )
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Whether an action was ever carried out.
pub(crate) async fn has_action(
    connection: &mut Connection,
    action: &str,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM audit WHERE action = $1 AND outcome = 'committed')",
    )
    .bind(action)
    .fetch_one(connection)
    .await?)
}

/// What a list of entries is narrowed to; `None` narrows nothing. Texts are LIKE patterns with `\` as escape.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditSearch {
    /// Only this migration's entries.
    pub(crate) migration: Option<String>,
    /// Only entries with a smaller sequence.
    pub(crate) before: Option<u64>,
    /// Part of the actor's name.
    pub(crate) actor: Option<String>,
    /// Beginning of the action.
    pub(crate) action: Option<String>,
    /// Part of the targets' JSON.
    pub(crate) target: Option<String>,
    /// Exactly this outcome.
    pub(crate) outcome: Option<String>,
    /// Exactly this environment.
    pub(crate) environment: Option<String>,
    /// Only entries before this instant.
    pub(crate) before_instant: Option<Timestamp>,
    /// Only entries at or after this instant.
    pub(crate) after_instant: Option<Timestamp>,
    /// Part of the body.
    pub(crate) text: Option<String>,
}

/// Entries that match, newest first.
pub(crate) async fn search(
    connection: &mut Connection,
    search: &AuditSearch,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        r"SELECT sequence, at, actor_id, actor_name, action, migration, environment, targets, revision_made, reason,
                 outcome, body, previous_hash, hash
          FROM audit
          WHERE ($1 IS NULL OR migration = $1)
            AND ($2 IS NULL OR sequence < $2)
            AND ($3 IS NULL OR actor_name LIKE $3 ESCAPE '\')
            AND ($4 IS NULL OR action LIKE $4 ESCAPE '\')
            AND ($5 IS NULL OR targets LIKE $5 ESCAPE '\')
            AND ($6 IS NULL OR outcome = $6)
            AND ($7 IS NULL OR environment = $7)
            AND ($8 IS NULL OR at < $8)
            AND ($9 IS NULL OR at >= $9)
            AND ($10 IS NULL OR body LIKE $10 ESCAPE '\')
          ORDER BY sequence DESC LIMIT $11",
    )
    .bind(&search.migration)
    .bind(search.before.map(|sequence| i64::try_from(sequence).unwrap_or(i64::MAX)))
    .bind(&search.actor)
    .bind(&search.action)
    .bind(&search.target)
    .bind(&search.outcome)
    .bind(&search.environment)
    .bind(search.before_instant.map(|at| at.0))
    .bind(search.after_instant.map(|at| at.0))
    .bind(&search.text)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Entries of a migration that have all the words, newest first; `words` are made by [`super::words::search_for`].
pub(crate) async fn by_words(
    connection: &mut Connection,
    migration: &Key,
    words: &str,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.sequence, a.at, a.actor_id, a.actor_name, a.action, a.migration, a.environment, a.targets,
                a.revision_made, a.reason, a.outcome, a.body, a.previous_hash, a.hash
         FROM audit_words w CROSS JOIN audit a ON a.sequence = w.rowid
         WHERE audit_words MATCH $2 AND a.migration = $1
         ORDER BY w.rowid DESC LIMIT $3",
    )
    .bind(migration.as_str())
    .bind(words)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// A change of flags: when, and what the flags it changed were from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlagsChanged {
    pub(crate) at: Timestamp,
    pub(crate) flags: BTreeMap<Key, FlagState>,
}

/// The last changes of an environment's flags, the newest first.
pub(crate) async fn flag_changes(
    connection: &mut Connection,
    migration: &Key,
    environment: &Key,
    limit: u32,
) -> Result<Vec<FlagsChanged>, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT at, json_extract(body, '$.after.flags') FROM audit
         WHERE migration = $1 AND environment = $2 AND revision_made IS NOT NULL AND outcome = 'committed'
           AND json_type(body, '$.after.flags') = 'object'
         ORDER BY sequence DESC LIMIT $3",
    )
    .bind(migration.as_str())
    .bind(environment.as_str())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(at, flags)| {
            Ok(FlagsChanged {
                at: Timestamp(at),
                flags: serde_json::from_str(&flags)?,
            })
        })
        .collect()
}

/// Entries about a module, newest first.
pub(crate) async fn of_module(
    connection: &mut Connection,
    module_id: i64,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.sequence, a.at, a.actor_id, a.actor_name, a.action, a.migration, a.environment, a.targets,
                a.revision_made, a.reason, a.outcome, a.body, a.previous_hash, a.hash
         FROM audit_modules l JOIN audit a ON a.sequence = l.sequence
         WHERE l.module_id = $1 ORDER BY l.sequence DESC LIMIT $2",
    )
    .bind(module_id)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Who did what in an entry: shown to whoever came second.
pub(crate) async fn other_change(
    connection: &mut Connection,
    sequence: Option<u64>,
) -> Result<Option<OtherChange>, StoreError> {
    let Some(sequence) = sequence else {
        return Ok(None);
    };
    let Some(record) = by_sequence(connection, sequence).await? else {
        return Ok(None);
    };
    let entry = record.entry()?;
    Ok(Some(OtherChange {
        sequence,
        by: entry.actor.name,
        at: entry.at,
        action: entry.action,
        summary: entry.summary,
    }))
}
