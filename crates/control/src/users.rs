//! Users as actors, in memory until access changes, so that a session costs no query a request.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use domain::{Actor, ActorKind, Authentication};

use crate::store::{grants, users};
use crate::{Control, QueryError};

/// Actors by user id. `None` is remembered too: an archived user stays out.
#[derive(Debug, Default)]
pub(crate) struct Users {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<String, Option<Actor>>,
    /// How often access has changed: what was read before a change is not remembered after it.
    generation: u64,
}

impl Users {
    /// Forgets everything: access changed.
    pub(crate) fn forget_all(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.by_id.clear();
        known.generation += 1;
    }

    /// What is known of a user, or the generation to read them in.
    fn look_up(&self, user_id: &str) -> Result<Option<Actor>, u64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.by_id.get(user_id).cloned().ok_or(known.generation)
    }

    /// Remembers what was read since `generation`, unless access changed meanwhile: then it may be old.
    fn remember(&self, generation: u64, user_id: &str, actor: Option<Actor>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation == generation {
            known.by_id.insert(user_id.to_owned(), actor);
        }
    }
}

impl Control {
    /// The user behind a session as an actor; `None` when there is no such user any more.
    pub async fn user_actor(&self, user_id: &str) -> Result<Option<Actor>, QueryError> {
        let cache = &self.inner().users;
        let generation = match cache.look_up(user_id) {
            Ok(known) => return Ok(known),
            Err(generation) => generation,
        };
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
        cache.remember(generation, user_id, actor.clone());
        Ok(actor)
    }

    /// Whether anybody was ever added: the first start makes an admin.
    pub async fn has_users(&self) -> Result<bool, QueryError> {
        let mut connection = self.inner().store.read().await?;
        Ok(!users::all(&mut connection).await?.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use domain::Role;

    use crate::testing::Server;

    #[tokio::test]
    async fn what_was_read_before_access_changed_is_not_remembered_after_it() {
        let server = Server::open().await;
        let id = server.user("ada", Role::Viewer).await;
        let cache = &server.control.inner().users;
        // A request reads the user; before it remembers them, they are archived.
        let generation = cache.look_up(&id).unwrap_err();
        let old = server.control.user_actor(&id).await.unwrap();
        server.archive_user("ada").await;
        cache.remember(generation, &id, old);
        assert_eq!(server.control.user_actor(&id).await.unwrap(), None);
    }
}
