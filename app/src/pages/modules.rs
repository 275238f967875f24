//! The table of modules. What is shown is in the address; a selection leads to forms, never straight to a change.

use std::collections::BTreeSet;

use domain::read::{GroupBy, ModuleFilter, ModuleGroup, ModuleRow, ModulesView, SortBy};
use domain::{Key, Mode, ModuleStatus, Role};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::parts::module_link;
use crate::address::{Links, Place, encoded};
use crate::api::modules::modules;
use crate::components::{
    Framed, Rail, Size, Time, badge, chips, empty, framed, icon, lock, pager, track,
};
use crate::live::Live;
use crate::model::read_model;
use crate::words;

/// The modules of a migration.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let map = use_query_map();
    let filter = Memo::new(move |_| map.with(filter_of));
    let model = read_model(
        move || (place.get(), filter.get(), live.changes()),
        |((migration, environment), filter, _)| modules(migration, environment, filter),
    );
    let selected = RwSignal::new(BTreeSet::new());
    framed(model, Rail::Modules, move |view, _flash| {
        shown(&view, selected)
    })
}

fn filter_of(query: &ParamsMap) -> ModuleFilter {
    let text = |name: &str| query.get(name).unwrap_or_default();
    ModuleFilter {
        q: text("q"),
        phase: text("phase").parse().ok(),
        mode: text("mode").parse().ok(),
        owner: query.get("owner").filter(|owner| !owner.is_empty()),
        status: ModuleStatus::parse(&text("status")),
        sort: SORTS
            .iter()
            .find(|(_, word, _)| *word == text("sort"))
            .map_or(SortBy::Phase, |sort| sort.0),
        group: GROUPS
            .iter()
            .find(|(_, word)| *word == text("group"))
            .map_or(GroupBy::Phase, |group| group.0),
        page: text("page").parse().unwrap_or(1),
    }
}

const SORTS: [(SortBy, &str, &str); 5] = [
    (SortBy::Phase, "phase", "plan order"),
    (SortBy::Key, "key", "key"),
    (SortBy::Mode, "mode", "mode"),
    (SortBy::Owner, "owner", "owner"),
    (SortBy::Changed, "changed", "last changed"),
];

const GROUPS: [(GroupBy, &str); 4] = [
    (GroupBy::Phase, "phase"),
    (GroupBy::Mode, "mode"),
    (GroupBy::Owner, "owner"),
    (GroupBy::None, "none"),
];

fn sort_word(sort: SortBy) -> &'static str {
    SORTS
        .iter()
        .find(|known| known.0 == sort)
        .map_or("phase", |known| known.1)
}

fn group_word(group: GroupBy) -> &'static str {
    GROUPS
        .iter()
        .find(|known| known.0 == group)
        .map_or("phase", |known| known.1)
}

/// The address of this table with another filter; defaults are left out.
fn address(links: &Links, filter: &ModuleFilter) -> String {
    let mut pairs = Vec::new();
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            pairs.push(format!("{name}={}", encoded(&value)));
        }
    };
    say("q", filter.q.clone());
    say(
        "phase",
        filter
            .phase
            .map(|phase| phase.to_string())
            .unwrap_or_default(),
    );
    say(
        "mode",
        filter.mode.map(|mode| mode.to_string()).unwrap_or_default(),
    );
    say("owner", filter.owner.clone().unwrap_or_default());
    say(
        "status",
        filter
            .status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
    );
    if filter.sort != SortBy::default() {
        say("sort", sort_word(filter.sort).to_owned());
    }
    if filter.group != GroupBy::default() {
        say("group", group_word(filter.group).to_owned());
    }
    if filter.page > 1 {
        say("page", filter.page.to_string());
    }
    if pairs.is_empty() {
        links.page("modules")
    } else {
        links.page(&format!("modules?{}", pairs.join("&")))
    }
}

/// What is ticked, by key: rows move when a change is made elsewhere, a tick must not.
type Selected = RwSignal<BTreeSet<Key>>;

fn shown(view: &ModulesView, selected: Selected) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let table = if view.groups.iter().all(|group| group.rows.is_empty()) {
        nothing(view, &links).into_any()
    } else {
        selectable(view, &links, selected).into_any()
    };
    let title = "Modules".to_owned();
    let body = view! {
        <div class="page-head">
            <h1>"Modules " <span class="count">{view.matching.to_string()}</span></h1>
            <div class="buttons">
                <a class="button" href=format!("/import?migration={}", frame.migration)>"Import a plan"</a>
            </div>
        </div>
        {filters(view, &links)}
        {filter_chips(view, &links)}
        {table}
    }
    .into_any();
    let description = format!(
        "{} modules of {}: {}.",
        frame.counts.named(),
        frame.name,
        words::counts(frame.counts)
    );
    Framed {
        frame,
        title,
        description,
        body,
    }
}

