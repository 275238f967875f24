//! First what needs a hand, then how far, then what happened.

use domain::read::{
    AuditRow, CriterionRow, CriterionVerdict, Frame, ModuleRow, NeedsHand, Overview, PhaseProgress,
    Urgency,
};
use leptos::prelude::*;

use super::parts::module_link;
use crate::address::{Links, Place};
use crate::api::overview::overview;
use crate::components::{Framed, Rail, Size, Time, empty, framed, icon, sum_track, track};
use crate::live::Live;
use crate::model::read_model;
use crate::words;

/// The overview of a migration.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = read_model(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| overview(migration, environment),
    );
    framed(model, Rail::Overview, |overview, _flash| shown(&overview))
}

fn shown(overview: &Overview) -> Framed {
    let frame = overview.frame.clone();
    let links = Links::of(&frame);
    let body = if overview.empty {
        nothing_yet(&frame).into_any()
    } else {
        view! {
            <div class="stack">
                {hands(overview)}
                <div class="tiles">
                    {modules(overview, &links)} {criteria(&overview.criteria, &links)}
                    {recent(&overview.recent, &frame, &links)} {moving(&overview.moving, &frame, &links)}
                </div>
            </div>
        }
        .into_any()
    };
    let head = view! {
        <div class="page-head">
            <div class="title">
                <h1>"Overview"</h1>
            </div>
            {(!frame.description.is_empty())
                .then(|| view! { <p class="lead quiet">{frame.description.clone()}</p> })}
        </div>
    };
    Framed {
        title: "Overview".to_owned(),
        description: format!(
            "{} in {}: {}. {} of traffic on new.",
            frame.name,
            frame.environment.key,
            words::counts(frame.counts),
            words::share(frame.share_on_new)
        ),
        body: view! { {head} {body} }.into_any(),
        frame,
    }
}

fn nothing_yet(frame: &Frame) -> impl IntoView + use<> {
    let command = format!(
        "switchback plan import plan.md --migration {} --start YYYY-MM-DD",
        frame.migration
    );
    empty(
        "No modules yet",
        "Import a plan in Markdown here, or from a shell. Nothing is switched by importing.",
        Some(command),
        Some((
            format!("/import?migration={}", frame.migration),
            "Import a plan",
        )),
    )
}

fn hands(overview: &Overview) -> AnyView {
    if overview.needs_hand.is_empty() {
        let next = overview.next.as_ref().map_or_else(
            || "No step is due.".to_owned(),
            |next| format!("Next: {next}"),
        );
        return view! {
            <section class="empty">
                <h2>"Nothing needs you"</h2>
                <p>{next}</p>
            </section>
        }
        .into_any();
    }
    let count = overview.needs_hand.len().to_string();
    let items = overview.needs_hand.iter().map(hand).collect_view();
    view! {
        <section class="hands" aria-labelledby="hands">
            <header>
                <h2 id="hands">"Needs a hand " <span class="count">{count}</span></h2>
            </header>
            <ul>{items}</ul>
        </section>
    }
    .into_any()
}

fn hand(line: &NeedsHand) -> impl IntoView + use<> {
    let icon_name = match line.urgency {
        Urgency::Danger => "breach",
        Urgency::Attention => "due",
        Urgency::Next => "todo",
    };
    view! {
        <li>
            {icon(icon_name)} <span class="what">{line.what.clone()}</span>
            <span>{line.why.clone()}</span>
            <span class="verbs">
                <a class="button small" href=line.href.clone()>{line.action.clone()}</a>
            </span>
        </li>
    }
}

fn modules(overview: &Overview, links: &Links) -> impl IntoView + use<> {
    let counts = overview.frame.counts;
    let all = counts.expected.unwrap_or(0).max(counts.named());
    let on_new = counts.new_only + counts.retired;
    let phases = overview
        .phases
        .iter()
        .map(|phase| phase_line(phase, links))
        .collect_view();
    view! {
        <section class="tile">
            <header>
                <h2>
                    <a href=links.page("modules")>"Modules"</a>
                    " "
                    <span class="count">{counts.named().to_string()}</span>
                </h2>
                <span class="quiet">{format!("{on_new} of {all} on new")}</span>
            </header>
            <p>{words::counts(counts)}</p>
            <ul>{phases}</ul>
        </section>
    }
}

