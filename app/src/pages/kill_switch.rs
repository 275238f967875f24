//! The kill switch: everything active to old, after typing the migration's key.

use domain::Role;
use domain::read::KillSwitchView;
use leptos::prelude::*;

use super::parts::{environment_field, forget_elsewhere, standing_table, who_listens};
use crate::address::{Links, Place};
use crate::api::forms::kill_switch;
use crate::components::{
    CommandAction, CommandForm, Field, FormState, Framed, Hidden, Rail, Size, framed, icon, lock,
    sum_track,
};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::times;
use crate::words;

/// `/m/{migration}/kill-switch`.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = read_model(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| kill_switch(migration, environment),
    );
    let action = CommandAction::new("press_kill_switch");
    forget_elsewhere(move || place.get(), move || action.clear());
    framed(model, Rail::Nowhere, move |view, flash| {
        shown(&view, action, flash)
    })
}

fn shown(view: &KillSwitchView, action: CommandAction, flash: Option<&Flash>) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let state = FormState::of(action, flash);
    let done = state.done(&links);
    let content = if frame.environment.kill_switch {
        already(view, &links)
    } else {
        zone(view, action, &state, &links).into_any()
    };
    let title = "Kill switch".to_owned();
    let body = view! {
        <div class="page-head"><h1>"Kill switch"</h1></div>
        <div class="stack">{done} {content}</div>
    }
    .into_any();
    let description = format!(
        "Send all of {} to old, in {}.",
        frame.name, frame.environment.key
    );
    Framed {
        frame,
        title,
        description,
        body,
    }
}

fn already(view: &KillSwitchView, links: &Links) -> AnyView {
    let who = view.pressed.as_ref().map(|entry| {
        format!(
            "Pressed by {} at {}: {}.",
            entry.actor,
            times::utc_second(entry.at),
            entry.reason
        )
    });
    view! {
        <section class="empty">
            <h2>{format!("The kill switch of {} is on", view.frame.environment.key)}</h2>
            <p>{who}</p>
            <a class="button" href=links.page("resume")>"Resume…"</a>
        </section>
    }
    .into_any()
}

fn zone(
    view: &KillSwitchView,
    action: CommandAction,
    state: &FormState,
    links: &Links,
) -> impl IntoView + use<> {
    let frame = &view.frame;
    view! {
        <section class="danger-zone">
            <header>
                <h2>{format!("Send all of {} to old, in {}", frame.name, frame.environment.key)}</h2>
            </header>
            <div class="change">
                <div class="side">
                    {sum_track(frame.counts, Size::Plain, false)} <b>{words::counts(frame.counts)}</b>
                </div>
                {icon("advance")}
                <div class="side">{sum_track(frame.counts, Size::Plain, true)} <b>"everything active on old"</b></div>
            </div>
            {covers(view)}
            {form(view, action, state, links)}
        </section>
        {(!view.affected.is_empty())
            .then(|| {
                view! {
                    <section class="section">
                        <div class="section-head"><h2>"Serving new to somebody now"</h2></div>
                        {standing_table(&view.affected, links)}
                    </section>
                }
            })}
    }
}

fn covers(view: &KillSwitchView) -> impl IntoView + use<> {
    let affected = match view.affected.len() {
        0 => "No active module serves new to anybody now. Promotions are refused until it is resumed.".to_owned(),
        many => format!(
            "{} new to somebody now and will serve old. Their flags stay as they are beneath.",
            words::count(many, "active module serves", "active modules serve")
        ),
    };
    let names: Vec<_> = view.not_covered.iter().map(ToString::to_string).collect();
    let not_covered = (!names.is_empty()).then(|| {
        view! {
            <li>
                {icon("none")}
                <span>
                    "Not covered: " <b>{names.join(", ")}</b> ". Retired: their old code is gone, so they serve new."
                </span>
            </li>
        }
    });
    view! {
        <ul class="covers">
            <li>{icon("pass")} <span>{affected}</span></li>
            {not_covered}
            <li>{icon("info")} <span>{who_listens(view.listening)}</span></li>
        </ul>
    }
}

fn form(
    view: &KillSwitchView,
    action: CommandAction,
    state: &FormState,
    links: &Links,
) -> impl IntoView + use<> {
    let frame = &view.frame;
    let lock = lock(frame, Role::Operator);
    let (closed, why) = (lock.closed(), lock.why());
    let fields = vec![
        ("migration", frame.migration.to_string()),
        ("environment", environment_field(frame)),
    ];
    let (problem, pending) = (state.problem(), state.pending);
    let (confirm, reason) = (state.typed("confirm", ""), state.typed("reason", ""));
    let (confirm_error, reason_error) = (state.field("confirm"), state.field("reason"));
    let (key, away) = (frame.migration.to_string(), links.overview());
    view! {
        <CommandForm action=action>
            <div class="form">
                <Hidden fields=fields />
                {problem}
                <Field
                    name="confirm"
                    label=format!("Type the migration’s key, {}", key)
                    class="mono short"
                    value=confirm
                    error=confirm_error
                    maxlength=64
                    required=true
                    disabled=closed
                />
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
                    <button
                        class="button danger final"
                        type="submit"
                        disabled=move || closed || pending.get()
                        aria-busy=move || pending.get().then_some("true")
                    >
                        {icon("kill")}
                        "Turn the kill switch on"
                    </button>
                    <a class="button apart" href=away>"Cancel"</a>
                    {why}
                </div>
            </div>
        </CommandForm>
    }
}
