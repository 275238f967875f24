//! What may be edited of a migration. Every form carries the version it was made from; a stale one comes back with
//! its fields and the change that came between.

use domain::Role;
use leptos::prelude::*;

use super::parts::environment_field;
use super::plain_form::{Posted, address};
use crate::address::Place;
use crate::api::settings::{SettingsView, settings};
use crate::components::{Framed, Hidden, Lock, Rail, framed, lock};
use crate::flash::Flash;
use crate::model::read_model;

mod environments;
mod migration;
mod modules;
mod phases;

/// Settings of one migration.
#[component]
pub fn Page() -> impl IntoView {
    let place = Place::here();
    // Not fetched again when something changes elsewhere: a form must keep the version that its reader saw.
    let model = read_model(
        move || place.get(),
        |(migration, environment)| settings(migration, environment),
    );
    framed(model, Rail::Settings, |view: SettingsView, flash| Framed {
        title: "Settings".to_owned(),
        description: format!("Settings of {}", view.frame.name),
        body: body(&view, flash),
        frame: view.frame,
    })
}

fn body(view: &SettingsView, flash: Option<&Flash>) -> AnyView {
    let page = Parts {
        view,
        flash,
        lock: lock(&view.frame, Role::Admin),
    };
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Settings"</h1>
                <p class="lead">
                    "Key " <code>{view.frame.migration.to_string()}</code> ", which stays. Nothing is deleted: it is archived."
                </p>
            </div>
        </div>
        <nav class="tabs" aria-label="Parts of the settings">
            <a href="#migration" rel="external">"Migration"</a>
            <a href="#environments" rel="external">"Environments"</a>
            <a href="#phases" rel="external">"Phases"</a>
            <a href="#modules" rel="external">"Modules"</a>
            <a href="#archive" rel="external">"Archive"</a>
        </nav>
        {migration::edit(&page)}
        {environments::section(&page)}
        {phases::section(&page)}
        {modules::section(&page)}
        {migration::archive(&page)}
    }
    .into_any()
}

/// What every part of the page is made from.
struct Parts<'a> {
    view: &'a SettingsView,
    flash: Option<&'a Flash>,
    lock: Lock,
}

impl Parts<'_> {
    /// How the last post of that form ended.
    fn posted(&self, endpoint: &str) -> Posted {
        Posted::of(self.flash, endpoint)
    }

    /// How the last post of one of several such forms ended.
    fn posted_one(&self, endpoint: &str, field: &str, value: &str) -> Posted {
        Posted::of_one(self.flash, endpoint, field, value)
    }

    /// A form that posts to `endpoint`, with what every form of this page sends along.
    fn form(
        &self,
        endpoint: &str,
        posted: &Posted,
        mut hidden: Vec<(&'static str, String)>,
        fields: impl IntoView + 'static,
    ) -> AnyView {
        hidden.push(("migration", self.view.frame.migration.to_string()));
        hidden.push(("environment", environment_field(&self.view.frame)));
        view! {
            <form class="form" method="post" action=address(endpoint)>
                {posted.problem()} <Hidden fields=hidden /> {fields}
            </form>
        }
        .into_any()
    }
}

/// A part of the page under its heading.
fn part(
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    content: impl IntoView + 'static,
) -> AnyView {
    view! {
        <section class="section" id=id>
            <div class="section-head">
                <h2>{title}</h2>
                <span class="quiet">{hint}</span>
            </div>
            {content}
        </section>
    }
    .into_any()
}

/// A form folded away until it is wanted, or was refused. `whose` tells forms of the same verb apart for those who hear
/// the page; keys may be too long to show on a button.
fn folded(verb: &'static str, whose: &str, open: bool, form: AnyView) -> AnyView {
    view! {
        <details open=open>
            <summary class="button small">{verb}<span class="sr">{format!(" {whose}")}</span></summary>
            <div class="tile">{form}</div>
        </details>
    }
    .into_any()
}
