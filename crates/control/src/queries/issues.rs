//! The issue log: lists and search, one issue with its timeline, the form that opens one, exports.

use domain::issues::blocks_promotion;
use domain::read::{
    AttachmentView, IssueFilter, IssueLink, IssueOrder, IssueRow, IssueView, IssuesView,
    NewIssueView, ReceiptView, TimelineItem,
};
use domain::{Key, ModuleStatus, Permission, Refusal, Timestamp};

use super::audit::audit_row;
use super::standing::{Standing, load};
use crate::commands::STANDING;
use crate::control::authorise;
use crate::markdown::to_html;
use crate::store::audit::AuditRecord;
use crate::store::issue_lists::{self, IssueSearch};
use crate::store::issues::{self, IssueRecord};
use crate::store::{StoreError, migrations, modules, words};
use crate::{Caller, Control, QueryError};

/// Issues on one page.
const PAGE_ROWS: u32 = 50;
/// Pages that can be turned to; a search finds what is further back.
const MOST_PAGES: u32 = 10_000;
/// Issues read at once for an export.
const EXPORT_ROWS: u32 = 200;
/// Modules that the form offers; others are typed.
const MODULES_OFFERED: usize = 1_000;
/// How long before an issue its timeline begins, milliseconds.
const BEFORE: i64 = 30 * 60 * 1_000;
/// System events on a timeline.
const MOST_EVENTS: u32 = 200;

/// The page of issues. `environment` is what it is framed by; issues belong to all.
pub async fn issues(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    filter: &IssueFilter,
) -> Result<IssuesView, QueryError> {
    let Standing {
        mut transaction,
        migration: record,
        frame,
        ..
    } = load(control, caller, migration, environment).await?;
    let choices = issue_lists::choices(&mut transaction, record.id).await?;
    let unresolved = issue_lists::unresolved(&mut transaction, record.id).await?;
    let any = issue_lists::any(&mut transaction, record.id).await?;
    drop(transaction);
    let (rows, more) = listed(control, record.id, filter).await?;
    Ok(IssuesView {
        frame,
        filter: filter.clone(),
        rows,
        more,
        unresolved,
        any,
        owners: choices.owners,
        labels: choices.labels,
        modules: choices.modules,
    })
}

/// The rows alone, and whether there is a page after them.
pub async fn issue_rows(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    filter: &IssueFilter,
) -> Result<(Vec<IssueRow>, bool), QueryError> {
    authorise(caller, Permission::View(migration))?;
    let id = migration_id(control, migration).await?;
    listed(control, id, filter).await
}

async fn migration_id(control: &Control, migration: &Key) -> Result<i64, QueryError> {
    let mut connection = control.inner().store.read().await?;
    let found = migrations::by_key(&mut connection, migration).await?;
    let found = found.ok_or_else(|| Refusal::not_found("migration", migration.as_str()))?;
    Ok(found.id)
}

async fn listed(
    control: &Control,
    migration_id: i64,
    filter: &IssueFilter,
) -> Result<(Vec<IssueRow>, bool), QueryError> {
    let page = filter.page.clamp(1, MOST_PAGES);
    let offset = (page - 1) * PAGE_ROWS;
    let mut rows = rows(control, migration_id, filter, PAGE_ROWS + 1, offset).await?;
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    Ok((rows, more))
}

pub(super) async fn rows(
    control: &Control,
    migration_id: i64,
    filter: &IssueFilter,
    limit: u32,
    offset: u32,
) -> Result<Vec<IssueRow>, QueryError> {
    let words = words::search_for(&filter.q);
    if words.is_none() && !filter.q.trim().is_empty() {
        // Signs alone are in no index.
        return Ok(Vec::new());
    }
    let search = IssueSearch {
        status: filter.status.map(domain::read::StatusFilter::as_str),
        severity: filter.severity.map(domain::issues::Severity::as_str),
        module: filter.module.as_ref().map(ToString::to_string),
        owner: filter.owner.clone(),
        label: filter.label.clone(),
        by_relevance: filter.sort == IssueOrder::Relevance,
        words,
    };
    // Narrowing may look at every issue: of the pool, and within the time, of whatever looks through much.
    let mut connection = control.inner().store.scan().await?;
    Ok(issue_lists::list(&mut connection, migration_id, &search, limit, offset).await?)
}

/// The form that opens an issue, for `module` where there is one of that key.
pub async fn new_issue(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    module: Option<&Key>,
) -> Result<NewIssueView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let chosen = match module {
        None => None,
        Some(key) => modules::by_key(&mut standing.transaction, standing.migration.id, key).await?,
    };
    let owner = chosen.as_ref().map(|record| record.module.owner.clone());
    Ok(NewIssueView {
        modules: standing
            .flags
            .iter()
            .filter(|flag| flag.status != ModuleStatus::Archived)
            .map(|flag| flag.module.clone())
            .take(MODULES_OFFERED)
            .collect(),
        module: chosen.map(|record| record.module.key),
        owner: owner.unwrap_or_default(),
        frame: standing.frame,
    })
}

