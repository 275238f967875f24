//! What an issue says: title, text, severity, module, owner, labels, due day. Its status is moved on its own page.

use domain::Role;
use domain::read::IssueView;
use leptos::prelude::*;

use super::issue_fields::{IssueText, fields};
use super::parts::environment_field;
use crate::address::{Links, Place, segment};
use crate::api::issues::issue;
use crate::components::{
    CommandAction, CommandForm, Field, FormState, Framed, Hidden, Rail, framed, lock,
};
use crate::flash::Flash;
use crate::model::read_model;

/// The form. It does not follow changes made elsewhere: what it was filled from is the version it sends.
#[component]
pub fn Page() -> impl IntoView {
    let (place, number) = (Place::here(), segment("number"));
    let model = read_model(
        move || (place.get(), number.get()),
        |((migration, environment), number)| issue(migration, environment, number),
    );
    let action = CommandAction::new("edit_issue");
    framed(model, Rail::Issues, move |view, flash| {
        shown(&view, action, flash)
    })
}

fn shown(view: &IssueView, action: CommandAction, flash: Option<&Flash>) -> Framed {
    let (frame, row) = (view.frame.clone(), &view.row);
    let links = Links::of(&frame);
    let state = FormState::of(action, flash);
    let lock = lock(&frame, Role::Operator);
    let closed = lock.closed();
    let version = view.version.to_string();
    // After a press that went through, the form goes on from the version it made.
    let value = state.value();
    let expected = move || {
        value
            .with(|done| done.as_ref().and_then(|done| done.version))
            .map_or_else(|| version.clone(), |version| version.to_string())
    };
    let text = IssueText {
        title: row.title.clone(),
        body: view.body.clone(),
        severity: row.severity.as_str().to_owned(),
        module: row
            .module
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        owner: row.owner.clone(),
        labels: row.labels.join(" "),
        due: row.due.clone().unwrap_or_default(),
    };
    let hidden = vec![
        ("migration", frame.migration.to_string()),
        ("environment", environment_field(&frame)),
        ("number", row.number.to_string()),
    ];
    let (problem, done, pending, why) = (
        state.problem(),
        state.done(&links),
        state.pending,
        lock.why(),
    );
    let (reason, reason_error) = (state.typed("reason", ""), state.field("reason"));
    let title = format!("Edit issue {}", row.number);
    let back = links.issue(row.number);
    let body = view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("issues")>"Issues"</a></li>
                <li><a href=links.issue(row.number)>{row.number.to_string()}</a></li>
                <li aria-current="page">"Edit"</li>
            </ol>
        </nav>
        <div class="page-head"><h1>{title.clone()}</h1></div>
        <CommandForm action=action>
            <div class="form">
                <Hidden fields=hidden />
                <input type="hidden" name="expected" value=expected />
                {done}
                {problem}
                {fields(&text, &state, closed)}
                <Field
                    name="reason"
                    label="Reason, if there is one to keep"
                    value=reason
                    error=reason_error
                    maxlength=1_000
                    disabled=closed
                />
                <div class="buttons">
                    <button class="button primary" type="submit" disabled=move || closed || pending.get()>
                        "Save"
                    </button>
                    <a class="button" href=back>"Back"</a>
                    {why}
                </div>
            </div>
        </CommandForm>
    }
    .into_any();
    Framed {
        frame,
        description: title.clone(),
        title,
        body,
    }
}
