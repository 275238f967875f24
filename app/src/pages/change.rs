//! A change: what it did, who has read since, and the way to undo it.

use domain::read::{AuditRow, ChangeView};
use domain::{Outcome, Role};
use leptos::prelude::*;

use super::parts::{environment_field, forget_elsewhere};
use crate::address::{Links, Place, segment};
use crate::api::forms::{ChangePage, change};
use crate::components::{
    CommandAction, CommandForm, CopyButton, DiffLine, Field, FormState, Framed, Hidden, Rail, Time,
    diff, flag_changes, framed, icon, key_values, lock, receipt,
};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::times;

/// `/m/{migration}/changes/{revision}`.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live, revision) = (Place::here(), Live::here(), segment("revision"));
    let model = read_model(
        move || (place.migration.get(), revision.get(), live.changes()),
        |(migration, revision, _)| change(migration, revision),
    );
    let action = CommandAction::new("undo");
    forget_elsewhere(move || revision.get(), move || action.clear());
    live.follow();
    framed(model, Rail::Audit, move |page, flash| {
        shown(&page, action, flash)
    })
}

fn shown(page: &ChangePage, action: CommandAction, flash: Option<&Flash>) -> Framed {
    let view = &page.view;
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let revision = view.audit.revision.unwrap_or_default();
    let title = first_upper(&view.audit.summary);
    let body = view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("audit")>"Audit"</a></li>
                <li aria-current="page">{format!("Revision {revision}")}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div class="title">
                <h1>{title.clone()}</h1>
                <p class="lead quiet">
                    {format!("{}, {}. {}", view.audit.actor, times::utc_second(view.audit.at), because(&view.audit))}
                </p>
            </div>
        </div>
        <div class="columns main">
            <div class="stack">
                {what_followed(view)}
                <section class="tile">
                    <header><h2>"Before and after"</h2></header>
                    {kill_switch(view)}
                    {(!view.flags.is_empty()).then(|| flag_changes(&view.flags, &links))}
                    {(view.flags.is_empty() && view.kill_switch.is_none())
                        .then(|| view! { <p class="quiet">"It moved no flag; the audit entry has what it changed."</p> })}
                </section>
                {undoing(page, action, flash, &links)}
            </div>
            {record(view, &links)}
        </div>
    }
    .into_any();
    let description = format!(
        "{}: revision {revision} of {}, {}, by {}. {}",
        times::utc_second(view.audit.at),
        frame.name,
        frame.environment.key,
        view.audit.actor,
        because(&view.audit)
    );
    Framed {
        frame,
        title,
        description,
        body,
    }
}

fn what_followed(view: &ChangeView) -> impl IntoView + use<> {
    let followed = receipt(
        &view.audit,
        view.receipt.as_ref(),
        (view.readers_since, view.readers_before),
    );
    view! {
        <section class="tile">
            <header><h2>"What followed"</h2></header>
            {followed}
        </section>
    }
}

fn kill_switch(view: &ChangeView) -> Option<impl IntoView + use<>> {
    let word = |on: bool| if on { "on" } else { "off" }.to_owned();
    view.kill_switch.map(|(before, after)| {
        let name = format!("kill switch of {}", view.frame.environment.key);
        diff(vec![DiffLine {
            name,
            before: word(before),
            after: word(after),
        }])
    })
}

