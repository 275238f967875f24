//! Rows of `sessions` in `evidence.db`: signing in again is all that losing them costs.

use std::sync::Arc;

use domain::Timestamp;

use super::{Lane, Store, StoreError};

/// Sessions by id; their content is the edge's business.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Arc<Store>,
}

impl Sessions {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Stores a session, in place of one with the same id.
    pub async fn save(
        &self,
        id: String,
        data: String,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.store
            .evidence
            .run(Lane::Priority, move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO sessions (id, data, expires_at) VALUES ($1, $2, $3)
                         ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at",
                    )
                    .bind(id)
                    .bind(data)
                    .bind(expires_at.0)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The content of a session that has not expired at `now`.
    pub async fn load(&self, id: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        let mut connection = self.store.read_evidence().await?;
        Ok(
            sqlx::query_scalar("SELECT data FROM sessions WHERE id = $1 AND expires_at > $2")
                .bind(id)
                .bind(now.0)
                .fetch_optional(&mut *connection)
                .await?,
        )
    }

    /// Ends a session.
    pub async fn delete(&self, id: String) -> Result<(), StoreError> {
        self.store
            .evidence
            .run(Lane::Priority, move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM sessions WHERE id = $1")
                        .bind(id)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets sessions that expired before `now`.
    pub async fn delete_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store
            .evidence
            .run(Lane::Normal, move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
                        .bind(now.0)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
