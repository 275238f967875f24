//! Rows of `tokens`. Only hashes are stored.

use domain::read::TokenKind;
use domain::{Key, Timestamp};
use sqlx::FromRow;

use super::{Connection, StoreError};

/// A token without its secret.
#[derive(Debug, Clone)]
pub(crate) struct TokenRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    pub(crate) migration: Option<Key>,
    pub(crate) environment: Option<Key>,
    pub(crate) hash: String,
    pub(crate) hint: String,
    pub(crate) created_by: String,
    pub(crate) created_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    kind: String,
    migration: Option<String>,
    environment: Option<String>,
    hash: String,
    hint: String,
    created_by: String,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for TokenRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let key = |text: Option<String>| {
            text.map(|text| Key::parse(&text).map_err(|error| StoreError::corrupt("tokens", error)))
                .transpose()
        };
        Ok(Self {
            kind: TokenKind::parse(&row.kind)
                .ok_or_else(|| StoreError::corrupt("tokens", &row.kind))?,
            migration: key(row.migration)?,
            environment: key(row.environment)?,
            id: row.id,
            name: row.name,
            hash: row.hash,
            hint: row.hint,
            created_by: row.created_by,
            created_at: Timestamp(row.created_at),
            revoked_at: row.revoked_at.map(Timestamp),
        })
    }
}

/// All tokens, newest first, revoked ones too.
pub(crate) async fn all(connection: &mut Connection) -> Result<Vec<TokenRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT t.id, t.name, t.kind, m.key AS migration, e.key AS environment, t.hash, t.hint, t.created_by,
                t.created_at, t.revoked_at
         FROM tokens t LEFT JOIN migrations m ON m.id = t.migration_id
                       LEFT JOIN environments e ON e.id = t.environment_id
         ORDER BY t.created_at DESC, t.id DESC",
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Tokens that are not revoked: what the directory holds.
pub(crate) async fn valid(connection: &mut Connection) -> Result<Vec<TokenRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT t.id, t.name, t.kind, m.key AS migration, e.key AS environment, t.hash, t.hint, t.created_by,
                t.created_at, t.revoked_at
         FROM tokens t LEFT JOIN migrations m ON m.id = t.migration_id
                       LEFT JOIN environments e ON e.id = t.environment_id
         WHERE t.revoked_at IS NULL",
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// One token.
pub(crate) async fn by_id(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<TokenRecord>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT t.id, t.name, t.kind, m.key AS migration, e.key AS environment, t.hash, t.hint, t.created_by,
                t.created_at, t.revoked_at
         FROM tokens t LEFT JOIN migrations m ON m.id = t.migration_id
                       LEFT JOIN environments e ON e.id = t.environment_id
         WHERE t.id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Adds a token.
pub(crate) async fn insert(
    connection: &mut Connection,
    token: &TokenRecord,
    migration_id: Option<i64>,
    environment_id: Option<i64>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tokens (id, name, kind, migration_id, environment_id, hash, hint, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&token.id)
    .bind(&token.name)
    .bind(token.kind.as_str())
    .bind(migration_id)
    .bind(environment_id)
    .bind(&token.hash)
    .bind(&token.hint)
    .bind(&token.created_by)
    .bind(token.created_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a token.
pub(crate) async fn revoke(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{NewToken, RevokeToken, create_token};
    use crate::testing::Server;

    #[tokio::test]
    async fn what_was_revoked_is_listed_and_not_loaded() {
        let server = Server::open().await;
        let mut ids = Vec::new();
        for name in ["one", "other"] {
            let new = NewToken {
                name: name.into(),
                kind: TokenKind::Viewer,
                migration: None,
                environment: None,
                reason: String::new(),
            };
            let (done, _) = create_token(&server.control, &Server::root(), new)
                .await
                .unwrap();
            ids.push(done.subject.unwrap());
        }
        let revoke = RevokeToken {
            id: ids[0].clone(),
            reason: "lost".into(),
        };
        server.admin(revoke).await.unwrap();
        let mut connection = server.control.inner().store.read().await.unwrap();
        assert_eq!(all(&mut connection).await.unwrap().len(), 2);
        let valid = valid(&mut connection).await.unwrap();
        assert_eq!(valid.len(), 1);
        assert_eq!(valid[0].id, ids[1]);
    }
}
