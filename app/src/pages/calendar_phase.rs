//! The form that moves a phase: by hand, or as it was dragged. It asks what the phases that wait for it do.

use domain::Role;
use domain::read::MovePhaseView;
use domain::schedule::phases::Following;
use leptos::prelude::*;

use crate::address::{Links, Place, query, segment};
use crate::api::calendar::move_phase_form;
use crate::components::{Field, Framed, Hidden, Lock, Rail, framed, lock};
use crate::flash::Flash;
use crate::model::read_model;
use crate::pages::parts::environment_field;
use crate::pages::plain_form::{Posted, address, submit};

/// Moving one phase.
#[component]
pub fn Page() -> impl IntoView {
    let (place, number) = (Place::here(), segment("phase"));
    let (start, end) = (query("shift_start"), query("shift_end"));
    let model = read_model(
        move || (place.get(), number.get(), start.get(), end.get()),
        |((migration, environment), number, start, end)| {
            move_phase_form(migration, environment, number, start, end)
        },
    );
    framed(model, Rail::Calendar, |view: MovePhaseView, flash| Framed {
        title: format!("Phase {} on the calendar", view.number),
        description: format!("Moves phase {}, {}", view.number, view.name),
        body: body(&view, flash),
        frame: view.frame,
    })
}

fn form(
    view: &MovePhaseView,
    endpoint: &str,
    posted: &Posted,
    fields: impl IntoView + 'static,
) -> AnyView {
    let hidden = vec![
        ("migration", view.frame.migration.to_string()),
        ("environment", environment_field(&view.frame)),
        ("number", view.number.to_string()),
        ("version", view.version.to_string()),
    ];
    // What a drag has proposed is its reader's, with the version that the reader saw.
    let proposes = endpoint == "move_phase" && view.proposed != view.planned;
    view! {
        <form class="form" method="post" action=address(endpoint) data-touched=proposes.then_some("")>
            {posted.problem()} <Hidden fields=hidden /> {fields}
        </form>
    }
    .into_any()
}

fn body(view: &MovePhaseView, flash: Option<&Flash>) -> AnyView {
    let links = Links::of(&view.frame);
    let lock = lock(&view.frame, Role::Admin);
    let now = match (view.planned.start.as_str(), view.planned.end.as_str()) {
        ("", "") => "It has no days yet.".to_owned(),
        (start, end) => format!("Planned from {start} to {end}, both inclusive."),
    };
    view! {
        <div class="page-head">
            <div class="title">
                <h1>{format!("Phase {} {}", view.number, view.name)}</h1>
                <p class="lead">{now}</p>
            </div>
            <div class="buttons">
                <a class="button" href=links.page("calendar")>"Back to the calendar"</a>
            </div>
        </div>
        <div class="stack">{moving(view, flash, &lock)} {needs(view, flash, &lock)}</div>
    }
    .into_any()
}

fn moving(view: &MovePhaseView, flash: Option<&Flash>, lock: &Lock) -> AnyView {
    let posted = Posted::of(flash, "move_phase");
    let closed = lock.closed();
    let chosen = posted.typed("following", Following::MoveAlong.as_str());
    let followers: Vec<String> = view
        .followers
        .iter()
        .map(|(number, name, days)| format!("{number} {name} ({} to {})", days.start, days.end))
        .collect();
    let ask = if followers.is_empty() {
        view! { <input type="hidden" name="following" value=Following::Stay.as_str() /> }.into_any()
    } else {
        let radio = |following: Following, words: &'static str| {
            let id = format!("following-{}", following.as_str());
            view! {
                <label class="choice" for=id.clone()>
                    <input type="radio" name="following" id=id.clone() value=following.as_str() checked=following.as_str() == chosen disabled=closed />
                    " "
                    {words}
                </label>
            }
        };
        view! {
            <fieldset class="field">
                <legend>{format!("What waits for it: {}", followers.join(", "))}</legend>
                {radio(Following::MoveAlong, "moves along by as many days")}
                {radio(Following::Stay, "keeps its days")}
            </fieldset>
        }
        .into_any()
    };
    let fields = view! {
        <div class="fields">
            <Field name="start" id="move-start" label="First day" kind="date" value=posted.typed("start", &view.proposed.start) error=posted.wrong("start") required=true disabled=closed />
            <Field name="end" id="move-end" label="Last day" kind="date" value=posted.typed("end", &view.proposed.end) error=posted.wrong("end") required=true disabled=closed />
        </div>
        {ask}
        {overriding("move", &posted, closed)}
        <Field name="reason" id="move-reason" label="Reason" value=posted.typed("reason", "") error=posted.wrong("reason") maxlength=1_000 disabled=closed />
        {submit("Move", "primary", lock)}
    };
    view! {
        <section class="tile">
            <header>
                <h2>"Days"</h2>
            </header>
            {form(view, "move_phase", &posted, fields)}
        </section>
    }
    .into_any()
}

fn overriding(whose: &str, posted: &Posted, closed: bool) -> AnyView {
    let id = format!("{whose}-overriding");
    let checked = !posted.typed("overriding", "").is_empty();
    view! {
        <label class="choice" for=id.clone()>
            <input type="checkbox" name="overriding" value="yes" id=id.clone() checked=checked disabled=closed />
            " Even if a phase then begins before what it needs has ended (say why)"
        </label>
    }
    .into_any()
}

fn needs(view: &MovePhaseView, flash: Option<&Flash>, lock: &Lock) -> AnyView {
    let posted = Posted::of(flash, "set_needs");
    let closed = lock.closed();
    let now: Vec<String> = view.needs.iter().map(ToString::to_string).collect();
    let others: Vec<String> = view
        .others
        .iter()
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    let hint = format!(
        "Numbers with commas between. There are: {}.",
        others.join(", ")
    );
    let fields = view! {
        <p class="hint">{hint}</p>
        <Field name="needs" id="needs-phases" label="Waits for phases" value=posted.typed("needs", &now.join(", ")) error=posted.wrong("needs") disabled=closed />
        {overriding("needs", &posted, closed)}
        <Field name="reason" id="needs-reason" label="Reason" value=posted.typed("reason", "") error=posted.wrong("reason") maxlength=1_000 disabled=closed />
        {submit("Save", "primary", lock)}
    };
    view! {
        <section class="tile">
            <header>
                <h2>"What it waits for"</h2>
            </header>
            {form(view, "set_needs", &posted, fields)}
        </section>
    }
    .into_any()
}
