//! Bringing several modules, or a phase, to one mode.

use domain::FlagState;
use domain::read::RollbackView;
use leptos::prelude::*;

use super::parts::{forget_elsewhere, module_list, standing_table, versions, who_listens};
use super::set_form::{SetControls, Setting};
use crate::address::{Links, Place, query, query_list};
use crate::api::forms::rollback;
use crate::components::{Framed, Rail, framed};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::words;

/// `/m/{migration}/set` with `?module=` or `?phase=`.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let (modules, phase) = (query_list("module"), query("phase"));
    let model = read_model(
        move || (place.get(), modules.get(), phase.get(), live.changes()),
        |((migration, environment), modules, phase, _)| {
            rollback(migration, environment, modules, phase)
        },
    );
    let controls = SetControls::new();
    forget_elsewhere(
        move || (place.get(), modules.get(), phase.get()),
        move || controls.forget(),
    );
    framed(model, Rail::Modules, move |view, flash| {
        shown(&view, phase, controls, flash)
    })
}

fn shown(
    view: &RollbackView,
    phase: Memo<String>,
    controls: SetControls,
    flash: Option<&Flash>,
) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let phase = phase.get_untracked();
    let confirm = match view.modules.as_slice() {
        [row] if phase.is_empty() => ("module", row.key.to_string()),
        _ => ("migration", frame.migration.to_string()),
    };
    let setting = Setting {
        frame: &frame,
        modules: if phase.is_empty() {
            module_list(&view.modules)
        } else {
            String::new()
        },
        phase,
        versions: versions(&view.modules),
        proposed: FlagState::BOTH_VALIDATE,
        confirm,
        held: None,
    };
    let title = format!(
        "Set {}",
        words::count(view.modules.len(), "module", "modules")
    );
    let body = view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("modules")>"Modules"</a></li>
                <li aria-current="page">{title.clone()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div class="title">
                <h1>{title.clone()}</h1>
                <p class="lead">
                    {format!("All of these, in one change in {}. {}", frame.environment.key, who_listens(view.listening))}
                </p>
            </div>
        </div>
        <div class="columns main">
            <section class="tile">{standing_table(&view.modules, &links)}</section>
            <section class="tile">{setting.form(controls, flash)}</section>
        </div>
    }
    .into_any();
    Framed {
        frame,
        description: title.clone(),
        title,
        body,
    }
}