fn nothing(view: &ModulesView, links: &Links) -> impl IntoView + use<> {
    if view.frame.counts.named() > 0 {
        return empty(
            "No module matches",
            "Take a filter away.",
            None,
            Some((links.page("modules"), "All modules")),
        )
        .into_any();
    }
    let key = &view.frame.migration;
    empty(
        "No modules yet",
        "Import a plan in Markdown here, or from a shell.",
        Some(format!(
            "switchback plan import plan.md --migration {key} --start YYYY-MM-DD"
        )),
        Some((format!("/import?migration={key}"), "Import a plan")),
    )
    .into_any()
}

fn filters(view: &ModulesView, links: &Links) -> impl IntoView + use<> {
    let filter = &view.filter;
    let select = |label: &'static str,
                  name: &'static str,
                  chosen: String,
                  options: Vec<(String, String)>| {
        let options = options
            .into_iter()
            .map(|(value, words)| {
                let selected = value == chosen;
                view! { <option value=value selected=selected>{words}</option> }
            })
            .collect_view();
        view! { <label>{label} " " <select class="select" name=name>{options}</select></label> }
    };
    let any = || (String::new(), "any".to_owned());
    let phases = std::iter::once(any()).chain(
        view.phases
            .iter()
            .map(|(number, name)| (number.to_string(), format!("{number} {name}"))),
    );
    let modes = std::iter::once(any()).chain(
        Mode::ALL
            .into_iter()
            .map(|mode| (mode.to_string(), words::short(mode).to_owned())),
    );
    let owners = std::iter::once(any()).chain(
        view.owners
            .iter()
            .filter(|owner| !owner.is_empty())
            .map(|owner| (owner.clone(), owner.clone())),
    );
    let groups = GROUPS
        .iter()
        .map(|(_, word)| ((*word).to_owned(), (*word).to_owned()));
    let sorts = SORTS
        .iter()
        .map(|(_, word, words)| ((*word).to_owned(), (*words).to_owned()));
    let environment = (!view.frame.environment.deciding)
        .then(|| view! { <input type="hidden" name="env" value=view.frame.environment.key.to_string() /> });
    view! {
        <form class="filters" method="get" action=links.page("modules") role="search">
            {environment}
            <div class="search">
                {icon("search")}
                <input
                    class="input"
                    type="search"
                    name="q"
                    value=filter.q.clone()
                    placeholder="Search modules"
                    aria-label="Search modules"
                />
            </div>
            {select("Phase", "phase", filter.phase.map(|phase| phase.to_string()).unwrap_or_default(), phases.collect())}
            {select("Mode", "mode", filter.mode.map(|mode| mode.to_string()).unwrap_or_default(), modes.collect())}
            {select("Owner", "owner", filter.owner.clone().unwrap_or_default(), owners.collect())}
            {select("Group", "group", group_word(filter.group).to_owned(), groups.collect())}
            {select("Sort", "sort", sort_word(filter.sort).to_owned(), sorts.collect())}
            <button class="button" type="submit">"Apply"</button>
            <span class="result" role="status">
                {words::count(view.matching as usize, "module", "modules")}
            </span>
        </form>
    }
}

/// What filters, each to be taken away with one press.
fn filter_chips(view: &ModulesView, links: &Links) -> Option<impl IntoView + use<>> {
    let filter = &view.filter;
    let without = |change: fn(&mut ModuleFilter)| {
        let mut filter = ModuleFilter {
            page: 1,
            ..filter.clone()
        };
        change(&mut filter);
        address(links, &filter)
    };
    let mut filters = Vec::new();
    if !filter.q.is_empty() {
        filters.push((
            format!("“{}”", filter.q),
            without(|filter| filter.q.clear()),
        ));
    }
    if let Some(phase) = filter.phase {
        filters.push((
            format!("phase: {phase}"),
            without(|filter| filter.phase = None),
        ));
    }
    if let Some(mode) = filter.mode {
        filters.push((
            format!("mode: {}", words::short(mode)),
            without(|filter| filter.mode = None),
        ));
    }
    if let Some(owner) = &filter.owner {
        filters.push((
            format!("owner: {owner}"),
            without(|filter| filter.owner = None),
        ));
    }
    if let Some(status) = filter.status {
        filters.push((
            format!("status: {}", status.as_str()),
            without(|filter| filter.status = None),
        ));
    }
    chips(filters)
}

