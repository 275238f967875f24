//! An item as a line of its list: one press ticks it, and who ticked it when stands beside it.

use domain::read::{CheckRow, TickRow};
use leptos::prelude::*;

use super::Parts;
use crate::components::{
    CodeBlock, CommandAction, CommandForm, Hidden, Time, badge, icon, problem,
};
use crate::pages::plain_form::Posted;

/// The items of a list.
pub(super) fn list(page: &Parts<'_>, rows: &[CheckRow]) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="quiet">"No items."</p> }.into_any();
    }
    let rows = rows.iter().map(|row| line(page, row)).collect_view();
    view! { <ul class="checks">{rows}</ul> }.into_any()
}

fn line(page: &Parts<'_>, row: &CheckRow) -> AnyView {
    let mark = CommandAction::new("mark_check");
    let class = match &row.tick {
        None => "check",
        Some(tick) if tick.skipped => "check skipped",
        Some(_) => "check done",
    };
    let mut lines = row.title.lines();
    let title = lines.next().unwrap_or_default().to_owned();
    let more = lines
        .map(|line| view! { <p class="quiet">{line.to_owned()}</p> })
        .collect_view();
    view! {
        <li class=class id=format!("check-{}", row.id)>
            {tick_form(page, row, &title, mark)}
            <div class="grow">
                <p class="what">{title.clone()}</p>
                {more}
                {about(row)}
                {evidence(page, row, &title)}
                {commands(&row.commands)}
                {refused(page, "mark_check", row, mark)}
                {further(page, row, &title)}
            </div>
            {row.tick.as_ref().map(|tick| said(page, tick))}
        </li>
    }
    .into_any()
}

/// What forms of an item send along.
fn hidden(page: &Parts<'_>, row: &CheckRow) -> Vec<(&'static str, String)> {
    let mut fields = page.hidden.clone();
    fields.push(("item", row.id.to_string()));
    fields.push(("day", row.day.clone().unwrap_or_default()));
    fields.push(("view", page.asked.view()));
    fields
}

fn form_id(row: &CheckRow) -> String {
    format!("mark-{}", row.id)
}

/// The one press. The same button ticks and takes back, so that whoever works by keyboard stays where they are.
fn tick_form(
    page: &Parts<'_>,
    row: &CheckRow,
    title: &str,
    action: CommandAction,
) -> impl IntoView + use<> {
    let mut fields = hidden(page, row);
    let seen = row.tick.as_ref().map(|tick| tick.sequence.to_string());
    fields.push(("seen", seen.unwrap_or_default()));
    let ticked = row.tick.is_some();
    let to = if ticked { "open" } else { "done" };
    let state = match &row.tick {
        Some(tick) if tick.skipped => "Skipped",
        _ => "Done",
    };
    let pressed = if ticked { "true" } else { "false" };
    let drawn = match &row.tick {
        Some(tick) if tick.skipped => "none",
        _ => "done",
    };
    let closed = page.lock.closed();
    let label = format!("{state}: {title}");
    view! {
        <CommandForm action=action id=form_id(row) in_place=true>
            <Hidden fields=fields />
            <button
                class="tick"
                type="submit"
                name="to"
                value=to
                aria-pressed=pressed
                aria-label=label
                disabled=closed
            >
                {icon(drawn)}
            </button>
        </CommandForm>
    }
}

/// Who, when, in the plan's words, and what is overdue.
fn about(row: &CheckRow) -> impl IntoView + use<> {
    let owner = (!row.owner.is_empty())
        .then(|| view! { <span>{icon("person")} {row.owner.clone()}</span> });
    let when = (!row.when.is_empty()).then(|| view! { <span>{row.when.clone()}</span> });
    let due = (!row.due.is_empty()).then(|| {
        if row.overdue {
            badge("hand", "due", format!("was due {}", row.due))
        } else {
            view! { <span>{format!("due {}", row.due)}</span> }.into_any()
        }
    });
    let left = row
        .left_since
        .as_ref()
        .map(|day| badge("hand", "hold", format!("left since {day}")));
    let any = owner.is_some() || when.is_some() || due.is_some() || left.is_some();
    any.then(|| view! { <p class="about quiet">{owner} {when} {due} {left}</p> })
}

