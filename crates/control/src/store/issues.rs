//! Rows of `issues`, and of what hangs on an issue: labels, comments, links, attachments, audit entries.

use domain::issues::{IssueStatus, LinkKind, Severity};
use domain::read::IssueLine;
use domain::{Key, Timestamp};
use jiff::civil::Date;
use serde_json::Value;
use sqlx::FromRow;

use super::audit::AuditRecord;
use super::migrations::date;
use super::{Connection, StoreError};

/// What may be edited of an issue, or moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) number: u32,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) severity: Severity,
    pub(crate) status: IssueStatus,
    pub(crate) module: Option<Key>,
    pub(crate) owner: String,
    pub(crate) labels: Vec<String>,
    pub(crate) due: Option<Date>,
    pub(crate) noticed_at: Timestamp,
    pub(crate) opened_at: Timestamp,
    pub(crate) opened_by: String,
    pub(crate) resolution: String,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) version: i64,
}

/// An issue and its row ids.
#[derive(Debug, Clone)]
pub(crate) struct IssueRecord {
    pub(crate) id: i64,
    pub(crate) module_id: Option<i64>,
    /// The audit entry that counted its version up last.
    pub(crate) changed_sequence: Option<u64>,
    pub(crate) issue: Issue,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    module_id: Option<i64>,
    changed_sequence: i64,
    number: i64,
    title: String,
    body: String,
    severity: String,
    status: String,
    module: Option<String>,
    owner: String,
    labels: Option<String>,
    due: Option<String>,
    noticed_at: i64,
    opened_at: i64,
    opened_by: String,
    resolution: String,
    resolved_at: Option<i64>,
    version: i64,
}

impl TryFrom<Row> for IssueRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            module_id: row.module_id,
            changed_sequence: u64::try_from(row.changed_sequence).ok(),
            issue: Issue {
                number: number(row.number)?,
                title: row.title,
                body: row.body,
                severity: severity(&row.severity)?,
                status: status(&row.status)?,
                module: module(row.module.as_deref())?,
                owner: row.owner,
                labels: labels(row.labels.as_deref()),
                due: date(row.due.as_deref(), "issues")?,
                noticed_at: Timestamp(row.noticed_at),
                opened_at: Timestamp(row.opened_at),
                opened_by: row.opened_by,
                resolution: row.resolution,
                resolved_at: row.resolved_at.map(Timestamp),
                version: row.version,
            },
        })
    }
}

/// Reads an issue's number, or a count of what hangs on it.
pub(super) fn number(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|error| StoreError::corrupt("issues", error))
}

/// Reads a severity.
pub(super) fn severity(word: &str) -> Result<Severity, StoreError> {
    Severity::parse(word).ok_or_else(|| StoreError::corrupt("issues", word))
}

/// Reads a status.
pub(super) fn status(word: &str) -> Result<IssueStatus, StoreError> {
    IssueStatus::parse(word).ok_or_else(|| StoreError::corrupt("issues", word))
}

/// Reads a module's key.
pub(super) fn module(key: Option<&str>) -> Result<Option<Key>, StoreError> {
    key.map(|key| Key::parse(key).map_err(|error| StoreError::corrupt("modules", error)))
        .transpose()
}

/// Reads labels as they come out of a query: by name, with spaces between, which no label has.
pub(super) fn labels(joined: Option<&str>) -> Vec<String> {
    let mut labels: Vec<String> = joined
        .unwrap_or_default()
        .split_whitespace()
        .map(ToOwned::to_owned)
        .collect();
    labels.sort_unstable();
    labels
}

/// One issue of a migration.
pub(crate) async fn by_number(
    connection: &mut Connection,
    migration_id: i64,
    number: u32,
) -> Result<Option<IssueRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT i.id, i.module_id, i.changed_sequence, i.number, i.title, i.body, i.severity, i.status,
                m.key AS module, i.owner, i.due, i.noticed_at, i.opened_at, i.opened_by, i.resolution, i.resolved_at,
                i.version, (SELECT group_concat(l.label, ' ') FROM issue_labels l WHERE l.issue_id = i.id) AS labels
         FROM issues i LEFT JOIN modules m ON m.id = i.module_id
         WHERE i.migration_id = $1 AND i.number = $2",
    )
    .bind(migration_id)
    .bind(number)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// The number that the next issue of a migration gets.
