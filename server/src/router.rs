//! The one table of HTTP routes. The router is built from it, and so is `/api/openapi.json`.
//!
//! Pages have their own table in `app`; what is neither there nor here is 404.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, any, get, on};
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderName, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http::api::{
    audit, backup, changes, environments, flags as set_flags, kill_switch, migrations, modules, phases, plan,
    resume, rollback, tokens, undo, users,
};
use crate::http::{assets, description, exports, flags, health, import, live, ofrep, pages, sign_in};
use crate::middleware::authentication::{
    identify_for_api, identify_for_pages, require_caller, require_data_directory,
};
use crate::middleware::body::{read_small, read_upload};
use crate::middleware::edge::{no_such_method, no_such_path};
use crate::middleware::origin::require_own_origin;
use crate::middleware::pages::{content_policy, require_sign_in};
use crate::middleware::sessions::session_layer;
use crate::state::AppState;

/// Who may ask, and so which middleware stands before the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// A token of kind `sdk`, read by the handler itself.
    DataPlane,
    /// The same, and pages of configured origins.
    Ofrep,
    /// A management token, or a session.
    Management,
    /// The same, with a body of up to 5 MiB.
    ManagementUpload,
    /// Whoever may open the data directory.
    DataDirectory,
    /// A page of the site.
    Page,
    /// The same, with a body of up to 5 MiB.
    PageUpload,
}

/// One method of one path.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, its variable parts in braces.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// Parameters of the query string.
    pub query: &'static [&'static str],
    /// The schema of its JSON body, or a media type.
    pub takes: Option<&'static str>,
    /// The schema of its JSON answer, or a media type.
    pub gives: Option<&'static str>,
    handler: MethodRouter<AppState>,
}

impl Route {
    fn new<H, T>(method: Method, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        Self { method, path, access, summary, query: &[], takes: None, gives: None, handler: on(filter, handler) }
    }

    fn query(mut self, parameters: &'static [&'static str]) -> Self {
        self.query = parameters;
        self
    }

    fn takes(mut self, schema: &'static str) -> Self {
        self.takes = Some(schema);
        self
    }

    fn gives(mut self, schema: &'static str) -> Self {
        self.gives = Some(schema);
        self
    }
}

/// Every route.
pub fn table() -> Vec<Route> {
    [open_routes(), data_plane_routes(), structure_routes(), flag_routes(), record_routes(), page_routes()]
        .into_iter()
        .flatten()
        .collect()
}

fn open_routes() -> Vec<Route> {
    use Access::Open;
    vec![
        Route::new(Method::GET, "/healthz", Open, health::live, "Whether the process answers").gives("text/plain"),
        Route::new(Method::GET, "/readyz", Open, health::ready, "Whether flags are served and changes are taken").gives("Readiness"),
        Route::new(Method::GET, "/metrics", Open, health::metrics, "Counters for Prometheus: with a token, or from this machine").gives("application/openmetrics-text"),
        Route::new(Method::GET, "/assets/{*name}", Open, assets::asset, "Style and script of the pages").gives("application/octet-stream"),
        Route::new(Method::GET, "/api/openapi.json", Open, description::document, "This description").gives("application/json"),
        Route::new(Method::GET, "/api/docs", Open, description::page, "This description as a page").gives("text/html"),
    ]
}

fn data_plane_routes() -> Vec<Route> {
    use Access::{DataPlane, Ofrep};
    vec![
        Route::new(Method::POST, "/ofrep/v1/evaluate/flags", Ofrep, ofrep::evaluate_all, "Old or new, for every module")
            .query(&["flagConfigEtag"])
            .takes("OfrepRequest")
            .gives("OfrepBulk"),
        Route::new(Method::POST, "/ofrep/v1/evaluate/flags/{key}", Ofrep, ofrep::evaluate, "Old or new, for one module; its mode with .mode behind the key")
            .takes("OfrepRequest")
            .gives("OfrepEvaluation"),
        Route::new(Method::GET, "/api/v1/flags", DataPlane, flags::snapshot, "The whole snapshot of the token's environment").gives("Snapshot"),
    ]
}