fn record(view: &ChangeView, links: &Links) -> impl IntoView + use<> {
    let AuditRow {
        sequence,
        at,
        actor,
        actor_kind,
        reason,
        revision,
        request_id,
        hash,
        outcome,
        ..
    } = view.audit.clone();
    let text = |text: String| text.into_any();
    let hashed = |text: String| view! { <span class="hash">{text}</span> }.into_any();
    let rows = vec![
        (
            "Sequence",
            view! { <a href=links.audit_entry(sequence)>{sequence.to_string()}</a> }.into_any(),
        ),
        (
            "Time",
            view! { <Time at=at now=view.frame.now exact=true /> }.into_any(),
        ),
        ("Actor", text(format!("{actor} ({})", actor_kind.as_str()))),
        ("Reason", text(reason)),
        ("Revision", text(revision.unwrap_or_default().to_string())),
        ("Environment", text(view.frame.environment.key.to_string())),
        (
            "Outcome",
            text(
                if outcome == Outcome::Committed {
                    "committed"
                } else {
                    "refused"
                }
                .to_owned(),
            ),
        ),
        ("Request", hashed(request_id)),
        ("Hash", hashed(hash)),
    ];
    view! {
        <section class="tile">
            <header>
                <h2>"Record"</h2>
                <CopyButton text=links.change(revision.unwrap_or_default()) label="Copy link" link=true />
            </header>
            {key_values(rows, false)}
        </section>
    }
}

fn undoing(
    page: &ChangePage,
    action: CommandAction,
    flash: Option<&Flash>,
    links: &Links,
) -> impl IntoView + use<> {
    let view = &page.view;
    if view.kill_switch.is_some() {
        return kill_switch_way(view, links);
    }
    let state = FormState::of(action, flash);
    let done = state.done(links);
    if view.undo.is_empty() {
        return view! {
            <section class="tile">
                <header><h2>"Undo"</h2></header>
                {done}
                <p class="quiet">"Nothing to undo: every flag already is as it was before this change."</p>
            </section>
        }
        .into_any();
    }
    let names: Vec<_> = view.drifted.iter().map(ToString::to_string).collect();
    let drift = (!names.is_empty()).then(|| {
        view! {
            <div class="problem hand">
                {icon("info")}
                <div class="grow">
                    <p><b>"Changed since: "</b> {names.join(", ")} ". Undoing goes back over those changes, too."</p>
                </div>
            </div>
        }
    });
    let lock = lock(&view.frame, Role::Operator);
    let (closed, why) = (lock.closed(), lock.why());
    let fields = vec![
        ("migration", view.frame.migration.to_string()),
        ("environment", environment_field(&view.frame)),
        ("sequence", view.audit.sequence.to_string()),
        (
            "revision",
            view.audit.revision.unwrap_or_default().to_string(),
        ),
        ("expected", page.versions.clone()),
    ];
    let (problem, reason, reason_error, pending) = (
        state.problem(),
        state.typed("reason", ""),
        state.field("reason"),
        state.pending,
    );
    view! {
        <section class="tile" id="undo">
            <header><h2>"Undo"</h2></header>
            {drift}
            <p>"A new change, recorded like any other:"</p>
            {flag_changes(&view.undo, links)}
            <CommandForm action=action>
                <div class="form">
                    <Hidden fields=fields />
                    {done}
                    {problem}
                    <Field
                        name="reason"
                        label="Reason"
                        value=reason
                        error=reason_error
                        maxlength=1_000
                        required=true
                        disabled=closed
                    />
                    <div class="buttons">
                        <button class="button" type="submit" disabled=move || closed || pending.get()>
                            "Undo"
                        </button>
                        {why}
                    </div>
                </div>
            </CommandForm>
        </section>
    }
    .into_any()
}

/// The kill switch is not undone but resumed or pressed again, by the forms that show what that means.
fn kill_switch_way(view: &ChangeView, links: &Links) -> AnyView {
    let (href, words) = if view.frame.environment.kill_switch {
        (links.page("resume"), "Resume…")
    } else {
        (links.page("kill-switch"), "Kill switch…")
    };
    view! {
        <section class="tile">
            <header><h2>"The way back"</h2></header>
            <p><a class="button" href=href>{words}</a></p>
        </section>
    }
    .into_any()
}

fn because(audit: &AuditRow) -> String {
    if audit.reason.is_empty() {
        "No reason was asked for.".to_owned()
    } else {
        format!("Reason: {}", audit.reason)
    }
}

fn first_upper(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", characters.as_str())
}
