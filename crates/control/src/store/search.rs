//! Modules, phases and checks by a part of their words. Issues and audit entries have searches of their own.

use domain::PhaseNumber;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A row that was found.
#[derive(Debug, FromRow)]
pub(crate) struct FoundRow {
    /// A module's key; a phase's or an item's own text.
    pub(crate) title: String,
    /// A module's owner, or the kind of an item.
    pub(crate) detail: String,
    /// The phase, or the phase it belongs to.
    pub(crate) phase: Option<PhaseNumber>,
}

/// Modules whose key, name or owner holds `pattern`, a LIKE pattern with `\` as escape; keys that begin with `beginning`
/// first, then the shortest.
pub(crate) async fn modules(
    connection: &mut Connection,
    migration_id: i64,
    pattern: &str,
    beginning: &str,
    limit: u32,
) -> Result<Vec<FoundRow>, StoreError> {
    Ok(sqlx::query_as(
        r"SELECT m.key AS title, m.owner AS detail, p.number AS phase
          FROM modules m LEFT JOIN phases p ON p.id = m.phase_id
          WHERE m.migration_id = $1 AND m.status <> 'archived'
            AND (m.key LIKE $2 ESCAPE '\' OR m.name LIKE $2 ESCAPE '\' OR m.owner LIKE $2 ESCAPE '\')
          ORDER BY m.key LIKE $3 ESCAPE '\' DESC, m.key LIKE $2 ESCAPE '\' DESC, length(m.key), m.key
          LIMIT $4",
    )
    .bind(migration_id)
    .bind(pattern)
    .bind(beginning)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Phases whose name holds `pattern`.
pub(crate) async fn phases(
    connection: &mut Connection,
    migration_id: i64,
    pattern: &str,
    limit: u32,
) -> Result<Vec<FoundRow>, StoreError> {
    Ok(sqlx::query_as(
        r"SELECT name AS title, '' AS detail, number AS phase FROM phases
          WHERE migration_id = $1 AND archived_at IS NULL AND name LIKE $2 ESCAPE '\'
          ORDER BY number LIMIT $3",
    )
    .bind(migration_id)
    .bind(pattern)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Items of checklists whose title holds `pattern`.
pub(crate) async fn checks(
    connection: &mut Connection,
    migration_id: i64,
    pattern: &str,
    limit: u32,
) -> Result<Vec<FoundRow>, StoreError> {
    Ok(sqlx::query_as(
        r"SELECT c.title, c.kind AS detail, p.number AS phase
          FROM checklist_items c LEFT JOIN phases p ON p.id = c.phase_id
          WHERE c.migration_id = $1 AND c.archived_at IS NULL AND c.title LIKE $2 ESCAPE '\'
          ORDER BY p.number, c.position, c.id LIMIT $3",
    )
    .bind(migration_id)
    .bind(pattern)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}
