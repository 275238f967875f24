//! `/api/v1/migrations/{migration}/issues`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use control::commands::{
    CommentIssue, EditIssue, LinkIssues, MoveIssue, OpenIssue, UnlinkIssues, open_issue,
};
use control::queries;
use domain::issues::{IssueStatus, LinkKind, Severity};
use domain::read::{AttachmentView, IssueFilter, IssueOrder, IssueView, StatusFilter};
use domain::{Key, Refusal, Timestamp};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::IfMatch;
use super::{At, Body, Done, InEnvironment, Patch, Query, Versioned, present, run};
use crate::http::issue_exports;
use crate::http::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// Which issues. Words that are none of a list's are told, and not left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    q: String,
    status: String,
    severity: String,
    module: Option<Key>,
    owner: Option<String>,
    label: Option<String>,
    sort: String,
    page: u32,
}

impl Wanted {
    /// The filter, or which word of it is none.
    pub fn filter(self) -> Result<IssueFilter, Refusal> {
        Ok(IssueFilter {
            q: self.q,
            status: chosen("status", &self.status, StatusFilter::parse)?,
            severity: chosen("severity", &self.severity, Severity::parse)?,
            module: self.module,
            owner: self.owner.filter(|owner| !owner.is_empty()),
            label: self.label.filter(|label| !label.is_empty()),
            sort: chosen("sort", &self.sort, IssueOrder::parse)?.unwrap_or_default(),
            page: self.page,
        })
    }
}

fn chosen<T>(field: &str, word: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = match field {
        "status" => "unresolved, open, mitigated or resolved",
        "severity" => "critical, high, medium or low",
        _ => "newest or relevance",
    };
    let wrong = || Refusal::field(field, format!("{word:?} is no {field}: say {known}."));
    parse(word).map(Some).ok_or_else(wrong)
}

/// Issues that match, 50 a page.
pub async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let filter = wanted.filter()?;
    let (issues, more) = queries::issue_rows(&state.control, &caller, &migration, &filter).await?;
    Ok(Json(json!({ "issues": issues, "more": more })))
}

/// One issue with its evidence, links and timeline.
pub async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, u32)>,
    Query(within): Query<InEnvironment>,
) -> Result<Versioned<Value>, Problem> {
    let environment = within.environment.as_ref();
    let view = queries::issue(&state.control, &caller, &migration, environment, number).await?;
    let version = view.version;
    Ok(Versioned(whole(&view), version))
}

/// What a list says of it, and the rest beside it.
fn whole(view: &IssueView) -> Value {
    let mut issue = json!(view.row);
    let more = json!({
        "comment_count": view.row.comments,
        "body": view.body,
        "html": view.html,
        "resolution": view.resolution,
        "resolution_html": view.resolution_html,
        "version": view.version,
        "blocks_promotion": view.blocks_promotion,
        "attachments": view.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "links": view.links,
        "timeline": view.timeline,
        "more_events": view.more_events,
    });
    if let (Value::Object(issue), Value::Object(more)) = (&mut issue, more) {
        issue.remove("comments");
        issue.extend(more);
    }
    issue
}

fn attachment(attachment: &AttachmentView) -> Value {
    json!({
        "kind": attachment.kind,
        "about": attachment.about,
        "frozen_at": attachment.frozen_at,
        "evidence": attachment.evidence,
    })
}

/// An issue to be opened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewIssue {
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default = "medium")]
    severity: Severity,
    module: Option<Key>,
    environment: Option<Key>,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    labels: Vec<String>,
    due: Option<Date>,
    noticed_at: Option<Timestamp>,
    #[serde(default)]
    reason: String,
}

fn medium() -> Severity {
    Severity::Medium
}

/// Opens an issue, and freezes how its module stands.
pub async fn open(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Body(new): Body<NewIssue>,
) -> Result<Done, Problem> {
    let base = format!("/api/v1/migrations/{migration}/issues");
    let open = OpenIssue {
        migration,
        title: new.title,
        body: new.body,
        severity: new.severity,
        module: new.module,
        environment: new.environment,
        owner: new.owner,
        labels: new.labels,
        due: new.due,
        noticed_at: new.noticed_at,
        reason: new.reason,
    };
    let committed = open_issue(&state.control, &caller, open).await?;
    let location = format!(
        "{base}/{}",
        committed.subject.as_deref().unwrap_or_default()
    );
    Ok(Done::created(committed, location))
}

/// What is to change; what is left out stays, `null` clears.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    title: Option<String>,
    body: Option<String>,
    severity: Option<Severity>,
    #[serde(default, deserialize_with = "present")]
    module: Patch<Key>,
    owner: Option<String>,
    labels: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    due: Patch<Date>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Edits an issue.
pub async fn edit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, u32)>,
    if_match: IfMatch,
    Body(edit): Body<Edit>,
) -> Result<Done, Problem> {
    let command = EditIssue {
        migration,
        number,
        title: edit.title,
        body: edit.body,
        severity: edit.severity,
        module: edit.module,
        owner: edit.owner,
        labels: edit.labels,
        due: edit.due,
        expected: if_match.or(edit.expected_version),
        reason: edit.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// Where an issue is to go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    status: IssueStatus,
    resolution: Option<String>,
    expected_version: Option<i64>,
    #[serde(default)]
    reason: String,
}

/// Mitigates, resolves or reopens an issue.
pub async fn change_status(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, u32)>,
    if_match: IfMatch,
    Body(wanted): Body<Move>,
) -> Result<Done, Problem> {
    let command = MoveIssue {
        migration,
        number,
        to: wanted.status,
        resolution: wanted.resolution,
        expected: if_match.or(wanted.expected_version),
        reason: wanted.reason,
    };
    if_match.answer(run(&state, &caller, command).await)
}

/// What somebody says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    comment: String,
}

/// Writes a comment.
pub async fn comment(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, u32)>,
    Body(Comment { comment }): Body<Comment>,
) -> Result<Done, Problem> {
    let location = format!("/api/v1/migrations/{migration}/issues/{number}");
    let command = CommentIssue {
        migration,
        number,
        comment,
    };
    let committed = run(&state, &caller, command).await?;
    Ok(Done::created(committed, location))
}

/// A tie to another issue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    kind: LinkKind,
    other: u32,
    #[serde(default)]
    reason: String,
}

/// Ties two issues.
pub async fn link(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number)): At<(Key, u32)>,
    Body(link): Body<Link>,
) -> Result<Done, Problem> {
    let command = LinkIssues {
        migration,
        number,
        kind: link.kind,
        other: link.other,
        reason: link.reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

/// `?reason=`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reason {
    reason: String,
}

/// Takes a tie away.
pub async fn unlink(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At((migration, number, kind, other)): At<(Key, u32, LinkKind, u32)>,
    Query(Reason { reason }): Query<Reason>,
) -> Result<Done, Problem> {
    let command = UnlinkIssues {
        migration,
        number,
        kind,
        other,
        reason,
    };
    Ok(Done::new(run(&state, &caller, command).await?))
}

/// Every issue that matches, as a table.
pub async fn csv(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    issue_exports::csv(state, caller, migration, wanted.filter()?).await
}

/// Every issue that matches, as a document.
pub async fn markdown(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    issue_exports::markdown(state, caller, migration, wanted.filter()?).await
}
