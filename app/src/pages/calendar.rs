//! The plan on a calendar: a timeline, a month or a week, with the forms that change it.

use domain::read::{CalendarFilter, CalendarLayout, CalendarView, DayCell, EntryKind};
use domain::{PhaseNumber, Role};
use jiff::civil::Date;
use leptos::prelude::*;

use super::parts::environment_field;
use super::plain_form::{Posted, address};
use crate::address::{Links, Place, encoded, query};
use crate::api::calendar::calendar;
use crate::components::{Framed, Hidden, Lock, Rail, framed, icon, lock};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::words;

mod forms;
mod timeline;

/// The calendar.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let (layout, from, days) = (query("layout"), query("from"), query("days"));
    let (zone, phase) = (query("zone"), query("phase"));
    let (window_from, window_until) = (query("window_from"), query("window_until"));
    let model = read_model(
        move || {
            let filter = CalendarFilter {
                layout: layout.get(),
                from: from.get(),
                days: days.get(),
                zone: zone.get(),
                phase: phase.get(),
            };
            (place.get(), filter, live.changes())
        },
        |((migration, environment), filter, _)| calendar(migration, environment, filter),
    );
    framed(model, Rail::Calendar, move |view: CalendarView, flash| {
        Framed {
            title: format!("Calendar, {}", view.title),
            description: format!("{} on a calendar. {}", view.frame.name, finish(&view)),
            body: body(
                &view,
                flash,
                window_of(&window_from.get(), &window_until.get()),
            ),
            frame: view.frame,
        }
    })
}

/// Whole days that were chosen on the axis, as the form for a window has them: begin, and end of the last one.
fn window_of(from: &str, until: &str) -> Option<(String, String)> {
    let (from, until): (Date, Date) = (from.parse().ok()?, until.parse().ok()?);
    let end = until.tomorrow().ok()?;
    Some((format!("{from}T00:00"), format!("{end}T00:00")))
}

fn body(view: &CalendarView, flash: Option<&Flash>, window: Option<(String, String)>) -> AnyView {
    let page = Parts {
        window,
        links: Links::of(&view.frame),
        lock: lock(&view.frame, Role::Admin),
        view,
        flash,
    };
    let picture = match view.layout {
        CalendarLayout::Timeline => timeline::timeline(&page),
        CalendarLayout::Month | CalendarLayout::Week => days(&page),
    };
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Calendar"</h1>
                <p class="lead">
                    {finish(view)} " Days are the migration’s, in " {view.frame.zone.clone()} "."
                </p>
            </div>
        </div>
        {tools(&page)}
        {picture}
        {forms::sections(&page)}
    }
    .into_any()
}

/// What every part of the page is made from.
struct Parts<'a> {
    view: &'a CalendarView,
    links: Links,
    lock: Lock,
    flash: Option<&'a Flash>,
    /// Begin and end of a window that was chosen on the axis.
    window: Option<(String, String)>,
}

impl Parts<'_> {
    /// How the last post of one of several such forms ended.
    fn posted_one(&self, endpoint: &str, id: &str) -> Posted {
        Posted::of_one(self.flash, endpoint, "id", id)
    }

    /// A form that posts to `endpoint`, with what every form of this page sends along.
    fn form(
        &self,
        endpoint: &str,
        posted: &Posted,
        mut hidden: Vec<(&'static str, String)>,
        fields: impl IntoView + 'static,
    ) -> AnyView {
        hidden.push(("migration", self.view.frame.migration.to_string()));
        hidden.push(("environment", environment_field(&self.view.frame)));
        view! {
            <form class="form" method="post" action=address(endpoint)>
                {posted.problem()} <Hidden fields=hidden /> {fields}
            </form>
        }
        .into_any()
    }

    /// The calendar with another layout or beginning.
    fn with(&self, layout: CalendarLayout, from: &str) -> String {
        self.address(layout, from, self.view.phase)
    }

    fn address(&self, layout: CalendarLayout, from: &str, phase: Option<PhaseNumber>) -> String {
        let mut below = format!("calendar?layout={}", layout.as_str());
        if !from.is_empty() {
            below += "&from=";
            below += from;
        }
        if layout == CalendarLayout::Timeline && self.view.layout == layout {
            below += "&days=";
            below += &self.view.days.to_string();
        }
        if let Some(phase) = phase {
            below += "&phase=";
            below += &phase.to_string();
        }
        if self.view.zone != self.view.frame.zone {
            below += "&zone=";
            below += &encoded(&self.view.zone);
        }
        self.links.page(&below)
    }
}

fn finish(view: &CalendarView) -> String {
    let planned = match view.planned_finish.as_str() {
        "" => "No end is planned yet.".to_owned(),
        day => format!("Planned to finish on {day}"),
    };
    let expected = match (view.expected_finish.as_str(), view.days_behind) {
        ("", _) => ".".to_owned(),
        (day, Some(0)) => format!(", expected on {day}, as planned."),
        (day, Some(days)) if days > 0 => {
            let late = words::count(days.unsigned_abs() as usize, "day", "days");
            format!(", expected on {day}: {late} late.")
        }
        (day, Some(days)) => {
            let early = words::count(days.unsigned_abs() as usize, "day", "days");
            format!(", expected on {day}: {early} early.")
        }
        (day, None) => format!(" Expected to finish on {day}."),
    };
    if view.planned_finish.is_empty() && view.expected_finish.is_empty() {
        return planned;
    }
    format!("{planned}{expected}")
}

