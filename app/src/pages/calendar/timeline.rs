//! Phases and modules as bars along time. Places are shares of the range, so bars are geometry that fills any width.

use domain::FlagState;
use domain::read::{Bar, ModuleLane, PhaseLane, StepBar, WindowRow};
use domain::schedule::windows::WindowKind;
use leptos::prelude::*;

use super::Parts;
use crate::times;
use crate::words;

/// Height of a lane, pixels.
const LANE: u16 = 28;

/// The timeline.
pub(super) fn timeline(page: &Parts<'_>) -> AnyView {
    let view = page.view;
    let marks = view
        .axis
        .iter()
        .map(|mark| {
            view! {
                <text class="c-text" x=percent(mark.place) y="14">
                    {mark.label.clone()}
                </text>
            }
        })
        .collect_view();
    let windows = view
        .windows
        .iter()
        .map(|window| window_lane(page, window))
        .collect_view();
    let milestones = milestones(page);
    let phases = view
        .phases
        .iter()
        .map(|phase| phase_lane(page, phase))
        .collect_view();
    let modules = view
        .modules
        .iter()
        .map(|module| module_lane(page, module))
        .collect_view();
    let empty = view.phases.is_empty().then(|| {
        view! { <p class="quiet">"No phase yet. Import a plan, or add phases in the settings."</p> }
    });
    view! {
        <div class="timeline" role="table" aria-label=format!("Timeline, {}", view.title)>
            <div class="tl-row tl-axis" role="row">
                <span class="tl-name" role="columnheader">"Phase or module"</span>
                <span class="tl-lane" role="columnheader">
                    <span class="sr">"Along time"</span>
                    <svg
                        width="100%"
                        height="20"
                        aria-hidden="true"
                        data-span=(!page.lock.closed()).then(|| format!("{}#windows", page.with(view.layout, &view.first)))
                        data-first=view.first.clone()
                        data-days=view.days.to_string()
                    >
                        <rect class="tl-span" data-span-body="" x="0" y="0" width="0" height="20" />
                        {marks}
                    </svg>
                </span>
            </div>
            {windows}
            {milestones}
            {phases}
            {modules}
        </div>
        {empty}
        <p class="legend" role="status" data-part="proposed"></p>
        <p class="legend quiet">
            "Outline: as agreed on. Filled: where it is. Dashed: to be expected from the soak still to do. Drag a phase, or focus it and press the arrow keys, to propose other days. Drag over the dates for a new freeze."
        </p>
    }
    .into_any()
}

fn percent(place: u16) -> String {
    format!("{}.{:02}%", place / 100, place % 100)
}

fn width(bar: Bar) -> String {
    percent(bar.to.saturating_sub(bar.from).max(20))
}

fn rect(class: &str, bar: Bar, y: u16, height: u16) -> AnyView {
    view! {
        <rect
            class=class.to_owned()
            x=percent(bar.from)
            y=y.to_string()
            width=width(bar)
            height=height.to_string()
        />
    }
    .into_any()
}

fn now_line(page: &Parts<'_>) -> Option<AnyView> {
    page.view.now_place.map(|place| {
        let at = percent(place);
        view! { <line class="tl-now" x1=at.clone() x2=at y1="0" y2=LANE.to_string() /> }.into_any()
    })
}

fn frozen(page: &Parts<'_>) -> Vec<AnyView> {
    let freezes = page.view.windows.iter().filter(|window| {
        window.kind == WindowKind::Freeze
            && window.scope == domain::schedule::windows::Scope::Migration
    });
    freezes
        .flat_map(|window| &window.bars)
        .map(|bar| rect("tl-freeze", *bar, 0, LANE))
        .collect()
}

fn window_lane(page: &Parts<'_>, window: &WindowRow) -> AnyView {
    if window.bars.is_empty() {
        return ().into_any();
    }
    let word = window.kind.words();
    let class = match window.kind {
        WindowKind::Freeze => "tl-window freeze",
        WindowKind::Change => "tl-window",
    };
    let bars = window
        .bars
        .iter()
        .map(|bar| rect(class, *bar, 8, 12))
        .collect_view();
    let said = format!(
        "{} to {}{}",
        window.starts.replace('T', " "),
        window.ends.replace('T', " "),
        if window.recurrence.is_empty() {
            ""
        } else {
            ", and again"
        }
    );
    view! {
        <div class="tl-row" role="row" id=format!("lane-window-{}", window.id)>
            <span class="tl-name" role="rowheader">
                <a href="#windows" rel="external">{window.name.clone()}</a>
                " "
                <span class="quiet">{word}</span>
            </span>
            <span class="tl-lane" role="cell">
                <span class="sr">{said}</span>
                <svg width="100%" height=LANE.to_string() aria-hidden="true">{bars} {now_line(page)}</svg>
            </span>
        </div>
    }
    .into_any()
}

fn milestones(page: &Parts<'_>) -> Option<AnyView> {
    let shown: Vec<_> = page
        .view
        .milestones
        .iter()
        .filter_map(|milestone| Some((milestone.place?, milestone)))
        .collect();
    let marks = shown
        .iter()
        .map(|(place, milestone)| {
            view! {
                <g>
                    <circle class="tl-milestone" cx=percent(*place) cy="14" r="5" />
                    <title>{format!("{} {}", milestone.day, milestone.name)}</title>
                </g>
            }
        })
        .collect_view();
    let said = shown
        .iter()
        .map(|(_, milestone)| format!("{} {}", milestone.day, milestone.name))
        .collect::<Vec<_>>()
        .join(", ");
    (!shown.is_empty()).then(|| {
        view! {
            <div class="tl-row" role="row">
                <span class="tl-name" role="rowheader">
                    <a href="#milestones" rel="external">"Milestones"</a>
                </span>
                <span class="tl-lane" role="cell">
                    <span class="sr">{said}</span>
                    <svg width="100%" height=LANE.to_string()>{marks} {now_line(page)}</svg>
                </span>
            </div>
        }
        .into_any()
    })
}

