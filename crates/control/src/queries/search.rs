//! One search across a migration: modules, phases, checks, issues, audit entries, and the pages and commands themselves.

use std::time::Duration;

use domain::issues::{IssueStatus, Severity};
use domain::read::{HitKind, IssueFilter, SearchHit, SearchView};
use domain::{Key, Refusal};
use tokio::time::timeout;

use super::audit::{beginning, contains};
use super::standing::load;
use crate::store::search::{self, FoundRow};
use crate::store::{self, Connection, audit, words};
use crate::{Caller, Control, QueryError, Unavailable};

/// Hits of each kind; the pages of a kind show all.
const OF_A_KIND: u32 = 8;
/// How long a part of the search may keep the others waiting.
const PATIENCE: Duration = Duration::from_secs(2);
/// Characters of what is asked for.
const LONGEST: usize = 200;

/// Pages and commands by their words; further words that people use for them stand behind the bar.
const PLACES: [(HitKind, &str, &str, &str); 17] = [
    (HitKind::Place, "Overview", "needs a hand home", ""),
    (
        HitKind::Place,
        "Calendar",
        "timeline gantt month week",
        "calendar",
    ),
    (
        HitKind::Place,
        "Plan",
        "phases steps criteria runbook",
        "plan",
    ),
    (HitKind::Place, "Modules", "flags", "modules"),
    (HitKind::Place, "Issues", "log incidents", "issues"),
    (HitKind::Place, "Checklists", "daily checks", "checklists"),
    (HitKind::Place, "Audit", "log history", "audit"),
    (
        HitKind::Place,
        "Evidence",
        "errors latency metrics verdicts health",
        "evidence",
    ),
    (HitKind::Place, "Instances", "services clients", "instances"),
    (
        HitKind::Place,
        "Connect a service",
        "token sdk ofrep",
        "connect",
    ),
    (
        HitKind::Place,
        "Settings",
        "environments phases",
        "settings",
    ),
    (
        HitKind::Command,
        "Roll back…",
        "rollback undo old",
        "rollback",
    ),
    (
        HitKind::Command,
        "Set modes…",
        "promote raise ramp advance exposure",
        "set",
    ),
    (
        HitKind::Command,
        "Kill switch…",
        "stop everything off",
        "kill-switch",
    ),
    (
        HitKind::Command,
        "Open an issue",
        "new report",
        "issues/new",
    ),
    (
        HitKind::Command,
        "Add a window or freeze…",
        "freeze change window",
        "calendar#windows",
    ),
    (
        HitKind::Command,
        "Add a check…",
        "checklist item",
        "checklists?edit=new",
    ),
];

/// What `q` finds; pages and commands alone when it is empty.
pub async fn search(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    q: &str,
) -> Result<SearchView, QueryError> {
    let q = q.trim();
    if q.chars().count() > LONGEST {
        let why = format!("Search for at most {LONGEST} characters.");
        return Err(Refusal::field("q", why).into());
    }
    let mut standing = load(control, caller, migration, environment).await?;
    let mut hits = named(q);
    let id = standing.migration.id;
    if !q.is_empty() {
        let connection = &mut standing.transaction;
        hits.extend(numbered(connection, id, q).await?);
        let pattern = contains(q);
        let found = search::modules(connection, id, &pattern, &beginning(q), OF_A_KIND).await?;
        hits.extend(found.into_iter().map(module));
        let found = search::phases(connection, id, &pattern, OF_A_KIND).await?;
        hits.extend(found.into_iter().map(phase));
        let found = search::checks(connection, id, &pattern, OF_A_KIND).await?;
        hits.extend(found.into_iter().map(check));
    }
    let frame = standing.frame;
    drop(standing.transaction);
    let mut unanswered = Vec::new();
    if !q.is_empty() {
        for (kind, found) in [
            (HitKind::Issue, within(issues(control, id, q)).await?),
            (
                HitKind::Audit,
                within(entries(control, migration, q)).await?,
            ),
        ] {
            match found {
                Some(found) => {
                    let known: Vec<String> = hits.iter().map(|hit| hit.below.clone()).collect();
                    hits.extend(found.into_iter().filter(|hit| !known.contains(&hit.below)));
                }
                None => unanswered.push(kind),
            }
        }
    }
    // Stable: what is best of a kind stays first.
    hits.sort_by_key(|hit| HitKind::ALL.iter().position(|kind| *kind == hit.kind));
    Ok(SearchView {
        frame,
        q: q.to_owned(),
        hits,
        unanswered,
    })
}

