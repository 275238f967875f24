//! One search across a migration, and the keys. The palette shows parts of this page: `#found` and `#keys`.

use domain::read::{HitKind, SearchHit, SearchView};
use leptos::prelude::*;

use crate::address::{Links, Place, query};
use crate::api::search::search;
use crate::components::{Framed, Rail, framed, icon};
use crate::model::read_model;
use crate::shortcuts::KEYS;

/// The search.
#[component]
pub fn Page() -> impl IntoView {
    let (place, q) = (Place::here(), query("q"));
    let model = read_model(
        move || (place.get(), q.get()),
        |((migration, environment), q)| search(migration, environment, q),
    );
    framed(model, Rail::Nowhere, |view: SearchView, _| Framed {
        title: "Search".to_owned(),
        description: format!("Search across {}", view.frame.name),
        body: body(&view),
        frame: view.frame,
    })
}

fn body(view: &SearchView) -> AnyView {
    let links = Links::of(&view.frame);
    let environment =
        (!view.frame.environment.deciding).then(|| view.frame.environment.key.to_string());
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Search"</h1>
            </div>
        </div>
        <form class="filters" method="get" role="search">
            {environment.map(|key| view! { <input type="hidden" name="env" value=key /> })}
            <div class="search">
                {icon("search")}
                <input
                    class="input"
                    type="search"
                    name="q"
                    value=view.q.clone()
                    maxlength="200"
                    aria-label="Search modules, phases, checks, issues and the audit log"
                />
            </div>
            <button class="button" type="submit">"Search"</button>
        </form>
        {found(view, &links)}
        {keys()}
    }
    .into_any()
}

fn found(view: &SearchView, links: &Links) -> AnyView {
    let groups = HitKind::ALL
        .into_iter()
        .filter_map(|kind| group(kind, view, links))
        .collect_view();
    let unanswered = view
        .unanswered
        .iter()
        .map(|kind| {
            let place = match kind {
                HitKind::Audit => "the audit log",
                _ => "the issues",
            };
            view! { <p class="banner hand" role="status">{format!("The server is busy: {place} was not searched. Try again.")}</p> }
        })
        .collect_view();
    let nothing = view.hits.is_empty().then(|| {
        view! { <p role="status">{format!("Nothing is called “{}”, and nobody has written it.", view.q)}</p> }
    });
    view! { <div class="found" id="found">{groups} {nothing} {unanswered}</div> }.into_any()
}

fn group(kind: HitKind, view: &SearchView, links: &Links) -> Option<AnyView> {
    let hits: Vec<&SearchHit> = view.hits.iter().filter(|hit| hit.kind == kind).collect();
    let (title, icon_name) = match kind {
        HitKind::Place => ("Pages", "overview"),
        HitKind::Command => ("Commands", "advance"),
        HitKind::Module => ("Modules", "modules"),
        HitKind::Phase => ("Phases", "calendar"),
        HitKind::Check => ("Checks", "checklists"),
        HitKind::Issue => ("Issues", "issues"),
        HitKind::Audit => ("Audit log", "audit"),
    };
    let rows = hits
        .iter()
        .map(|hit| {
            view! {
                <li>
                    <a class="hit" href=address(links, &hit.below)>
                        {icon(icon_name)}
                        <span class="grow">{hit.title.clone()}</span>
                        <span class="quiet">{hit.detail.clone()}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    (!hits.is_empty()).then(|| {
        view! {
            <section>
                <h2>{title}</h2>
                <ul>{rows}</ul>
            </section>
        }
        .into_any()
    })
}

/// The query belongs before the part of the page.
fn address(links: &Links, below: &str) -> String {
    match below.split_once('#') {
        Some((page, part)) => format!("{}#{part}", links.page(page)),
        None => links.page(below),
    }
}

fn keys() -> AnyView {
    let rows = KEYS
        .into_iter()
        .map(|(keys, _, words)| {
            let keys = keys
                .split(' ')
                .map(|key| view! { <kbd>{key}</kbd> " " })
                .collect_view();
            view! {
                <dt>{keys}</dt>
                <dd>{words}</dd>
            }
        })
        .collect_view();
    view! {
        <section class="section" id="keys">
            <h2>"Keys"</h2>
            <dl class="keys">
                <dt><kbd>"Ctrl"</kbd> " " <kbd>"K"</kbd></dt>
                <dd>"Search everything, from any page"</dd>
                {rows}
            </dl>
            <p class="hint">"They are silent while you type. The person menu turns single keys off."</p>
        </section>
    }
    .into_any()
}
