//! Opens an issue: one press of a key leads here with module and time filled in.

use domain::Role;
use domain::read::NewIssueView;
use leptos::prelude::*;

use super::issue_fields::{IssueText, fields};
use super::parts::environment_field;
use crate::address::{Links, Place, query};
use crate::api::issues::new_issue;
use crate::components::{
    CommandAction, CommandForm, Field, FormState, Framed, Hidden, Rail, framed, lock,
};
use crate::flash::Flash;
use crate::model::read_model;
use crate::times;

/// The form. It does not follow changes made elsewhere: what is typed stays.
#[component]
pub fn Page() -> impl IntoView {
    let (place, module, at) = (Place::here(), query("module"), query("at"));
    let model = read_model(
        move || (place.get(), module.get()),
        |((migration, environment), module)| new_issue(migration, environment, module),
    );
    let action = CommandAction::new("open_issue");
    framed(model, Rail::Issues, move |view, flash| {
        shown(&view, &at.get_untracked(), action, flash)
    })
}

/// A moment as an input of date and time holds it, to the minute; `None` for anything else.
fn minute(text: &str) -> Option<&str> {
    let minute = text.get(..16)?;
    let fits = minute
        .bytes()
        .zip("0000-00-00T00:00".bytes())
        .all(|(found, wanted)| match wanted {
            b'0' => found.is_ascii_digit(),
            sign => found == sign,
        });
    fits.then_some(minute)
}

fn shown(view: &NewIssueView, at: &str, action: CommandAction, flash: Option<&Flash>) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let state = FormState::of(action, flash);
    let lock = lock(&frame, Role::Operator);
    let closed = lock.closed();
    let text = IssueText {
        severity: "medium".to_owned(),
        module: view
            .module
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        owner: view.owner.clone(),
        ..IssueText::default()
    };
    let now = times::machine(frame.now);
    let noticed = minute(at).or_else(|| minute(&now)).unwrap_or_default();
    let noticed = state.typed("noticed_at", noticed);
    let hidden = vec![
        ("migration", frame.migration.to_string()),
        ("environment", environment_field(&frame)),
    ];
    let modules = view
        .modules
        .iter()
        .map(|module| view! { <option value=module.to_string()></option> })
        .collect_view();
    let (problem, pending, why) = (state.problem(), state.pending, lock.why());
    let (noticed_error, back) = (state.field("noticed_at"), links.page("issues"));
    let body = view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("issues")>"Issues"</a></li>
                <li aria-current="page">"Open an issue"</li>
            </ol>
        </nav>
        <div class="page-head">
            <div class="title">
                <h1>"Open an issue"</h1>
                <p class="lead">
                    {format!(
                        "With a module, how it stands in {} now is kept: mode, exposure, kill switch, revision, who listens and the last change.",
                        frame.environment.key,
                    )}
                </p>
            </div>
        </div>
        <CommandForm action=action>
            <div class="form">
                <Hidden fields=hidden />
                {problem}
                {fields(&text, &state, closed)}
                <Field
                    name="noticed_at"
                    label="Noticed, UTC"
                    kind="datetime-local"
                    value=noticed
                    error=noticed_error
                    maxlength=30
                    disabled=closed
                />
                <datalist id="issue-modules">{modules}</datalist>
                <div class="buttons">
                    <button
                        class="button primary"
                        type="submit"
                        disabled=move || closed || pending.get()
                        aria-busy=move || pending.get().then_some("true")
                    >
                        "Open"
                    </button>
                    <a class="button" href=back>"Back"</a>
                    {why}
                </div>
            </div>
        </CommandForm>
    }
    .into_any();
    Framed {
        title: "Open an issue".to_owned(),
        description: format!("Write down what is wrong in {}", frame.name),
        frame,
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::minute;

    #[test]
    fn a_moment_is_filled_in_to_the_minute() {
        assert_eq!(minute("2026-11-22T14:02:11.204Z"), Some("2026-11-22T14:02"));
        for text in [
            "",
            "now",
            "2026-11-22",
            "2026-11-22 14:02",
            "äöü2026-11-22T14:02",
        ] {
            assert_eq!(minute(text), None, "{text}");
        }
    }
}
