//! The one table of HTTP routes. The router is built from it, and so is `/api/openapi.json`.

use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

use crate::http::api::{
    audit, backup, calendar, calendar_feeds, changes, checklists, environments,
    evidence as read_evidence, flags as set_flags, instances, issues, kill_switch, migrations,
    modules, phases, plan, resume, rollback, search, tokens, undo, users,
};
use crate::http::{
    acks, assets, description, evidence, evidence_exports, exports, flags, health, import,
    issue_exports, live, ofrep, pages, sign_in, stream,
};
use crate::state::AppState;

/// Who may ask, and so which middleware stands before the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Whoever knows the address, which holds a secret.
    Secret,
    /// A token of kind `sdk`, read by the handler itself.
    DataPlane,
    /// The same, and pages of configured origins.
    Ofrep,
    /// A management token, or a session.
    Management,
    /// The same, with a body of up to 256 KiB.
    ManagementText,
    /// The same, with a body of up to 5 MiB.
    ManagementUpload,
    /// Whoever may open the data directory.
    DataDirectory,
    /// A page of the site.
    Page,
    /// The same, with a body of up to 256 KiB.
    PageText,
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
    /// What answers it.
    pub handler: MethodRouter<AppState>,
}

/// `METHOD "path" [Access ? "query" "parameters"] handler => "summary", takes "Schema", gives "Schema";`
macro_rules! routes {
    ($(
        $method:ident $path:literal [$access:ident $(? $($query:literal)+)?] $handler:path
            => $summary:literal $(, takes $takes:literal)? $(, gives $gives:literal)?;
    )*) => {
        vec![$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            summary: $summary,
            query: &[$($($query),+)?],
            takes: None $(.or(Some($takes)))?,
            gives: None $(.or(Some($gives)))?,
            handler: on(MethodFilter::$method, $handler),
        }),*]
    };
}

