//! One file a page.

// Taken over by the browser's program.
pub mod change;
mod issue_line;
pub mod kill_switch;
pub mod module;
pub mod module_edit;
pub mod modules;
pub mod overview;
mod parts;
pub mod resume;
pub mod rollback;
mod rollback_form;
pub mod set;
mod set_form;
pub mod whole;

// Made whole by the server.
#[cfg(feature = "ssr")]
pub mod audit;
#[cfg(feature = "ssr")]
mod audit_diff;
#[cfg(feature = "ssr")]
pub mod audit_entry;
#[cfg(feature = "ssr")]
pub mod calendar;
#[cfg(feature = "ssr")]
pub mod calendar_phase;
#[cfg(feature = "ssr")]
pub mod checklists;
#[cfg(feature = "ssr")]
pub mod connect;
#[cfg(feature = "ssr")]
pub mod evidence;
#[cfg(feature = "ssr")]
pub mod import;
#[cfg(feature = "ssr")]
pub mod import_preview;
#[cfg(feature = "ssr")]
pub mod instances;
#[cfg(feature = "ssr")]
pub mod issue;
#[cfg(feature = "ssr")]
pub mod issue_edit;
#[cfg(feature = "ssr")]
mod issue_fields;
#[cfg(feature = "ssr")]
pub mod issue_new;
#[cfg(feature = "ssr")]
pub mod issues;
#[cfg(feature = "ssr")]
pub mod migrations;
#[cfg(feature = "ssr")]
pub mod module_evidence;
#[cfg(feature = "ssr")]
pub mod not_found;
#[cfg(feature = "ssr")]
mod plain_form;
#[cfg(feature = "ssr")]
pub mod plan;
#[cfg(feature = "ssr")]
pub mod search;
#[cfg(feature = "ssr")]
mod server_tabs;
#[cfg(feature = "ssr")]
pub mod settings;
#[cfg(feature = "ssr")]
pub mod sign_in;
#[cfg(feature = "ssr")]
pub mod tokens;
#[cfg(feature = "ssr")]
pub mod users;
