//! Importing a plan: the upload. What was recognised is shown before anything is changed.

use leptos::prelude::*;

use super::plain_form::{Posted, submit};
use crate::address::query;
use crate::api::import::{Importer, importer};
use crate::components::{
    CodeBlock, Field, Lock, ServerFrame, flash_banner, icon, lock_unless, served,
};
use crate::flash::Flash;
use crate::model::read_model;

/// The form that uploads a plan. `?migration=` fills in the key.
#[component]
pub fn Page() -> impl IntoView {
    let migration = query("migration");
    let model = read_model(|| (), |()| importer());
    served(
        model,
        move |Importer { viewer, may }: Importer, flash: Option<&Flash>| {
            let banner = flash.and_then(|flash| flash_banner(flash, None));
            let lock = lock_unless(
                may,
                "Needs the role admin: of the migration, or of the server for a new one.",
            );
            let form = upload(
                &Posted::of(flash, "import"),
                &migration.get_untracked(),
                &lock,
            );
            view! {
            <ServerFrame viewer=viewer title="Import a plan">
                {banner}
                <div class="page-head">
                    <div class="title">
                        <h1>"Import a plan"</h1>
                        <p class="lead">
                            "First comes a preview. An import never changes a flag and never deletes anything."
                        </p>
                    </div>
                </div>
                <div class="columns main">{form} {by_command()}</div>
            </ServerFrame>
        }
        .into_any()
        },
    )
}

fn upload(posted: &Posted, migration: &str, lock: &Lock) -> impl IntoView + use<> {
    let closed = lock.closed();
    let (file_error, wrong_file) = (posted.wrong("file"), posted.wrong("file").is_some());
    let described = if wrong_file {
        "f-file-hint f-file-error"
    } else {
        "f-file-hint"
    };
    view! {
        <form class="form" method="post" action="/import" enctype="multipart/form-data">
            {posted.problem()}
            <div class="field">
                <label for="f-file">"Plan"</label>
                <input
                    class="file"
                    id="f-file"
                    name="file"
                    type="file"
                    accept=".md,.markdown,.txt,text/markdown,text/plain"
                    required=true
                    disabled=closed
                    aria-invalid=wrong_file.then_some("true")
                    aria-describedby=described
                />
                <p class="hint" id="f-file-hint">"Markdown, at most 5 MiB. A browser asks for the file again after a refusal."</p>
                {file_error.map(|error| view! { <p class="refusal" id="f-file-error">{icon("breach")} {error}</p> })}
            </div>
            <Field
                name="migration"
                label="Key of the migration"
                value=posted.typed("migration", migration)
                hint="An existing one is brought up to the plan; a new one is created."
                error=posted.wrong("migration")
                class="mono short"
                maxlength=64
                required=true
                disabled=closed
            />
            <Field
                name="name"
                label="Name"
                value=posted.typed("name", "")
                hint="For a new migration; the plan’s title when left empty."
                error=posted.wrong("name")
                maxlength=200
                disabled=closed
            />
            <div class="fields">
                <Field
                    name="start"
                    label="First day"
                    kind="date"
                    value=posted.typed("start", "")
                    hint="The first day of the earliest phase; the plan’s weeks count from it."
                    error=posted.wrong("start")
                    required=true
                    disabled=closed
                />
                <Field
                    name="zone"
                    label="Time zone"
                    value=posted.typed("zone", "UTC")
                    hint="For a new migration, such as Europe/Berlin."
                    error=posted.wrong("zone")
                    maxlength=64
                    disabled=closed
                />
            </div>
            {submit("Preview", "primary", lock)}
        </form>
    }
}

fn by_command() -> impl IntoView {
    view! {
        <section class="tile">
            <header>
                <h2>"From a shell"</h2>
            </header>
            <p>"On the server, the same with the same preview:"</p>
            <CodeBlock code="switchback plan import plan.md --migration KEY --start 2026-11-16 --dry-run" />
            <p>"Modules alone, as a table, are added in the migration’s settings."</p>
        </section>
    }
}
