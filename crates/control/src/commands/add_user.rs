//! Adds a user with a first role.

use domain::{Key, Permission, Refusal, Role, Scope};
use serde_json::json;
use uuid::Uuid;

use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::{grants, users};

/// A user to be added.
#[derive(Debug, Clone)]
pub struct AddUser {
    /// Their name: how they are addressed, and what the audit log calls them.
    pub name: String,
    /// Their first role.
    pub role: Role,
    /// Where it holds; on the whole server without it.
    pub migration: Option<Key>,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for AddUser {
    fn permission(&self) -> Permission<'_> {
        Permission::AdministerServer
    }

    fn action(&self) -> &'static str {
        "user.add"
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
        let name = input.name("name", &self.name);
        input.require(
            !looks_like_another_actor(&name),
            "name",
            "Write a person's name on one line, without token: or local: before it.",
        );
        input.finish()?;
        let migration_id = match &self.migration {
            None => None,
            Some(key) => Some(scope::migration(work, key).await?.id),
        };
        let wanted = name.to_lowercase();
        if users::all(work.connection)
            .await?
            .iter()
            .any(|user| user.name.to_lowercase() == wanted)
        {
            let why = "a user has it, or had it. Add something that tells them apart.".into();
            return Err(Refusal::InUse {
                what: format!("The name {name}"),
                why,
            }
            .into());
        }
        let id = Uuid::now_v7().to_string();
        users::insert(work.connection, &id, &name, work.now).await?;
        grants::set(work.connection, &id, migration_id, self.role).await?;
        let place = self
            .migration
            .as_ref()
            .map_or("the whole server", Key::as_str);
        let scope = self.migration.clone().map_or(Scope::All, Scope::Migration);
        Ok(Effect {
            action: "user.add",
            aim: about(&name),
            after: json!({ "id": id, "name": name, "grants": [{ "scope": scope, "role": self.role }] }),
            reason,
            summary: format!("added {name} as {} of {place}", self.role.as_str()),
            subject: Some(id),
            topics: vec![Topic::Access],
            access: true,
            ..Effect::default()
        })
    }
}

/// A user as what a command is about.
pub(super) fn about(name: &str) -> Aim {
    Aim {
        targets: vec![name.trim().to_owned()],
        ..Aim::default()
    }
}

/// Names that the audit log uses for parties that are no people.
fn looks_like_another_actor(name: &str) -> bool {
    let plain = name.to_lowercase();
    name.chars().any(char::is_control)
        || ["local:", "token:"]
            .iter()
            .any(|prefix| plain.starts_with(prefix))
        || ["conductor", "sign-in"].contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key, refusal};

    fn add(name: &str, role: Role, migration: Option<&str>) -> AddUser {
        AddUser {
            name: name.into(),
            role,
            migration: migration.map(key),
            reason: String::new(),
        }
    }

    #[tokio::test]
    async fn a_user_has_exactly_the_role_they_were_given() {
        let server = Server::with_modules(&["a"]).await;
        let done = server
            .admin(add(" Ada ", Role::Operator, Some("atlas")))
            .await
            .unwrap();
        let actor = server
            .control
            .user_actor(&done.subject.unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(actor.name, "Ada");
        assert_eq!(actor.role_in(&key("atlas")), Some(Role::Operator));
        assert_eq!(actor.role_on_server(), None);
    }

    #[tokio::test]
    async fn names_places_and_roles_are_checked() {
        let server = Server::with_modules(&["a"]).await;
        server.admin(add("Ada", Role::Admin, None)).await.unwrap();
        assert_eq!(
            refusal(server.admin(add("ada", Role::Viewer, None)).await).code(),
            "in-use"
        );
        for name in ["", "token:ci", "Local:root", "conductor", "two\nlines"] {
            assert_eq!(
                refusal(server.admin(add(name, Role::Viewer, None)).await).code(),
                "invalid",
                "{name:?}"
            );
        }
        assert_eq!(
            refusal(
                server
                    .admin(add("Bo", Role::Viewer, Some("borealis")))
                    .await
            )
            .code(),
            "not-found"
        );
        let caller = Server::admin_of("atlas");
        let refused = server
            .control
            .execute(&caller, add("Bo", Role::Viewer, Some("atlas")))
            .await;
        assert_eq!(refusal(refused).code(), "forbidden");
    }
}
