//! Bearer tokens in memory, by hash: authenticating a flag read touches no database.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::read::TokenKind;
use domain::{Actor, ActorKind, Authentication, Grant, Key, Role, Scope};

use crate::secret;
use crate::store::tokens::TokenRecord;
use crate::store::{Connection, StoreError, tokens};

/// What a valid token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's id.
    pub token_id: String,
    /// Its name.
    pub name: String,
    /// What it may.
    pub kind: TokenKind,
    /// Where; `None` for the whole server.
    pub migration: Option<Key>,
    /// Where; set for `sdk` and `ingest`.
    pub environment: Option<Key>,
    /// Who commands with it; `None` for `sdk` and `ingest`, which command nothing.
    pub actor: Option<Actor>,
}

/// All tokens that are not revoked.
#[derive(Debug, Default)]
pub struct Directory {
    tokens: ArcSwap<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    by_hash: HashMap<String, Arc<Identity>>,
    by_id: HashMap<String, Arc<Identity>>,
}

impl Directory {
    /// Whose token this is; `None` for one that is mistyped, unknown or revoked.
    pub fn authenticate(&self, token: &str) -> Option<Arc<Identity>> {
        secret::token_kind(token)?;
        self.tokens
            .load()
            .by_hash
            .get(&secret::hash(token))
            .cloned()
    }

    /// The token with this id; `None` once it is revoked.
    pub fn by_id(&self, id: &str) -> Option<Arc<Identity>> {
        self.tokens.load().by_id.get(id).cloned()
    }

    /// Makes it anew from the database.
    pub(crate) async fn reload(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let by_hash: HashMap<_, _> = tokens::valid(connection)
            .await?
            .into_iter()
            .map(|token| (token.hash.clone(), Arc::new(identity(token))))
            .collect();
        let by_id = by_hash
            .values()
            .map(|identity| (identity.token_id.clone(), Arc::clone(identity)))
            .collect();
        self.tokens.store(Arc::new(Tokens { by_hash, by_id }));
        Ok(())
    }
}

fn identity(token: TokenRecord) -> Identity {
    let role = match token.kind {
        TokenKind::Admin => Some(Role::Admin),
        TokenKind::Operator => Some(Role::Operator),
        TokenKind::Viewer => Some(Role::Viewer),
        TokenKind::Sdk | TokenKind::Ingest => None,
    };
    let scope = token.migration.clone().map_or(Scope::All, Scope::Migration);
    let actor = role.map(|role| Actor {
        id: token.id.clone(),
        name: format!("token:{}", token.name),
        kind: ActorKind::Token,
        authentication: Authentication::Bearer,
        grants: vec![Grant { scope, role }],
    });
    Identity {
        token_id: token.id,
        name: token.name,
        kind: token.kind,
        migration: token.migration,
        environment: token.environment,
        actor,
    }
}