fn phase_lane(page: &Parts<'_>, phase: &PhaseLane) -> AnyView {
    let baseline = phase
        .baseline_bar
        .map(|bar| rect("tl-baseline", bar, 4, LANE - 8));
    let late = phase
        .late_bar
        .map(|bar| rect("tl-projected", bar, 8, LANE - 16));
    let form = page
        .links
        .page(&format!("calendar/phases/{}", phase.number));
    let said = format!(
        "{}, {} of {} modules on new{}{}",
        dates(phase),
        phase.done,
        phase.modules,
        behind(phase),
        phase
            .broken
            .first()
            .map(|sentence| format!(". {sentence}"))
            .unwrap_or_default()
    );
    let needs = (!phase.needs.is_empty()).then(|| {
        let numbers: Vec<String> = phase.needs.iter().map(ToString::to_string).collect();
        let class = if phase.broken.is_empty() {
            "quiet"
        } else {
            "hand"
        };
        view! { <span class=class>{format!("needs {}", numbers.join(", "))}</span> }
    });
    let bar = phase.bar.map(|bar| movable(phase, bar, form.clone()));
    view! {
        <div class="tl-row tl-of-phase" role="row" id=format!("lane-phase-{}", phase.number)>
            <span class="tl-name" role="rowheader">
                <a href=form>{format!("{} {}", phase.number, phase.name)}</a> " " {needs}
            </span>
            <span class="tl-lane" role="cell">
                <span class="sr">{said}</span>
                <svg width="100%" height=LANE.to_string() data-days=page.view.days.to_string()>
                    {frozen(page)} {baseline} {late} {bar} {now_line(page)}
                </svg>
            </span>
        </div>
    }
    .into_any()
}

/// A bar that leads to the form for its days. Script lets it be dragged, or moved by the arrow keys, and then leads to the
/// same form with the days proposed.
fn movable(phase: &PhaseLane, bar: Bar, form: String) -> AnyView {
    let label = format!(
        "Move phase {}, {}: {}",
        phase.number,
        phase.name,
        dates(phase)
    );
    let done = phase_done(phase, bar);
    view! {
        <a class="tl-link" href=form data-bar="" data-from=bar.from data-to=bar.to aria-label=label>
            <rect
                class="tl-phase"
                data-bar-body=""
                x=percent(bar.from)
                y="6"
                width=width(bar)
                height=(LANE - 12).to_string()
            />
            {done}
        </a>
    }
    .into_any()
}

/// The share of a phase's modules that are on new, from the left.
fn phase_done(phase: &PhaseLane, bar: Bar) -> Option<AnyView> {
    let length = u32::from(bar.to.saturating_sub(bar.from));
    let done = (length * phase.done).checked_div(phase.modules)?;
    let to = bar.from + u16::try_from(done).ok()?;
    (done > 0).then(|| rect("tl-done", Bar { from: bar.from, to }, LANE - 11, 4))
}

fn dates(phase: &PhaseLane) -> String {
    match (phase.planned.start.as_str(), phase.planned.end.as_str()) {
        ("", "") => "no dates yet".to_owned(),
        (start, "") => format!("from {start}"),
        ("", end) => format!("until {end}"),
        (start, end) => format!("{start} to {end}"),
    }
}

fn behind(phase: &PhaseLane) -> String {
    match phase.days_behind {
        None => String::new(),
        Some(0) => ", as agreed on".to_owned(),
        Some(days) => {
            let count = words::count(days.unsigned_abs() as usize, "day", "days");
            let way = if days > 0 { "late" } else { "early" };
            format!(", expected to end on {}, {count} {way}", phase.expected_end)
        }
    }
}

fn module_lane(page: &Parts<'_>, module: &ModuleLane) -> AnyView {
    let bars = module.steps.iter().map(step).collect_view();
    let next = module.next.map_or_else(
        || "nothing more to come".to_owned(),
        |(state, at)| format!("{} expected {}", words::state(state), times::utc_minute(at)),
    );
    let said = format!("{} now, {next}", words::state(module.state));
    view! {
        <div class="tl-row" role="row" id=format!("lane-module-{}", module.key)>
            <span class="tl-name" role="rowheader">
                <a href=page.links.module(&module.key)>{module.key.to_string()}</a>
            </span>
            <span class="tl-lane" role="cell">
                <span class="sr">{said}</span>
                <svg width="100%" height=LANE.to_string() aria-hidden="true">{frozen(page)} {bars} {now_line(page)}</svg>
            </span>
        </div>
    }
    .into_any()
}

fn step(step: &StepBar) -> AnyView {
    let share =
        |state: FlagState| u16::try_from(u32::from(state.exposure().basis_points()) * 14 / 10_000);
    let height = share(step.state).unwrap_or_default().max(3);
    let class = if step.expected {
        "tl-step expected"
    } else {
        "tl-step"
    };
    let title = format!(
        "{} from {}",
        words::state(step.state),
        times::utc_minute(step.at)
    );
    view! {
        <g>
            {rect(class, step.bar, LANE - 7 - height, height)}
            <title>{title}</title>
        </g>
    }
    .into_any()
}
