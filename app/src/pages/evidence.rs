//! What services saw of old and new: all modules side by side.

use domain::Key;
use domain::evidence::health::{Health, ModuleHealth};
use domain::read::{EvidenceRange, EvidenceRow, EvidenceView, SideTotal};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::address::{Links, Place};
use crate::api::evidence::evidence;
use crate::components::{Framed, Rail, Size, empty, framed, state, track};
use crate::live::Live;
use crate::model::read_model;
use crate::words;

/// Samples ring no bell, so the page looks this often while it is visible, seconds.
pub(super) const LOOK_AGAIN: u32 = 20;

/// The table.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let range = range_of_address();
    let model = read_model(
        move || (place.get(), range.get(), live.changes()),
        |((migration, environment), range, _)| evidence(migration, environment, range),
    );
    framed(model, Rail::Evidence, |view: EvidenceView, _| Framed {
        title: "Evidence".to_owned(),
        description: summary(&view),
        body: body(&view),
        frame: view.frame,
    })
}

/// The range that the address asks for; 24 hours where it asks for none that there is.
pub(super) fn range_of_address() -> Memo<EvidenceRange> {
    let map = use_query_map();
    Memo::new(move |_| {
        map.with(|map| map.get("range"))
            .and_then(|word| EvidenceRange::parse(&word))
            .unwrap_or_default()
    })
}

/// One link for each range. `below` is the page's own address within the migration.
pub(super) fn ranges(links: &Links, below: &str, chosen: EvidenceRange) -> impl IntoView + use<> {
    let tabs = EvidenceRange::ALL
        .into_iter()
        .map(|range| {
            let address = if range == EvidenceRange::default() {
                links.page(below)
            } else {
                links.page(&format!("{below}?range={}", range.as_str()))
            };
            let current = (range == chosen).then_some("page");
            view! { <a href=address aria-current=current>{range.words()}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label="How far back">{tabs}</nav> }
}

fn summary(view: &EvidenceView) -> String {
    let of = |health: Health| {
        view.rows
            .iter()
            .filter(|row| row.health.health == health)
            .count()
    };
    format!(
        "In {}, in the last {}: {} healthy, {} degraded, {} unhealthy, {} without enough data.",
        view.frame.environment.key,
        view.range.words(),
        of(Health::Healthy),
        of(Health::Degraded),
        of(Health::Unhealthy),
        of(Health::NoData)
    )
}

fn body(view: &EvidenceView) -> AnyView {
    let links = Links::of(&view.frame);
    let content = if view.any {
        table(view, &links).into_any()
    } else {
        empty(
            "Nothing was seen yet",
            "Services say how often they used old and new, how often that failed and how long it took. The Rust client does it \
             by itself; anything else sends OpenTelemetry metrics, or JSON.",
            None,
            Some((links.page("connect"), "Connect a service")),
        )
        .into_any()
    };
    view! {
        <div class="page-head" data-look-again=LOOK_AGAIN>
            <div class="title">
                <h1>"Evidence"</h1>
                <p class="lead">{summary(view)}</p>
            </div>
        </div>
        {ranges(&links, "evidence", view.range)}
        {content}
    }
    .into_any()
}

/// Modules with something to tell come first, the worst of them on top.
fn table(view: &EvidenceView, links: &Links) -> impl IntoView + use<> {
    let mut rows: Vec<&EvidenceRow> = view.rows.iter().collect();
    let how_bad = |row: &EvidenceRow| match row.health.health {
        Health::Unhealthy => 0,
        Health::Degraded => 1,
        Health::Healthy => 2,
        Health::NoData if row.old.uses.saturating_add(row.new.uses) > 0 => 3,
        Health::NoData => 4,
    };
    rows.sort_by_key(|row| how_bad(row));
    let rows = rows
        .into_iter()
        .map(|row| line(row, view.range, links))
        .collect_view();
    view! {
        <table class="table cards">
            <thead>
                <tr>
                    <th scope="col">"Module"</th>
                    <th scope="col">"Flag"</th>
                    <th scope="col">"Health"</th>
                    <th scope="col" class="num">"Errors on new"</th>
                    <th scope="col" class="num">"Errors on old"</th>
                    <th scope="col" class="num">"Uses of new"</th>
                    <th scope="col" class="num">"Uses of old"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn line(row: &EvidenceRow, range: EvidenceRange, links: &Links) -> impl IntoView + use<> {
    let key = &row.module.key;
    view! {
        <tr>
            <th scope="row" class="long">
                <a href=address(links, key, range)>{key.to_string()}</a>
            </th>
            <td data-label="Flag" class="tight">
                {track(row.module.track, Size::Row, &[])} " " {words::track(row.module.track)}
            </td>
            <td data-label="Health" title=row.health.verdict.sentence.clone()>{health_state(&row.health)}</td>
            <td data-label="Errors on new" class="num">{error_share(&row.new)}</td>
            <td data-label="Errors on old" class="num">{error_share(&row.old)}</td>
            <td data-label="Uses of new" class="num">{words::grouped(row.new.uses)}</td>
            <td data-label="Uses of old" class="num">{words::grouped(row.old.uses)}</td>
        </tr>
    }
}

fn address(links: &Links, module: &Key, range: EvidenceRange) -> String {
    if range == EvidenceRange::default() {
        links.evidence(module)
    } else {
        links.page(&format!("evidence/{module}?range={}", range.as_str()))
    }
}

/// How a module is, in its colour.
pub(super) fn health_state(health: &ModuleHealth) -> AnyView {
    let (kind, icon) = match health.health {
        Health::Healthy => ("", "pass"),
        Health::Degraded => ("hand", "breach"),
        Health::Unhealthy => ("danger", "fail"),
        Health::NoData => ("nodata", "unknown"),
    };
    state(kind, icon, health.health.words())
}

/// The share of uses that failed: `0.31 %`, `none`, or a dash without uses.
pub(super) fn error_share(total: &SideTotal) -> String {
    match (total.uses, total.errors) {
        (0, _) => "–".to_owned(),
        (_, 0) => "none".to_owned(),
        (uses, errors) => words::percent_of(errors, uses),
    }
}
