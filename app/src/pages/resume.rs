//! Lifting the kill switch: shows exactly what comes back, and sends the digest of that list along.

use domain::Role;
use domain::read::{ResumeItem, ResumeView, TrackState};
use leptos::prelude::*;

use super::parts::{environment_field, forget_elsewhere, module_link};
use crate::address::{Links, Place};
use crate::api::forms::resume_list;
use crate::components::{
    CommandAction, CommandForm, Field, FormState, Framed, Hidden, Rail, Size, framed, lock, track,
};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::times;
use crate::words;

/// `/m/{migration}/resume`.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = read_model(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| resume_list(migration, environment),
    );
    let action = CommandAction::new("resume");
    forget_elsewhere(move || place.get(), move || action.clear());
    // The list as it was when the form was first touched: what came between is refused as drift.
    let seen = RwSignal::new(None);
    let value = action.result();
    Effect::new(move |_| {
        if value.with(Option::is_some) {
            seen.set(None);
        }
    });
    framed(model, Rail::Nowhere, move |view, flash| {
        shown(&view, action, seen, flash)
    })
}

fn shown(
    view: &ResumeView,
    action: CommandAction,
    seen: RwSignal<Option<String>>,
    flash: Option<&Flash>,
) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let state = FormState::of(action, flash);
    let done = state.done(&links);
    let content = if frame.environment.kill_switch {
        let pressed = view.pressed.as_ref().map(|entry| {
            format!(
                "Pressed by {} at {}: {}.",
                entry.actor,
                times::utc_second(entry.at),
                entry.reason
            )
        });
        view! {
            <p>{pressed}</p>
            {returning(view, &links)}
            {form(view, action, seen, &state, &links)}
        }
        .into_any()
    } else {
        view! {
            <section class="empty">
                <h2>{format!("The kill switch of {} is off", frame.environment.key)}</h2>
                <p>"There is nothing to resume."</p>
                <a class="button" href=links.overview()>"Overview"</a>
            </section>
        }
        .into_any()
    };
    let body = view! {
        <div class="page-head"><h1>"Resume"</h1></div>
        <div class="stack">{done} {content}</div>
    }
    .into_any();
    let description = format!(
        "What comes back in {} when its kill switch is lifted.",
        frame.environment.key
    );
    Framed {
        frame,
        title: "Resume".to_owned(),
        description,
        body,
    }
}

fn returning(view: &ResumeView, links: &Links) -> impl IntoView + use<> {
    let staying = format!(
        "{} on old.",
        words::count(view.staying_old as usize, "module stays", "modules stay")
    );
    if view.returning.is_empty() {
        return view! { <p>{format!("Nothing comes back: every flag beneath is old only. {staying}")}</p> }.into_any();
    }
    let rows = view
        .returning
        .iter()
        .map(|item| item_row(item, links))
        .collect_view();
    view! {
        <p>
            {format!(
                "{} back to what lies beneath the kill switch, in one revision. {staying}",
                words::count(view.returning.len(), "module goes", "modules go"),
            )}
        </p>
        <table class="table">
            <thead>
                <tr>
                    <th scope="col">"Module"</th>
                    <th scope="col">"Comes back as"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn item_row(item: &ResumeItem, links: &Links) -> impl IntoView + use<> {
    let of = TrackState {
        state: item.state,
        killed: false,
        retired: false,
    };
    view! {
        <tr>
            <th scope="row">{module_link(&item.module, links)}</th>
            <td>
                <span class="track-cell">
                    {track(of, Size::Row, &[])} <span>{words::state(item.state)}</span>
                </span>
            </td>
        </tr>
    }
}

fn form(
    view: &ResumeView,
    action: CommandAction,
    seen: RwSignal<Option<String>>,
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
    let (now, shown) = (view.digest.clone(), view.digest.clone());
    let touched = move |_| {
        if seen.with_untracked(Option::is_none) {
            seen.set(Some(now.clone()));
        }
    };
    let digest = move || seen.get().unwrap_or_else(|| shown.clone());
    let from_old = state.typed("from", "stored") == "old";
    let verb = format!(
        "Resume {}",
        words::count(view.returning.len(), "module", "modules")
    );
    let (problem, pending) = (state.problem(), state.pending);
    let (reason, reason_error, away) = (
        state.typed("reason", ""),
        state.field("reason"),
        links.overview(),
    );
    view! {
        <CommandForm action=action>
            <div class="form" on:focusin=touched>
                <Hidden fields=fields />
                <input type="hidden" name="digest" value=digest />
                {problem}
                <fieldset class="choices">
                    <legend class="field-label">"How"</legend>
                    <label class="choice">
                        <input type="radio" name="from" value="stored" checked=!from_old disabled=closed />
                        <span>"As listed"</span>
                    </label>
                    <label class="choice">
                        <input type="radio" name="from" value="old" checked=from_old disabled=closed />
                        <span>"From old"</span>
                        <span class="hint">
                            "Lowers all to old only first; each module is advanced again by its steps."
                        </span>
                    </label>
                </fieldset>
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
                        class="button primary"
                        type="submit"
                        disabled=move || closed || pending.get()
                        aria-busy=move || pending.get().then_some("true")
                    >
                        {verb}
                    </button>
                    <a class="button" href=away>"Cancel"</a>
                    {why}
                </div>
            </div>
        </CommandForm>
    }
}
