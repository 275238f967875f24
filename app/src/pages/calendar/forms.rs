//! Windows, milestones and the baseline, with a form for each.

use domain::Role;
use domain::read::{Days, MilestoneRow, WindowRow};
use domain::schedule::windows::{Scope, WindowKind};
use leptos::prelude::*;

use super::Parts;
use crate::components::{Field, Time, lock};
use crate::pages::plain_form::{Posted, submit};
use crate::words;

/// Everything below the picture.
pub(super) fn sections(page: &Parts<'_>) -> AnyView {
    let phases = &page.view.phases;
    let needed = phases
        .iter()
        .flat_map(|phase| &phase.broken)
        .map(|sentence| view! { <li class="hand">{sentence.clone()}</li> })
        .collect_view();
    view! {
        <ul class="lines">{needed}</ul>
        {windows(page)}
        {milestones(page)}
        {baseline(page)}
        {subscribe(page)}
    }
    .into_any()
}

fn section(
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    content: impl IntoView + 'static,
) -> AnyView {
    view! {
        <section class="section no-print" id=id>
            <div class="section-head">
                <h2>{title}</h2>
                <span class="quiet">{hint}</span>
            </div>
            {content}
        </section>
    }
    .into_any()
}

fn folded(verb: &'static str, whose: &str, open: bool, form: AnyView) -> AnyView {
    view! {
        <details open=open>
            <summary class="button small">{verb}<span class="sr">{format!(" {whose}")}</span></summary>
            <div class="tile">{form}</div>
        </details>
    }
    .into_any()
}

fn windows(page: &Parts<'_>) -> AnyView {
    let rows = page
        .view
        .windows
        .iter()
        .map(|window| window_row(page, window))
        .collect_view();
    let table = (!page.view.windows.is_empty()).then(|| {
        view! {
            <table class="table cards top">
                <caption class="sr">"Freezes and change windows"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Window"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">"For"</th>
                        <th scope="col">"When"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
    });
    let add = window_form(page, None);
    let content = view! { <div class="stack">{table} {add}</div> };
    section(
        "windows",
        "Freezes and change windows",
        "promotions wait inside a freeze, and outside of change windows; rollbacks never do",
        content,
    )
}

fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Migration => String::new(),
        Scope::Phase(number) => number.to_string(),
        Scope::Module(key) => key.to_string(),
    }
}

fn window_row(page: &Parts<'_>, window: &WindowRow) -> AnyView {
    let whose = window.scope.to_string();
    let again = (!window.recurrence.is_empty())
        .then(|| view! { <span class="quiet">" again by " <code>{window.recurrence.clone()}</code></span> });
    view! {
        <tr id=format!("window-{}", window.id)>
            <th scope="row">{window.name.clone()}</th>
            <td data-label="Kind">{window.kind.words()}</td>
            <td data-label="For">{whose}</td>
            <td data-label="When">
                {format!("{} to {}", window.starts.replace('T', " "), window.ends.replace('T', " "))} {again}
            </td>
        </tr>
        <tr id=format!("window-{}-forms", window.id)>
            <td colspan="4">
                <div class="buttons">{window_form(page, Some(window))} {archive(page, "archive_window", window.id, window.version, &window.name)}</div>
            </td>
        </tr>
    }
    .into_any()
}

