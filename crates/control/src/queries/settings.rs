//! Users, tokens, and connecting a service.

use std::collections::HashMap;

use domain::read::{ConnectView, ReaderRow, TokenKind, TokenRow, TokensView, UserRow, UsersView};
use domain::{Key, ModuleStatus, Permission, Timestamp};

use super::standing::{load, viewer};
use crate::control::authorise;
use crate::readers::Reader;
use crate::store::tokens::TokenRecord;
use crate::store::{
    Connection, environments, grants, migrations, readers, tokens as token_rows, users as user_rows,
};
use crate::{Caller, Control, QueryError};

/// Readers are shown for a day.
const SHOWN_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// The users page, for the server's admins.
pub async fn users(control: &Control, caller: &Caller) -> Result<UsersView, QueryError> {
    authorise(caller, Permission::AdministerServer)?;
    let mut transaction = control.inner().store.read_moment().await?;
    let mut list = Vec::new();
    for user in user_rows::all(&mut transaction).await? {
        list.push(UserRow {
            grants: grants::of_user(&mut transaction, &user.id).await?,
            created_at: user.created_at(),
            archived_at: user.archived_at(),
            id: user.id,
            name: user.name,
        });
    }
    let migrations = migrations::all(&mut transaction).await?;
    Ok(UsersView {
        viewer: viewer(caller, None),
        users: list,
        migrations: migrations
            .into_iter()
            .map(|record| record.migration.key)
            .collect(),
    })
}

/// The tokens page: the whole server's for its admins, else those of migrations one administers.
pub async fn tokens(control: &Control, caller: &Caller) -> Result<TokensView, QueryError> {
    let mut transaction = control.inner().store.read_moment().await?;
    let mut scopes = Vec::new();
    for record in migrations::all(&mut transaction).await? {
        if record.migration.archived_at.is_none()
            && caller
                .actor
                .may(Permission::Administer(&record.migration.key))
        {
            let keys = open_environments(&mut transaction, record.id).await?;
            scopes.push((record.migration.key, keys));
        }
    }
    if scopes.is_empty() {
        authorise(caller, Permission::AdministerServer)?;
    }
    let uses = last_uses(control).await?;
    let visible = |token: &TokenRecord| match &token.migration {
        Some(migration) => caller.actor.may(Permission::Administer(migration)),
        None => caller.actor.may(Permission::AdministerServer),
    };
    let tokens = token_rows::all(&mut transaction)
        .await?
        .into_iter()
        .filter(visible)
        .map(|token| token_row(token, &uses))
        .collect();
    Ok(TokensView {
        viewer: viewer(caller, None),
        tokens,
        scopes,
    })
}

/// Connecting a service to one environment.
pub async fn connect(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    public_url: &str,
) -> Result<ConnectView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let environment = standing.environment.environment.key.clone();
    let uses = last_uses(control).await?;
    let tokens: Vec<TokenRow> = token_rows::all(&mut standing.transaction)
        .await?
        .into_iter()
        .filter(|token| {
            token.kind == TokenKind::Sdk
                && token.migration.as_ref() == Some(migration)
                && token.environment.as_ref() == Some(&environment)
        })
        .map(|token| token_row(token, &uses))
        .collect();
    let example = standing
        .flags
        .iter()
        .find(|flag| flag.status == ModuleStatus::Active)
        .map_or_else(|| "module".to_owned(), |flag| flag.module.to_string());
    let readers = readers_of(control, &tokens, migration, &environment).await?;
    Ok(ConnectView {
        public_url: public_url.to_owned(),
        example_flag: format!("{migration}.{example}"),
        frame: standing.frame,
        readers,
        tokens,
    })
}

async fn open_environments(
    connection: &mut Connection,
    migration_id: i64,
) -> Result<Vec<Key>, QueryError> {
    Ok(environments::of_migration(connection, migration_id)
        .await?
        .into_iter()
        .filter(|record| record.environment.archived_at.is_none())
        .map(|record| record.environment.key)
        .collect())
}

/// When tokens were last used: what is written down, and what memory knows since.
async fn last_uses(control: &Control) -> Result<HashMap<String, Timestamp>, QueryError> {
    let mut connection = control.inner().store.read_evidence().await?;
    let written = readers::token_uses(&mut connection).await?;
    let mut uses: HashMap<String, Timestamp> = HashMap::new();
    for (id, at) in written.into_iter().chain(control.readers().token_uses()) {
        let latest = uses.entry(id).or_insert(at);
        *latest = at.max(*latest);
    }
    Ok(uses)
}

fn token_row(token: TokenRecord, uses: &HashMap<String, Timestamp>) -> TokenRow {
    TokenRow {
        last_used_at: uses.get(&token.id).copied(),
        id: token.id,
        name: token.name,
        kind: token.kind,
        migration: token.migration,
        environment: token.environment,
        hint: token.hint,
        created_by: token.created_by,
        created_at: token.created_at,
        revoked_at: token.revoked_at,
    }
}

async fn readers_of(
    control: &Control,
    tokens: &[TokenRow],
    migration: &Key,
    environment: &Key,
) -> Result<Vec<ReaderRow>, QueryError> {
    let since = control.clock().now().plus(-SHOWN_MILLISECONDS);
    let mut rows: Vec<ReaderRow> = control
        .readers()
        .of_environment(migration, environment, since)
        .into_iter()
        .map(reader_row)
        .collect();
    let mut connection = control.inner().store.read_evidence().await?;
    for record in readers::since(&mut connection, since).await? {
        let Some(token) = tokens.iter().find(|token| token.id == record.token_id) else {
            continue;
        };
        let known = |row: &ReaderRow| row.token == token.name && row.client == record.client;
        if !rows.iter().any(known) {
            rows.push(ReaderRow {
                token: token.name.clone(),
                last_read_at: record.last_read_at(),
                revision: record.revision(),
                client: record.client,
            });
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.last_read_at));
    Ok(rows)
}

fn reader_row(reader: Reader) -> ReaderRow {
    ReaderRow {
        token: reader.token_name,
        client: reader.client,
        last_read_at: reader.last_read_at,
        revision: reader.revision,
    }
}
