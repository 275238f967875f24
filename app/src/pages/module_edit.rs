//! What is known about a module: name, phase, owner, paths. Its flag is not touched here.

use domain::Role;
use domain::read::ModuleView;
use leptos::prelude::*;

use super::parts::{environment_field, forget_elsewhere};
use crate::address::{Links, Place, segment};
use crate::api::modules::module;
use crate::components::{
    CommandAction, CommandForm, Field, FormState, Framed, Hidden, Rail, framed, lock,
};
use crate::flash::Flash;
use crate::model::read_model;

/// The form. It does not follow changes made elsewhere: what it was filled from is the version it sends.
#[component]
pub fn Page() -> impl IntoView {
    let (place, key) = (Place::here(), segment("module"));
    let model = read_model(
        move || (place.get(), key.get()),
        |((migration, environment), key)| module(migration, environment, key),
    );
    let action = CommandAction::new("edit_module");
    forget_elsewhere(move || key.get(), move || action.clear());
    framed(model, Rail::Modules, move |page, flash| {
        shown(&page.view, action, flash)
    })
}

fn shown(view: &ModuleView, action: CommandAction, flash: Option<&Flash>) -> Framed {
    let (frame, row) = (view.frame.clone(), &view.row);
    let links = Links::of(&frame);
    let state = FormState::of(action, flash);
    let lock = lock(&frame, Role::Admin);
    let closed = lock.closed();
    let version = row.version.to_string();
    // After a press that went through, the form goes on from the version it made.
    let value = state.value();
    let expected = move || {
        value
            .with(|done| done.as_ref().and_then(|done| done.version))
            .map_or_else(|| version.clone(), |version| version.to_string())
    };
    let fields = vec![
        ("migration", frame.migration.to_string()),
        ("environment", environment_field(&frame)),
        ("module", row.key.to_string()),
    ];
    let phase = row.phase.map(|phase| phase.to_string()).unwrap_or_default();
    let (problem, done) = (state.problem(), state.done(&links));
    let title = format!("Edit {}", row.key);
    let text = |name: &'static str, label: &'static str, current: &str, class: &'static str| {
        view! {
            <Field
                name=name
                label=label
                value=state.typed(name, current)
                error=state.field(name)
                class=class
                disabled=closed
            />
        }
    };
    let fields_shown = [
        text("name", "Name", &row.name, "").into_any(),
        text("phase", "Phase, its number", &phase, "number short").into_any(),
        text("owner", "Owner", &row.owner, "").into_any(),
        text("old_path", "Old path", &view.old_path, "mono").into_any(),
        text("new_path", "New path", &view.new_path, "mono").into_any(),
        text("reason", "Reason, if there is one to keep", "", "").into_any(),
    ];
    let (back, why) = (links.module(&row.key), lock.why());
    let body = view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("modules")>"Modules"</a></li>
                <li><a href=links.module(&row.key)>{row.key.to_string()}</a></li>
                <li aria-current="page">"Edit"</li>
            </ol>
        </nav>
        <div class="page-head"><h1>{title.clone()}</h1></div>
        <CommandForm action=action>
            <div class="form">
                <Hidden fields=fields />
                <input type="hidden" name="expected" value=expected />
                {done}
                {problem}
                {fields_shown.into_iter().collect_view()}
                <div class="buttons">
                    <button class="button primary" type="submit" disabled=closed>"Save"</button>
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
