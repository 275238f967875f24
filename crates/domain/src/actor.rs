//! Who commands, and what they may.

use flags::Key;
use serde::{Deserialize, Serialize};

/// What kind of party an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person with a session.
    User,
    /// A management token.
    Token,
    /// The server's own loop that proposes and, where allowed, acts.
    Conductor,
    /// Whoever may open the data directory: `local:<os user>`.
    Local,
}

impl ActorKind {
    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Conductor => "conductor",
            Self::Local => "local",
        }
    }
}

/// How the edge came to believe that an actor is who they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// A session cookie.
    Session,
    /// A bearer token.
    Bearer,
    /// The control socket in the data directory.
    ControlSocket,
    /// The process that holds the data directory's lock.
    DataDirectory,
    /// The server itself.
    Server,
}

impl Authentication {
    /// The word in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Bearer => "bearer",
            Self::ControlSocket => "control_socket",
            Self::DataDirectory => "data_directory",
            Self::Server => "server",
        }
    }
}

/// What a grant allows; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also moves flags, works checklists and issues.
    Operator,
    /// Also imports, manages users, tokens and settings.
    Admin,
}

impl Role {
    /// All roles, weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word in JSON, SQL and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every migration, and the server itself.
    All,
    /// One migration.
    Migration(Key),
}

/// A role in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// Where.
    pub scope: Scope,
    /// What.
    pub role: Role,
}

/// What a command or query needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<'a> {
    /// Any role in this migration.
    View(&'a Key),
    /// At least operator in this migration.
    Operate(&'a Key),
    /// Admin in this migration.
    Administer(&'a Key),
    /// Admin of the whole server: users, server-wide tokens, new migrations.
    AdministerServer,
    /// Nothing but being somebody.
    SignedIn,
}

impl<'a> Permission<'a> {
    /// The role it asks for.
    pub fn role(self) -> Role {
        match self {
            Self::View(_) | Self::SignedIn => Role::Viewer,
            Self::Operate(_) => Role::Operator,
            Self::Administer(_) | Self::AdministerServer => Role::Admin,
        }
    }

    /// The migration it is about, if it is about one.
    pub fn migration(self) -> Option<&'a Key> {
        match self {
            Self::View(key) | Self::Operate(key) | Self::Administer(key) => Some(key),
            Self::AdministerServer | Self::SignedIn => None,
        }
    }
}

/// Who commands or asks. Edges make it after authenticating; every command and query takes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Stable identity: a user's or token's id, `conductor`, or `local:<os user>`.
    pub id: String,
    /// What the page calls them.
    pub name: String,
    /// What kind of party.
    pub kind: ActorKind,
    /// How they were recognised.
    pub authentication: Authentication,
    /// What they may.
    pub grants: Vec<Grant>,
}

impl Actor {
    /// The operating system's user at the data directory: admin of everything, since they could edit the files.
    pub fn local(os_user: &str, authentication: Authentication) -> Self {
        Self {
            id: format!("local:{os_user}"),
            name: format!("local:{os_user}"),
            kind: ActorKind::Local,
            authentication,
            grants: vec![Grant {
                scope: Scope::All,
                role: Role::Admin,
            }],
        }
    }

    /// The strongest role in a migration, `None` when it must not even be seen.
    pub fn role_in(&self, migration: &Key) -> Option<Role> {
        self.grants
            .iter()
            .filter(|grant| match &grant.scope {
                Scope::All => true,
                Scope::Migration(key) => key == migration,
            })
            .map(|grant| grant.role)
            .max()
    }

    /// The strongest role on the whole server.
    pub fn role_on_server(&self) -> Option<Role> {
        self.grants
            .iter()
            .filter(|grant| grant.scope == Scope::All)
            .map(|grant| grant.role)
            .max()
    }

    /// Whether `permission` is held.
    pub fn may(&self, permission: Permission<'_>) -> bool {
        match permission {
            Permission::SignedIn => true,
            Permission::AdministerServer => self.role_on_server() >= Some(Role::Admin),
            Permission::View(key) | Permission::Operate(key) | Permission::Administer(key) => {
                self.role_in(key) >= Some(permission.role())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(grants: Vec<Grant>) -> Actor {
        Actor {
            id: "u1".into(),
            name: "Ada".into(),
            kind: ActorKind::User,
            authentication: Authentication::Session,
            grants,
        }
    }

    #[test]
    fn an_operator_of_one_migration_may_not_touch_or_see_another() {
        let (mine, other) = (Key::parse("mine").unwrap(), Key::parse("other").unwrap());
        let ada = actor(vec![Grant {
            scope: Scope::Migration(mine.clone()),
            role: Role::Operator,
        }]);
        assert!(ada.may(Permission::View(&mine)) && ada.may(Permission::Operate(&mine)));
        assert!(!ada.may(Permission::Administer(&mine)));
        assert!(!ada.may(Permission::View(&other)) && ada.role_in(&other).is_none());
        assert!(!ada.may(Permission::AdministerServer));
    }

    #[test]
    fn the_strongest_of_several_grants_holds() {
        let key = Key::parse("mine").unwrap();
        let ada = actor(vec![
            Grant {
                scope: Scope::All,
                role: Role::Viewer,
            },
            Grant {
                scope: Scope::Migration(key.clone()),
                role: Role::Admin,
            },
        ]);
        assert_eq!(ada.role_in(&key), Some(Role::Admin));
        assert_eq!(ada.role_on_server(), Some(Role::Viewer));
    }
}
