//! The issue log: a list that is narrowed and searched by its address.

use domain::issues::Severity;
use domain::read::{IssueFilter, IssueOrder, IssueRow, IssuesView, StatusFilter};
use domain::{Key, Role, Timestamp};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::issue_fields::labels;
use super::issue_line::{severity, status};
use super::parts::module_link;
use crate::address::{Links, Place, encoded};
use crate::api::issues::issues;
use crate::components::{Framed, Rail, Time, chips, empty, framed, icon, lock, pager};
use crate::live::Live;
use crate::model::read_model;
use crate::words;

/// The issues of a migration.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let map = use_query_map();
    let filter = Memo::new(move |_| map.with(filter_of));
    let model = read_model(
        move || (place.get(), filter.get(), live.changes()),
        |((migration, environment), filter, _)| issues(migration, environment, filter),
    );
    framed(model, Rail::Issues, move |view, _flash| shown(&view))
}

fn filter_of(query: &ParamsMap) -> IssueFilter {
    let text = |name: &str| query.get(name).unwrap_or_default();
    let said = |name: &str| query.get(name).filter(|value| !value.is_empty());
    IssueFilter {
        q: text("q"),
        status: StatusFilter::parse(&text("status")),
        severity: Severity::parse(&text("severity")),
        module: Key::parse(&text("module")).ok(),
        owner: said("owner"),
        label: said("label"),
        sort: IssueOrder::parse(&text("sort")).unwrap_or_default(),
        page: text("page").parse().unwrap_or(1),
    }
}

/// The filter as a query string, defaults left out.
fn query_of(filter: &IssueFilter) -> String {
    let mut pairs = Vec::new();
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() {
            pairs.push(format!("{name}={}", encoded(value)));
        }
    };
    say("q", &filter.q);
    say("status", filter.status.map_or("", StatusFilter::as_str));
    say("severity", filter.severity.map_or("", Severity::as_str));
    say("module", filter.module.as_ref().map_or("", Key::as_str));
    say("owner", filter.owner.as_deref().unwrap_or_default());
    say("label", filter.label.as_deref().unwrap_or_default());
    if filter.sort != IssueOrder::default() {
        say("sort", filter.sort.as_str());
    }
    if filter.page > 1 {
        say("page", &filter.page.to_string());
    }
    pairs.join("&")
}

/// The address of this list with another filter.
fn address(links: &Links, filter: &IssueFilter) -> String {
    match query_of(filter).as_str() {
        "" => links.page("issues"),
        query => links.page(&format!("issues?{query}")),
    }
}

fn shown(view: &IssuesView) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let list = if view.rows.is_empty() {
        nothing(view, &links).into_any()
    } else {
        view! { {table(view, &links)} {pages(view, &links)} }.into_any()
    };
    let whole = IssueFilter {
        page: 1,
        ..view.filter.clone()
    };
    let export = |ending: &str| {
        let query = match query_of(&whole) {
            query if query.is_empty() => query,
            query => format!("?{query}"),
        };
        format!("/m/{}/issues.{ending}{query}", frame.migration)
    };
    let body = view! {
        <div class="page-head">
            <h1>
                "Issues " <span class="count">{view.unresolved.to_string()}<span class="sr">" not resolved"</span></span>
            </h1>
            <div class="buttons">
                <a class="button" href=export("csv") rel="external" download>{icon("export")} "CSV"</a>
                <a class="button" href=export("md") rel="external" download>{icon("export")} "Markdown"</a>
                {open_button(view, &links)}
            </div>
        </div>
        {view.any.then(|| filters(view, &links))}
        {filter_chips(view, &links)}
        {list}
    }
    .into_any();
    Framed {
        title: "Issues".to_owned(),
        description: format!(
            "{} of {} not resolved.",
            words::count(view.unresolved as usize, "issue", "issues"),
            frame.name
        ),
        body,
        frame,
    }
}

