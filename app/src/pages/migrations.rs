//! The list of migrations, and a new one by hand.

use domain::read::MigrationRow;
use leptos::prelude::*;

use super::plain_form::{Posted, address, submit};
use crate::api::migrations::{MigrationsView, migrations};
use crate::components::{
    CodeBlock, Field, Lock, ServerFrame, Size, flash_banner, icon, served, server_lock, state,
    sum_track,
};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::times;

/// Every migration the visitor may see.
#[component]
pub fn Page() -> impl IntoView {
    let live = Live::here();
    let model = read_model(move || live.changes(), |_| migrations());
    served(model, shown)
}

fn shown(view: MigrationsView, flash: Option<&Flash>) -> AnyView {
    let MigrationsView { viewer, rows } = view;
    let banner = flash.and_then(|flash| flash_banner(flash, None));
    let lock = server_lock(&viewer);
    let posted = Posted::of(flash, "create_migration");
    let (archived, current): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.archived_at.is_some());
    let none = current.is_empty() && archived.is_empty();
    let count = (!none).then(|| view! { <span class="count">{current.len().to_string()}</span> });
    let lists = if none {
        nothing_yet().into_any()
    } else {
        lists(&current, &archived).into_any()
    };
    view! {
        <ServerFrame viewer=viewer title="Migrations">
            {banner}
            <div class="page-head">
                <h1>"Migrations " {count}</h1>
                <div class="buttons">
                    <a class="button" href="/import">"Import a plan"</a>
                </div>
            </div>
            <div class="stack">
                {lists} {create(&posted, &lock, none)}
            </div>
        </ServerFrame>
    }
    .into_any()
}

fn nothing_yet() -> impl IntoView {
    view! {
        <section class="empty">
            <h2>"No migration yet"</h2>
            <p>
                "A migration moves callers from old code to new, module by module. Import a plan written in Markdown, "
                "here or on the server:"
            </p>
            <a class="button primary" href="/import">"Import a plan"</a>
            <CodeBlock code="switchback plan import plan.md --migration KEY --start 2026-11-16" />
        </section>
    }
}

fn lists(current: &[MigrationRow], archived: &[MigrationRow]) -> impl IntoView + use<> {
    let folded = (!archived.is_empty()).then(|| {
        view! {
            <details>
                <summary class="button small plain">{icon("down")} {format!("Archived ({})", archived.len())}</summary>
                {table(archived)}
            </details>
        }
    });
    let current = if current.is_empty() {
        view! { <p class="quiet">"Every migration here is archived."</p> }.into_any()
    } else {
        table(current).into_any()
    };
    view! { <div class="stack">{current} {folded}</div> }
}

fn table(rows: &[MigrationRow]) -> impl IntoView + use<> {
    let rows = rows.iter().map(row).collect_view();
    view! {
        <table class="table cards">
            <caption class="sr">"Migrations"</caption>
            <thead>
                <tr>
                    <th scope="col">"Migration"</th>
                    <th scope="col">"Modules on new"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Planned"</th>
                    <th scope="col">"Last change"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(row: &MigrationRow) -> impl IntoView + use<> {
    let counts = row.counts;
    let on_new = counts.new_only + counts.retired;
    let all = counts.expected.unwrap_or(0).max(counts.named());
    let standing = if let Some(at) = row.archived_at {
        state("nodata", "none", format!("archived {}", times::date(at))).into_any()
    } else if row.killed.is_empty() {
        state("", "pass", "no kill switch is on").into_any()
    } else {
        let places: Vec<_> = row.killed.iter().map(ToString::to_string).collect();
        state(
            "danger",
            "kill",
            format!("kill switch on in {}", places.join(", ")),
        )
        .into_any()
    };
    let planned = match (&row.start, &row.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
        (Some(start), None) => format!("from {start}"),
        (None, Some(end)) => format!("until {end}"),
        (None, None) => "no dates yet".to_owned(),
    };
    let last = row.last_change.as_ref().map_or_else(
        || view! { <span class="quiet">"none yet"</span> }.into_any(),
        |(at, what)| {
            let (machine, exact) = (times::machine(*at), times::utc_minute(*at));
            view! { <time class="time" datetime=machine>{exact}</time> <span>" "{what.clone()}</span> }.into_any()
        },
    );
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/m/{}", row.key)>{row.name.clone()}</a>
            </th>
            <td data-label="On new">
                <span class="track-cell">
                    {sum_track(counts, Size::Head, !row.killed.is_empty())}
                    <span>{format!("{on_new} of {all}")}</span>
                </span>
            </td>
            <td data-label="State">{standing}</td>
            <td data-label="Planned">{planned}</td>
            <td data-label="Last change" class="long">{last}</td>
        </tr>
    }
}

/// The form that makes a migration without a plan; open when it is the first thing to do or was refused.
fn create(posted: &Posted, lock: &Lock, open: bool) -> impl IntoView + use<> {
    let closed = lock.closed();
    view! {
        <details open=open || posted.is_refused()>
            <summary class="button">{icon("plus")} "Create a migration by hand"</summary>
            <section class="tile">
                <form class="form" method="post" action=address("create_migration")>
                    {posted.problem()}
                    <Field
                        name="key"
                        label="Key"
                        value=posted.typed("key", "")
                        hint="a-z, 0-9, - and _, such as arche. It is part of every flag's name and stays for ever."
                        error=posted.wrong("key")
                        class="mono short"
                        maxlength=64
                        required=true
                        disabled=closed
                    />
                    <Field
                        name="name"
                        label="Name"
                        value=posted.typed("name", "")
                        hint="What people call it. The key, when left empty."
                        error=posted.wrong("name")
                        maxlength=200
                        disabled=closed
                    />
                    <div class="fields">
                        <Field
                            name="zone"
                            label="Time zone"
                            value=posted.typed("zone", "UTC")
                            hint="Its days and daily times are in it, such as Europe/Berlin."
                            error=posted.wrong("zone")
                            maxlength=64
                            required=true
                            disabled=closed
                        />
                        <Field
                            name="start"
                            label="First day"
                            kind="date"
                            value=posted.typed("start", "")
                            error=posted.wrong("start")
                            disabled=closed
                        />
                        <Field
                            name="expected_modules"
                            label="Modules in all"
                            kind="number"
                            class="number"
                            value=posted.typed("expected_modules", "")
                            error=posted.wrong("expected_modules")
                            disabled=closed
                        />
                    </div>
                    {submit("Create", "primary", lock)}
                </form>
            </section>
        </details>
    }
}