/// Pages and commands that have all the words.
fn named(q: &str) -> Vec<SearchHit> {
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    PLACES
        .iter()
        .filter(|(_, title, also, _)| {
            let text = format!("{title} {also}").to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .map(|(kind, title, _, below)| SearchHit {
            kind: *kind,
            title: (*title).to_owned(),
            detail: String::new(),
            below: (*below).to_owned(),
        })
        .collect()
}

fn module(found: FoundRow) -> SearchHit {
    let phase = found.phase.map(|number| format!("phase {number}"));
    let owner = (!found.detail.is_empty()).then_some(found.detail);
    let detail: Vec<String> = [phase, owner].into_iter().flatten().collect();
    SearchHit {
        kind: HitKind::Module,
        below: format!("modules/{}", found.title),
        title: found.title,
        detail: detail.join(", "),
    }
}

fn phase(found: FoundRow) -> SearchHit {
    let number = found.phase.unwrap_or_default();
    SearchHit {
        kind: HitKind::Phase,
        title: found.title,
        detail: format!("phase {number}"),
        below: format!("modules?phase={number}"),
    }
}

fn check(found: FoundRow) -> SearchHit {
    let (detail, below) = match (found.detail.as_str(), found.phase) {
        (_, Some(number)) => (
            format!("phase {number}"),
            format!("checklists?phase={number}"),
        ),
        (kind, None) => (kind.to_owned(), format!("checklists?list={kind}")),
    };
    SearchHit {
        kind: HitKind::Check,
        title: found.title,
        detail,
        below,
    }
}

/// What one of several parts finds; `None` where it takes longer than people wait, such as beside exports of the log: the
/// others are shown without it.
async fn within(
    part: impl Future<Output = Result<Vec<SearchHit>, QueryError>>,
) -> Result<Option<Vec<SearchHit>>, QueryError> {
    match timeout(PATIENCE, part).await {
        Ok(Ok(hits)) => Ok(Some(hits)),
        Err(_) | Ok(Err(QueryError::Unavailable(Unavailable::TooLong))) => Ok(None),
        Ok(Err(error)) => Err(error),
    }
}

/// The issue of a number, such as `12` or `#12`.
async fn numbered(
    connection: &mut Connection,
    migration_id: i64,
    q: &str,
) -> Result<Option<SearchHit>, QueryError> {
    let Ok(number) = q.trim_start_matches('#').parse() else {
        return Ok(None);
    };
    let found = store::issues::by_number(connection, migration_id, number).await?;
    Ok(found.map(|record| {
        let issue = record.issue;
        issue_hit(issue.number, &issue.title, issue.severity, issue.status)
    }))
}

fn issue_hit(number: u32, title: &str, severity: Severity, status: IssueStatus) -> SearchHit {
    SearchHit {
        kind: HitKind::Issue,
        title: format!("{number}. {title}"),
        detail: format!("{}, {}", severity.as_str(), status.as_str()),
        below: format!("issues/{number}"),
    }
}

async fn issues(
    control: &Control,
    migration_id: i64,
    q: &str,
) -> Result<Vec<SearchHit>, QueryError> {
    let filter = IssueFilter {
        q: q.to_owned(),
        ..IssueFilter::default()
    };
    let found = super::issues::rows(control, migration_id, &filter, OF_A_KIND, 0).await?;
    Ok(found
        .into_iter()
        .map(|row| issue_hit(row.number, &row.title, row.severity, row.status))
        .collect())
}

async fn entries(
    control: &Control,
    migration: &Key,
    q: &str,
) -> Result<Vec<SearchHit>, QueryError> {
    let Some(words) = words::search_for(q) else {
        return Ok(Vec::new());
    };
    let mut connection = control.inner().store.scan().await?;
    let records = audit::by_words(&mut connection, migration, &words, OF_A_KIND).await?;
    drop(connection);
    records
        .iter()
        .map(|record| {
            let row = super::audit::audit_row(record)?;
            Ok(SearchHit {
                kind: HitKind::Audit,
                title: row.summary,
                detail: format!("entry {}, {}", row.sequence, row.actor),
                below: format!("audit/{}", row.sequence),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_commands_are_found_by_what_people_call_them() {
        let titles =
            |q: &str| -> Vec<String> { named(q).into_iter().map(|hit| hit.title).collect() };
        assert_eq!(titles("gantt"), ["Calendar"]);
        assert_eq!(titles("ROLL back"), ["Roll back…"]);
        assert_eq!(titles("kill"), ["Kill switch…"]);
        assert_eq!(titles(""), PLACES.map(|place| place.1));
        assert!(titles("no such page").is_empty());
    }
}
