//! One file a page.

// Made whole by the server: the browser's program has one page for all of them.
#[cfg(feature = "ssr")]
pub mod calendar;
#[cfg(feature = "ssr")]
pub mod calendar_phase;
#[cfg(feature = "ssr")]
pub mod checklists;
#[cfg(feature = "ssr")]
pub mod issue;
#[cfg(feature = "ssr")]
pub mod issue_edit;
#[cfg(feature = "ssr")]
pub mod issue_new;
#[cfg(feature = "ssr")]
pub mod issues;
#[cfg(not(feature = "ssr"))]
pub use whole as calendar;
#[cfg(not(feature = "ssr"))]
pub use whole as calendar_phase;
#[cfg(not(feature = "ssr"))]
pub use whole as checklists;
#[cfg(not(feature = "ssr"))]
pub use whole as issue;
#[cfg(not(feature = "ssr"))]
pub use whole as issue_edit;
#[cfg(not(feature = "ssr"))]
pub use whole as issue_new;
#[cfg(not(feature = "ssr"))]
pub use whole as issues;

pub mod audit;
mod audit_diff;
pub mod audit_entry;
pub mod change;
pub mod connect;
pub mod import;
pub mod import_preview;
pub mod instances;
mod issue_parts;
pub mod kill_switch;
pub mod migrations;
pub mod module;
pub mod module_edit;
pub mod modules;
pub mod not_found;
pub mod overview;
mod parts;
mod plain_form;
pub mod plan;
pub mod resume;
pub mod rollback;
mod rollback_form;
mod server_tabs;
pub mod set;
mod set_form;
pub mod settings;
pub mod sign_in;
pub mod tokens;
pub mod users;
pub mod whole;