fn structure_routes() -> Vec<Route> {
    use Access::{Management, ManagementUpload};
    vec![
        Route::new(Method::GET, "/api/v1/migrations", Management, migrations::list, "Migrations the caller may see").gives("Migrations"),
        Route::new(Method::POST, "/api/v1/migrations", Management, migrations::create, "Create a migration").takes("NewMigration").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}", Management, migrations::show, "One migration").gives("Migration"),
        Route::new(Method::PATCH, "/api/v1/migrations/{migration}", Management, migrations::edit, "Edit a migration").takes("MigrationEdit").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/archive", Management, migrations::archive, "Put a migration away").takes("Why").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/environments", Management, environments::list, "Its environments").gives("Environments"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/environments", Management, environments::create, "Create an environment").takes("NewEnvironment").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/environments/{environment}", Management, environments::show, "One environment").gives("Environment"),
        Route::new(Method::PATCH, "/api/v1/migrations/{migration}/environments/{environment}", Management, environments::edit, "Rename an environment, or make it the deciding one").takes("EnvironmentEdit").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/environments/{environment}/archive", Management, environments::archive, "Put an environment away").takes("Why").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/phases", Management, phases::list, "Its phases").gives("Phases"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/phases", Management, phases::create, "Create a phase").takes("NewPhase").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/phases/{phase}", Management, phases::show, "One phase").gives("Phase"),
        Route::new(Method::PATCH, "/api/v1/migrations/{migration}/phases/{phase}", Management, phases::edit, "Edit a phase").takes("PhaseEdit").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/phases/{phase}/archive", Management, phases::archive, "Put a phase away").takes("Why").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/modules", Management, modules::list, "Its modules with their flags in one environment, 200 a page")
            .query(&["environment", "q", "phase", "mode", "owner", "status", "page"])
            .gives("Modules"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/modules", Management, modules::create, "Create a module").takes("NewModule").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/modules/import", ManagementUpload, modules::import, "Create and edit modules from a table: text/csv or application/json")
            .query(&["reason"])
            .takes("text/csv")
            .gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/modules/{module}", Management, modules::show, "One module with its flag in every environment")
            .query(&["environment"])
            .gives("Module"),
        Route::new(Method::PATCH, "/api/v1/migrations/{migration}/modules/{module}", Management, modules::edit, "Edit a module").takes("ModuleEdit").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/modules/{module}/archive", Management, modules::archive, "Put a module away").takes("Why").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/modules/{module}/retire", Management, modules::retire, "Attest that a module's old code is gone").takes("Why").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/plan", Management, plan::export, "The plan as Markdown").gives("text/markdown"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/plan", ManagementUpload, plan::import, "Import a plan, or with dry_run say what that would change")
            .query(&["start", "name", "zone", "dry_run", "archive_absent", "reason"])
            .takes("text/markdown")
            .gives("Committed"),
    ]
}

fn flag_routes() -> Vec<Route> {
    use Access::Management;
    vec![
        Route::new(Method::POST, "/api/v1/migrations/{migration}/flags", Management, set_flags::set, "Bring modules, or a phase, to one state").takes("SetFlags").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/rollback", Management, rollback::roll_back, "Lower modules, or a phase; never blocked").takes("Rollback").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/kill-switch", Management, kill_switch::show, "What the kill switch would do, and what it does not cover").query(&["environment"]).gives("KillSwitch"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/kill-switch", Management, kill_switch::press, "Press the kill switch").takes("PressKillSwitch").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/resume", Management, resume::show, "Exactly what resuming would bring back, with its digest").query(&["environment"]).gives("ResumeList"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/resume", Management, resume::resume, "Resume from the kill switch").takes("Resume").gives("Committed"),
        Route::new(Method::POST, "/api/v1/migrations/{migration}/undo", Management, undo::undo, "Bring flags back to what they were before a change").takes("Undo").gives("Committed"),
        Route::new(Method::GET, "/api/v1/migrations/{migration}/changes/{revision}", Management, changes::show, "A change of flags and what it did").gives("Change"),
    ]
}

fn record_routes() -> Vec<Route> {
    use Access::{DataDirectory, Management};
    vec![
        Route::new(Method::GET, "/api/v1/audit", Management, audit::list, "Audit entries, newest first, 50 a page").query(&["migration", "environment", "q", "before"]).gives("AuditEntries"),
        Route::new(Method::GET, "/api/v1/audit/{sequence}", Management, audit::show, "One audit entry with its place in the chain").gives("ChainedEntry"),
        Route::new(Method::GET, "/api/v1/audit/verify", Management, audit::verify, "Whether the chain holds").gives("ChainState"),
        Route::new(Method::GET, "/api/v1/audit/export", Management, audit::export, "The log as JSON lines, oldest first").query(&["migration"]).gives("application/jsonl"),
        Route::new(Method::GET, "/api/v1/users", Management, users::list, "Users and their grants").gives("Users"),
        Route::new(Method::POST, "/api/v1/users", Management, users::add, "Add a user").takes("NewUser").gives("Committed"),
        Route::new(Method::PUT, "/api/v1/users/{name}/grants", Management, users::set_grants, "Replace a user's grants").takes("Grants").gives("Committed"),
        Route::new(Method::POST, "/api/v1/users/{name}/sign-in-link", Management, users::sign_in_link, "Make a sign-in link: 15 minutes, one use").gives("SignInLink"),
        Route::new(Method::POST, "/api/v1/users/{name}/archive", Management, users::archive, "Put a user away").takes("Why").gives("Committed"),
        Route::new(Method::GET, "/api/v1/tokens", Management, tokens::list, "Tokens, without the tokens themselves").gives("Tokens"),
        Route::new(Method::POST, "/api/v1/tokens", Management, tokens::create, "Make a token; it is shown this once").takes("NewToken").gives("CreatedToken"),
        Route::new(Method::DELETE, "/api/v1/tokens/{id}", Management, tokens::revoke, "Revoke a token").query(&["reason"]).gives("Committed"),
        Route::new(Method::POST, "/api/v1/backup", DataDirectory, backup::create, "Copy the databases to a file; only through the control socket").takes("Backup").gives("Backup"),
    ]
}

