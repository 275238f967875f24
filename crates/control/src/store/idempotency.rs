//! Rows of `idempotency`: answers kept for a day, so that repeating a request does not repeat its effect.

use domain::Timestamp;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// How long an answer is kept, in milliseconds.
const KEPT_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// What was answered then.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AnswerRecord {
    pub(crate) digest: String,
    pub(crate) answer: String,
}

/// The answer given under this key, if it was within a day.
pub(crate) async fn find(
    connection: &mut Connection,
    actor_id: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<AnswerRecord>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT digest, answer FROM idempotency WHERE actor_id = $1 AND key = $2 AND created_at > $3",
    )
    .bind(actor_id)
    .bind(key)
    .bind(now.plus(-KEPT_MILLISECONDS).0)
    .fetch_optional(connection)
    .await?)
}

/// Keeps an answer, and forgets those older than a day.
pub(crate) async fn keep(
    connection: &mut Connection,
    actor_id: &str,
    key: &str,
    digest: &str,
    answer: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM idempotency WHERE created_at <= $1")
        .bind(now.plus(-KEPT_MILLISECONDS).0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO idempotency (actor_id, key, digest, answer, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(actor_id)
        .bind(key)
        .bind(digest)
        .bind(answer)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}
