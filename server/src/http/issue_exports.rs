//! Issues to take away: a table for a spreadsheet, or a document to read. Without a hidden cut-off.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use control::queries::{self, ExportedIssue};
use control::{Caller, CommandError};
use domain::read::{IssueFilter, IssueOrder, StatusFilter};
use domain::{Key, Timestamp};
use serde::Deserialize;

use super::api::{At, Query};
use super::exports::{csv_line, download};
use super::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// The page's filter, which leaves out what it does not know.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OfPage {
    q: String,
    status: String,
    severity: String,
    module: String,
    owner: String,
    label: String,
    sort: String,
}

impl OfPage {
    fn filter(self) -> IssueFilter {
        IssueFilter {
            q: self.q,
            status: StatusFilter::parse(&self.status),
            severity: domain::issues::Severity::parse(&self.severity),
            module: Key::parse(&self.module).ok(),
            owner: Some(self.owner).filter(|owner| !owner.is_empty()),
            label: Some(self.label).filter(|label| !label.is_empty()),
            sort: IssueOrder::parse(&self.sort).unwrap_or_default(),
            page: 1,
        }
    }
}

/// `GET /m/{migration}/issues.csv`
pub async fn csv_of_page(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<OfPage>,
) -> Result<Response, Problem> {
    csv(state, caller, migration, wanted.filter()).await
}

/// `GET /m/{migration}/issues.md`
pub async fn markdown_of_page(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(wanted): Query<OfPage>,
) -> Result<Response, Problem> {
    markdown(state, caller, migration, wanted.filter()).await
}

const HEADER: [&str; 15] = [
    "number",
    "title",
    "severity",
    "status",
    "module",
    "owner",
    "labels",
    "due",
    "noticed_at",
    "opened_at",
    "opened_by",
    "resolved_at",
    "comments",
    "body",
    "resolution",
];

/// A table, a row for each issue.
///
/// # Errors
/// A migration that one may not see is 404.
pub async fn csv(
    state: AppState,
    caller: Caller,
    migration: Key,
    filter: IssueFilter,
) -> Result<Response, Problem> {
    let name = format!("{migration}-issues.csv");
    let begin = csv_line(HEADER.map(ToOwned::to_owned));
    let body = pages(state, caller, migration, filter, begin, csv_row).await?;
    Ok(download(body, "text/csv; charset=utf-8", &name))
}

/// A document, a section for each issue.
///
/// # Errors
/// A migration that one may not see is 404.
pub async fn markdown(
    state: AppState,
    caller: Caller,
    migration: Key,
    filter: IssueFilter,
) -> Result<Response, Problem> {
    let name = format!("{migration}-issues.md");
    let begin = format!("# Issues of {migration}\n");
    let body = pages(state, caller, migration, filter, begin, section).await?;
    Ok(download(body, "text/markdown; charset=utf-8", &name))
}

/// The beginning, then stretch after stretch. The first is read before the answer begins, so that a refusal is one; a
/// failure later breaks the download off, so that nobody takes it for whole.
async fn pages(
    state: AppState,
    caller: Caller,
    migration: Key,
    filter: IssueFilter,
    begin: String,
    write: fn(&ExportedIssue) -> String,
) -> Result<Body, Problem> {
    let (first, more) =
        queries::issue_export(&state.control, &caller, &migration, &filter, 0).await?;
    let first = begin + &first.iter().map(write).collect::<String>();
    let rest = futures::stream::try_unfold(more.then_some(1), move |page| {
        let (state, caller) = (state.clone(), caller.clone());
        let (migration, filter) = (migration.clone(), filter.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let (issues, more) =
                queries::issue_export(&state.control, &caller, &migration, &filter, page)
                    .await
                    .map_err(|error: CommandError| std::io::Error::other(error))?;
            let text: String = issues.iter().map(write).collect();
            Ok(Some((Bytes::from(text), more.then_some(page + 1))))
        }
    });
    let first = futures::stream::once(async { Ok::<_, std::io::Error>(Bytes::from(first)) });
    Ok(Body::from_stream(futures::StreamExt::chain(first, rest)))
}