/// The table within a form: what is chosen leads to the rollback or the set form, by address.
fn selectable(view: &ModulesView, links: &Links, selected: Selected) -> impl IntoView + use<> {
    let lock = lock(&view.frame, Role::Operator);
    let closed = lock.closed();
    let base = format!("/m/{}", view.frame.migration);
    let environment = (!view.frame.environment.deciding)
        .then(|| view! { <input type="hidden" name="env" value=view.frame.environment.key.to_string() /> });
    let (page, pages) = (view.filter.page.max(1), view.pages);
    let turn = |page| {
        address(
            links,
            &ModuleFilter {
                page,
                ..view.filter.clone()
            },
        )
    };
    let turning = pager(
        "Pages of modules",
        format!("Page {page} of {}, {} modules", pages.max(1), view.matching),
        ("Back", (page > 1).then(|| turn(page - 1))),
        ("On", (page < pages).then(|| turn(page + 1))),
    );
    let chosen = move || {
        let count = selected.with(BTreeSet::len);
        (count > 0).then(|| format!("{} selected", words::count(count, "module", "modules")))
    };
    view! {
        <form method="get" action=format!("{base}/rollback")>
            {environment}
            <div class="buttons">
                <button class="button" type="submit" formaction=format!("{base}/set") disabled=closed>
                    "Set selected…"
                </button>
                <button class="button danger apart" type="submit" disabled=closed>
                    {icon("back")}
                    "Roll back selected…"
                </button>
                <span class="quiet" role="status">{chosen}</span>
                {lock.why()}
            </div>
            {table(view, links, closed, selected)}
        </form>
        {turning}
    }
}

fn table(
    view: &ModulesView,
    links: &Links,
    closed: bool,
    selected: Selected,
) -> impl IntoView + use<> {
    let heading = |sort: SortBy, words: &'static str, class: &'static str| {
        let chosen = view.filter.sort == sort;
        let href = address(
            links,
            &ModuleFilter {
                sort,
                page: 1,
                ..view.filter.clone()
            },
        );
        view! {
            <th scope="col" class=class aria-sort=chosen.then_some("ascending")>
                <a href=href>{words} {chosen.then(|| icon("down"))}</a>
            </th>
        }
    };
    let now = view.frame.now;
    let grouped = view.filter.group != GroupBy::None;
    let bodies = view
        .groups
        .iter()
        .map(|group| {
            let rows = group
                .rows
                .iter()
                .map(|row| module_row(row, links, now, closed, selected))
                .collect_view();
            view! { <tbody>{grouped.then(|| group_line(group, view, links))} {rows}</tbody> }
        })
        .collect_view();
    view! {
        <table class="table sticky modules">
            <caption class="sr">"Modules; j and k walk the rows, / goes to the search"</caption>
            <thead>
                <tr>
                    <td class="tight"></td>
                    {heading(SortBy::Key, "Module", "")}
                    {heading(SortBy::Mode, "Track", "")}
                    {heading(SortBy::Phase, "Phase", "wide")}
                    {heading(SortBy::Owner, "Owner", "wide")}
                    {heading(SortBy::Changed, "Changed", "wide")}
                </tr>
            </thead>
            {bodies}
        </table>
    }
}

fn group_line(group: &ModuleGroup, view: &ModulesView, links: &Links) -> impl IntoView + use<> {
    // A whole phase has a form of its own, so that nobody ticks 56 boxes in a bad minute.
    let phase = (view.filter.group == GroupBy::Phase)
        .then(|| group.rows.first().and_then(|row| row.phase))
        .flatten()
        .map(|phase| {
            view! { <a class="wide" href=links.page(&format!("rollback?phase={phase}"))>"Roll back this phase…"</a> }
        });
    view! {
        <tr class="group">
            <th colspan="6" scope="rowgroup">
                <span class="group-line">
                    <b>{group.heading.clone()}</b>
                    <span class="count">{group.rows.len().to_string()}</span>
                    {phase}
                </span>
            </th>
        </tr>
    }
}

fn module_row(
    row: &ModuleRow,
    links: &Links,
    now: domain::Timestamp,
    closed: bool,
    selected: Selected,
) -> impl IntoView + use<> {
    let (ticked, key) = (row.key.clone(), row.key.clone());
    let retired = row.status != ModuleStatus::Active;
    let status = retired.then(|| badge("", "lock", row.status.as_str()));
    let changed = row
        .changed
        .as_ref()
        .map(|(at, by)| view! { <Time at=*at now=now /> <span>{format!(", {by}")}</span> });
    view! {
        <tr id=row.key.to_string()>
            <td class="tight">
                <input
                    type="checkbox"
                    name="module"
                    value=row.key.to_string()
                    aria-label=format!("Select {}", row.key)
                    disabled=closed || retired
                    prop:checked=move || selected.with(|selected| selected.contains(&ticked))
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        selected
                            .update(|selected| {
                                if on { selected.insert(key.clone()) } else { selected.remove(&key) };
                            });
                    }
                />
            </td>
            <th scope="row">{module_link(&row.key, links)}</th>
            <td>
                <span class="track-cell">
                    {track(row.track, Size::Row, &[])} <span>{words::track(row.track)}</span>
                    {status}
                </span>
            </td>
            <td class="wide">{row.phase_name.clone()}</td>
            <td class="wide">{row.owner.clone()}</td>
            <td class="wide">{changed}</td>
        </tr>
    }
}
