//! Lists of issues: narrowed by what people choose and by words, a page at a time.

use domain::issues::Severity;
use domain::read::IssueRow;
use domain::{Key, Timestamp};
use jiff::civil::Date;
use sqlx::FromRow;

use super::issues::{labels, module, number, severity, status};
use super::migrations::date;
use super::{Connection, StoreError};

/// So many of the newest issues with the words are ordered by how well they fit.
pub(crate) const RANKED: u32 = 2_000;

/// What a list is narrowed to; `None` narrows nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct IssueSearch {
    /// `unresolved`, or a status.
    pub(crate) status: Option<&'static str>,
    /// Exactly this severity.
    pub(crate) severity: Option<&'static str>,
    /// Exactly this module.
    pub(crate) module: Option<String>,
    /// Exactly this owner.
    pub(crate) owner: Option<String>,
    /// One of the labels.
    pub(crate) label: Option<String>,
    /// An expression of full-text search.
    pub(crate) words: Option<String>,
    /// Whether what fits best comes first.
    pub(crate) by_relevance: bool,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    title: String,
    severity: String,
    status: String,
    module: Option<String>,
    owner: String,
    labels: Option<String>,
    due: Option<String>,
    noticed_at: i64,
    opened_at: i64,
    opened_by: String,
    resolved_at: Option<i64>,
    comments: i64,
}

impl TryFrom<Row> for IssueRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            number: number(row.number)?,
            title: row.title,
            severity: severity(&row.severity)?,
            status: status(&row.status)?,
            module: module(row.module.as_deref())?,
            owner: row.owner,
            labels: labels(row.labels.as_deref()),
            due: row.due,
            noticed_at: Timestamp(row.noticed_at),
            opened_at: Timestamp(row.opened_at),
            opened_by: row.opened_by,
            resolved_at: row.resolved_at.map(Timestamp),
            comments: number(row.comments)?,
        })
    }
}

/// Issues of a migration that match, in the order asked for.
pub(crate) async fn list(
    connection: &mut Connection,
    migration_id: i64,
    search: &IssueSearch,
    limit: u32,
    offset: u32,
) -> Result<Vec<IssueRow>, StoreError> {
    let rows = match (&search.words, search.by_relevance) {
        (None, _) => without_words(connection, migration_id, search, limit, offset).await?,
        (Some(words), false) => {
            newest(connection, migration_id, search, words, limit, offset).await?
        }
        (Some(words), true) => best(connection, migration_id, search, words, limit, offset).await?,
    };
    rows.into_iter().map(TryInto::try_into).collect()
}

async fn without_words(
    connection: &mut Connection,
    migration_id: i64,
    search: &IssueSearch,
    limit: u32,
    offset: u32,
) -> Result<Vec<Row>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT i.number, i.title, i.severity, i.status, m.key AS module, i.owner, i.due, i.noticed_at, i.opened_at,
                i.opened_by, i.resolved_at,
                (SELECT group_concat(l.label, ' ') FROM issue_labels l WHERE l.issue_id = i.id) AS labels,
                (SELECT count(*) FROM issue_comments c WHERE c.issue_id = i.id) AS comments
         FROM issues i LEFT JOIN modules m ON m.id = i.module_id
         WHERE i.migration_id = $1
           AND ($2 IS NULL OR i.status = $2 OR ($2 = 'unresolved' AND i.status <> 'resolved'))
           AND ($3 IS NULL OR i.severity = $3)
           AND ($4 IS NULL OR m.key = $4)
           AND ($5 IS NULL OR i.owner = $5)
           AND ($6 IS NULL OR EXISTS (SELECT 1 FROM issue_labels l WHERE l.issue_id = i.id AND l.label = $6))
         ORDER BY i.number DESC LIMIT $7 OFFSET $8",
    )
    .bind(migration_id)
    .bind(search.status)
    .bind(search.severity)
    .bind(&search.module)
    .bind(&search.owner)
    .bind(&search.label)
    .bind(limit)
    .bind(offset)
    .fetch_all(connection)
    .await?)
}

/// Walks down the full text from the newest issue, and ends as soon as the page is full.
async fn newest(
    connection: &mut Connection,
    migration_id: i64,
    search: &IssueSearch,
    words: &str,
    limit: u32,
    offset: u32,
) -> Result<Vec<Row>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT i.number, i.title, i.severity, i.status, m.key AS module, i.owner, i.due, i.noticed_at, i.opened_at,
                i.opened_by, i.resolved_at,
                (SELECT group_concat(l.label, ' ') FROM issue_labels l WHERE l.issue_id = i.id) AS labels,
                (SELECT count(*) FROM issue_comments c WHERE c.issue_id = i.id) AS comments
         FROM issue_words w CROSS JOIN issues i ON i.id = w.rowid LEFT JOIN modules m ON m.id = i.module_id
         WHERE issue_words MATCH $9 AND i.migration_id = $1
           AND ($2 IS NULL OR i.status = $2 OR ($2 = 'unresolved' AND i.status <> 'resolved'))
           AND ($3 IS NULL OR i.severity = $3)
           AND ($4 IS NULL OR m.key = $4)
           AND ($5 IS NULL OR i.owner = $5)
           AND ($6 IS NULL OR EXISTS (SELECT 1 FROM issue_labels l WHERE l.issue_id = i.id AND l.label = $6))
         ORDER BY w.rowid DESC LIMIT $7 OFFSET $8",
    )
    .bind(migration_id)
    .bind(search.status)
    .bind(search.severity)
    .bind(&search.module)
    .bind(&search.owner)
    .bind(&search.label)
    .bind(limit)
    .bind(offset)
    .bind(words)
    .fetch_all(connection)
    .await?)
}

