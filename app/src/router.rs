//! The one table of page routes, for the server; and the part of it that the browser's program takes over.
//!
//! Pages of a bad minute are taken over: what is pressed there is answered in place. All others are made whole by the
//! server, so that the program stays small; `enhance` adds to them what script can.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

use crate::components::{Zone, provide_last_frame};
use crate::live::{Live, LiveUpdates};
use crate::pages;
use crate::shortcuts::{Shortcuts, SingleKeys};

/// The whole application. Rendered once everything has been read, so that a page works without script, its status is
/// right, and unfurls see its tags.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Live::provide();
    Zone::provide();
    provide_last_frame();
    SingleKeys::provide();
    view! {
        <Router>
            <LiveUpdates />
            <Shortcuts />
            <pages::whole::Links />
            <Pages />
        </Router>
    }
}

/// Every page.
#[cfg(feature = "ssr")]
#[component]
fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=pages::not_found::Page>
            <Route path=path!("/") view=pages::migrations::Page ssr=SsrMode::Async />
            <Route path=path!("/sign-in") view=pages::sign_in::Page ssr=SsrMode::Async />
            <Route path=path!("/import") view=pages::import::Page ssr=SsrMode::Async />
            <Route path=path!("/import/:draft") view=pages::import_preview::Page ssr=SsrMode::Async />
            <Route path=path!("/settings/users") view=pages::users::Page ssr=SsrMode::Async />
            <Route path=path!("/settings/tokens") view=pages::tokens::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration") view=pages::overview::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/calendar") view=pages::calendar::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/calendar/phases/:phase") view=pages::calendar_phase::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/plan") view=pages::plan::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/checklists") view=pages::checklists::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules") view=pages::modules::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules/:module") view=pages::module::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules/:module/edit") view=pages::module_edit::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules/:module/rollback") view=pages::rollback::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/rollback") view=pages::rollback::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/set") view=pages::set::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/kill-switch") view=pages::kill_switch::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/resume") view=pages::resume::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/changes/:revision") view=pages::change::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/issues") view=pages::issues::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/issues/new") view=pages::issue_new::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/issues/:number") view=pages::issue::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/issues/:number/edit") view=pages::issue_edit::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/evidence") view=pages::evidence::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/evidence/:module") view=pages::module_evidence::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/audit") view=pages::audit::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/audit/:sequence") view=pages::audit_entry::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/instances") view=pages::instances::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/connect") view=pages::connect::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/search") view=pages::search::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/settings") view=pages::settings::Page ssr=SsrMode::Async />
        </FlatRoutes>
    }
}

/// Every page that is taken over: [`pages::whole::is_made_whole`] is false for these, and true for all others.
#[cfg(not(feature = "ssr"))]
#[component]
fn Pages() -> impl IntoView {
    view! {
        <FlatRoutes fallback=pages::whole::Page>
            <Route path=path!("/m/:migration") view=pages::overview::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules") view=pages::modules::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules/:module") view=pages::module::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules/:module/edit") view=pages::module_edit::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/modules/:module/rollback") view=pages::rollback::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/rollback") view=pages::rollback::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/set") view=pages::set::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/kill-switch") view=pages::kill_switch::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/resume") view=pages::resume::Page ssr=SsrMode::Async />
            <Route path=path!("/m/:migration/changes/:revision") view=pages::change::Page ssr=SsrMode::Async />
        </FlatRoutes>
    }
}
