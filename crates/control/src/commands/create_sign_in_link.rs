//! Makes a sign-in link for a user: good for 15 minutes and one use. Only its hash is stored.

use std::fmt;

use domain::Permission;
use serde_json::Value;

use super::add_user::about;
use super::set_grants::open_user;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::snapshots::Snapshots;
use crate::store::{Lane, StoreError, links};
use crate::{Caller, CommandError, Control, secret};

/// How long a link can be used, in milliseconds.
const LIFETIME_MILLISECONDS: i64 = 15 * 60 * 1_000;

/// Makes a link for a user and answers its secret, for the only time.
///
/// # Errors
/// As [`Control::execute`].
pub async fn new_sign_in_link(
    control: &Control,
    caller: &Caller,
    name: &str,
) -> Result<String, CommandError> {
    let secret = secret::random().map_err(StoreError::Random)?;
    let command = CreateSignInLink {
        name: name.trim().to_owned(),
        hash: secret::hash(&secret),
    };
    // A repeated request makes another link: the one before is not known any more.
    let caller = Caller {
        idempotency: None,
        ..caller.clone()
    };
    control.execute(&caller, command).await?;
    Ok(secret)
}

/// The command behind [`new_sign_in_link`]: knows the secret's hash only.
#[derive(Clone)]
pub struct CreateSignInLink {
    name: String,
    hash: String,
}

impl fmt::Debug for CreateSignInLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateSignInLink")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Command for CreateSignInLink {
    fn permission(&self) -> Permission<'_> {
        Permission::AdministerServer
    }

    fn action(&self) -> &'static str {
        "sign_in_link.create"
    }

    fn aim(&self) -> Aim {
        about(&self.name)
    }

    /// Whoever wants to roll back must get in first, also when the disk is full.
    fn lane(&self, _snapshots: &Snapshots) -> Lane {
        Lane::Priority
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let user = open_user(work, &self.name).await?;
        let expires_at = work.now.plus(LIFETIME_MILLISECONDS);
        links::forget_expired(work.connection, work.now).await?;
        links::insert(work.connection, &self.hash, &user.id, work.now, expires_at).await?;
        Ok(Effect {
            action: "sign_in_link.create",
            aim: about(&user.name),
            after: Value::Object(
                [("expires_at".to_owned(), expires_at.0.into())]
                    .into_iter()
                    .collect(),
            ),
            summary: format!("made a sign-in link for {}", user.name),
            subject: Some(user.id),
            topics: vec![Topic::Audit],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Role;

    use super::*;
    use crate::testing::{Server, refusal};

    #[tokio::test]
    async fn links_are_for_users_who_are_there_and_made_by_admins() {
        let server = Server::with_modules(&["a"]).await;
        server.user("Root", Role::Admin).await;
        server.user("Ada", Role::Viewer).await;
        let link = |caller, name: &'static str| {
            let control = server.control.clone();
            async move { new_sign_in_link(&control, &caller, name).await }
        };
        let secret = link(Server::root(), " Ada ").await.unwrap();
        let entry = server.entry(server.control.head_sequence()).await;
        let text = serde_json::to_string(&entry).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&secret::hash(&secret)));
        assert_eq!(
            (entry.action.as_str(), entry.targets),
            ("sign_in_link.create", vec!["Ada".to_owned()])
        );
        assert_eq!(
            refusal(link(Server::root(), "Zed").await).code(),
            "not-found"
        );
        assert_eq!(
            refusal(link(Server::admin_of("atlas"), "Ada").await).code(),
            "forbidden"
        );
        server.archive_user("Ada").await;
        assert_eq!(
            refusal(link(Server::root(), "Ada").await).code(),
            "archived"
        );
    }
}
