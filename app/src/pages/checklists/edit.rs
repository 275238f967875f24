//! Adding an item, changing it, putting it away.

use domain::read::CheckRow;
use leptos::prelude::*;

use super::Parts;
use crate::components::{Choice, Field, Hidden, Select};
use crate::pages::plain_form::{Posted, address, submit};
use crate::words;

/// The form that the address asks for.
pub(super) fn body(page: &Parts<'_>) -> AnyView {
    let back = page.links.page("checklists");
    let item = page
        .lists
        .rows()
        .find(|row| row.id.to_string() == page.asked.edit);
    let (title, content) = match item {
        _ if page.asked.edit == "new" => ("Add an item", add(page)),
        Some(row) => (
            "Edit an item",
            view! { {edit(page, row)} {archive(page, row)} }.into_any(),
        ),
        None => (
            "No such item",
            view! { <p>"It was put away, or never was."</p> }.into_any(),
        ),
    };
    view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=back>"Checklists"</a></li>
                <li aria-current="page">{title}</li>
            </ol>
        </nav>
        <div class="page-head"><h1>{title}</h1></div>
        {content}
    }
    .into_any()
}

fn form(
    page: &Parts<'_>,
    endpoint: &str,
    posted: &Posted,
    row: Option<&CheckRow>,
    fields: impl IntoView + 'static,
) -> AnyView {
    let mut hidden = page.hidden.clone();
    if let Some(row) = row {
        hidden.push(("item", row.id.to_string()));
        hidden.push(("version", row.version.to_string()));
    }
    view! {
        <form class="form" method="post" action=address(endpoint)>
            {posted.problem()} <Hidden fields=hidden /> {fields}
        </form>
    }
    .into_any()
}

/// Every list that an item can be added to.
fn choices(page: &Parts<'_>) -> Vec<Choice> {
    let mut choices = vec![
        Choice::new("daily", "Daily"),
        Choice::new("once", "Once in the migration"),
    ];
    for phase in &page.lists.phases {
        for (moment, words) in [
            ("before", "before its first promotion"),
            ("during", "while its modules move"),
            ("after", "before it counts as done"),
        ] {
            choices.push(Choice::new(
                format!("phase:{}:{moment}", phase.number),
                format!("Phase {} {}, {words}", phase.number, phase.name),
            ));
        }
    }
    for list in &page.lists.conditional {
        choices.push(Choice::new(
            format!("conditional:{}", list.threshold.as_str()),
            format!("Above {} errors", words::share(list.limit_basis_points)),
        ));
    }
    choices
}

fn add(page: &Parts<'_>) -> AnyView {
    let posted = Posted::of(page.flash, "add_check");
    let fields = view! {
        <Select
            name="list"
            label="List"
            options=choices(page)
            value=posted.typed("list", "daily")
            error=posted.wrong("list")
            disabled=page.lock.closed()
        />
        {fields(page, &posted, None)}
        {submit("Add", "primary", &page.lock)}
    };
    form(page, "add_check", &posted, None, fields)
}

fn fields(page: &Parts<'_>, posted: &Posted, row: Option<&CheckRow>) -> impl IntoView + use<> {
    let was = |of: fn(&CheckRow) -> String| row.map(of).unwrap_or_default();
    let title = was(|row| row.title.clone());
    let lines = if title.contains('\n') { 4 } else { 1 };
    let closed = page.lock.closed();
    let asks = if row.is_some_and(|row| row.evidence_required) {
        "yes"
    } else {
        ""
    };
    // What was typed has no field for a box that was not ticked.
    let checked = if posted.is_refused() {
        posted.typed("evidence_required", "") == "yes"
    } else {
        asks == "yes"
    };
    view! {
        <Field
            name="title"
            label="What to do"
            value=posted.typed("title", &title)
            error=posted.wrong("title")
            rows=lines
            required=true
            disabled=closed
        />
        <div class="fields">
            <Field
                name="owner"
                label="Owner"
                value=posted.typed("owner", &was(|row| row.owner.clone()))
                error=posted.wrong("owner")
                disabled=closed
            />
            <Field
                name="due"
                label="Due"
                hint="A time like 09:00 for daily items, else a day like 2026-12-01. May be empty."
                value=posted.typed("due", &was(|row| row.due.clone()))
                error=posted.wrong("due")
                disabled=closed
            />
        </div>
        <Field
            name="commands"
            label="Commands to copy"
            class="mono"
            value=posted.typed("commands", &was(|row| row.commands.clone()))
            error=posted.wrong("commands")
            rows=4
            disabled=closed
        />
        <label class="choice">
            <input type="checkbox" name="evidence_required" value="yes" checked=checked disabled=closed />
            <span>"A tick needs a link to evidence"</span>
        </label>
    }
}

fn edit(page: &Parts<'_>, row: &CheckRow) -> AnyView {
    let posted = Posted::of_one(page.flash, "edit_check", "item", &row.id.to_string());
    let fields = view! {
        {fields(page, &posted, Some(row))}
        <Field
            name="reason"
            id="edit-reason"
            label="Reason, if there is one to keep"
            value=posted.typed("reason", "")
            error=posted.wrong("reason")
            maxlength=1_000
            disabled=page.lock.closed()
        />
        {submit("Save", "primary", &page.lock)}
    };
    form(page, "edit_check", &posted, Some(row), fields)
}

fn archive(page: &Parts<'_>, row: &CheckRow) -> AnyView {
    let posted = Posted::of_one(page.flash, "archive_check", "item", &row.id.to_string());
    let fields = view! {
        <p class="hint">"Its ticks stay in the audit log, and in the days before."</p>
        <Field
            name="reason"
            id="archive-reason"
            label="Reason to archive"
            value=posted.typed("reason", "")
            error=posted.wrong("reason")
            maxlength=1_000
            required=true
            disabled=page.lock.closed()
        />
        {submit("Archive", "danger", &page.lock)}
    };
    view! {
        <section class="section">
            <div class="section-head"><h2>"Archive"</h2></div>
            {form(page, "archive_check", &posted, Some(row), fields)}
        </section>
    }
    .into_any()
}
