//! Puts a user away: sessions end and links are void. Never deleted, since the audit log names them.

use domain::{Permission, Refusal};
use serde_json::json;

use super::add_user::about;
use super::input::Input;
use super::set_grants::keep_an_admin;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{audit, grants, last_change, users};

/// A user to be put away.
#[derive(Debug, Clone)]
pub struct ArchiveUser {
    /// Their name; not the last admin of the server.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Command for ArchiveUser {
    fn permission(&self) -> Permission<'_> {
        Permission::AdministerServer
    }

    fn action(&self) -> &'static str {
        "user.archive"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        about(&self.name)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.reason(&self.reason);
        input.finish()?;
        let name = self.name.trim();
        let user = users::by_name(work.connection, name)
            .await?
            .ok_or_else(|| Refusal::not_found("user", name))?;
        if user.archived_at().is_some() {
            let changed = last_change::of_user(work.connection, name).await?;
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("The user {name} is archived already.");
            return Err(Refusal::NoChange { summary, other }.into());
        }
        let grants = grants::of_user(work.connection, &user.id).await?;
        keep_an_admin(work, &user, &grants).await?;
        users::archive(work.connection, &user.id, work.now).await?;
        Ok(Effect {
            action: "user.archive",
            aim: about(name),
            before: json!({ "archived_at": null }),
            after: json!({ "archived_at": work.now }),
            reason,
            summary: format!("archived the user {name}"),
            subject: Some(user.id),
            topics: vec![Topic::Access],
            access: true,
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Role;

    use super::*;
    use crate::testing::{Server, refusal};

    fn archive(name: &str) -> ArchiveUser {
        ArchiveUser {
            name: name.into(),
            reason: "left".into(),
        }
    }

    #[tokio::test]
    async fn an_archived_user_is_nobody_at_once() {
        let server = Server::open().await;
        server.user("Root", Role::Admin).await;
        let id = server.user("Ada", Role::Admin).await;
        assert!(server.control.user_actor(&id).await.unwrap().is_some());
        server.admin(archive("Ada")).await.unwrap();
        assert!(server.control.user_actor(&id).await.unwrap().is_none());
        let again = refusal(server.admin(archive("Ada")).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().action.as_str()),
            ("no-change", "user.archive")
        );
    }

    #[tokio::test]
    async fn the_last_admin_stays_though_an_archived_one_is_there() {
        let server = Server::open().await;
        server.user("Root", Role::Admin).await;
        server.user("Ada", Role::Admin).await;
        server.admin(archive("Root")).await.unwrap();
        assert_eq!(refusal(server.admin(archive("Ada")).await).code(), "in-use");
    }

    #[tokio::test]
    async fn it_needs_a_reason_a_role_and_somebody() {
        let server = Server::with_modules(&["a"]).await;
        server.user("Ada", Role::Viewer).await;
        assert_eq!(
            refusal(server.admin(archive("Zed")).await).code(),
            "not-found"
        );
        let silent = ArchiveUser {
            reason: " ".into(),
            ..archive("Ada")
        };
        assert_eq!(refusal(server.admin(silent).await).code(), "invalid");
        let caller = Server::admin_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&caller, archive("Ada")).await).code(),
            "forbidden"
        );
    }
}
