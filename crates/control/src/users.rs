//! Users as actors, in memory until access changes, so that a session costs no query a request.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use domain::{Actor, ActorKind, Authentication};

use crate::store::{grants, users};
use crate::{Control, QueryError};

/// Actors by user id. `None` is remembered too: an archived user stays out.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_id: RwLock<HashMap<String, Option<Actor>>>,
}

impl Users {
    /// Forgets everything: access changed.
    pub(crate) fn forget_all(&self) {
        self.by_id
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Control {
    /// The user behind a session as an actor; `None` when there is no such user any more.
    pub async fn user_actor(&self, user_id: &str) -> Result<Option<Actor>, QueryError> {
        let cache = &self.inner().users.by_id;
        if let Some(known) = cache
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(user_id)
            .cloned()
        {
            return Ok(known);
        }
        let mut connection = self.inner().store.read().await?;
        let actor = match users::by_id(&mut connection, user_id).await? {
            Some(user) if user.archived_at().is_none() => Some(Actor {
                grants: grants::of_user(&mut connection, user_id).await?,
                id: user.id,
                name: user.name,
                kind: ActorKind::User,
                authentication: Authentication::Session,
            }),
            _ => None,
        };
        cache
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(user_id.to_owned(), actor.clone());
        Ok(actor)
    }

    /// Whether anybody was ever added: the first start makes an admin.
    pub async fn has_users(&self) -> Result<bool, QueryError> {
        let mut connection = self.inner().store.read().await?;
        Ok(!users::all(&mut connection).await?.is_empty())
    }
}