pub(crate) async fn next_number(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<u32, StoreError> {
    let highest: Option<i64> =
        sqlx::query_scalar("SELECT max(number) FROM issues WHERE migration_id = $1")
            .bind(migration_id)
            .fetch_one(connection)
            .await?;
    number(highest.unwrap_or(0).saturating_add(1))
}

/// Adds an issue without its labels, and answers its row id.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    module_id: Option<i64>,
    issue: &Issue,
    sequence: u64,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO issues (migration_id, number, title, body, severity, status, module_id, owner, due, noticed_at,
                             opened_at, opened_by, resolution, resolved_at, changed_sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id",
    )
    .bind(migration_id)
    .bind(issue.number)
    .bind(&issue.title)
    .bind(&issue.body)
    .bind(issue.severity.as_str())
    .bind(issue.status.as_str())
    .bind(module_id)
    .bind(&issue.owner)
    .bind(issue.due.map(|date| date.to_string()))
    .bind(issue.noticed_at.0)
    .bind(issue.opened_at.0)
    .bind(&issue.opened_by)
    .bind(&issue.resolution)
    .bind(issue.resolved_at.map(|at| at.0))
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await?)
}

/// Writes what may be edited or moved, but not the labels, and counts the version up to `issue.version`.
pub(crate) async fn update(
    connection: &mut Connection,
    id: i64,
    module_id: Option<i64>,
    issue: &Issue,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE issues SET title = $2, body = $3, severity = $4, status = $5, module_id = $6, owner = $7, due = $8,
                resolution = $9, resolved_at = $10, version = $11, changed_sequence = $12
         WHERE id = $1",
    )
    .bind(id)
    .bind(&issue.title)
    .bind(&issue.body)
    .bind(issue.severity.as_str())
    .bind(issue.status.as_str())
    .bind(module_id)
    .bind(&issue.owner)
    .bind(issue.due.map(|date| date.to_string()))
    .bind(&issue.resolution)
    .bind(issue.resolved_at.map(|at| at.0))
    .bind(issue.version)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces an issue's labels.
pub(crate) async fn set_labels(
    connection: &mut Connection,
    id: i64,
    labels: &[String],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM issue_labels WHERE issue_id = $1")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    for label in labels {
        sqlx::query("INSERT INTO issue_labels (issue_id, label) VALUES ($1, $2)")
            .bind(id)
            .bind(label)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The oldest critical issue of any of these modules that is not resolved, with its module's row id. `modules` is a JSON
/// list of row ids.
pub(crate) async fn blocking(
    connection: &mut Connection,
    migration_id: i64,
    modules: &[i64],
) -> Result<Option<(i64, u32, String)>, StoreError> {
    let found: Option<(i64, i64, String)> = sqlx::query_as(
        "SELECT module_id, number, title FROM issues
         WHERE migration_id = $1 AND severity = 'critical' AND status <> 'resolved'
           AND module_id IN (SELECT value FROM json_each($2))
         ORDER BY number LIMIT 1",
    )
    .bind(migration_id)
    .bind(serde_json::to_string(modules)?)
    .fetch_optional(connection)
    .await?;
    found
        .map(|(module, issue, title)| Ok((module, number(issue)?, title)))
        .transpose()
}

/// Issues of a module that are not resolved, worst first and then oldest first.
pub(crate) async fn unresolved_of_module(
    connection: &mut Connection,
    module_id: i64,
    limit: u32,
) -> Result<Vec<IssueLine>, StoreError> {
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "SELECT number, title, severity, status FROM issues
         WHERE module_id = $1 AND status <> 'resolved'
         ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, number
         LIMIT $2",
    )
    .bind(module_id)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(line).collect()
}

fn line(
    (issue, title, bad, stands): (i64, String, String, String),
) -> Result<IssueLine, StoreError> {
    Ok(IssueLine {
        number: number(issue)?,
        title,
        severity: severity(&bad)?,
        status: status(&stands)?,
    })
}

/// A comment.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct CommentRecord {
    pub(crate) number: i64,
    pub(crate) written_at: i64,
    pub(crate) written_by: String,
    pub(crate) body: String,
}

/// Comments of an issue, oldest first.
pub(crate) async fn comments(
    connection: &mut Connection,
    id: i64,
) -> Result<Vec<CommentRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT number, written_at, written_by, body FROM issue_comments WHERE issue_id = $1 ORDER BY number",
    )
    .bind(id)
    .fetch_all(connection)
    .await?)
}

/// How many comments an issue has, and how many bytes they are in all.
pub(crate) async fn comments_kept(
    connection: &mut Connection,
    id: i64,
) -> Result<(u32, u64), StoreError> {
    let (count, bytes): (i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(octet_length(body)), 0) FROM issue_comments WHERE issue_id = $1",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    let bytes =
        u64::try_from(bytes).map_err(|error| StoreError::corrupt("issue_comments", error))?;
    Ok((number(count)?, bytes))
}

/// Adds a comment.
pub(crate) async fn comment(
    connection: &mut Connection,
    id: i64,
    comment_number: u32,
    by: &str,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO issue_comments (issue_id, number, written_at, written_by, body) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(comment_number)
    .bind(now.0)
    .bind(by)
    .bind(text)
    .execute(connection)
    .await?;
    Ok(())
}

/// A tie between two issues, as it was written: `from` blocks, causes, duplicates or relates to `to`.
#[derive(Debug, Clone)]
pub(crate) struct LinkRecord {
    pub(crate) kind: LinkKind,
    /// Whether the issue asked about is the other end.
    pub(crate) inverse: bool,
    pub(crate) other: IssueLine,
}

