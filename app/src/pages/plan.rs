//! The plan of a migration: phases, steps, checks, criteria and the runbook, as imported or written.

use domain::Phase;
use domain::plan_items::{ChecklistItem, ChecklistKind, Criterion, RunbookEntry, Step};
use domain::read::PlanView;
use leptos::prelude::*;

use crate::address::{Links, Place, encoded};
use crate::api::plan::plan;
use crate::components::{CodeBlock, Framed, Rail, badge, empty, framed, icon, key_values};
use crate::live::Live;
use crate::words;

/// The plan.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = Resource::new(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| plan(migration, environment),
    );
    framed(model, Rail::Plan, |view: PlanView, _| Framed {
        title: "Plan".to_owned(),
        description: format!("Phases, steps, checks and criteria of {}", view.frame.name),
        body: body(&view),
        frame: view.frame,
    })
}

fn body(view: &PlanView) -> AnyView {
    let (frame, links) = (&view.frame, Links::of(&view.frame));
    let import = format!("/import?migration={}", encoded(frame.migration.as_str()));
    let nothing = view.phases.is_empty() && view.checklist.is_empty() && view.steps.is_empty();
    let content = if nothing {
        let command = format!("switchback plan import plan.md --migration {} --start DATE", frame.migration);
        let next = "Import a plan in Markdown, or add phases in the settings.";
        empty("No plan yet", next, Some(command), Some((import.clone(), "Import a plan"))).into_any()
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

fn sections(view: &PlanView, links: &Links) -> impl IntoView + use<> {
    let of = |kind: ChecklistKind| items(&view.checklist, kind, None);
    let own: Vec<_> = view.steps.iter().filter(|step| step.phase.is_none()).collect();
    view! {
        {limits(view)}
        {phases(&view.phases)}
        {section("Rollout steps", "every module walks through them, unless its phase has its own", own.len(), steps(&own))}
        {checks("Preparation", "once, before anything moves", &of(ChecklistKind::Preparation))}
        {checks("Daily", "every day of the migration", &of(ChecklistKind::Daily))}
        {view.phases.iter().map(|phase| of_phase(view, phase, links)).collect_view()}
        {checks("In no phase", "entries that name no phase", &without_phase(&view.checklist))}
        {checks("When something happens", "by condition", &of(ChecklistKind::Conditional))}
        {criteria(&view.criteria)}
        {runbook(&view.runbook)}
    }
}

fn limits(view: &PlanView) -> impl IntoView + use<> {
    let expected = view.expected_modules.map_or_else(|| "not said".to_owned(), |number| number.to_string());
    key_values(
        vec![
            ("Modules in all", expected.into_any()),
            ("Hold above", format!("{} errors", words::share(view.thresholds.hold_basis_points)).into_any()),
            (
                "Roll back above",
                format!("{} errors", words::share(view.thresholds.rollback_basis_points)).into_any(),
            ),
        ],
        true,
    )
}

/// A section with its heading; nothing when it would be empty.
fn section(title: &str, hint: &str, count: usize, content: impl IntoView + 'static) -> Option<AnyView> {
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

fn phases(phases: &[Phase]) -> Option<AnyView> {
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

fn phase_row(phase: &Phase) -> impl IntoView + use<> {
    let day = |day: Option<String>| day.unwrap_or_else(|| "not set".to_owned());
    let number = |number: Option<u32>| number.map_or_else(|| "—".to_owned(), |number| number.to_string());
    let overrun = if phase.overrun_days > 0 {
        let days = words::count(usize::try_from(phase.overrun_days).unwrap_or(usize::MAX), "day", "days");
        badge("hand", "breach", format!("runs {days} past its end")).into_any()
    } else {
        view! { <span class="quiet">"fits"</span> }.into_any()
    };
    let archived = phase.archived_at.map(|_| badge("nodata", "none", "archived"));
    view! {
        <tr>
            <th scope="row">
                <a href=format!("#phase-{}", phase.number) rel="external">
                    {format!("{} {}", phase.number, phase.name)}
                </a>
                " "
                {archived}
            </th>
            <td data-label="First day">{day(phase.start.map(|day| day.to_string()))}</td>
            <td data-label="Last day">{day(phase.end.map(|day| day.to_string()))}</td>
            <td data-label="Modules" class="num">{number(phase.expected_modules)}</td>
            <td data-label="Validation" class="num">
                {phase.validation_days.map_or_else(|| "—".to_owned(), |days| format!("{days} d"))}
            </td>
            <td data-label="Written work">{overrun}</td>
        </tr>
    }
}

/// What the plan says about one phase: notes, steps of its own, what is done on which day.
fn of_phase(view: &PlanView, phase: &Phase, links: &Links) -> impl IntoView + use<> {
    let number = Some(phase.number);
    let own: Vec<_> = view.steps.iter().filter(|step| step.phase == number).collect();
    let entries: Vec<_> = [ChecklistKind::Phase, ChecklistKind::Day]
        .into_iter()
        .flat_map(|kind| items(&view.checklist, kind, number))
        .collect();
    let notes = (!phase.notes.is_empty()).then(|| {
        phase.notes.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view()
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
            let when = (!item.when.is_empty()).then(|| view! { <p class="quiet">{item.when.clone()}</p> });
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
    section("Completion criteria", "how they stand is on the overview", criteria.len(), list)
}

fn runbook(entries: &[RunbookEntry]) -> Option<AnyView> {
    let rows = entries
        .iter()
        .map(|entry| {
            let text = entry.text.lines().map(|line| view! { <p>{line.to_owned()}</p> }).collect_view();
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
    section("Runbook", "for a bad minute", entries.len(), view! { <div class="stack">{rows}</div> })
}
