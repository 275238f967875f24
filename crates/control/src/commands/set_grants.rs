//! Replaces what a user may.

use std::collections::HashSet;

use domain::{Grant, Permission, Refusal, Role, Scope};
use serde_json::json;

use super::add_user::about;
use super::input::Input;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::users::UserRecord;
use crate::store::{audit, grants, last_change, migrations, users};

/// What a user may from now on.
#[derive(Debug, Clone)]
pub struct SetGrants {
    /// The user's name.
    pub name: String,
    /// All their roles, at most one a scope; empty takes everything away.
    pub grants: Vec<Grant>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for SetGrants {
    fn permission(&self) -> Permission<'_> {
        Permission::AdministerServer
    }

    fn action(&self) -> &'static str {
        "user.grants"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    fn aim(&self) -> Aim {
        about(&self.name)
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        let scopes: HashSet<&Scope> = self.grants.iter().map(|grant| &grant.scope).collect();
        input.require(
            scopes.len() == self.grants.len(),
            "grants",
            "Give one role for each migration.",
        );
        input.finish()?;
        let user = open_user(work, &self.name).await?;
        let places = places(work, &self.grants).await?;
        let before = grants::of_user(work.connection, &user.id).await?;
        let (old, new): (HashSet<&Grant>, HashSet<&Grant>) =
            (before.iter().collect(), self.grants.iter().collect());
        if old == new {
            let changed = last_change::of_user(work.connection, &user.name).await?;
            let other = audit::other_change(work.connection, changed).await?;
            let summary = format!("{} may exactly that already.", user.name);
            return Err(Refusal::NoChange { summary, other }.into());
        }
        if !is_server_admin(&self.grants) {
            keep_an_admin(work, &user, &before).await?;
        }
        grants::clear(work.connection, &user.id).await?;
        for (grant, migration_id) in self.grants.iter().zip(places) {
            grants::set(work.connection, &user.id, migration_id, grant.role).await?;
        }
        Ok(Effect {
            action: "user.grants",
            aim: about(&user.name),
            before: json!({ "grants": before }),
            after: json!({ "grants": self.grants }),
            reason,
            summary: format!("changed what {} may: {}", user.name, in_words(&self.grants)),
            subject: Some(user.id),
            topics: vec![Topic::Access],
            access: true,
            ..Effect::default()
        })
    }
}

/// A user who is not archived, by name.
pub(super) async fn open_user(work: &mut Work<'_>, name: &str) -> Result<UserRecord, Stopped> {
    let name = name.trim();
    let user = users::by_name(work.connection, name)
        .await?
        .ok_or_else(|| Refusal::not_found("user", name))?;
    if user.archived_at().is_some() {
        return Err(Refusal::Archived {
            what: format!("The user {name}"),
        }
        .into());
    }
    Ok(user)
}

/// Refuses when this user is the last admin of the server: nobody could give the role back.
pub(super) async fn keep_an_admin(
    work: &mut Work<'_>,
    user: &UserRecord,
    grants_now: &[Grant],
) -> Result<(), Stopped> {
    if !is_server_admin(grants_now) || grants::count_server_admins(work.connection).await? > 1 {
        return Ok(());
    }
    let what = format!("The role of {}", user.name);
    let why = "they are the last admin of this server. Make somebody else one first.".into();
    Err(Refusal::InUse { what, why }.into())
}

fn is_server_admin(grants: &[Grant]) -> bool {
    grants
        .iter()
        .any(|grant| grant.scope == Scope::All && grant.role == Role::Admin)
}

/// Row ids of the grants' migrations. An archived one is fine: whoever had a role there keeps it on record.
async fn places(work: &mut Work<'_>, grants: &[Grant]) -> Result<Vec<Option<i64>>, Stopped> {
    let mut places = Vec::with_capacity(grants.len());
    for grant in grants {
        places.push(match &grant.scope {
            Scope::All => None,
            Scope::Migration(key) => {
                let record = migrations::by_key(work.connection, key).await?;
                Some(
                    record
                        .ok_or_else(|| Refusal::not_found("migration", key.as_str()))?
                        .id,
                )
            }
        });
    }
    Ok(places)
}

fn in_words(grants: &[Grant]) -> String {
    let one = |grant: &Grant| match &grant.scope {
        Scope::All => format!("{} of the whole server", grant.role.as_str()),
        Scope::Migration(key) => format!("{} of {key}", grant.role.as_str()),
    };
    match grants {
        [] => "nothing".into(),
        grants => grants.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key, refusal};

    fn grant(scope: Option<&str>, role: Role) -> Grant {
        Grant {
            scope: scope.map_or(Scope::All, |name| Scope::Migration(key(name))),
            role,
        }
    }

    fn set(grants: Vec<Grant>) -> SetGrants {
        SetGrants {
            name: "Ada".into(),
            grants,
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn sessions_see_the_new_role_at_once() {
        let server = Server::with_modules(&["a"]).await;
        server.user("Root", Role::Admin).await;
        let id = server.user("Ada", Role::Admin).await;
        assert!(
            server
                .control
                .user_actor(&id)
                .await
                .unwrap()
                .unwrap()
                .may(Permission::AdministerServer)
        );
        let wanted = vec![grant(Some("atlas"), Role::Operator)];
        let done = server.admin(set(wanted.clone())).await.unwrap();
        assert_eq!(
            server
                .control
                .user_actor(&id)
                .await
                .unwrap()
                .unwrap()
                .grants,
            wanted
        );
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.before["grants"][0]["role"], "admin");
        let again = refusal(server.admin(set(wanted)).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().sequence),
            ("no-change", done.sequence)
        );
        server.admin(set(Vec::new())).await.unwrap();
        assert_eq!(
            server
                .control
                .user_actor(&id)
                .await
                .unwrap()
                .unwrap()
                .grants,
            []
        );
    }

    #[tokio::test]
    async fn the_last_admin_of_the_server_stays_one() {
        let server = Server::with_modules(&["a"]).await;
        server.user("Ada", Role::Admin).await;
        server.user("Bo", Role::Viewer).await;
        let demote = set(vec![grant(None, Role::Operator)]);
        assert_eq!(refusal(server.admin(demote.clone()).await).code(), "in-use");
        // More beside the role is no demotion.
        server
            .admin(set(vec![
                grant(None, Role::Admin),
                grant(Some("atlas"), Role::Viewer),
            ]))
            .await
            .unwrap();
        server
            .admin(SetGrants {
                name: "Bo".into(),
                ..set(vec![grant(None, Role::Admin)])
            })
            .await
            .unwrap();
        server.admin(demote).await.unwrap();
    }

    #[tokio::test]
    async fn refusals() {
        let server = Server::with_modules(&["a"]).await;
        server.user("Root", Role::Admin).await;
        server.user("Ada", Role::Viewer).await;
        let nobody = SetGrants {
            name: "Zed".into(),
            ..set(Vec::new())
        };
        assert_eq!(refusal(server.admin(nobody).await).code(), "not-found");
        let nowhere = set(vec![grant(Some("borealis"), Role::Viewer)]);
        assert_eq!(refusal(server.admin(nowhere).await).code(), "not-found");
        let twice = set(vec![grant(None, Role::Viewer), grant(None, Role::Operator)]);
        assert_eq!(refusal(server.admin(twice).await).code(), "invalid");
        let caller = Server::admin_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&caller, set(Vec::new())).await).code(),
            "forbidden"
        );
        server.archive_user("Ada").await;
        assert_eq!(
            refusal(server.admin(set(Vec::new())).await).code(),
            "archived"
        );
    }
}