#[derive(FromRow)]
struct LinkRow {
    kind: String,
    inverse: bool,
    number: i64,
    title: String,
    severity: String,
    status: String,
}

/// Ties of an issue in both directions, in the order they were made.
pub(crate) async fn links(
    connection: &mut Connection,
    id: i64,
) -> Result<Vec<LinkRecord>, StoreError> {
    let rows: Vec<LinkRow> = sqlx::query_as(
        "SELECT l.kind, l.issue_id <> $1 AS inverse, o.number, o.title, o.severity, o.status
         FROM issue_links l JOIN issues o ON o.id = CASE l.issue_id WHEN $1 THEN l.other_id ELSE l.issue_id END
         WHERE (l.issue_id = $1 OR l.other_id = $1) AND l.removed_at IS NULL
         ORDER BY l.id",
    )
    .bind(id)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(LinkRecord {
                kind: LinkKind::parse(&row.kind)
                    .ok_or_else(|| StoreError::corrupt("issue_links", &row.kind))?,
                inverse: row.inverse,
                other: line((row.number, row.title, row.severity, row.status))?,
            })
        })
        .collect()
}

/// Ties two issues.
pub(crate) async fn link(
    connection: &mut Connection,
    id: i64,
    other: i64,
    kind: LinkKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO issue_links (issue_id, other_id, kind, linked_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(other)
    .bind(kind.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a tie away; false when there was none.
pub(crate) async fn unlink(
    connection: &mut Connection,
    id: i64,
    other: i64,
    kind: LinkKind,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE issue_links SET removed_at = $4
         WHERE issue_id = $1 AND other_id = $2 AND kind = $3 AND removed_at IS NULL",
    )
    .bind(id)
    .bind(other)
    .bind(kind.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Evidence as stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AttachmentRecord {
    pub(crate) kind: String,
    pub(crate) about: String,
    pub(crate) frozen_at: i64,
    pub(crate) evidence: String,
}

/// Evidence of an issue, in the order it was frozen.
pub(crate) async fn attachments(
    connection: &mut Connection,
    id: i64,
) -> Result<Vec<AttachmentRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT kind, about, frozen_at, evidence FROM issue_attachments WHERE issue_id = $1 ORDER BY id",
    )
    .bind(id)
    .fetch_all(connection)
    .await?)
}

/// Freezes evidence.
pub(crate) async fn attach(
    connection: &mut Connection,
    id: i64,
    kind: &str,
    about: &str,
    evidence: &Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO issue_attachments (issue_id, kind, about, frozen_at, evidence) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(kind)
    .bind(about)
    .bind(now.0)
    .bind(evidence.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that an audit entry, the next one, is about an issue.
pub(crate) async fn note_entry(
    connection: &mut Connection,
    id: i64,
    sequence: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_issues (issue_id, sequence) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Audit entries about an issue except its comments, oldest first.
pub(crate) async fn entries(
    connection: &mut Connection,
    id: i64,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.sequence, a.at, a.actor_id, a.actor_name, a.action, a.migration, a.environment, a.targets,
                a.revision_made, a.reason, a.outcome, a.body, a.previous_hash, a.hash
         FROM audit_issues l JOIN audit a ON a.sequence = l.sequence
         WHERE l.issue_id = $1 AND a.action <> 'issue.comment' ORDER BY l.sequence LIMIT $2",
    )
    .bind(id)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Audit entries about a module in a stretch of time that are about no issue, oldest first.
pub(crate) async fn entries_of_module(
    connection: &mut Connection,
    module_id: i64,
    from: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT a.sequence, a.at, a.actor_id, a.actor_name, a.action, a.migration, a.environment, a.targets,
                a.revision_made, a.reason, a.outcome, a.body, a.previous_hash, a.hash
         FROM audit_modules l JOIN audit a ON a.sequence = l.sequence
         WHERE l.module_id = $1 AND a.at BETWEEN $2 AND $3 AND a.action NOT LIKE 'issue.%'
         ORDER BY l.sequence LIMIT $4",
    )
    .bind(module_id)
    .bind(from.0)
    .bind(until.0)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Audit entries about a migration's kill switches in a stretch of time, oldest first.
pub(crate) async fn entries_of_kill_switches(
    connection: &mut Connection,
    migration: &Key,
    from: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT sequence, at, actor_id, actor_name, action, migration, environment, targets, revision_made, reason,
                outcome, body, previous_hash, hash
         FROM audit INDEXED BY audit_of_kill_switches
         WHERE migration = $1 AND at BETWEEN $2 AND $3 AND action IN ('kill_switch.on', 'kill_switch.off')
         ORDER BY at, sequence LIMIT $4",
    )
    .bind(migration.as_str())
    .bind(from.0)
    .bind(until.0)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}
