//! One audit entry, whole: what a permalink shows.

use domain::{AuditEntry, Outcome, Role};
use leptos::prelude::*;

use super::audit_diff::differences;
use super::parts::environment_field;
use super::plain_form::{Posted, address, submit};
use crate::address::{Links, Place, segment};
use crate::api::audit::{AuditEntryView, audit_entry};
use crate::components::{Field, Framed, Hidden, Rail, badge, diff, framed, icon, key_values, lock};
use crate::flash::Flash;
use crate::model::read_model;
use crate::times;

/// The entry with the sequence in the address.
#[component]
pub fn Page() -> impl IntoView {
    let (place, sequence) = (Place::here(), segment("sequence"));
    // An entry never changes, so nothing is fetched again.
    let model = read_model(
        move || (place.get(), sequence.get()),
        |((migration, environment), sequence)| audit_entry(migration, environment, sequence),
    );
    framed(model, Rail::Audit, |view: AuditEntryView, flash| {
        let entry = &view.chained.entry;
        Framed {
            title: format!("Audit entry {}", entry.sequence),
            description: format!("{}: {}", entry.actor.name, entry.summary),
            body: body(&view, flash),
            frame: view.frame,
        }
    })
}

fn body(view: &AuditEntryView, flash: Option<&Flash>) -> AnyView {
    let (entry, links) = (&view.chained.entry, Links::of(&view.frame));
    let refused = (entry.outcome == Outcome::Refused)
        .then(|| badge("hand", "hold", "refused, nothing was changed"));
    let differing = differences(&entry.before, &entry.after);
    let changed = if differing.is_empty() {
        view! { <p class="quiet">"It changed no field."</p> }.into_any()
    } else {
        diff(differing).into_any()
    };
    view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("audit")>"Audit"</a></li>
                <li aria-current="page">{entry.sequence.to_string()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div class="title">
                <h1>{entry.summary.clone()}</h1>
                {refused}
            </div>
            {undo(entry, &links)}
        </div>
        <div class="stack">
            {fields(view)}
            <section>
                <div class="section-head">
                    <h2>"Before and after"</h2>
                </div>
                {changed}
            </section>
            {entry.is_edit().then(|| undo_edit(view, flash))}
        </div>
    }
    .into_any()
}

/// Undoing is a change of its own, made on the change's page, which shows what it would do now.
fn undo(entry: &AuditEntry, links: &Links) -> Option<impl IntoView + use<>> {
    let address = links.change(entry.revision_made?);
    Some(view! {
        <div class="buttons">
            <a class="button" href=address>{icon("back")} "The change, and undo…"</a>
        </div>
    })
}

/// Undoing an edit is an edit of its own. What it would do stands above it, and what others changed since is told when
/// it is refused.
fn undo_edit(view: &AuditEntryView, flash: Option<&Flash>) -> impl IntoView + use<> {
    let posted = Posted::of(flash, "undo");
    let lock = lock(&view.frame, Role::Admin);
    let hidden = vec![
        ("migration", view.frame.migration.to_string()),
        ("environment", environment_field(&view.frame)),
        ("sequence", view.chained.entry.sequence.to_string()),
    ];
    view! {
        <section class="tile" id="undo">
            <header><h2>"Undo"</h2></header>
            <p>"What it changed goes back to what it was before, as a new change, recorded like any other."</p>
            <form class="form" method="post" action=address("undo")>
                {posted.problem()} <Hidden fields=hidden />
                <Field
                    name="reason"
                    label="Reason"
                    value=posted.typed("reason", "")
                    error=posted.wrong("reason")
                    maxlength=1_000
                    required=true
                    disabled=lock.closed()
                />
                {submit("Undo", "", &lock)}
            </form>
        </section>
    }
}

fn fields(view: &AuditEntryView) -> impl IntoView + use<> {
    let entry = &view.chained.entry;
    let text = |text: String| {
        if text.is_empty() {
            "—".to_owned()
        } else {
            text
        }
        .into_any()
    };
    let code = |text: String| view! { <code class="hash">{text}</code> }.into_any();
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let key = |key: Option<&domain::Key>| key.map(ToString::to_string).unwrap_or_default();
    let (machine, exact) = (times::machine(entry.at), times::utc_precise(entry.at));
    let when = view! { <time class="time" datetime=machine>{exact}</time> }.into_any();
    let who = format!(
        "{} ({} {}, by {})",
        entry.actor.name,
        entry.actor.kind.as_str(),
        entry.actor.id,
        entry.actor.authentication.as_str().replace('_', " "),
    );
    key_values(
        vec![
            ("When", when),
            ("Who", text(who)),
            ("From", text(entry.source.clone().unwrap_or_default())),
            ("Request", code(entry.request_id.clone())),
            ("Action", code(entry.action.clone())),
            ("Migration", text(key(entry.migration.as_ref()))),
            ("Environment", text(key(entry.environment.as_ref()))),
            ("To what", text(entry.targets.join(", "))),
            ("Reason", text(entry.reason.clone())),
            ("Outcome", text(entry.outcome.as_str().to_owned())),
            ("Revision seen", text(number(entry.revision_seen))),
            ("Revision made", text(number(entry.revision_made))),
            ("Epoch", code(entry.epoch.clone())),
            ("Hash", code(view.chained.hash.clone())),
            ("Hash before", code(view.chained.previous_hash.clone())),
        ],
        false,
    )
}