fn window_form(page: &Parts<'_>, window: Option<&WindowRow>) -> AnyView {
    let id = window
        .map(|window| window.id.to_string())
        .unwrap_or_default();
    let posted = page.posted_one("save_window", &id);
    let closed = page.lock.closed();
    let was = |of: fn(&WindowRow) -> String| window.map(of).unwrap_or_default();
    // What was chosen on the axis is for a new one.
    let chosen = page.window.clone().filter(|_| window.is_none());
    let is_chosen = chosen.is_some();
    let (begins, ends) = chosen.unwrap_or_else(|| {
        (
            was(|window| window.starts.clone()),
            was(|window| window.ends.clone()),
        )
    });
    let kind = posted.typed("kind", &was(|window| window.kind.as_str().to_owned()));
    let kinds = WindowKind::ALL
        .into_iter()
        .map(|each| {
            let selected = each.as_str() == kind;
            view! { <option value=each.as_str() selected=selected>{each.words()}</option> }
        })
        .collect_view();
    let field_id = |field: &str| {
        let whose = if id.is_empty() { "new" } else { &id };
        format!("window-{whose}-{field}")
    };
    let kind_id = field_id("kind");
    let fields = view! {
        <div class="fields">
            <Field name="name" id=field_id("name") label="Name" value=posted.typed("name", &was(|window| window.name.clone())) error=posted.wrong("name") maxlength=200 required=true disabled=closed />
            <div class="field">
                <label for=kind_id.clone()>"Kind"</label>
                <select class="select" name="kind" id=kind_id disabled=closed>{kinds}</select>
            </div>
            <Field name="scope" id=field_id("scope") label="Phase or module (empty: all)" value=posted.typed("scope", &was(|window| scope_text(&window.scope))) error=posted.wrong("scope") disabled=closed />
        </div>
        <div class="fields">
            <Field name="starts" id=field_id("starts") label="Begins" kind="datetime-local" value=posted.typed("starts", &begins) error=posted.wrong("starts") required=true disabled=closed />
            <Field name="ends" id=field_id("ends") label="Ends" kind="datetime-local" value=posted.typed("ends", &ends) error=posted.wrong("ends") required=true disabled=closed />
            <Field name="recurrence" id=field_id("recurrence") label="Again by a rule (empty: once)" value=posted.typed("recurrence", &was(|window| window.recurrence.clone())) error=posted.wrong("recurrence") hint="As in calendars, with an end: FREQ=WEEKLY;BYDAY=FR;COUNT=10" disabled=closed />
        </div>
        {submit(if window.is_some() { "Save" } else { "Add" }, "primary", &page.lock)}
    };
    let hidden = vec![
        ("id", id.clone()),
        (
            "version",
            window
                .map(|window| window.version.to_string())
                .unwrap_or_default(),
        ),
    ];
    let form = page.form("save_window", &posted, hidden, fields);
    let (verb, whose) = match window {
        Some(window) => ("Edit…", window.name.clone()),
        None => ("Add a window…", String::new()),
    };
    folded(verb, &whose, posted.is_refused() || is_chosen, form)
}

fn archive(page: &Parts<'_>, endpoint: &'static str, id: i64, version: i64, name: &str) -> AnyView {
    let posted = page.posted_one(endpoint, &id.to_string());
    let fields = view! {
        <Field
            name="reason"
            id=format!("{endpoint}-{id}-reason")
            label="Reason"
            value=posted.typed("reason", "")
            error=posted.wrong("reason")
            maxlength=1_000
            required=true
            disabled=page.lock.closed()
        />
        {submit("Archive", "danger", &page.lock)}
    };
    let hidden = vec![("id", id.to_string()), ("version", version.to_string())];
    let form = page.form(endpoint, &posted, hidden, fields);
    folded("Archive…", name, posted.is_refused(), form)
}

fn milestones(page: &Parts<'_>) -> AnyView {
    let rows = page
        .view
        .milestones
        .iter()
        .map(|milestone| {
            view! {
                <li id=format!("milestone-{}", milestone.id)>
                    <span class="quiet">{milestone.day.clone()}</span>
                    <span class="grow">{milestone.name.clone()}</span>
                    <div class="buttons">
                        {milestone_form(page, Some(milestone))}
                        {archive(page, "archive_milestone", milestone.id, milestone.version, &milestone.name)}
                    </div>
                </li>
            }
        })
        .collect_view();
    let content = view! {
        <div class="stack">
            <ul class="lines">{rows}</ul>
            {milestone_form(page, None)}
        </div>
    };
    section("milestones", "Milestones", "days to remember", content)
}

fn milestone_form(page: &Parts<'_>, milestone: Option<&MilestoneRow>) -> AnyView {
    let id = milestone.map(|one| one.id.to_string()).unwrap_or_default();
    let posted = page.posted_one("save_milestone", &id);
    let closed = page.lock.closed();
    let was = |of: fn(&MilestoneRow) -> String| milestone.map(of).unwrap_or_default();
    let whose = if id.is_empty() {
        "new".to_owned()
    } else {
        id.clone()
    };
    let fields = view! {
        <div class="fields">
            <Field name="name" id=format!("milestone-{whose}-name") label="Name" value=posted.typed("name", &was(|one| one.name.clone())) error=posted.wrong("name") maxlength=200 required=true disabled=closed />
            <Field name="day" id=format!("milestone-{whose}-day") label="Day" kind="date" value=posted.typed("day", &was(|one| one.day.clone())) error=posted.wrong("day") required=true disabled=closed />
        </div>
        {submit(if milestone.is_some() { "Save" } else { "Add" }, "primary", &page.lock)}
    };
    let hidden = vec![
        ("id", id),
        (
            "version",
            milestone
                .map(|one| one.version.to_string())
                .unwrap_or_default(),
        ),
    ];
    let form = page.form("save_milestone", &posted, hidden, fields);
    let (verb, name) = match milestone {
        Some(milestone) => ("Edit…", milestone.name.clone()),
        None => ("Add a milestone…", String::new()),
    };
    folded(verb, &name, posted.is_refused(), form)
}