/// Leads to the form; disabled with the reason for who only reads.
fn open_button(view: &IssuesView, links: &Links) -> AnyView {
    let lock = lock(&view.frame, Role::Operator);
    if lock.closed() {
        return view! {
            <span class="button primary" aria-disabled="true">{icon("plus")} "Open an issue"</span>
            {lock.why()}
        }
        .into_any();
    }
    view! { <a class="button primary" href=links.page("issues/new")>{icon("plus")} "Open an issue"</a> }
        .into_any()
}

fn nothing(view: &IssuesView, links: &Links) -> impl IntoView + use<> {
    if view.any {
        return empty(
            "No issue is like that",
            "Take a filter away, or search for fewer words.",
            None,
            Some((links.page("issues"), "All issues")),
        )
        .into_any();
    }
    empty(
        "No issues yet",
        "Press i wherever something is wrong: module and time are filled in, and how the module stands is kept with it. A critical issue keeps its module from being promoted until it is resolved.",
        None,
        Some((links.page("issues/new"), "Open an issue")),
    )
    .into_any()
}

fn filters(view: &IssuesView, links: &Links) -> impl IntoView + use<> {
    let filter = &view.filter;
    let select = |label: &'static str,
                  name: &'static str,
                  chosen: &str,
                  default: &'static str,
                  options: Vec<String>| {
        let options = options
            .into_iter()
            .map(|value| {
                let selected = value == chosen;
                let words = value.clone();
                view! { <option value=value selected=selected>{words}</option> }
            })
            .collect_view();
        view! {
            <label>
                {label} " "
                <select class="select" name=name>
                    <option value="">{default}</option>
                    {options}
                </select>
            </label>
        }
    };
    let chosen_owner = filter.owner.clone().unwrap_or_default();
    let chosen_label = filter.label.clone().unwrap_or_default();
    let chosen_module = filter.module.as_ref().map_or("", Key::as_str);
    let statuses = StatusFilter::ALL.map(|status| status.as_str().to_owned());
    let severities = Severity::ALL.map(|severity| severity.as_str().to_owned());
    let modules = with_chosen(
        view.modules.iter().map(ToString::to_string).collect(),
        chosen_module,
    );
    let owners = with_chosen(view.owners.clone(), &chosen_owner);
    let known_labels = with_chosen(view.labels.clone(), &chosen_label);
    let relevance = IssueOrder::Relevance.as_str();
    let sort = if filter.sort == IssueOrder::Relevance {
        relevance
    } else {
        ""
    };
    let environment = (!view.frame.environment.deciding)
        .then(|| view! { <input type="hidden" name="env" value=view.frame.environment.key.to_string() /> });
    let shown = if view.more || filter.page > 1 {
        format!("page {}", filter.page.max(1))
    } else {
        words::count(view.rows.len(), "issue", "issues")
    };
    view! {
        <form class="filters" method="get" action=links.page("issues") role="search">
            {environment}
            <div class="search">
                {icon("search")}
                <input
                    class="input"
                    type="search"
                    name="q"
                    value=filter.q.clone()
                    maxlength="500"
                    placeholder="Search issues and comments"
                    aria-label="Search issues and comments"
                />
            </div>
            {select(
                "Status",
                "status",
                filter.status.map_or("", StatusFilter::as_str),
                "any",
                statuses.to_vec(),
            )}
            {select(
                "Severity",
                "severity",
                filter.severity.map_or("", Severity::as_str),
                "any",
                severities.to_vec(),
            )}
            {select("Module", "module", chosen_module, "any", modules)}
            {select("Owner", "owner", &chosen_owner, "any", owners)}
            {select("Label", "label", &chosen_label, "any", known_labels)}
            {select("Sort", "sort", sort, "newest", vec![relevance.to_owned()])}
            <button class="button" type="submit">"Apply"</button>
            <span class="result" role="status">{shown}</span>
        </form>
    }
}

/// What to choose from, with what is chosen, too, where the newest issues have it no more.
fn with_chosen(mut choices: Vec<String>, chosen: &str) -> Vec<String> {
    if !chosen.is_empty() && choices.iter().all(|choice| choice != chosen) {
        choices.push(chosen.to_owned());
    }
    choices
}