/// Everything about one issue.
pub async fn issue(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    number: u32,
) -> Result<IssueView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let record = issues::by_number(&mut standing.transaction, standing.migration.id, number)
        .await?
        .ok_or_else(|| Refusal::not_found("issue", number.to_string()))?;
    let connection = &mut standing.transaction;
    let comments = issues::comments(connection, record.id).await?;
    let attachments = issues::attachments(connection, record.id).await?;
    let links = issues::links(connection, record.id).await?;
    let own = issues::entries(connection, record.id, MOST_EVENTS).await?;
    let (around, more_events) = around(connection, migration, &record, standing.frame.now).await?;
    let Standing {
        transaction, frame, ..
    } = standing;
    // Receipts are read from elsewhere: nothing of this is held meanwhile.
    drop(transaction);
    let comment_count = u32::try_from(comments.len()).unwrap_or(u32::MAX);
    let mut timeline = Vec::with_capacity(comments.len() + own.len() + around.len());
    for comment in comments {
        timeline.push(TimelineItem::Comment {
            number: u32::try_from(comment.number).unwrap_or(u32::MAX),
            at: Timestamp(comment.written_at),
            by: comment.written_by,
            html: to_html(&comment.body),
            text: comment.body,
        });
    }
    for (entries, own) in [(own, true), (around, false)] {
        for entry in &entries {
            timeline.push(event(control, migration, entry, own).await?);
        }
    }
    timeline.sort_by_key(TimelineItem::at);
    let issue = &record.issue;
    Ok(IssueView {
        html: to_html(&issue.body),
        resolution_html: to_html(&issue.resolution),
        body: issue.body.clone(),
        resolution: issue.resolution.clone(),
        version: issue.version,
        blocks_promotion: issue.module.is_some() && blocks_promotion(issue.severity, issue.status),
        row: row(&record, comment_count),
        attachments: attachments
            .into_iter()
            .map(|attachment| {
                let standing = (attachment.kind == STANDING)
                    .then(|| serde_json::from_str(&attachment.evidence))
                    .transpose()?;
                Ok(AttachmentView {
                    kind: attachment.kind,
                    about: attachment.about,
                    frozen_at: Timestamp(attachment.frozen_at),
                    evidence: serde_json::from_str(&attachment.evidence)?,
                    standing,
                })
            })
            .collect::<Result<_, StoreError>>()?,
        links: links
            .into_iter()
            .map(|link| IssueLink {
                kind: link.kind,
                inverse: link.inverse,
                other: link.other,
            })
            .collect(),
        timeline,
        more_events,
        frame,
    })
}

fn row(record: &IssueRecord, comments: u32) -> IssueRow {
    let issue = &record.issue;
    IssueRow {
        number: issue.number,
        title: issue.title.clone(),
        severity: issue.severity,
        status: issue.status,
        module: issue.module.clone(),
        owner: issue.owner.clone(),
        labels: issue.labels.clone(),
        due: issue.due.map(|date| date.to_string()),
        noticed_at: issue.noticed_at,
        opened_at: issue.opened_at,
        opened_by: issue.opened_by.clone(),
        resolved_at: issue.resolved_at,
        comments,
    }
}

/// What happened to the issue's module and to the kill switches, from half an hour before it was noticed until it was
/// resolved; and whether that was more than a timeline holds.
async fn around(
    connection: &mut crate::store::Connection,
    migration: &Key,
    record: &IssueRecord,
    now: Timestamp,
) -> Result<(Vec<AuditRecord>, bool), QueryError> {
    let Some(module) = record.module_id else {
        return Ok((Vec::new(), false));
    };
    let issue = &record.issue;
    let from = issue.noticed_at.min(issue.opened_at).plus(-BEFORE);
    let until = issue.resolved_at.unwrap_or(now);
    let most = MOST_EVENTS + 1;
    let mut found = issues::entries_of_module(connection, module, from, until, most).await?;
    found.extend(issues::entries_of_kill_switches(connection, migration, from, until, most).await?);
    found.sort_by_key(|entry| entry.sequence);
    found.dedup_by_key(|entry| entry.sequence);
    let more = found.len() > MOST_EVENTS as usize;
    found.truncate(MOST_EVENTS as usize);
    Ok((found, more))
}

async fn event(
    control: &Control,
    migration: &Key,
    record: &AuditRecord,
    own: bool,
) -> Result<TimelineItem, QueryError> {
    let row = audit_row(record)?;
    let receipt: Option<ReceiptView> = match (&row.environment, row.revision) {
        (Some(environment), Some(_)) => {
            control
                .receipt(migration, environment, row.sequence)
                .await?
        }
        _ => None,
    };
    Ok(TimelineItem::Event {
        at: row.at,
        by: row.actor,
        action: row.action,
        summary: row.summary,
        reason: row.reason,
        sequence: row.sequence,
        revision: row.revision,
        environment: row.environment,
        own,
        receipt,
    })
}

/// An issue as an export has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedIssue {
    /// What a list says of it.
    pub row: IssueRow,
    /// What was written, as Markdown.
    pub body: String,
    /// How it was resolved, as Markdown; empty before.
    pub resolution: String,
    /// Its comments: when, who, what.
    pub comments: Vec<(Timestamp, String, String)>,
}

/// Issues that a filter lets through, from the `page`th stretch of an export on; and whether there is a further one.
pub async fn issue_export(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    filter: &IssueFilter,
    page: u32,
) -> Result<(Vec<ExportedIssue>, bool), QueryError> {
    authorise(caller, Permission::View(migration))?;
    let id = migration_id(control, migration).await?;
    let offset = page.saturating_mul(EXPORT_ROWS);
    let mut found = rows(control, id, filter, EXPORT_ROWS + 1, offset).await?;
    let more = found.len() > EXPORT_ROWS as usize;
    found.truncate(EXPORT_ROWS as usize);
    let mut connection = control.inner().store.read().await?;
    let mut exported = Vec::with_capacity(found.len());
    for row in found {
        let Some(record) = issues::by_number(&mut connection, id, row.number).await? else {
            continue;
        };
        let comments = issues::comments(&mut connection, record.id).await?;
        exported.push(ExportedIssue {
            row,
            body: record.issue.body,
            resolution: record.issue.resolution,
            comments: comments
                .into_iter()
                .map(|comment| {
                    (
                        Timestamp(comment.written_at),
                        comment.written_by,
                        comment.body,
                    )
                })
                .collect(),
        });
    }
    Ok((exported, more))
}
