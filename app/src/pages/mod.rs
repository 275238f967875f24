//! One file a page.

pub mod audit;
mod audit_diff;
pub mod audit_entry;
#[cfg(feature = "ssr")]
pub mod calendar;
#[cfg(not(feature = "ssr"))]
pub mod calendar {
    //! Made whole by the server.
    pub use super::whole::Page;
    pub mod phase {
        //! Made whole by the server.
        pub use crate::pages::whole::Page;
    }
}
pub mod change;
pub mod connect;
pub mod import;
pub mod import_preview;
pub mod instances;
pub mod issue;
pub mod issue_edit;
pub mod issue_new;
mod issue_parts;
pub mod issues;
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