/// What filters, each to be taken away with one press.
fn filter_chips(view: &IssuesView, links: &Links) -> Option<impl IntoView + use<>> {
    let filter = &view.filter;
    let without = |change: fn(&mut IssueFilter)| {
        let mut filter = IssueFilter {
            page: 1,
            ..filter.clone()
        };
        change(&mut filter);
        address(links, &filter)
    };
    let mut filters = Vec::new();
    if !filter.q.is_empty() {
        let href = without(|filter| filter.q.clear());
        filters.push((format!("“{}”", filter.q), href));
    }
    if let Some(status) = filter.status {
        let href = without(|filter| filter.status = None);
        filters.push((format!("status: {}", status.as_str()), href));
    }
    if let Some(severity) = filter.severity {
        let href = without(|filter| filter.severity = None);
        filters.push((format!("severity: {}", severity.as_str()), href));
    }
    if let Some(module) = &filter.module {
        let href = without(|filter| filter.module = None);
        filters.push((format!("module: {module}"), href));
    }
    if let Some(owner) = &filter.owner {
        let href = without(|filter| filter.owner = None);
        filters.push((format!("owner: {owner}"), href));
    }
    if let Some(label) = &filter.label {
        let href = without(|filter| filter.label = None);
        filters.push((format!("label: {label}"), href));
    }
    chips(filters)
}

fn table(view: &IssuesView, links: &Links) -> impl IntoView + use<> {
    let now = view.frame.now;
    let rows = view
        .rows
        .iter()
        .map(|row| issue_row(row, links, now))
        .collect_view();
    view! {
        <table class="table cards top issues">
            <caption class="sr">"Issues"</caption>
            <thead>
                <tr>
                    <th scope="col" class="num">"No."</th>
                    <th scope="col">"Issue"</th>
                    <th scope="col">"Severity"</th>
                    <th scope="col">"Status"</th>
                    <th scope="col">"Module"</th>
                    <th scope="col">"Owner"</th>
                    <th scope="col">"Opened"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn issue_row(row: &IssueRow, links: &Links, now: Timestamp) -> impl IntoView + use<> {
    let module = row.module.as_ref().map(|module| module_link(module, links));
    let comments = (row.comments > 0).then(|| {
        let count = words::count(row.comments as usize, "comment", "comments");
        view! { <span class="quiet">{count}</span> }
    });
    let marks = (!row.labels.is_empty()).then(|| labels(&row.labels, links));
    let due = row
        .due
        .as_ref()
        .map(|due| view! { <span class="quiet">{format!("due {due}")}</span> });
    view! {
        <tr>
            <td class="num tight" data-label="No.">{row.number.to_string()}</td>
            <th scope="row" class="long">
                <a href=links.issue(row.number)>{row.title.clone()}</a>
                <span class="issue-marks">{marks} {comments} {due}</span>
            </th>
            <td class="tight" data-label="Severity">{severity(row.severity)}</td>
            <td class="tight" data-label="Status">{status(row.status)}</td>
            <td data-label="Module">{module}</td>
            <td data-label="Owner">{row.owner.clone()}</td>
            <td class="tight" data-label="Opened"><Time at=row.opened_at now=now /></td>
        </tr>
    }
}

fn pages(view: &IssuesView, links: &Links) -> impl IntoView + use<> {
    let page = view.filter.page.max(1);
    let turn = |page| {
        address(
            links,
            &IssueFilter {
                page,
                ..view.filter.clone()
            },
        )
    };
    let shown = match (view.rows.first(), view.rows.last()) {
        (Some(first), Some(last)) if view.filter.sort == IssueOrder::Newest => {
            format!("Issues {} to {}", first.number, last.number)
        }
        _ => format!("Page {page}"),
    };
    pager(
        "Pages of issues",
        shown,
        ("Back", (page > 1).then(|| turn(page - 1))),
        ("On", view.more.then(|| turn(page + 1))),
    )
}
