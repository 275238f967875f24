//! Checklists as people work them: today's run with what was left over, the lists around phases, what is done once, and
//! what is done when a limit of errors is crossed.

use domain::read::{CheckRow, Checklists, ChecklistsView, left};
use domain::{Role, Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::parts::environment_field;
use crate::address::{Links, Place, query};
use crate::api::checklists::checklists;
use crate::components::{Framed, Lock, Rail, empty, framed, icon, lock};
use crate::flash::Flash;
use crate::model::read_model;
use crate::words;

mod daily;
mod edit;
mod item;
mod lists;

/// What the address chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    /// The day of the lists that are worked by days; empty is today.
    day: String,
    /// The number of a phase; empty is all.
    phase: String,
    /// `daily`, `phases`, `once` or `conditional`; empty is all.
    list: String,
    /// An item's id, or `new`: then the page is its form.
    edit: String,
}

impl Asked {
    /// The part of the address that forms send along, to come back to.
    fn view(&self) -> String {
        let pairs = [
            ("day", &self.day),
            ("phase", &self.phase),
            ("list", &self.list),
        ];
        let said = pairs.iter().filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| format!("{name}={}", crate::address::encoded(value)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The address of this page with that list and day.
    fn address(links: &Links, list: &str, day: &str) -> String {
        let asked = Self {
            day: day.to_owned(),
            phase: String::new(),
            list: list.to_owned(),
            edit: String::new(),
        };
        match asked.view() {
            view if view.is_empty() => links.page("checklists"),
            view => links.page(&format!("checklists?{view}")),
        }
    }

    fn shows(&self, list: &str) -> bool {
        self.list == list || (self.list.is_empty() && self.phase.is_empty())
    }
}

/// The lists, and what of them was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    view: ChecklistsView,
    asked: Asked,
}

/// The checklists of a migration.
#[component]
pub fn Page() -> impl IntoView {
    let place = Place::here();
    let (day, phase, list, edit) = (query("day"), query("phase"), query("list"), query("edit"));
    let asked = move || Asked {
        day: day.get(),
        phase: phase.get(),
        list: list.get(),
        edit: edit.get(),
    };
    let model = read_model(
        move || (place.get(), asked()),
        async |((migration, environment), asked)| {
            let view = checklists(migration, environment, asked.day.clone()).await?;
            Ok(Shown { view, asked })
        },
    );
    framed(model, Rail::Checklists, |shown: Shown, flash| Framed {
        title: "Checklists".to_owned(),
        description: description(&shown.view),
        body: body(&shown, flash),
        frame: shown.view.frame,
    })
}

fn description(view: &ChecklistsView) -> String {
    let daily = &view.lists.daily;
    format!(
        "Checklists of {}: {} of {} left on {}.",
        view.frame.name,
        left(daily),
        daily.len(),
        view.lists.day
    )
}

/// What every part of the page is made from.
struct Parts<'a> {
    lists: &'a Checklists,
    asked: &'a Asked,
    links: Links,
    flash: Option<&'a Flash>,
    /// On ticking, adding, editing, archiving.
    lock: Lock,
    now: Timestamp,
    /// What each form sends along.
    hidden: Vec<(&'static str, String)>,
}

fn body(shown: &Shown, flash: Option<&Flash>) -> AnyView {
    let frame = &shown.view.frame;
    let page = Parts {
        lists: &shown.view.lists,
        asked: &shown.asked,
        links: Links::of(frame),
        flash,
        lock: lock(frame, Role::Operator),
        now: frame.now,
        hidden: vec![
            ("migration", frame.migration.to_string()),
            ("environment", environment_field(frame)),
        ],
    };
    if shown.asked.edit.is_empty() {
        worked(&page)
    } else {
        edit::body(&page)
    }
}

fn worked(page: &Parts<'_>) -> AnyView {
    let lists = page.lists;
    let nothing = lists.rows().next().is_none() && lists.history.is_empty();
    let add = page.links.page("checklists?edit=new");
    let content = if nothing {
        empty(
            "No checklists yet",
            "Import a plan that has some, or add the first item.",
            None,
            Some((add.clone(), "Add an item")),
        )
        .into_any()
    } else {
        let mut parts = Vec::new();
        if page.asked.shows("daily") {
            parts.push(daily::section(page));
        }
        if page.asked.shows("phases") || !page.asked.phase.is_empty() {
            parts.push(lists::phases(page));
        }
        if page.asked.shows("once") {
            parts.push(lists::once(page));
        }
        if page.asked.shows("conditional") {
            parts.push(lists::conditional(page));
        }
        view! { {tabs(page)} {parts} }.into_any()
    };
    let lead = format!(
        "Shared by all environments. Days and times are in {}, where it is {}.",
        lists.zone, lists.today
    );
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Checklists"</h1>
                <p class="lead">{lead}</p>
            </div>
            <div class="buttons">
                {page.lock.why()} <a class="button" href=add>{icon("plus")} "Add an item"</a>
            </div>
        </div>
        {content}
    }
    .into_any()
}

const TABS: [(&str, &str); 5] = [
    ("", "All"),
    ("daily", "Daily"),
    ("phases", "Phases"),
    ("once", "Once"),
    ("conditional", "When errors rise"),
];

fn tabs(page: &Parts<'_>) -> impl IntoView + use<> {
    let links = &page.links;
    let tabs = TABS
        .into_iter()
        .map(|(list, name)| {
            let here = page.asked.list == list && page.asked.phase.is_empty();
            let href = Asked::address(links, list, &page.asked.day);
            view! { <a href=href aria-current=here.then_some("page")>{name}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label="Lists">{tabs}</nav> }
}

/// A list under its heading, with how much of it is left.
fn section(
    page: &Parts<'_>,
    id: &'static str,
    title: String,
    hint: String,
    rows: &[CheckRow],
) -> AnyView {
    view! {
        <section class="section" id=id>
            <div class="section-head">
                <h2>{title} " " <span class="count">{how_many(rows)}</span></h2>
                <span class="quiet">{hint}</span>
            </div>
            {item::list(page, rows)}
        </section>
    }
    .into_any()
}

/// `2 of 6 left`, `all 6 done`, nothing of no items.
fn how_many(rows: &[CheckRow]) -> String {
    match (left(rows), rows.len()) {
        (_, 0) => String::new(),
        (0, 1) => "done".to_owned(),
        (0, all) => format!("all {all} done"),
        (left, all) => format!("{left} of {all} left"),
    }
}

/// `3 days`.
fn days(count: u32) -> String {
    words::count(usize::try_from(count).unwrap_or(usize::MAX), "day", "days")
}
