//! Uses a sign-in link up. Whoever runs it is nobody before; the entry names the user the link was made for.

use std::fmt;

use domain::{Actor, ActorKind, Authentication, Permission, Refusal};

use super::add_user::about;
use crate::command::{Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::secret;
use crate::snapshots::Snapshots;
use crate::store::{Lane, grants, links, users};

/// A link's secret, as the sign-in page posts it.
#[derive(Clone)]
pub struct ConsumeSignInLink {
    /// The secret.
    pub secret: String,
}

impl fmt::Debug for ConsumeSignInLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumeSignInLink").finish_non_exhaustive()
    }
}

impl Command for ConsumeSignInLink {
    fn permission(&self) -> Permission<'_> {
        Permission::SignedIn
    }

    fn action(&self) -> &'static str {
        "user.sign_in"
    }

    /// Whoever wants to roll back must get in first, also when the disk is full.
    fn lane(&self, _snapshots: &Snapshots) -> Lane {
        Lane::Priority
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let hash = secret::hash(&self.secret);
        let link = links::by_hash(work.connection, &hash)
            .await?
            .filter(|link| link.is_usable(work.now))
            .ok_or(Refusal::LinkSpent)?;
        let user = users::by_id(work.connection, &link.user_id)
            .await?
            .filter(|user| user.archived_at().is_none())
            .ok_or(Refusal::LinkSpent)?;
        links::consume(work.connection, &hash, work.now).await?;
        let actor = Actor {
            grants: grants::of_user(work.connection, &user.id).await?,
            id: user.id.clone(),
            name: user.name.clone(),
            kind: ActorKind::User,
            authentication: Authentication::Session,
        };
        Ok(Effect {
            action: "user.sign_in",
            aim: about(&user.name),
            summary: format!("{} signed in", user.name),
            subject: Some(user.id),
            topics: vec![Topic::Audit],
            actor: Some(actor),
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{Committed, Role};

    use super::*;
    use crate::commands::new_sign_in_link;
    use crate::testing::{Server, refusal};
    use crate::{Caller, CommandError};

    async fn consume(server: &Server, secret: &str) -> Result<Committed, CommandError> {
        let nobody = Actor {
            id: "sign-in".into(),
            name: "sign-in".into(),
            kind: ActorKind::User,
            authentication: Authentication::Session,
            grants: Vec::new(),
        };
        let command = ConsumeSignInLink {
            secret: secret.into(),
        };
        server
            .control
            .execute(&Caller::new(nobody, "r"), command)
            .await
    }

    async fn link(server: &Server) -> String {
        new_sign_in_link(&server.control, &Server::root(), "Ada")
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_link_signs_in_its_user_once() {
        let server = Server::open().await;
        let id = server.user("Ada", Role::Admin).await;
        let secret = link(&server).await;
        let done = consume(&server, &secret).await.unwrap();
        assert_eq!(done.subject, Some(id.clone()));
        let entry = server.entry(done.sequence).await;
        assert_eq!((entry.actor.id, entry.actor.name), (id, "Ada".to_owned()));
        assert_eq!(refusal(consume(&server, &secret).await), Refusal::LinkSpent);
    }

    #[tokio::test]
    async fn a_full_disk_keeps_nobody_from_the_rollback_button() {
        let server = Server::open().await;
        server.user("Ada", Role::Operator).await;
        server.control.set_low_space_bytes(u64::MAX);
        let secret = link(&server).await;
        consume(&server, &secret).await.unwrap();
    }

    #[tokio::test]
    async fn a_link_ends_after_fifteen_minutes() {
        let server = Server::open().await;
        server.user("Ada", Role::Admin).await;
        let (early, late) = (link(&server).await, link(&server).await);
        server.control.clock().step(LIFETIME_MILLISECONDS - 1);
        consume(&server, &early).await.unwrap();
        server.control.clock().step(1);
        assert_eq!(refusal(consume(&server, &late).await), Refusal::LinkSpent);
    }

    const LIFETIME_MILLISECONDS: i64 = 900_000;

    #[tokio::test]
    async fn an_unknown_secret_or_an_archived_user_does_not_get_in_and_writes_nothing() {
        let server = Server::open().await;
        server.user("Root", Role::Admin).await;
        server.user("Ada", Role::Viewer).await;
        let secret = link(&server).await;
        server.archive_user("Ada").await;
        let head = server.control.head_sequence();
        assert_eq!(refusal(consume(&server, &secret).await), Refusal::LinkSpent);
        assert_eq!(refusal(consume(&server, "guess").await), Refusal::LinkSpent);
        assert_eq!(server.control.head_sequence(), head);
    }

    #[test]
    fn a_secret_is_not_printed() {
        let command = ConsumeSignInLink {
            secret: "hush".into(),
        };
        assert!(!format!("{command:?}").contains("hush"));
    }
}
