//! What a migration is and when it may move.
//!
//! Pure: no I/O, no clock, no randomness; time is an argument. Builds for wasm32, since pages share the types.
//!
//! | module | subject |
//! | --- | --- |
//! | [`time`] | instants as milliseconds UTC |
//! | [`actor`] | who commands: actors, roles, grants, permissions |
//! | [`migration`] | migrations, environments, phases, modules and what may be edited of them |
//! | [`plan_items`] | steps, checklist items, criteria, thresholds and the runbook of a plan |
//! | [`transition`] | the rules that judge a change of flags, the kill switch, resuming and retiring |
//! | [`refusal`] | why a command was not carried out, and what to do |
//! | [`change`] | what a committed command did |
//! | [`audit`] | the record of one command |
//! | [`schedule`] | the plan as people work it: windows, moving phases, projected dates, checklists |
//! | [`evidence`] | what was measured and what it says: statistics, verdicts, health, ramps, criteria |
//! | [`issues`] | the issue log: severity, status, links, limits |
//! | [`read`] | read models: what pages and the API show |

pub mod actor;
pub mod audit;
pub mod change;
pub mod evidence;
pub mod issues;
pub mod migration;
pub mod plan_items;
pub mod read;
pub mod refusal;
pub mod schedule;
pub mod time;
pub mod transition;

pub use actor::{Actor, ActorKind, Authentication, Grant, Permission, Role, Scope};
pub use audit::{AuditEntry, Outcome};
pub use change::{Committed, FlagChange};
pub use flags::{Direction, Exposure, FlagState, Key, Mode};
pub use migration::{Environment, Migration, Module, ModuleStatus, Phase, PhaseNumber, Thresholds};
pub use refusal::Refusal;
pub use time::Timestamp;
