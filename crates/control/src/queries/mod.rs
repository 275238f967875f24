//! Read models for pages and the API. Each takes the caller and authorises first; a migration one may not see is not
//! found.

mod audit;
mod calendar;
mod calendar_feed;
mod change;
mod checklists;
mod drafts;
mod evidence;
mod forms;
mod frame;
mod heard;
mod instances;
mod issues;
mod migrations;
mod module;
mod modules;
mod overview;
mod plan;
mod plan_export;
mod preview_sections;
mod search;
mod settings;
mod standing;
mod structure;

pub use crate::commands::PlanChanges;
pub use audit::{audit, audit_entry, audit_export, audit_rows, audit_verify};
pub use calendar::{calendar, move_phase};
pub use calendar_feed::{CalendarFeed, calendar_feed, calendar_feeds};
pub use change::change;
pub use checklists::{checklists, checklists_view};
pub use drafts::{Confirmed, Draft, import_draft, preview, save_draft};
pub use evidence::{evidence, module_evidence};
pub use forms::{kill_switch, resume, rollback};
pub use frame::frame;
pub use instances::instances;
pub use issues::{ExportedIssue, issue, issue_export, issue_rows, issues, new_issue};
pub use migrations::migrations;
pub use module::module;
pub use modules::modules;
pub use overview::{OverviewCache, overview};
pub use plan::{plan_changes, plan_view};
pub use plan_export::export_plan;
pub use search::search;
pub use settings::{connect, tokens, users};
pub use structure::{ModuleWithFlags, environments, migration, module_list, phases};

pub(crate) use heard::{Heard, heard};