/// Orders the newest [`RANKED`] by how well they fit: a word of the title says more than one of a comment.
async fn best(
    connection: &mut Connection,
    migration_id: i64,
    search: &IssueSearch,
    words: &str,
    limit: u32,
    offset: u32,
) -> Result<Vec<Row>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT i.number, i.title, i.severity, i.status, i.module, i.owner, i.due, i.noticed_at, i.opened_at,
                i.opened_by, i.resolved_at,
                (SELECT group_concat(l.label, ' ') FROM issue_labels l WHERE l.issue_id = i.id) AS labels,
                (SELECT count(*) FROM issue_comments c WHERE c.issue_id = i.id) AS comments
         FROM (SELECT i.*, m.key AS module, bm25(issue_words, 10.0, 5.0, 2.0, 1.0) AS score
               FROM issue_words w CROSS JOIN issues i ON i.id = w.rowid LEFT JOIN modules m ON m.id = i.module_id
               WHERE issue_words MATCH $9 AND i.migration_id = $1
                 AND ($2 IS NULL OR i.status = $2 OR ($2 = 'unresolved' AND i.status <> 'resolved'))
                 AND ($3 IS NULL OR i.severity = $3)
                 AND ($4 IS NULL OR m.key = $4)
                 AND ($5 IS NULL OR i.owner = $5)
                 AND ($6 IS NULL OR EXISTS (SELECT 1 FROM issue_labels l WHERE l.issue_id = i.id AND l.label = $6))
               ORDER BY w.rowid DESC LIMIT $10) i
         ORDER BY i.score, i.number DESC LIMIT $7 OFFSET $8",
    )
    .bind(migration_id)
    .bind(search.status)
    .bind(search.severity)
    .bind(&search.module)
    .bind(&search.owner)
    .bind(&search.label)
    .bind(limit)
    .bind(offset)
    .bind(words)
    .bind(RANKED)
    .fetch_all(connection)
    .await?)
}

/// How many issues of a migration are not resolved.
pub(crate) async fn unresolved(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<u32, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM issues WHERE migration_id = $1 AND status <> 'resolved'",
    )
    .bind(migration_id)
    .fetch_one(connection)
    .await?;
    number(count)
}

/// Whether a migration has any issue.
pub(crate) async fn any(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM issues WHERE migration_id = $1)")
            .bind(migration_id)
            .fetch_one(connection)
            .await?,
    )
}

/// What lists can be narrowed by: owners, labels and modules of the newest issues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    pub(crate) owners: Vec<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) modules: Vec<Key>,
}

/// Owners, labels and modules of the newest 1,000 issues of a migration, each by name.
pub(crate) async fn choices(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Choices, StoreError> {
    let owners = sqlx::query_scalar(
        "SELECT DISTINCT owner FROM (SELECT owner FROM issues WHERE migration_id = $1 ORDER BY number DESC LIMIT 1000)
         WHERE owner <> '' ORDER BY owner LIMIT 100",
    )
    .bind(migration_id)
    .fetch_all(&mut *connection)
    .await?;
    let labels = sqlx::query_scalar(
        "SELECT DISTINCT l.label
         FROM (SELECT id FROM issues WHERE migration_id = $1 ORDER BY number DESC LIMIT 1000) i
              JOIN issue_labels l ON l.issue_id = i.id
         ORDER BY l.label LIMIT 100",
    )
    .bind(migration_id)
    .fetch_all(&mut *connection)
    .await?;
    let modules: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT m.key
         FROM (SELECT module_id FROM issues WHERE migration_id = $1 ORDER BY number DESC LIMIT 1000) i
              JOIN modules m ON m.id = i.module_id
         ORDER BY m.key LIMIT 200",
    )
    .bind(migration_id)
    .fetch_all(&mut *connection)
    .await?;
    Ok(Choices {
        owners,
        labels,
        modules: modules
            .iter()
            .filter_map(|key| module(Some(key)).transpose())
            .collect::<Result<_, _>>()?,
    })
}

/// An issue that is to be done with by a day.
#[derive(Debug, Clone)]
pub(crate) struct DueIssue {
    pub(crate) number: u32,
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) module: Option<Key>,
    pub(crate) owner: String,
    pub(crate) due: Date,
    pub(crate) changed_sequence: Option<u64>,
}

#[derive(FromRow)]
struct DueRow {
    number: i64,
    title: String,
    severity: String,
    module: Option<String>,
    owner: String,
    due: String,
    changed_sequence: Option<i64>,
}

/// Issues of a migration that are not resolved and have a day, by that day; at most `limit`.
pub(crate) async fn due_issues(
    connection: &mut Connection,
    migration_id: i64,
    limit: u32,
) -> Result<Vec<DueIssue>, StoreError> {
    let rows: Vec<DueRow> = sqlx::query_as(
        "SELECT i.number, i.title, i.severity, m.key AS module, i.owner, i.due, i.changed_sequence
         FROM issues i LEFT JOIN modules m ON m.id = i.module_id
         WHERE i.migration_id = $1 AND i.status <> 'resolved' AND i.due IS NOT NULL
         ORDER BY i.due, i.number LIMIT $2",
    )
    .bind(migration_id)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(DueIssue {
                number: number(row.number)?,
                title: row.title,
                severity: severity(&row.severity)?,
                module: module(row.module.as_deref())?,
                owner: row.owner,
                due: date(Some(&row.due), "issues")?
                    .ok_or_else(|| StoreError::corrupt("issues", "no day"))?,
                changed_sequence: row
                    .changed_sequence
                    .and_then(|sequence| u64::try_from(sequence).ok()),
            })
        })
        .collect()
}
