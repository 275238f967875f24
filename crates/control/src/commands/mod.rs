//! One verb a file. Each has the input, who may, and what it does, with its tests beside it.
//!
//! Shared between verbs: `scope` finds the migration and environment, `input` checks texts, `edited` remembers what an
//! edit changed, `lane` finds which queue a change of flags waits in, `in_use` says what stands in the way of
//! archiving, `flag_changes` carries out what `domain` planned for several flags, `plan_changes` finds what an import
//! would change, `issue_parts` finds issues and says which of them hold a promotion up.

mod add_user;
mod archive_environment;
mod archive_migration;
mod archive_module;
mod archive_phase;
mod archive_user;
mod comment_issue;
mod consume_sign_in_link;
mod create_environment;
mod create_migration;
mod create_module;
mod create_phase;
mod create_sign_in_link;
mod create_token;
mod edit_environment;
mod edit_issue;
mod edit_migration;
mod edit_module;
mod edit_phase;
mod edited;
mod flag_changes;
mod import_modules;
mod import_plan;
mod in_use;
mod input;
mod issue_parts;
mod lane;
mod link_issues;
mod mint_epoch;
mod move_issue;
mod open_issue;
mod plan_changes;
mod plan_existing;
mod plan_wanted;
mod press_kill_switch;
mod resume;
mod retire_module;
mod revoke_token;
mod roll_back;
mod scope;
mod selection;
mod set_grants;
mod set_mode;
mod undo;
mod unlink_issues;

pub use add_user::AddUser;
pub use archive_environment::ArchiveEnvironment;
pub use archive_migration::ArchiveMigration;
pub use archive_module::ArchiveModule;
pub use archive_phase::ArchivePhase;
pub use archive_user::ArchiveUser;
pub use comment_issue::CommentIssue;
pub use consume_sign_in_link::ConsumeSignInLink;
pub use create_environment::CreateEnvironment;
pub use create_migration::CreateMigration;
pub use create_module::CreateModule;
pub use create_phase::CreatePhase;
pub use create_sign_in_link::{CreateSignInLink, new_sign_in_link};
pub use create_token::{CreateToken, NewToken, create_token};
pub use edit_environment::EditEnvironment;
pub use edit_issue::EditIssue;
pub use edit_migration::EditMigration;
pub use edit_module::EditModule;
pub use edit_phase::EditPhase;
pub use import_modules::ImportModules;
pub use import_plan::ImportPlan;
pub use link_issues::LinkIssues;
pub use move_issue::MoveIssue;
pub use open_issue::{OpenIssue, open_issue};
pub use plan_changes::PlanChanges;
pub use press_kill_switch::PressKillSwitch;
pub use resume::Resume;
pub use retire_module::RetireModule;
pub use revoke_token::RevokeToken;
pub use roll_back::RollBack;
pub use selection::Selection;
pub use set_grants::SetGrants;
pub use set_mode::SetMode;
pub use undo::{Undo, undo};
pub use unlink_issues::UnlinkIssues;

pub(crate) use mint_epoch::MintEpoch;
pub(crate) use open_issue::STANDING;
pub(crate) use plan_changes::plan_changes;
pub(crate) use plan_existing::Existing;
pub(crate) use plan_wanted::PHASE_COMMANDS;
pub(crate) use resume::{digest_of_returning, returning};
