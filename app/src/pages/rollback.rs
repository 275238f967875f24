//! Rolling back one module, several, or a phase: a page that needs no script.

use domain::read::RollbackView;
use leptos::prelude::*;

use super::parts::forget_elsewhere;
use super::rollback_form::Rollback;
use crate::address::{Links, Place, query, query_list, segment};
use crate::api::forms::rollback;
use crate::components::{CommandAction, FormState, Framed, Rail, framed};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;

/// `/m/{migration}/modules/{module}/rollback`, or `/m/{migration}/rollback` with `?module=` or `?phase=`.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let (one, several, phase) = (segment("module"), query_list("module"), query("phase"));
    let chosen = move || {
        let one = one.get();
        (
            if one.is_empty() { several.get() } else { one },
            phase.get(),
        )
    };
    let model = read_model(
        move || (place.get(), chosen(), live.changes()),
        |((migration, environment), (modules, phase), _)| {
            rollback(migration, environment, modules, phase)
        },
    );
    let action = CommandAction::new("roll_back");
    forget_elsewhere(move || (place.get(), chosen()), move || action.clear());
    framed(model, Rail::Modules, move |view, flash| {
        shown(&view, phase, action, flash)
    })
}

fn shown(
    view: &RollbackView,
    phase: Memo<String>,
    action: CommandAction,
    flash: Option<&Flash>,
) -> Framed {
    let frame = view.frame.clone();
    let links = Links::of(&frame);
    let about = Rollback {
        frame: &frame,
        modules: &view.modules,
        phase: phase.get_untracked().parse().ok(),
        listening: view.listening,
        prefix: "page",
    };
    let back = match view.modules.as_slice() {
        [row] if about.phase.is_none() => links.module(&row.key),
        _ => links.page("modules"),
    };
    let state = FormState::of(action, flash);
    let (done, value) = (state.done(&links), state.value());
    let title = format!("Roll back {}", about.about());
    let lead = about.lead();
    let form = about.form(
        action,
        &state,
        view! { <a class="button apart" href=back.clone()>"Cancel"</a> }.into_any(),
    );
    let body = view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("modules")>"Modules"</a></li>
                <li aria-current="page">{title.clone()}</li>
            </ol>
        </nav>
        <section class="dialog">
            <header>
                <div>
                    <h1>{title.clone()}</h1>
                    <p class="lead" hidden=move || value.with(Option::is_some)>{lead.clone()}</p>
                </div>
            </header>
            {done}
            <div hidden=move || value.with(Option::is_some)>{form}</div>
            <div class="buttons" hidden=move || value.with(Option::is_none)>
                <a class="button" href=back>"Back"</a>
            </div>
        </section>
    }
    .into_any();
    Framed {
        frame,
        title,
        description: lead,
        body,
    }
}
