//! Users, tokens, and connecting a service.

use flags::Key;
use serde::{Deserialize, Serialize};

use super::{Frame, Viewer};
use crate::{Grant, Timestamp};

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Management, role admin.
    Admin,
    /// Management, role operator.
    Operator,
    /// Management, role viewer.
    Viewer,
    /// Reads the flags of exactly one migration and environment.
    Sdk,
    /// Sends evidence for exactly one migration and environment.
    Ingest,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Sdk,
        Self::Ingest,
        Self::Viewer,
        Self::Operator,
        Self::Admin,
    ];

    /// The word in JSON, SQL, the token itself and on the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Sdk => "sdk",
            Self::Ingest => "ingest",
        }
    }

    /// Reads the word back; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it belongs to exactly one migration and environment.
    pub fn is_data_plane(self) -> bool {
        matches!(self, Self::Sdk | Self::Ingest)
    }
}

/// A user in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Stable id.
    pub id: String,
    /// Name, unique.
    pub name: String,
    /// What they may.
    pub grants: Vec<Grant>,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they were put away, if they were.
    pub archived_at: Option<Timestamp>,
}

/// The users page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersView {
    /// Who looks.
    pub viewer: Viewer,
    /// Users by name.
    pub users: Vec<UserRow>,
    /// Migrations to grant a role in.
    pub migrations: Vec<Key>,
}

/// A token in the list; the token itself is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Stable id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it may.
    pub kind: TokenKind,
    /// Where; `None` for the whole server.
    pub migration: Option<Key>,
    /// Where; only for `sdk` and `ingest`.
    pub environment: Option<Key>,
    /// First characters, to tell tokens apart: `sb_sdk_3fA9`.
    pub hint: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// The tokens page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensView {
    /// Who looks.
    pub viewer: Viewer,
    /// Newest first.
    pub tokens: Vec<TokenRow>,
    /// Migrations and their environments to choose from.
    pub scopes: Vec<(Key, Vec<Key>)>,
}

/// Somebody who read flags lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderRow {
    /// The token's name.
    pub token: String,
    /// The client's own name for itself, if it sent one (user agent).
    pub client: String,
    /// When it last read.
    pub last_read_at: Timestamp,
    /// The revision it was given then.
    pub revision: u64,
}

/// Connecting a service to one migration and environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectView {
    /// What stands around it.
    pub frame: Frame,
    /// Address of this server, for the snippets.
    pub public_url: String,
    /// A flag to ask for in the snippets.
    pub example_flag: String,
    /// Readers of this environment in the last 24 h, newest first.
    pub readers: Vec<ReaderRow>,
    /// `sdk` tokens of this environment.
    pub tokens: Vec<TokenRow>,
}