fn csv_row(issue: &ExportedIssue) -> String {
    let row = &issue.row;
    let instant = |at: Option<Timestamp>| at.map(Timestamp::rfc3339).unwrap_or_default();
    csv_line([
        row.number.to_string(),
        row.title.clone(),
        row.severity.as_str().to_owned(),
        row.status.as_str().to_owned(),
        row.module
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.owner.clone(),
        row.labels.join(" "),
        row.due.clone().unwrap_or_default(),
        instant(Some(row.noticed_at)),
        instant(Some(row.opened_at)),
        row.opened_by.clone(),
        instant(row.resolved_at),
        row.comments.to_string(),
        issue.body.clone(),
        issue.resolution.clone(),
    ])
}

/// What people wrote stands as a quotation, so that its headings are none of the document.
fn section(issue: &ExportedIssue) -> String {
    let row = &issue.row;
    let mut facts = vec![
        format!("{}, {}", row.severity.as_str(), row.status.as_str()),
        format!("noticed {} UTC", row.noticed_at.utc()),
        format!(
            "opened {} UTC by {}",
            row.opened_at.utc(),
            one_line(&row.opened_by)
        ),
    ];
    facts.extend(row.module.as_ref().map(|module| format!("module {module}")));
    if !row.owner.is_empty() {
        facts.push(format!("owner {}", one_line(&row.owner)));
    }
    if !row.labels.is_empty() {
        facts.push(format!("labels {}", row.labels.join(", ")));
    }
    facts.extend(row.due.as_ref().map(|due| format!("due {due}")));
    let mut text = format!("\n## {}. {}\n\n", row.number, one_line(&row.title));
    for fact in facts {
        text.extend(["- ", &fact, "\n"]);
    }
    text.push_str(&quoted(&issue.body));
    for (at, by, comment) in &issue.comments {
        text.extend(["\n**", &one_line(by), ", ", &at.utc(), " UTC:**\n"]);
        text.push_str(&quoted(comment));
    }
    if let Some(at) = row.resolved_at {
        text.extend(["\n**Resolved ", &at.utc(), " UTC:**\n"]);
        text.push_str(&quoted(&issue.resolution));
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let lines = text.lines().flat_map(|line| ["> ", line, "\n"]);
    std::iter::once("\n").chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use domain::issues::{IssueStatus, Severity};
    use domain::read::IssueRow;

    use super::*;

    fn issue() -> ExportedIssue {
        ExportedIssue {
            row: IssueRow {
                number: 7,
                title: "=HYPERLINK(\"x\")".into(),
                severity: Severity::High,
                status: IssueStatus::Resolved,
                module: Key::parse("tax_table").ok(),
                owner: "+Ada".into(),
                labels: vec!["money".into(), "rounding".into()],
                due: Some("2026-12-24".into()),
                noticed_at: Timestamp(1_795_356_000_000),
                opened_at: Timestamp(1_795_356_000_000),
                opened_by: "root".into(),
                resolved_at: Some(Timestamp(1_795_356_060_000)),
                comments: 1,
            },
            body: "# Not a heading\n\nof the document".into(),
            resolution: "Rounded.".into(),
            comments: vec![(Timestamp(1_795_356_030_000), "Bob".into(), "hm".into())],
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        let line = csv_row(&issue());
        assert!(line.starts_with("7,\"'=HYPERLINK(\"\"x\"\")\",high,resolved,tax_table,'+Ada,money rounding,2026-12-24,2026-11-22T14:00:00.000Z,"));
        assert!(line.ends_with(",1,\"# Not a heading\n\nof the document\",Rounded.\r\n"));
    }

    #[test]
    fn what_people_wrote_is_quoted() {
        assert_eq!(
            section(&issue()),
            "\n## 7. =HYPERLINK(\"x\")\n\n- high, resolved\n- noticed 2026-11-22 14:00 UTC\n- opened 2026-11-22 14:00 UTC by root\n\
             - module tax_table\n- owner +Ada\n- labels money, rounding\n- due 2026-12-24\n\n> # Not a heading\n> \n> of the document\n\
             \n**Bob, 2026-11-22 14:00 UTC:**\n\n> hm\n\n**Resolved 2026-11-22 14:01 UTC:**\n\n> Rounded.\n"
        );
    }
}