/// Where the link to evidence is written, for an item that asks for it.
fn evidence(page: &Parts<'_>, row: &CheckRow, title: &str) -> Option<impl IntoView + use<>> {
    let asked = row.evidence_required && row.tick.is_none();
    let typed = posted(page, "mark_check", row).typed("evidence", "");
    let (id, form, closed) = (
        format!("evidence-{}", row.id),
        form_id(row),
        page.lock.closed(),
    );
    let label = format!(" of: {title}");
    asked.then(|| {
        view! {
            <div class="field">
                <label for=id.clone()>"Link to the evidence"<span class="sr">{label}</span></label>
                <input
                    class="input"
                    id=id
                    form=form
                    name="evidence"
                    type="url"
                    value=typed
                    maxlength="4000"
                    placeholder="https://"
                    required=true
                    disabled=closed
                    autocomplete="off"
                />
            </div>
        }
    })
}

fn commands(commands: &str) -> Option<impl IntoView + use<>> {
    let code = commands.to_owned();
    (!code.trim().is_empty()).then(|| view! { <CodeBlock code=code /> })
}

/// How the last post without script ended, where it was about this item.
fn posted(page: &Parts<'_>, endpoint: &str, row: &CheckRow) -> Posted {
    Posted::of_one(page.flash, endpoint, "item", &row.id.to_string())
}

/// Why the last press of a form was refused.
fn refused(
    page: &Parts<'_>,
    endpoint: &str,
    row: &CheckRow,
    action: CommandAction,
) -> impl IntoView + use<> {
    let (before, result) = (posted(page, endpoint, row), action.result());
    move || {
        result.with(|result| match result {
            None => before.problem(),
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(problem(error)),
        })
    }
}

/// Leaving it out, and changing it.
fn further(page: &Parts<'_>, row: &CheckRow, title: &str) -> Option<impl IntoView + use<>> {
    let edit = page.links.page(&format!("checklists?edit={}", row.id));
    let skip = row.tick.is_none().then(|| skip(page, row, title));
    let label = format!(" {title}");
    (!page.lock.closed()).then(|| {
        view! {
            <div class="further">
                {skip} <a class="button small plain" href=edit>"Edit…"<span class="sr">{label}</span></a>
            </div>
        }
    })
}

fn skip(page: &Parts<'_>, row: &CheckRow, title: &str) -> impl IntoView + use<> {
    let action = CommandAction::new("skip_check");
    let posted = posted(page, "skip_check", row);
    let (id, label) = (format!("skip-{}", row.id), format!(" {title}"));
    let (open, typed) = (posted.is_refused(), posted.typed("reason", ""));
    let (fields, why) = (hidden(page, row), refused(page, "skip_check", row, action));
    let whose = label.clone();
    view! {
        <details open=open>
            <summary class="button small plain">"Skip…"<span class="sr">{whose}</span></summary>
            <CommandForm action=action>
                <Hidden fields=fields />
                {why}
                <div class="field">
                    <label for=id.clone()>"Reason to skip"<span class="sr">{label}</span></label>
                    <input
                        class="input"
                        id=id
                        name="reason"
                        value=typed
                        maxlength="1000"
                        required=true
                        autocomplete="off"
                    />
                </div>
                <button class="button small" type="submit">"Skip"</button>
            </CommandForm>
        </details>
    }
}

/// Who said so, when, with which evidence or for which reason.
fn said(page: &Parts<'_>, tick: &TickRow) -> impl IntoView + use<> {
    let verb = if tick.skipped {
        "skipped by"
    } else {
        "done by"
    };
    let reason = (!tick.reason.is_empty())
        .then(|| view! { <span class="reason">{format!("“{}”", tick.reason)}</span> });
    let evidence = tick
        .evidence
        .clone()
        .map(|link| view! { <a href=link rel="external noopener noreferrer">"Evidence"</a> });
    let entry = page.links.audit_entry(tick.sequence);
    view! {
        <div class="by">
            <span>{format!("{verb} {}, ", tick.by)}</span>
            <a href=entry><Time at=tick.at now=page.now /></a>
            {reason}
            {evidence}
        </div>
    }
}