/// Every route.
pub fn table() -> Vec<Route> {
    routes! {
        // For everybody
        GET "/healthz" [Open] health::live
            => "Whether the process answers", gives "text/plain";
        GET "/readyz" [Open] health::ready
            => "Whether flags are served and changes are taken", gives "Readiness";
        GET "/metrics" [Open] health::metrics
            => "Counters for Prometheus: with a token, or from this machine", gives "application/openmetrics-text";
        GET "/assets/{*name}" [Open] assets::asset
            => "Style and script of the pages", gives "application/octet-stream";
        GET "/api/openapi.json" [Open] description::document
            => "This description", gives "application/json";
        GET "/api/docs" [Open] description::page
            => "This description as a page", gives "text/html";
        // For services that read flags
        POST "/ofrep/v1/evaluate/flags" [Ofrep ? "flagConfigEtag"] ofrep::evaluate_all
            => "Old or new, for every module", takes "OfrepRequest", gives "OfrepBulk";
        POST "/ofrep/v1/evaluate/flags/{key}" [Ofrep] ofrep::evaluate
            => "Old or new, for one module; its mode with .mode behind the key", takes "OfrepRequest", gives "OfrepEvaluation";
        GET "/ofrep/v1/stream" [Ofrep ? "ticket"] stream::of_ofrep
            => "Says that flags changed: the eventStreams of a bulk answer lead here", gives "text/event-stream";
        GET "/api/v1/flags" [DataPlane] flags::snapshot
            => "The whole snapshot of the token's environment", gives "Snapshot";
        GET "/api/v1/flags.env" [DataPlane ? "prefix"] flags::env
            => "The flags as shell variables", gives "text/plain";
        GET "/api/v1/flagd.json" [DataPlane] flags::flagd
            => "The flags as a flag definition for flagd", gives "application/json";
        GET "/api/v1/stream" [DataPlane] stream::native
            => "The snapshot and then every change of it, as server-sent events", gives "text/event-stream";
        POST "/api/v1/acks" [DataPlane] acks::acknowledge
            => "Instances say which revision they applied", takes "Acknowledgements";
        // Evidence, with a token of kind ingest
        POST "/v1/metrics" [DataPlane] evidence::otlp::take
            => "OpenTelemetry metrics (OTLP), in protobuf or JSON: switchback.uses and switchback.duration", takes "application/x-protobuf", gives "application/x-protobuf";
        POST "/api/v1/migrations/{migration}/samples" [DataPlane] evidence::samples::take
            => "What services served of old and new: uses, errors and latency by the minute", takes "Samples", gives "Accepted";
        POST "/api/v1/migrations/{migration}/comparisons" [DataPlane] evidence::comparisons::take
            => "What clients found when they ran old and new side by side", takes "Comparisons", gives "Accepted";
        // What a migration is made of
        GET "/api/v1/migrations" [Management] migrations::list
            => "Migrations the caller may see", gives "Migrations";
        POST "/api/v1/migrations" [Management] migrations::create
            => "Create a migration", takes "NewMigration", gives "Committed";
        GET "/api/v1/migrations/{migration}" [Management] migrations::show
            => "One migration", gives "Migration";
        PATCH "/api/v1/migrations/{migration}" [Management] migrations::edit
            => "Edit a migration", takes "MigrationEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/archive" [Management] migrations::archive
            => "Put a migration away", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/environments" [Management] environments::list
            => "Its environments", gives "Environments";
        POST "/api/v1/migrations/{migration}/environments" [Management] environments::create
            => "Create an environment", takes "NewEnvironment", gives "Committed";
        GET "/api/v1/migrations/{migration}/environments/{environment}" [Management] environments::show
            => "One environment", gives "Environment";
        PATCH "/api/v1/migrations/{migration}/environments/{environment}" [Management] environments::edit
            => "Rename an environment, or make it the deciding one", takes "EnvironmentEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/environments/{environment}/archive" [Management] environments::archive
            => "Put an environment away", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/phases" [Management] phases::list
            => "Its phases", gives "Phases";
        POST "/api/v1/migrations/{migration}/phases" [Management] phases::create
            => "Create a phase", takes "NewPhase", gives "Committed";
        GET "/api/v1/migrations/{migration}/phases/{phase}" [Management] phases::show
            => "One phase", gives "Phase";
        PATCH "/api/v1/migrations/{migration}/phases/{phase}" [Management] phases::edit
            => "Edit a phase", takes "PhaseEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/phases/{phase}/archive" [Management] phases::archive
            => "Put a phase away", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/modules" [Management ? "environment" "q" "phase" "mode" "owner" "status" "page"] modules::list
            => "Its modules with their flags in one environment, 200 a page", gives "Modules";
        POST "/api/v1/migrations/{migration}/modules" [Management] modules::create
            => "Create a module", takes "NewModule", gives "Committed";
        POST "/api/v1/migrations/{migration}/modules/import" [ManagementUpload ? "reason"] modules::import
            => "Create and edit modules from a table: text/csv or application/json", takes "text/csv", gives "Committed";
        GET "/api/v1/migrations/{migration}/modules/{module}" [Management ? "environment"] modules::show
            => "One module with its flag in every environment", gives "Module";
        PATCH "/api/v1/migrations/{migration}/modules/{module}" [Management] modules::edit
            => "Edit a module", takes "ModuleEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/modules/{module}/archive" [Management] modules::archive
            => "Put a module away", takes "Why", gives "Committed";
        POST "/api/v1/migrations/{migration}/modules/{module}/retire" [Management] modules::retire
            => "Attest that a module's old code is gone", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/modules/{module}/evidence" [Management ? "environment" "range"] read_evidence::show
            => "What services saw of one module's old and new: 1h, 6h and 24h by the minute, 7d, 30d and 90d by the hour", gives "ModuleEvidence";
        GET "/api/v1/migrations/{migration}/evidence" [Management ? "environment" "range"] read_evidence::list
            => "What services saw of every module's old and new, added up over a range", gives "Evidence";
        GET "/api/v1/migrations/{migration}/plan" [Management] plan::export
            => "The plan as Markdown", gives "text/markdown";
        POST "/api/v1/migrations/{migration}/plan" [ManagementUpload ? "start" "name" "zone" "dry_run" "archive_absent" "overriding" "reason"] plan::import
            => "Import a plan, or with dry_run say what that would change", takes "text/markdown", gives "Committed";
        GET "/api/v1/migrations/{migration}/search" [Management ? "environment" "q"] search::show
            => "Modules, phases, checks, issues, audit entries, pages and commands that have the words", gives "Found";
        // The plan on a calendar
        GET "/api/v1/migrations/{migration}/calendar" [Management ? "environment" "layout" "from" "days" "zone" "phase"] calendar::show
            => "Phases, modules' steps, windows and milestones in a range of days", gives "Calendar";
        POST "/api/v1/migrations/{migration}/phases/{phase}/move" [Management] calendar::move_phase
            => "Move a phase and, when asked, what waits for it", takes "PhaseMove", gives "Committed";
        PUT "/api/v1/migrations/{migration}/phases/{phase}/needs" [Management] calendar::set_needs
            => "Say which phases a phase waits for", takes "PhaseNeeds", gives "Committed";
        POST "/api/v1/migrations/{migration}/baseline" [Management] calendar::set_baseline
            => "Take the plan as it is for what was agreed on", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/calendar-feeds" [Management] calendar_feeds::list
            => "Addresses under which calendar programs read the migration: one's own, for its admins everybody's", gives "CalendarFeeds";
        POST "/api/v1/migrations/{migration}/calendar-feeds" [Management] calendar_feeds::create
            => "Make such an address for whoever is signed in, and show it this once", gives "CreatedCalendarFeed";
        POST "/api/v1/calendar-feeds/{feed}/revoke" [Management] calendar_feeds::revoke
            => "End such an address", takes "Why", gives "Committed";
        GET "/calendar/{feed}" [Secret] crate::http::calendar_feeds::read
            => "A migration as an iCalendar document, by the secret in its address", gives "text/calendar";
        GET "/api/v1/migrations/{migration}/windows" [Management] calendar::windows
            => "Freezes and change windows", gives "Windows";
        POST "/api/v1/migrations/{migration}/windows" [Management] calendar::create_window
            => "Create a freeze or a change window", takes "Window", gives "Committed";
        PUT "/api/v1/migrations/{migration}/windows/{window}" [Management] calendar::edit_window
            => "Say what a window is from now on", takes "Window", gives "Committed";
        POST "/api/v1/migrations/{migration}/windows/{window}/archive" [Management] calendar::archive_window
            => "Put a window away", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/milestones" [Management] calendar::milestones
            => "Days to remember", gives "Milestones";
        POST "/api/v1/migrations/{migration}/milestones" [Management] calendar::create_milestone
            => "Create a milestone", takes "NewMilestone", gives "Committed";
        PATCH "/api/v1/migrations/{migration}/milestones/{milestone}" [Management] calendar::edit_milestone
            => "Edit a milestone", takes "MilestoneEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/milestones/{milestone}/archive" [Management] calendar::archive_milestone
            => "Put a milestone away", takes "Why", gives "Committed";
        GET "/api/v1/migrations/{migration}/checklists" [Management ? "day"] checklists::list
            => "Its checklists: the daily run of a day, the lists around phases, once, and by condition", gives "Checklists";
        POST "/api/v1/migrations/{migration}/checklists" [Management] checklists::add
            => "Add an item to a checklist", takes "NewCheck", gives "Committed";
        GET "/api/v1/migrations/{migration}/checklists/{item}" [Management ? "day"] checklists::show
            => "One item", gives "Check";
        PATCH "/api/v1/migrations/{migration}/checklists/{item}" [Management] checklists::edit
            => "Edit an item", takes "CheckEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/checklists/{item}/archive" [Management] checklists::archive
            => "Put an item away", takes "Why", gives "Committed";
        POST "/api/v1/migrations/{migration}/checklists/{item}/tick" [Management] checklists::tick
            => "Say that an item was done", takes "Tick", gives "Committed";
        POST "/api/v1/migrations/{migration}/checklists/{item}/skip" [Management] checklists::skip
            => "Leave an item out, with a reason", takes "Skip", gives "Committed";
        POST "/api/v1/migrations/{migration}/checklists/{item}/untick" [Management] checklists::untick
            => "Take a tick or a skip back", takes "Untick", gives "Committed";
        // Flags
        POST "/api/v1/migrations/{migration}/flags" [Management] set_flags::set
            => "Bring modules, or a phase, to one state", takes "SetFlags", gives "Committed";
        POST "/api/v1/migrations/{migration}/rollback" [Management] rollback::roll_back
            => "Lower modules, or a phase; never blocked", takes "Rollback", gives "Committed";
        GET "/api/v1/migrations/{migration}/kill-switch" [Management ? "environment"] kill_switch::show
            => "What the kill switch would do, and what it does not cover", gives "KillSwitch";
        POST "/api/v1/migrations/{migration}/kill-switch" [Management] kill_switch::press
            => "Press the kill switch", takes "PressKillSwitch", gives "Committed";
        GET "/api/v1/migrations/{migration}/resume" [Management ? "environment"] resume::show
            => "Exactly what resuming would bring back, with its digest", gives "ResumeList";
        POST "/api/v1/migrations/{migration}/resume" [Management] resume::resume
            => "Resume from the kill switch", takes "Resume", gives "Committed";
        POST "/api/v1/migrations/{migration}/undo" [Management] undo::undo
            => "Bring flags, or what was edited, moved, created or archived on the calendar, back to what it was before an entry", takes "Undo", gives "Committed";
        GET "/api/v1/migrations/{migration}/instances" [Management ? "environment"] instances::list
            => "Running instances and what they applied", gives "Instances";
        GET "/api/v1/migrations/{migration}/changes/{revision}" [Management] changes::show
            => "A change of flags and what it did", gives "Change";
        // The issue log
        GET "/api/v1/migrations/{migration}/issues" [Management ? "q" "status" "severity" "module" "owner" "label" "sort" "page"] issues::list
            => "Its issues, 50 a page, newest first or by relevance", gives "Issues";
        POST "/api/v1/migrations/{migration}/issues" [ManagementText] issues::open
            => "Open an issue; how its module stands is frozen with it", takes "NewIssue", gives "Committed";
        GET "/api/v1/migrations/{migration}/issues.csv" [Management ? "q" "status" "severity" "module" "owner" "label" "sort"] issues::csv
            => "Issues as a table", gives "text/csv";
        GET "/api/v1/migrations/{migration}/issues.md" [Management ? "q" "status" "severity" "module" "owner" "label" "sort"] issues::markdown
            => "Issues as a document", gives "text/markdown";
        GET "/api/v1/migrations/{migration}/issues/{issue}" [Management ? "environment"] issues::show
            => "One issue with its evidence, links and timeline", gives "Issue";
        PATCH "/api/v1/migrations/{migration}/issues/{issue}" [ManagementText] issues::edit
            => "Edit an issue", takes "IssueEdit", gives "Committed";
        POST "/api/v1/migrations/{migration}/issues/{issue}/status" [ManagementText] issues::change_status
            => "Mitigate, resolve or reopen an issue", takes "IssueMove", gives "Committed";
        POST "/api/v1/migrations/{migration}/issues/{issue}/comments" [ManagementText] issues::comment
            => "Comment on an issue", takes "NewComment", gives "Committed";
        POST "/api/v1/migrations/{migration}/issues/{issue}/links" [Management] issues::link
            => "Tie two issues", takes "IssueLink", gives "Committed";
        DELETE "/api/v1/migrations/{migration}/issues/{issue}/links/{kind}/{other}" [Management ? "reason"] issues::unlink
            => "Take a tie between two issues away", gives "Committed";
        // The record, and who may
        GET "/api/v1/audit" [Management ? "migration" "environment" "q" "before"] audit::list
            => "Audit entries, newest first, 50 a page", gives "AuditEntries";
        GET "/api/v1/audit/{sequence}" [Management] audit::show
            => "One audit entry with its place in the chain", gives "ChainedEntry";
        GET "/api/v1/audit/verify" [Management] audit::verify
            => "Whether the chain holds", gives "ChainState";
        GET "/api/v1/audit/export" [Management ? "migration"] audit::export
            => "The log as JSON lines, oldest first", gives "application/jsonl";
        GET "/api/v1/users" [Management] users::list
            => "Users and their grants", gives "Users";
        POST "/api/v1/users" [Management] users::add
            => "Add a user", takes "NewUser", gives "Committed";
        PUT "/api/v1/users/{name}/grants" [Management] users::set_grants
            => "Replace a user's grants", takes "Grants", gives "Committed";
        POST "/api/v1/users/{name}/sign-in-link" [Management] users::sign_in_link
            => "Make a sign-in link: 15 minutes, one use", gives "SignInLink";
        POST "/api/v1/users/{name}/archive" [Management] users::archive
            => "Put a user away", takes "Why", gives "Committed";
        GET "/api/v1/tokens" [Management] tokens::list
            => "Tokens, without the tokens themselves", gives "Tokens";
        POST "/api/v1/tokens" [Management] tokens::create
            => "Make a token; it is shown this once", takes "NewToken", gives "CreatedToken";
        DELETE "/api/v1/tokens/{id}" [Management ? "reason"] tokens::revoke
            => "Revoke a token", gives "Committed";
        POST "/api/v1/backup" [DataDirectory] backup::create
            => "Copy the databases to a file; only through the control socket", takes "Backup", gives "Backup";
        // For the pages, beside those that `app` lists
        POST "/sign-in" [Page] sign_in::sign_in
            => "Consume a sign-in link";
        POST "/sign-out" [Page] sign_in::sign_out
            => "End the session";
        POST "/import" [PageUpload] import::upload
            => "Keep an uploaded plan for its preview";
        GET "/m/{migration}/live" [Page] live::stream
            => "Tells a page that something changed";
        GET "/m/{migration}/plan.md" [Page] exports::plan
            => "Download the plan";
        GET "/m/{migration}/audit.jsonl" [Page] exports::audit_json_lines
            => "Download the audit log";
        GET "/m/{migration}/audit.csv" [Page] exports::audit_csv
            => "Download the audit log as a table";
        GET "/m/{migration}/evidence/{module}/samples.csv" [Page ? "env" "range"] evidence_exports::csv
            => "What services saw of a module, as a table", gives "text/csv";
        GET "/m/{migration}/issues.csv" [Page] issue_exports::csv_of_page
            => "Download issues as a table";
        GET "/m/{migration}/issues.md" [Page] issue_exports::markdown_of_page
            => "Download issues as a document";
        POST "/fn/open_issue" [PageText] pages::server_function
            => "The form that opens an issue";
        POST "/fn/edit_issue" [PageText] pages::server_function
            => "The form that edits an issue";
        POST "/fn/move_issue" [PageText] pages::server_function
            => "The form that moves an issue";
        POST "/fn/comment_issue" [PageText] pages::server_function
            => "The form that comments on an issue";
        GET "/fn/{*name}" [Page] pages::server_function
            => "A page's question";
        POST "/fn/{*name}" [Page] pages::server_function
            => "A page's question or form";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_method_of_a_path_stands_once_in_the_table() {
        let mut seen = HashSet::new();
        for route in table() {
            assert!(
                seen.insert((route.method.clone(), route.path)),
                "{} {}",
                route.method,
                route.path
            );
            assert!(!route.summary.is_empty());
        }
    }
}
