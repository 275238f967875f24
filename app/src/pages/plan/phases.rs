//! Phases of the plan: their windows, and what is done in each on which day.

use domain::plan_items::ChecklistKind;
use leptos::prelude::*;

use super::{check_list, items, section, steps};
use crate::address::Links;
use crate::api::plan::{PhaseText, PlanPage};
use crate::components::badge;
use crate::words;

/// Every phase with its window, and whether the work written in the plan fits it.
pub(super) fn table(phases: &[PhaseText]) -> Option<AnyView> {
    let rows = phases.iter().map(phase_row).collect_view();
    let table = view! {
        <table class="table cards">
            <caption class="sr">"Phases"</caption>
            <thead>
                <tr>
                    <th scope="col">"Phase"</th>
                    <th scope="col">"First day"</th>
                    <th scope="col">"Last day"</th>
                    <th scope="col" class="num">"Modules"</th>
                    <th scope="col" class="num">"Validation"</th>
                    <th scope="col">"Written work"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    };
    section("Phases", "last days are inclusive", phases.len(), table)
}

fn phase_row(phase: &PhaseText) -> impl IntoView + use<> {
    let day = |day: &str| {
        if day.is_empty() {
            "not set".to_owned()
        } else {
            day.to_owned()
        }
    };
    let number =
        |number: Option<u32>| number.map_or_else(|| "—".to_owned(), |number| number.to_string());
    let overrun = if phase.overrun_days > 0 {
        let days = words::count(
            usize::try_from(phase.overrun_days).unwrap_or(usize::MAX),
            "day",
            "days",
        );
        badge("hand", "breach", format!("runs {days} past its end")).into_any()
    } else {
        view! { <span class="quiet">"fits"</span> }.into_any()
    };
    let archived = phase
        .archived_at
        .map(|_| badge("nodata", "none", "archived"));
    view! {
        <tr>
            <th scope="row">
                <a href=format!("#phase-{}", phase.number) rel="external">
                    {format!("{} {}", phase.number, phase.name)}
                </a>
                " "
                {archived}
            </th>
            <td data-label="First day">{day(&phase.start)}</td>
            <td data-label="Last day">{day(&phase.end)}</td>
            <td data-label="Modules" class="num">{number(phase.expected_modules)}</td>
            <td data-label="Validation" class="num">
                {phase.validation_days.map_or_else(|| "—".to_owned(), |days| format!("{days} d"))}
            </td>
            <td data-label="Written work">{overrun}</td>
        </tr>
    }
}

/// What the plan says about one phase: notes, steps of its own, what is done on which day.
pub(super) fn one(view: &PlanPage, phase: &PhaseText, links: &Links) -> impl IntoView + use<> {
    let number = Some(phase.number);
    let own: Vec<_> = view
        .steps
        .iter()
        .filter(|step| step.phase == number)
        .collect();
    let entries: Vec<_> = [ChecklistKind::Phase, ChecklistKind::Day]
        .into_iter()
        .flat_map(|kind| items(&view.checklist, kind, number))
        .collect();
    let notes = (!phase.notes.is_empty()).then(|| {
        phase
            .notes
            .lines()
            .map(|line| view! { <p>{line.to_owned()}</p> })
            .collect_view()
    });
    let modules = links.page(&format!("modules?phase={}", phase.number));
    view! {
        <section class="section" id=format!("phase-{}", phase.number)>
            <div class="section-head">
                <h2>{format!("{} {}", phase.number, phase.name)}</h2>
                <a href=modules>"Its modules"</a>
            </div>
            <div class="stack">
                {notes} {(!own.is_empty()).then(|| steps(&own))}
                {(!entries.is_empty()).then(|| check_list(&entries))}
            </div>
        </section>
    }
}