fn page_routes() -> Vec<Route> {
    use Access::{Page, PageUpload};
    vec![
        Route::new(Method::POST, "/sign-in", Page, sign_in::sign_in, "Consume a sign-in link"),
        Route::new(Method::POST, "/sign-out", Page, sign_in::sign_out, "End the session"),
        Route::new(Method::POST, "/import", PageUpload, import::upload, "Keep an uploaded plan for its preview"),
        Route::new(Method::GET, "/m/{migration}/live", Page, live::stream, "Tells a page that something changed"),
        Route::new(Method::GET, "/m/{migration}/plan.md", Page, exports::plan, "Download the plan"),
        Route::new(Method::GET, "/m/{migration}/audit.jsonl", Page, exports::audit_json_lines, "Download the audit log"),
        Route::new(Method::GET, "/m/{migration}/audit.csv", Page, exports::audit_csv, "Download the audit log as a table"),
        Route::new(Method::GET, "/fn/{*name}", Page, pages::server_function, "A page's question"),
        Route::new(Method::POST, "/fn/{*name}", Page, pages::server_function, "A page's question or form"),
    ]
}

/// What the network reaches: everything.
pub fn full(state: &AppState) -> Router {
    let data_plane = group(&[Access::Open, Access::DataPlane]).merge(with_cors(state, group(&[Access::Ofrep])));
    // Leptos knows which pages there are; every other address is its page for that, with 404.
    let mut pages = group(&[Access::Page]).fallback(pages::no_such_page);
    for listing in leptos_axum::generate_route_list(app::App) {
        pages = pages.route(listing.path(), get(pages::page));
    }
    finish(
        state,
        data_plane
            .merge(management(state))
            .merge(of_pages(state, pages.layer(from_fn(read_small))))
            .merge(of_pages(state, group(&[Access::PageUpload]).layer(from_fn(read_upload)))),
    )
}

/// What the data directory's owner reaches through the control socket or in their own process: the management API.
pub fn local(state: &AppState) -> Router {
    finish(state, management(state).merge(group(&[Access::Open])))
}

fn group(accesses: &[Access]) -> Router<AppState> {
    table()
        .into_iter()
        .filter(|route| accesses.contains(&route.access))
        .fold(Router::new(), |router, route| router.route(route.path, route.handler))
}

fn management(state: &AppState) -> Router<AppState> {
    let owners = group(&[Access::DataDirectory]).layer(from_fn(require_data_directory));
    let small = group(&[Access::Management]).merge(owners).layer(from_fn(read_small));
    let uploads = group(&[Access::ManagementUpload]).layer(from_fn(read_upload));
    small
        .merge(uploads)
        .layer(from_fn_with_state(state.clone(), require_own_origin))
        .layer(from_fn(require_caller))
        .layer(from_fn_with_state(state.clone(), identify_for_api))
        .layer(session_layer(state.sessions.clone(), &state.public_url))
}

fn of_pages(state: &AppState, pages: Router<AppState>) -> Router<AppState> {
    pages
        .layer(from_fn_with_state(state.clone(), require_own_origin))
        .layer(from_fn(require_sign_in))
        .layer(from_fn_with_state(state.clone(), identify_for_pages))
        .layer(session_layer(state.sessions.clone(), &state.public_url))
        .layer(from_fn(content_policy))
}

fn with_cors(state: &AppState, ofrep: Router<AppState>) -> Router<AppState> {
    if state.ofrep_origins.is_empty() {
        return ofrep;
    }
    let x_api_key = HeaderName::from_static("x-api-key");
    ofrep.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(state.ofrep_origins.clone()))
            .allow_methods([Method::POST])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, x_api_key])
            .expose_headers([ETAG, RETRY_AFTER])
            .max_age(std::time::Duration::from_secs(600)),
    )
}

/// Nothing below these is a page, so that what is not there is a problem and no form to sign in.
fn finish(state: &AppState, router: Router<AppState>) -> Router {
    router
        .route("/api/{*rest}", any(no_such_path))
        .route("/ofrep/{*rest}", any(no_such_path))
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::disable())
        .with_state(state.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_method_of_a_path_stands_once_in_the_table() {
        let mut seen = HashSet::new();
        for route in table() {
            assert!(seen.insert((route.method.clone(), route.path)), "{} {}", route.method, route.path);
            assert!(!route.summary.is_empty());
        }
    }
}