fn days(days: &Days) -> String {
    match (days.start.as_str(), days.end.as_str()) {
        ("", "") => "no days".to_owned(),
        (start, "") => format!("from {start}"),
        ("", end) => format!("until {end}"),
        (start, end) => format!("{start} to {end}"),
    }
}

/// A number of days, whichever way, with its word.
fn of_days(days: i32, one: &str, many: &str) -> String {
    words::count(
        usize::try_from(days.unsigned_abs()).unwrap_or(usize::MAX),
        one,
        many,
    )
}

fn baseline(page: &Parts<'_>) -> AnyView {
    let rows = page
        .view
        .phases
        .iter()
        .map(|phase| {
            let behind = match phase.days_behind {
                None => String::new(),
                Some(0) => "as agreed on".to_owned(),
                Some(days) if days < 0 => of_days(days, "day early", "days early"),
                Some(days) => of_days(days, "day late", "days late"),
            };
            view! {
                <tr>
                    <th scope="row">
                        <a href=page.links.page(&format!("calendar/phases/{}", phase.number))>
                            {format!("{} {}", phase.number, phase.name)}
                        </a>
                    </th>
                    <td data-label="Agreed on">{days(&phase.baseline)}</td>
                    <td data-label="Planned now">{days(&phase.planned)}</td>
                    <td data-label="Expected end">{phase.expected_end.clone()}</td>
                    <td data-label="Against it">{behind}</td>
                </tr>
            }
        })
        .collect_view();
    let posted = Posted::of(page.flash, "set_baseline");
    let fields = view! {
        <Field name="reason" id="baseline-reason" label="Reason" value=posted.typed("reason", "") error=posted.wrong("reason") maxlength=1_000 required=true disabled=page.lock.closed() />
        {submit("Take the plan as it is", "primary", &page.lock)}
    };
    let form = page.form("set_baseline", &posted, Vec::new(), fields);
    let content = view! {
        <div class="stack">
            <table class="table cards">
                <caption class="sr">"Baseline against what is expected"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Phase"</th>
                        <th scope="col">"Agreed on"</th>
                        <th scope="col">"Planned now"</th>
                        <th scope="col">"Expected end"</th>
                        <th scope="col">"Against it"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {folded("New baseline…", "", posted.is_refused(), form)}
        </div>
    };
    section(
        "baseline",
        "Baseline",
        "what was agreed on, beside what is to be expected",
        content,
    )
}

/// Addresses for calendar programs.
fn subscribe(page: &Parts<'_>) -> AnyView {
    let rows = page
        .view
        .feeds
        .iter()
        .map(|feed| {
            let posted = page.posted_one("revoke_calendar_feed", &feed.id);
            let hidden = vec![("id", feed.id.clone())];
            let whose = if feed.own { "yours" } else { &feed.user };
            let now = page.view.frame.now;
            let read = match feed.last_read_at {
                Some(at) => view! { ", last read " <Time at=at now=now /> }.into_any(),
                None => ", never read".into_any(),
            };
            let button = view! {
                <button class="button small danger" type="submit">
                    "Revoke"<span class="sr">{format!(" {}…", feed.hint)}</span>
                </button>
            };
            view! {
                <li>
                    <code>{format!("{}…", feed.hint)}</code>
                    <span class="grow">
                        {whose.to_owned()} ", made " <Time at=feed.created_at now=page.view.frame.now /> {read}
                    </span>
                    {page.form("revoke_calendar_feed", &posted, hidden, button)}
                </li>
            }
        })
        .collect_view();
    let posted = Posted::of(page.flash, "create_calendar_feed");
    let lock = lock(&page.view.frame, Role::Viewer);
    let make = view! {
        <p class="hint">
            "Phases, milestones, freezes, daily checks, soaks and issues that are due, each as an event that moves when the plan does. The address is shown once; make one for each program."
        </p>
        <p class="hint">
            "Google Calendar: Other calendars, From URL. Apple Calendar: File, New Calendar Subscription. Outlook: Add calendar, Subscribe from web. Thunderbird: New calendar, On the network. Programs read again by themselves, some every hour, some once a day."
        </p>
        <p class="hint">
            "Whoever has the address sees what you may see here, without signing in: keep it to yourself, and revoke it when it was seen by others."
        </p>
        {submit("Make an address", "primary", &lock)}
    };
    let content = view! {
        <div class="stack">
            <ul class="lines">{rows}</ul>
            {page.form("create_calendar_feed", &posted, Vec::new(), make)}
        </div>
    };
    section(
        "subscribe",
        "Subscribe",
        "this calendar in the one you use",
        content,
    )
}
