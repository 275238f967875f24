//! The plan of a migration: phases, steps, checks, criteria and the runbook, as imported or written.

use domain::plan_items::{ChecklistItem, ChecklistKind, Criterion, RunbookEntry, Step};
use leptos::prelude::*;

use crate::address::{Links, Place, encoded};
use crate::api::plan::{PlanPage, plan};
use crate::components::{CodeBlock, Framed, Rail, empty, framed, icon, key_values};
use crate::live::Live;
use crate::model::read_model;
use crate::words;

mod phases;

/// The plan.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = read_model(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| plan(migration, environment),
    );
    framed(model, Rail::Plan, |view: PlanPage, _| Framed {
        title: "Plan".to_owned(),
        description: format!("Phases, steps, checks and criteria of {}", view.frame.name),
        body: body(&view),
        frame: view.frame,
    })
}

fn body(view: &PlanPage) -> AnyView {
    let (frame, links) = (&view.frame, Links::of(&view.frame));
    let import = format!("/import?migration={}", encoded(frame.migration.as_str()));
    let nothing = view.phases.is_empty() && view.checklist.is_empty() && view.steps.is_empty();
    let content = if nothing {
        let command = format!(
            "switchback plan import plan.md --migration {} --start DATE",
            frame.migration
        );
        let next = "Import a plan in Markdown, or add phases in the settings.";
        empty(
            "No plan yet",
            next,
            Some(command),
            Some((import.clone(), "Import a plan")),
        )
        .into_any()
    } else {
        sections(view, &links).into_any()
    };
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Plan"</h1>
                <p class="lead">{format!("Days and times are in {}.", frame.zone)}</p>
            </div>
            <div class="buttons">
                <a class="button" href=format!("/m/{}/plan.md", frame.migration) rel="external" download>
                    {icon("export")} "Markdown"
                </a>
                <a class="button" href=import>"Import again"</a>
                <a class="button" href=links.page("settings")>"Edit phases"</a>
            </div>
        </div>
        {content}
    }
    .into_any()
}

fn sections(view: &PlanPage, links: &Links) -> impl IntoView + use<> {
    let of = |kind: ChecklistKind| items(&view.checklist, kind, None);
    let own: Vec<_> = view
        .steps
        .iter()
        .filter(|step| step.phase.is_none())
        .collect();
    view! {
        {limits(view)}
        {phases::table(&view.phases)}
        {section("Rollout steps", "every module walks through them, unless its phase has its own", own.len(), steps(&own))}
        {checks("Preparation", "once, before anything moves", &of(ChecklistKind::Preparation))}
        {checks("Daily", "every day of the migration", &of(ChecklistKind::Daily))}
        {view.phases.iter().map(|phase| phases::one(view, phase, links)).collect_view()}
        {checks("In no phase", "entries that name no phase", &without_phase(&view.checklist))}
        {checks("When something happens", "by condition", &of(ChecklistKind::Conditional))}
        {criteria(&view.criteria)}
        {runbook(&view.runbook)}
    }
}

fn limits(view: &PlanPage) -> impl IntoView + use<> {
    let expected = view
        .expected_modules
        .map_or_else(|| "not said".to_owned(), |number| number.to_string());
    key_values(
        vec![
            ("Modules in all", expected.into_any()),
            (
                "Hold above",
                format!("{} errors", words::share(view.thresholds.hold_basis_points)).into_any(),
            ),
            (
                "Roll back above",
                format!(
                    "{} errors",
                    words::share(view.thresholds.rollback_basis_points)
                )
                .into_any(),
            ),
        ],
        true,
    )
}

/// A section with its heading; nothing when it would be empty.
fn section(
    title: &str,
    hint: &str,
    count: usize,
    content: impl IntoView + 'static,
) -> Option<AnyView> {
    let (title, hint) = (title.to_owned(), hint.to_owned());
    (count > 0).then(|| {
        view! {
            <section class="section">
                <div class="section-head">
                    <h2>{title} " " <span class="count">{count.to_string()}</span></h2>
                    <span class="quiet">{hint}</span>
                </div>
                {content}
            </section>
        }
        .into_any()
    })
}

fn steps(steps: &[&Step]) -> impl IntoView + use<> {
    let rows = steps
        .iter()
        .map(|step| {
            let soak = match step.soak_hours {
                0 => "no least time".to_owned(),
                hours if hours.is_multiple_of(24) => format!("at least {} d", hours / 24),
                hours => format!("at least {hours} h"),
            };
            view! {
                <li>
                    <span class="quiet">{step.position.to_string()}</span>
                    <span class="grow"><b>{words::state(step.state)}</b> " " {step.label.clone()}</span>
                    <span class="end">{soak}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="lines">{rows}</ol> }
}

/// The items of one kind; of one phase where it is given.
fn items(all: &[ChecklistItem], kind: ChecklistKind, phase: Option<u32>) -> Vec<&ChecklistItem> {
    all.iter()
        .filter(|item| item.kind == kind && (phase.is_none() || item.phase == phase))
        .collect()
}

/// Entries of days and phases that belong to no phase.
fn without_phase(all: &[ChecklistItem]) -> Vec<&ChecklistItem> {
    all.iter()
        .filter(|item| {
            matches!(item.kind, ChecklistKind::Day | ChecklistKind::Phase) && item.phase.is_none()
        })
        .collect()
}

fn checks(title: &str, hint: &str, items: &[&ChecklistItem]) -> Option<AnyView> {
    section(title, hint, items.len(), check_list(items))
}

fn check_list(items: &[&ChecklistItem]) -> impl IntoView + use<> {
    let rows = items
        .iter()
        .map(|item| {
            let when =
                (!item.when.is_empty()).then(|| view! { <p class="quiet">{item.when.clone()}</p> });
            view! {
                <li class="check">
                    {icon("todo")}
                    <div class="grow">
                        <p class="what">{item.title.clone()}</p>
                        {when}
                        {commands(&item.commands)}
                    </div>
                    <span class="by">{item.owner.clone()}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="checks">{rows}</ul> }
}

fn commands(commands: &str) -> Option<impl IntoView + use<>> {
    let code = commands.to_owned();
    (!code.trim().is_empty()).then(|| view! { <CodeBlock code=code /> })
}

fn criteria(criteria: &[Criterion]) -> Option<AnyView> {
    let rows = criteria
        .iter()
        .map(|criterion| {
            let days = criterion.days.map(|days| format!("for {days} days"));
            view! {
                <li>
                    <span class="quiet">{criterion.position.to_string()}</span>
                    <span class="grow">{criterion.text.clone()}</span>
                    <span class="end">{days}</span>
                </li>
            }
        })
        .collect_view();
    let list = view! { <ol class="lines">{rows}</ol> };
    section(
        "Completion criteria",
        "how they stand is on the overview",
        criteria.len(),
        list,
    )
}

fn runbook(entries: &[RunbookEntry]) -> Option<AnyView> {
    let rows = entries
        .iter()
        .map(|entry| {
            let text = entry
                .text
                .lines()
                .map(|line| view! { <p>{line.to_owned()}</p> })
                .collect_view();
            view! {
                <article class="tile">
                    <header>
                        <h3>{entry.title.clone()}</h3>
                    </header>
                    {text}
                    {commands(&entry.commands)}
                </article>
            }
        })
        .collect_view();
    section(
        "Runbook",
        "for a bad minute",
        entries.len(),
        view! { <div class="stack">{rows}</div> },
    )
}
