//! Downloads from the pages: the plan as Markdown, the audit log as JSON lines or CSV, without a hidden cut-off.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use control::{Caller, queries};
use domain::Key;
use domain::audit::ChainedEntry;
use domain::read::{AuditFilter, AuditRow};
use futures::Stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;

use super::api::{At, Query};
use super::problem::Problem;
use crate::middleware::authentication::Authenticated;
use crate::state::AppState;

/// `GET /m/{migration}/plan.md`
pub async fn plan(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Response, Problem> {
    let markdown = queries::export_plan(&state.control, &caller, &migration).await?;
    Ok(download(
        markdown.into(),
        "text/markdown; charset=utf-8",
        &format!("{migration}-plan.md"),
    ))
}

/// `GET /m/{migration}/audit.jsonl`
pub async fn audit_json_lines(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
) -> Result<Response, Problem> {
    json_lines(&state, &caller, Some(&migration)).await
}

/// Every entry as a line of JSON, oldest first. The first page is read before the answer begins, so that a refusal is
/// one; a failure later breaks the download off, so that nobody takes it for whole.
pub async fn json_lines(
    state: &AppState,
    caller: &Caller,
    migration: Option<&Key>,
) -> Result<Response, Problem> {
    let (first, next) = queries::audit_export(&state.control, caller, migration, 0).await?;
    let name = migration.map_or_else(
        || "audit.jsonl".to_owned(),
        |migration| format!("{migration}-audit.jsonl"),
    );
    let (state, caller, migration) = (state.clone(), caller.clone(), migration.cloned());
    let rest = futures::stream::try_unfold(next, move |after| {
        let (state, caller, migration) = (state.clone(), caller.clone(), migration.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let (entries, next) =
                queries::audit_export(&state.control, &caller, migration.as_ref(), after)
                    .await
                    .map_err(std::io::Error::other)?;
            Ok(Some((lines(&entries)?, next)))
        }
    });
    let first = futures::stream::once(async move { lines(&first) });
    let body = Body::from_stream(futures::StreamExt::chain(first, rest));
    Ok(download(body, "application/jsonl; charset=utf-8", &name))
}

fn lines(entries: &[ChainedEntry]) -> Result<Bytes, std::io::Error> {
    let mut text = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut text, entry)?;
        text.push(b'\n');
    }
    Ok(text.into())
}

/// The audit page's filter, and one environment.
#[derive(Debug, Deserialize)]
pub struct Filter {
    #[serde(default)]
    q: String,
    env: Option<Key>,
}

/// `GET /m/{migration}/audit.csv`: every entry that the page's filter matches, of one environment with `env`,
/// newest first.
pub async fn audit_csv(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    At(migration): At<Key>,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    queries::migration(&state.control, &caller, &migration).await?;
    let name = format!("{migration}-audit.csv");
    let rows = csv_pages(state, caller, migration, filter);
    Ok(download(
        Body::from_stream(rows),
        "text/csv; charset=utf-8",
        &name,
    ))
}

const HEADER: &str = "sequence,at,actor,actor_kind,action,environment,targets,reason,outcome,summary,revision,source,request_id,hash\r\n";

/// The header, then page after page. A failure on the way breaks the download off, so that nobody takes it for whole.
fn csv_pages(
    state: AppState,
    caller: Caller,
    migration: Key,
    filter: Filter,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let first = Some(AuditFilter {
        q: filter.q,
        environment: filter.env.clone(),
        before: None,
    });
    let pages = futures::stream::try_unfold(first, move |wanted| {
        let (state, caller, migration) = (state.clone(), caller.clone(), migration.clone());
        async move {
            let Some(wanted) = wanted else {
                return Ok(None);
            };
            let (rows, next) = queries::audit_rows(&state.control, &caller, &migration, &wanted)
                .await
                .map_err(std::io::Error::other)?;
            let text: String = rows.iter().map(csv_row).collect();
            let next = next.map(|before| AuditFilter {
                before: Some(before),
                ..wanted
            });
            Ok(Some((Bytes::from(text), next)))
        }
    });
    let header = futures::stream::once(async { Ok(Bytes::from_static(HEADER.as_bytes())) });
    futures::StreamExt::chain(header, pages)
}

fn csv_row(row: &AuditRow) -> String {
    let cells = [
        row.sequence.to_string(),
        row.at.rfc3339(),
        row.actor.clone(),
        row.actor_kind.as_str().to_owned(),
        row.action.clone(),
        row.environment
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.targets.join(" "),
        row.reason.clone(),
        row.outcome.as_str().to_owned(),
        row.summary.clone(),
        row.revision
            .map(|revision| revision.to_string())
            .unwrap_or_default(),
        row.source.clone().unwrap_or_default(),
        row.request_id.clone(),
        row.hash.clone(),
    ];
    csv_line(cells)
}

/// One line of a table.
pub(super) fn csv_line<const CELLS: usize>(cells: [String; CELLS]) -> String {
    let mut line = cells.map(|cell| csv_cell(&cell)).join(",");
    line.push_str("\r\n");
    line
}

/// Quoted where needed; a cell that a spreadsheet would take for a formula gets an apostrophe in front.
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// An answer that a browser saves under this name.
pub(super) fn download(body: Body, content_type: &'static str, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        for (text, cell) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
