//! What a command is, and what it works with inside its transaction.

use std::future::Future;

use domain::{Actor, FlagChange, Key, Permission, Timestamp};
use serde_json::Value;

use crate::Caller;
use crate::error::Stopped;
use crate::feed::Topic;
use crate::snapshots::Snapshots;
use crate::store::{Connection, Lane};

/// One verb. [`crate::Control::execute`] authorises it, runs it in a transaction together with its audit entry, and
/// publishes it after the commit. A command may be run twice (one that was to be
/// committed with others, a rollback that finds the disk full), hence `Clone`.
pub trait Command: Clone + Send + Sync + 'static {
    /// What the actor must hold.
    fn permission(&self) -> Permission<'_>;

    /// The audit log's word for it, for a refusal that comes before [`Command::apply`] could say.
    fn action(&self) -> &'static str;

    /// Rollbacks and the kill switch go first and have reserved slots.
    /// `snapshots` shows what would be lowered.
    fn lane(&self, _snapshots: &Snapshots) -> Lane {
        Lane::Normal
    }

    /// Why, in the actor's words; empty where a reason is not asked for.
    #[expect(
        clippy::unnecessary_literal_bound,
        reason = "commands that ask for a reason borrow it from themselves"
    )]
    fn reason(&self) -> &str {
        ""
    }

    /// Where and to what, for the record of a refusal.
    fn aim(&self) -> Aim {
        Aim {
            migration: self.permission().migration().cloned(),
            ..Aim::default()
        }
    }

    /// Does it: reads, asks `domain`, writes. Awaits nothing but the database. An error rolls everything back.
    fn apply(self, work: &mut Work<'_>) -> impl Future<Output = Result<Effect, Stopped>> + Send;
}

/// What a command is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aim {
    /// The migration; `None` for the server itself.
    pub migration: Option<Key>,
    /// The environment, where it is about one.
    pub environment: Option<Key>,
    /// Module keys, a phase's number, a user's name, ...
    pub targets: Vec<String>,
}

/// The transaction a command works in.
pub struct Work<'c> {
    /// The writer's connection, inside `BEGIN IMMEDIATE`.
    pub connection: &'c mut Connection,
    /// Who asks.
    pub caller: &'c Caller,
    /// The instant of the transaction.
    pub now: Timestamp,
    /// The store's epoch.
    pub epoch: &'c str,
    /// Sequence that this command's audit entry will have.
    pub sequence: u64,
    /// The server's revision before this command.
    pub revision: u64,
    pub(crate) revision_made: bool,
    pub(crate) epoch_made: Option<String>,
}

impl Work<'_> {
    /// The revision this command makes: the same however often it is asked.
    pub fn make_revision(&mut self) -> u64 {
        self.revision_made = true;
        self.revision + 1
    }
}

/// What a command did: becomes the audit entry, the outbox and the answer.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// The audit log's word, which may be sharper than [`Command::action`]: a `set` that lowers is a `flag.rollback`.
    pub action: &'static str,
    /// Where and to what.
    pub aim: Aim,
    /// What there was before, by the action's own shape.
    pub before: Value,
    /// What there is after.
    pub after: Value,
    /// Why, in the actor's words.
    pub reason: String,
    /// A sentence.
    pub summary: String,
    /// Flags it changed.
    pub flags: Vec<FlagChange>,
    /// Modules of a batch that already were as asked.
    pub unchanged: Vec<Key>,
    /// Key, number or id of what was created or edited.
    pub subject: Option<String>,
    /// Version after the edit.
    pub version: Option<i64>,
    /// Row ids of modules it is about, for their history.
    pub modules: Vec<i64>,
    /// What changed, for the feed.
    pub topics: Vec<Topic>,
    /// Row ids of environments whose snapshot must be made anew.
    pub snapshots: Vec<i64>,
    /// Who did it, where that is known only now: whoever a sign-in link belongs to.
    pub actor: Option<Actor>,
    /// Whether tokens, users, grants or keys changed, so that the token directory must be made anew.
    pub access: bool,
}
