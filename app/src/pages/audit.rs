//! The audit log: newest first, searched by words and qualifiers that stay in the address.

use domain::Outcome;
use domain::read::{AuditPage, AuditRow, ChainState, Frame};
use leptos::prelude::*;

use super::audit_diff::first_differences;
use crate::address::{Links, Place, encoded, query};
use crate::api::audit::{AuditLog, audit};
use crate::components::{Framed, Rail, Time, badge, diff, framed, icon, pager};
use crate::live::Live;
use crate::model::read_model;
use crate::times;

/// Fields shown of one entry in the list; its own page shows all.
const FIELDS_SHOWN: usize = 24;

/// The log of one migration.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let (q, before) = (query("q"), query("before"));
    let model = read_model(
        move || (place.get(), q.get(), before.get(), live.changes()),
        |((migration, environment), q, before, _)| audit(migration, environment, q, before),
    );
    framed(
        model,
        Rail::Audit,
        |AuditLog { frame, page }: AuditLog, _| Framed {
            title: "Audit".to_owned(),
            description: format!("Who did what in {}, why, and what followed", frame.name),
            body: body(&page, &frame),
            frame,
        },
    )
}

fn body(page: &AuditPage, frame: &Frame) -> AnyView {
    let links = Links::of(frame);
    let export = |name: &str| format!("/m/{}/audit.{name}", frame.migration);
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Audit " {verified(&page.chain)}</h1>
            </div>
            <div class="buttons">
                <a class="button" href=export("csv") rel="external" download>{icon("export")} "CSV"</a>
                <a class="button" href=export("jsonl") rel="external" download>{icon("export")} "JSONL"</a>
            </div>
        </div>
        {filter(page, frame)}
        {not_understood(&page.not_understood)}
        {table(page, frame, &links)}
        {pages(page, &links)}
    }
    .into_any()
}

/// What the last verification of the chain said.
pub(super) fn verified(chain: &ChainState) -> AnyView {
    match chain {
        ChainState::Verified { entries, head, at } => {
            let title = format!(
                "Every entry fits the one before it, as of {}. Head {head}",
                times::utc_second(*at)
            );
            let words = format!("verified to {entries}");
            view! { <span title=title>{badge("", "verified", words)}</span> }.into_any()
        }
        ChainState::Broken { sequence, why } => badge(
            "danger",
            "fail",
            format!("broken at entry {sequence}: {why}"),
        )
        .into_any(),
    }
}

fn filter(page: &AuditPage, frame: &Frame) -> impl IntoView + use<> {
    let environment = (!frame.environment.deciding).then(|| frame.environment.key.to_string());
    view! {
        <form class="filters" method="get" role="search">
            {environment.map(|key| view! { <input type="hidden" name="env" value=key /> })}
            <div class="search">
                {icon("search")}
                <input
                    class="input"
                    type="search"
                    name="q"
                    value=page.filter.q.clone()
                    maxlength="500"
                    aria-label="Search the audit log"
                    aria-describedby="audit-search-hint"
                />
            </div>
            <button class="button" type="submit">"Search"</button>
        </form>
        <p class="hint" id="audit-search-hint">
            "Words, and qualifiers: " <code>"actor:ada"</code> " " <code>"module:config"</code> " "
            <code>"action:flag.rollback"</code> " " <code>"outcome:refused"</code> " "
            <code>"before:2026-11-01"</code> " " <code>"after:2026-10-01"</code>
        </p>
    }
}

fn not_understood(parts: &[String]) -> Option<impl IntoView + use<>> {
    let words = format!("Not understood, and left out: {}", parts.join(", "));
    (!parts.is_empty()).then(|| {
        view! { <p class="refusal" role="status">{icon("breach")} {words}</p> }
    })
}

fn table(page: &AuditPage, frame: &Frame, links: &Links) -> AnyView {
    if page.rows.is_empty() {
        let words = if page.filter.q.is_empty() {
            "No entries yet."
        } else {
            "No entry is like that."
        };
        return view! {
            <section class="empty">
                <h2>{words}</h2>
                <p>"Every change of this migration is recorded here, with who made it and why."</p>
            </section>
        }
        .into_any();
    }
    let rows = page
        .rows
        .iter()
        .map(|row| entry(row, frame, links))
        .collect_view();
    view! {
        <table class="table cards top">
            <caption class="sr">"Audit entries, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col" class="num">"No."</th>
                    <th scope="col">"When"</th>
                    <th scope="col">"Who"</th>
                    <th scope="col">"What"</th>
                    <th scope="col">"Action"</th>
                    <th scope="col">"Reason"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn entry(row: &AuditRow, frame: &Frame, links: &Links) -> impl IntoView + use<> {
    let address = links.audit_entry(row.sequence);
    let refused = (row.outcome == Outcome::Refused).then(|| badge("hand", "hold", "refused"));
    let environment = row.environment.as_ref().map(|key| format!(" in {key}"));
    let (differing, more) = first_differences(row, FIELDS_SHOWN);
    let rest = (more > 0).then(|| {
        view! { <p><a href=address.clone()>{format!("{more} more fields")}</a></p> }
    });
    let what = if differing.is_empty() {
        row.summary.clone().into_any()
    } else {
        view! {
            <details>
                <summary>{row.summary.clone()}<span class="sr">": before and after"</span></summary>
                {diff(differing)}
                {rest}
            </details>
        }
        .into_any()
    };
    view! {
        <tr id=format!("e{}", row.sequence)>
            <th scope="row" class="num">
                <a href=address>
                    <span class="sr">"Entry "</span>
                    {row.sequence.to_string()}
                </a>
            </th>
            <td class="tight" data-label="When">
                <Time at=row.at now=frame.now />
            </td>
            <td data-label="Who">{row.actor.clone()}</td>
            <td data-label="What" class="long">{what} {refused}</td>
            <td data-label="Action"><code>{row.action.clone()}</code> <span class="quiet">{environment}</span></td>
            <td data-label="Reason" class="long">{row.reason.clone()}</td>
        </tr>
    }
}

fn pages(page: &AuditPage, links: &Links) -> impl IntoView + use<> {
    let q = encoded(&page.filter.q);
    let shown = match (page.rows.first(), page.rows.last()) {
        (Some(first), Some(last)) => format!("Entries {} to {}", first.sequence, last.sequence),
        _ => String::new(),
    };
    let newest = page
        .filter
        .before
        .map(|_| links.page(&format!("audit?q={q}")));
    let older = page
        .next
        .map(|next| links.page(&format!("audit?q={q}&before={next}")));
    pager(
        "Pages of entries",
        shown,
        ("Newest", newest),
        ("Older", older),
    )
}
