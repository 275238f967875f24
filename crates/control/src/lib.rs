//! Use cases: what can be done to migrations, and what can be asked about them.
//!
//! | module | subject |
//! | --- | --- |
//! | [`commands`] | one file per verb: authorise, ask `domain`, commit through the store |
//! | [`queries`] | read models for pages and the API |
//! | [`store`] | the only SQL: two files, one writer each, readers beside them |
//! | [`audit`] | the chain of audit entries: append, verify, export |
//! | [`snapshots`] | flag state in memory, swapped after each commit: reading a flag never touches the database |
//! | [`broadcast`] | what streams of one environment are told: its newest flags and the changes that led there |
//! | [`directory`] | bearer tokens in memory, so that authenticating never touches the database either |
//! | [`readers`] | who reads flags, in memory |
//! | [`instances`], [`receipts`] | running instances, and which of them said that they obey a change |
//! | [`feed`] | says that something changed; whoever hears it fetches the truth |
//! | [`control`] | [`Control`] holds them together and runs a command from authorisation to publication |
//! | [`markdown`] | what people write, as HTML that cannot do harm |
//! | [`caller`], [`clock`], [`error`], [`secret`] | who asks, what time it is, what can go wrong, random secrets |
//!
//! Nothing here knows HTTP, and nothing above writes SQL. Every command and query takes a [`Caller`].

pub mod audit;
pub mod broadcast;
pub mod caller;
mod civil;
pub mod clock;
pub mod command;
pub mod commands;
pub mod conductor;
pub mod control;
pub mod directory;
pub mod error;
pub mod evidence;
pub mod feed;
mod feed_reads;
mod ical;
pub mod instances;
mod maintenance;
pub mod markdown;
pub mod queries;
pub mod readers;
pub mod receipts;
mod refused;
pub mod secret;
pub mod snapshots;
pub mod store;
#[cfg(test)]
mod testing;
mod unwritten;
mod users;

pub use caller::{Caller, Idempotency};
pub use clock::Clock;
pub use control::{Control, Options};
pub use error::{CommandError, QueryError, Unavailable};
