//! One verb a file. Each has the input, who may, and what it does, with its tests beside it.
//!
//! Shared between verbs: `scope` finds the migration and environment, `input` checks texts, `edited` remembers what an
//! edit changed, `lane` finds which queue a change of flags waits in, `in_use` says what stands in the way of
//! archiving, `flag_changes` carries out what `domain` planned for several flags, `plan_changes` finds what an import
//! would change, `checked` finds checklist items and their ticks, `gates` asks what stands before a promotion.

mod add_check;
mod add_user;
mod archive_check;
mod archive_environment;
mod archive_migration;
mod archive_module;
mod archive_phase;
mod archive_user;
mod checked;
mod consume_sign_in_link;
mod create_environment;
mod create_migration;
mod create_module;
mod create_phase;
mod create_sign_in_link;
mod create_token;
mod edit_check;
mod edit_environment;
mod edit_migration;
mod edit_module;
mod edit_phase;
mod edited;
mod flag_changes;
mod gates;
mod import_modules;
mod import_plan;
mod in_use;
mod input;
mod lane;
mod mint_epoch;
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
mod skip_check;
mod tick_check;
mod undo;
mod untick_check;

pub use add_check::AddCheck;
pub use add_user::AddUser;
pub use archive_check::ArchiveCheck;
pub use archive_environment::ArchiveEnvironment;
pub use archive_migration::ArchiveMigration;
pub use archive_module::ArchiveModule;
pub use archive_phase::ArchivePhase;
pub use archive_user::ArchiveUser;
pub use consume_sign_in_link::ConsumeSignInLink;
pub use create_environment::CreateEnvironment;
pub use create_migration::CreateMigration;
pub use create_module::CreateModule;
pub use create_phase::CreatePhase;
pub use create_sign_in_link::{CreateSignInLink, new_sign_in_link};
pub use create_token::{CreateToken, NewToken, create_token};
pub use edit_check::EditCheck;
pub use edit_environment::EditEnvironment;
pub use edit_migration::EditMigration;
pub use edit_module::EditModule;
pub use edit_phase::EditPhase;
pub use import_modules::ImportModules;
pub use import_plan::ImportPlan;
pub use plan_changes::PlanChanges;
pub use press_kill_switch::PressKillSwitch;
pub use resume::Resume;
pub use retire_module::RetireModule;
pub use revoke_token::RevokeToken;
pub use roll_back::RollBack;
pub use selection::Selection;
pub use set_grants::SetGrants;
pub use set_mode::SetMode;
pub use skip_check::SkipCheck;
pub use tick_check::TickCheck;
pub use undo::{Undo, undo};
pub use untick_check::UntickCheck;

pub(crate) use mint_epoch::MintEpoch;
pub(crate) use plan_changes::plan_changes;
pub(crate) use plan_existing::Existing;
pub(crate) use plan_wanted::PHASE_COMMANDS;
pub(crate) use resume::{digest_of_returning, returning};