/// Layout, range, zone and phase: all of it in the address.
fn tools(page: &Parts<'_>) -> AnyView {
    let view = page.view;
    let layouts = CalendarLayout::ALL
        .into_iter()
        .map(|layout| {
            let words = match layout {
                CalendarLayout::Timeline => "Timeline",
                CalendarLayout::Month => "Month",
                CalendarLayout::Week => "Week",
            };
            let current = (layout == view.layout).then_some("true");
            view! { <a class="chip" href=page.with(layout, "") aria-current=current>{words}</a> }
        })
        .collect_view();
    let zooms = (view.layout == CalendarLayout::Timeline).then(|| {
        let choices = [
            (28_u32, "4 weeks"),
            (91, "3 months"),
            (182, "6 months"),
            (365, "a year"),
        ];
        // What an address says beside these stays.
        let other = (!choices.iter().any(|(days, _)| *days == view.days))
            .then(|| view! { <option value=view.days.to_string() selected=true>{format!("{} days", view.days)}</option> });
        let options = choices
            .into_iter()
            .map(|(days, words)| {
                view! { <option value=days.to_string() selected=days == view.days>{words}</option> }
            })
            .collect_view();
        view! {
            <label>"Zoom " <select class="select" name="days">{other} {options}</select></label>
        }
    });
    let phases = view
        .phases
        .iter()
        .map(|phase| {
            let selected = view.phase == Some(phase.number);
            view! {
                <option value=phase.number.to_string() selected=selected>
                    {format!("{} {}", phase.number, phase.name)}
                </option>
            }
        })
        .collect_view();
    let all = view.phase.is_some().then(|| {
        view! { <a class="chip" href=page.address(view.layout, &view.first, None)>"All phases"</a> }
    });
    let environment = environment_field(&view.frame);
    let environment = (!environment.is_empty())
        .then(|| view! { <input type="hidden" name="env" value=environment /> });
    view! {
        <form class="filters no-print" method="get" action=page.links.page("calendar").split('?').next().unwrap_or_default().to_owned()>
            <div class="chips">{layouts}</div>
            <input type="hidden" name="layout" value=view.layout.as_str() />
            {environment}
            <label>"From " <input class="input" type="date" name="from" value=view.first.clone() /></label>
            {zooms}
            <label>
                "Phase " <select class="select" name="phase"><option value="">"all"</option>{phases}</select>
            </label>
            <label>
                "Zone "
                <input class="input short" name="zone" value=view.zone.clone() placeholder=view.frame.zone.clone() />
            </label>
            <button class="button small" type="submit">"Show"</button>
            {all}
            <span class="buttons">
                <a class="button small" href=page.with(view.layout, &view.previous)>"Earlier"</a>
                <a class="button small" href=page.with(view.layout, &view.now)>"Now"</a>
                <a class="button small" href=page.with(view.layout, &view.next)>"Later"</a>
            </span>
        </form>
        <h2 class="range">{view.title.clone()}</h2>
    }
    .into_any()
}

/// A month or a week as a table.
fn days(page: &Parts<'_>) -> AnyView {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let head = names
        .into_iter()
        .map(|name| view! { <th scope="col">{name}</th> })
        .collect_view();
    let rows = page
        .view
        .weeks
        .iter()
        .map(|week| {
            let cells = week.iter().map(|day| cell(day, page)).collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <table class="calendar">
            <caption class="sr">{page.view.title.clone()}</caption>
            <thead>
                <tr>{head}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// Entries that a day of a month shows before "more".
const MOST_OF_A_DAY: usize = 4;

fn cell(day: &DayCell, page: &Parts<'_>) -> AnyView {
    let mut class = String::new();
    for (name, holds) in [
        ("outside", day.outside),
        ("weekend", day.weekend),
        ("freeze", day.freeze),
    ] {
        if holds {
            class.push_str(name);
            class.push(' ');
        }
    }
    let most = match page.view.layout {
        CalendarLayout::Month => MOST_OF_A_DAY,
        _ => usize::MAX,
    };
    let entries = day
        .entries
        .iter()
        .take(most)
        .map(|entry| {
            let (class, icon_name) = match entry.kind {
                EntryKind::PhaseStart => ("event phase-start", "calendar"),
                EntryKind::PhaseEnd => ("event", "calendar"),
                EntryKind::Step => ("event hand", "advance"),
                EntryKind::Soaked => ("event", "hold"),
                EntryKind::Window => ("event", "freeze"),
                EntryKind::Milestone => ("event phase-start", "verified"),
                EntryKind::Checks => ("event", "todo"),
                EntryKind::Due => ("event hand", "issues"),
            };
            view! {
                <li>
                    <a class=class href=page.links.page(&entry.below) title=entry.text.clone()>
                        {icon(icon_name)} " " {entry.text.clone()}
                    </a>
                </li>
            }
        })
        .collect_view();
    let more = day.entries.len().saturating_sub(most);
    let more = (more > 0).then(|| {
        let href = page.with(CalendarLayout::Week, &day.day);
        view! { <li><a class="event" href=href>{format!("{more} more")}</a></li> }
    });
    let list =
        (!day.entries.is_empty()).then(|| view! { <ul class="events">{entries} {more}</ul> });
    let current = day.today.then_some("date");
    view! {
        <td class=class.trim_end().to_owned() aria-current=current>
            <time class="day" datetime=day.day.clone()>{day.label.clone()}</time>
            {list}
        </td>
    }
    .into_any()
}
