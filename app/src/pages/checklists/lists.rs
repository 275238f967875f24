//! The lists that are not worked every day.

use domain::read::{ConditionalList, PhaseLists, left};
use domain::schedule::checklist::Moment;
use leptos::prelude::*;

use super::{Parts, how_many, item, section};
use crate::components::badge;
use crate::words;

/// Once in the migration.
pub(super) fn once(page: &Parts<'_>) -> AnyView {
    if page.lists.once.is_empty() && page.asked.list.is_empty() {
        return ().into_any();
    }
    let hint = "in the whole migration; nothing waits for them".to_owned();
    section(page, "once", "Once".to_owned(), hint, &page.lists.once)
}

/// Around each phase; one of them where the address says which.
pub(super) fn phases(page: &Parts<'_>) -> AnyView {
    let chosen = page.asked.phase.parse::<u32>().ok();
    let shown = |phase: &&PhaseLists| {
        chosen.map_or_else(
            || {
                Moment::ALL
                    .iter()
                    .any(|moment| !phase.of(*moment).is_empty())
            },
            |chosen| chosen == phase.number,
        )
    };
    let parts: Vec<_> = page.lists.phases.iter().filter(shown).collect();
    if parts.is_empty() {
        return view! { <p class="quiet">"No phase has a list."</p> }.into_any();
    }
    // A phase that is over or ahead is folded away, unless it is what was asked for.
    let open = |phase: &PhaseLists| chosen.is_some() || phase.current || parts.len() == 1;
    let parts = parts
        .iter()
        .map(|phase| one(page, phase, open(phase)))
        .collect_view();
    view! {
        <section class="section" id="phases">
            <div class="section-head">
                <h2>"Around phases"</h2>
                <span class="quiet">"what stands before a phase keeps its first promotion"</span>
            </div>
            <div class="stack">{parts}</div>
        </section>
    }
    .into_any()
}

const MOMENTS: [(Moment, &str); 3] = [
    (Moment::Before, "Before its first promotion"),
    (Moment::During, "While its modules move"),
    (Moment::After, "Before it counts as done"),
];

fn one(page: &Parts<'_>, phase: &PhaseLists, open: bool) -> impl IntoView + use<> {
    let gate = match left(&phase.before) {
        0 => None,
        left => Some(badge(
            "hand",
            "lock",
            format!("{left} before the first promotion"),
        )),
    };
    let all: usize = MOMENTS
        .iter()
        .map(|(moment, _)| left(phase.of(*moment)))
        .sum();
    let lists = MOMENTS
        .into_iter()
        .filter(|(moment, _)| !phase.of(*moment).is_empty())
        .map(|(moment, words)| {
            let rows = phase.of(moment);
            view! {
                <h3>{words} " " <span class="count">{how_many(rows)}</span></h3>
                {item::list(page, rows)}
            }
        })
        .collect_view();
    view! {
        <details class="phase-lists" id=format!("phase-{}", phase.number) open=open>
            <summary>
                <b>{format!("Phase {} {}", phase.number, phase.name)}</b> " "
                <span class="count">{format!("{all} left")}</span> " " {gate}
            </summary>
            {lists}
        </details>
    }
}

/// What is done when a limit of errors is crossed.
pub(super) fn conditional(page: &Parts<'_>) -> AnyView {
    let lists: Vec<_> = page
        .lists
        .conditional
        .iter()
        .filter(|list| !list.items.is_empty())
        .collect();
    if lists.is_empty() && page.asked.list.is_empty() {
        return ().into_any();
    }
    let lists = lists.iter().map(|list| above(page, list)).collect_view();
    view! {
        <section class="section" id="conditional">
            <div class="section-head">
                <h2>"When errors rise"</h2>
                <span class="quiet">{format!("each day anew; shown for {}", page.lists.day)}</span>
            </div>
            {lists}
        </section>
    }
    .into_any()
}

fn above(page: &Parts<'_>, list: &ConditionalList) -> impl IntoView + use<> {
    let limit = words::share(list.limit_basis_points);
    let crossed = list.crossed.then(|| badge("danger", "breach", "crossed"));
    view! {
        <h3>{format!("Above {limit} errors")} " " {crossed}</h3>
        {item::list(page, &list.items)}
    }
}