fn phase_line(phase: &PhaseProgress, links: &Links) -> impl IntoView + use<> {
    let window = match (&phase.start, &phase.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
        (Some(start), None) => format!("from {start}"),
        _ => String::new(),
    };
    let overrun = (phase.overrun_days > 0).then(|| {
        format!(
            ", its work runs {} past it",
            words::count(phase.overrun_days as usize, "day", "days")
        )
    });
    let current = phase.current.then(|| view! { <b>"now · "</b> });
    view! {
        <li class="phase">
            <a href=links.page(&format!("modules?phase={}", phase.number))>
                {format!("{} {}", phase.number, phase.name)}
            </a>
            <span>{words::counts(phase.counts)}</span>
            {sum_track(phase.counts, Size::Plain, false)}
            <span class="quiet">{current} {window} {overrun}</span>
        </li>
    }
}

fn criteria(rows: &[CriterionRow], links: &Links) -> impl IntoView + use<> {
    let pass = rows
        .iter()
        .filter(|row| row.verdict == CriterionVerdict::Pass)
        .count();
    let items = rows
        .iter()
        .map(|row| {
            let (icon_name, word) = match row.verdict {
                CriterionVerdict::Pass => ("pass", "pass"),
                CriterionVerdict::Fail => ("fail", "fail"),
                CriterionVerdict::NoData => ("unknown", "no data"),
                CriterionVerdict::NotApplicable => ("unknown", "not applicable"),
            };
            view! {
                <li>
                    {icon(icon_name)} <span class="grow">{row.text.clone()}</span>
                    <span class="end">{format!("{word}, {}", row.detail)}</span>
                </li>
            }
        })
        .collect_view();
    let none = rows
        .is_empty()
        .then(|| view! { <p class="quiet">"The plan names none."</p> });
    view! {
        <section class="tile">
            <header>
                <h2>
                    <a href=links.page("plan")>"Criteria"</a>
                    " "
                    <span class="count">{format!("{pass} of {} pass", rows.len())}</span>
                </h2>
            </header>
            <ul class="lines">{items}</ul>
            {none}
        </section>
    }
}

fn recent(rows: &[AuditRow], frame: &Frame, links: &Links) -> impl IntoView + use<> {
    let now = frame.now;
    let items = rows
        .iter()
        .map(|row| {
            let href = row.revision.map_or_else(
                || links.audit_entry(row.sequence),
                |revision| links.change(revision),
            );
            view! {
                <li>
                    <span class="quiet">
                        <Time at=row.at now=now />
                    </span>
                    <span class="grow">
                        <a href=href>{row.summary.clone()}</a>
                    </span>
                    <span class="end">{row.actor.clone()}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="tile">
            <header>
                <h2>
                    <a href=links.page("audit")>"Last changes"</a>
                </h2>
            </header>
            <ul class="lines">{items}</ul>
        </section>
    }
}

fn moving(rows: &[ModuleRow], frame: &Frame, links: &Links) -> Option<impl IntoView + use<>> {
    let now = frame.now;
    let items = rows
        .iter()
        .map(|row| {
            let changed = row.changed.as_ref().map(|(at, by)| {
                view! { <Time at=*at now=now /> <span>{format!(", {by}")}</span> }
            });
            view! {
                <tr>
                    <th scope="row">{module_link(&row.key, links)}</th>
                    <td>
                        <span class="track-cell">
                            {track(row.track, Size::Row, &[])} <span>{words::track(row.track)}</span>
                        </span>
                    </td>
                    <td class="wide">{row.phase_name.clone()}</td>
                    <td class="wide">{changed}</td>
                </tr>
            }
        })
        .collect_view();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="tile span">
                <header>
                    <h2>"Moving now"</h2>
                </header>
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Module"</th>
                            <th scope="col">"Track"</th>
                            <th scope="col" class="wide">"Phase"</th>
                            <th scope="col" class="wide">"Changed"</th>
                        </tr>
                    </thead>
                    <tbody>{items}</tbody>
                </table>
            </section>
        }
    })
}
