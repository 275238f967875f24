//! One verb a file. Each has the input, who may, and what it does, with its tests beside it.
//!
//! Shared between verbs: [`scope`] finds the migration and environment, `input` checks texts, `flag_changes` carries out
//! what `domain` planned for several flags.

mod flag_changes;
mod input;
mod mint_epoch;
mod press_kill_switch;
mod resume;
mod retire_module;
mod roll_back;
mod scope;
mod selection;
mod set_mode;
mod undo;

pub use press_kill_switch::PressKillSwitch;
pub use resume::Resume;
pub use retire_module::RetireModule;
pub use roll_back::RollBack;
pub use selection::Selection;
pub use set_mode::SetMode;
pub use undo::Undo;

pub(crate) use mint_epoch::MintEpoch;
pub(crate) use resume::{digest_of_returning, returning};
