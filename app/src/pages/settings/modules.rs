//! Adding modules: one, or a table of them.

use leptos::prelude::*;

use super::{Parts, folded, part};
use crate::address::Links;
use crate::components::{Choice, Field, Select};
use crate::pages::plain_form::submit;
use crate::words;

/// How many there are, and the two forms that add.
pub(super) fn section(page: &Parts<'_>) -> AnyView {
    let links = Links::of(&page.view.frame);
    let named = usize::try_from(page.view.frame.counts.named()).unwrap_or(usize::MAX);
    let content = view! {
        <div class="stack">
            <p>
                {words::count(named, "module", "modules")} " so far. Each is edited on "
                <a href=links.page("modules")>"its own page"</a> "."
            </p>
            {add(page)} {table(page)}
        </div>
    };
    part(
        "modules",
        "Modules",
        "a new module’s flag starts on old only everywhere",
        content,
    )
}

fn add(page: &Parts<'_>) -> AnyView {
    let closed = page.lock.closed();
    let posted = page.posted("create_module");
    let mut phases = vec![Choice::new("", "none yet")];
    phases.extend(
        page.view
            .phases
            .iter()
            .filter(|phase| phase.archived_at.is_none())
            .map(|phase| {
                Choice::new(
                    phase.number.to_string(),
                    format!("{} {}", phase.number, phase.name),
                )
            }),
    );
    let fields = view! {
        <div class="fields">
            <Field
                name="key"
                id="module-key"
                label="Key"
                value=posted.typed("key", "")
                hint="a-z, 0-9, - and _; it stays."
                error=posted.wrong("key")
                class="mono"
                maxlength=64
                required=true
                disabled=closed
            />
            <Field
                name="name"
                id="module-name"
                label="Name"
                value=posted.typed("name", "")
                hint="The key, when left empty."
                error=posted.wrong("name")
                maxlength=200
                disabled=closed
            />
            <Select
                name="phase"
                id="module-phase"
                label="Phase"
                options=phases
                value=posted.typed("phase", "")
                error=posted.wrong("phase")
                disabled=closed
            />
            <Field
                name="owner"
                label="Owner"
                value=posted.typed("owner", "")
                hint="User or team that answers for it."
                error=posted.wrong("owner")
                maxlength=200
                disabled=closed
            />
        </div>
        <Field
            name="old_path"
            label="Where old code is"
            value=posted.typed("old_path", "")
            error=posted.wrong("old_path")
            class="mono"
            disabled=closed
        />
        <Field
            name="new_path"
            label="Where new code is"
            value=posted.typed("new_path", "")
            error=posted.wrong("new_path")
            class="mono"
            disabled=closed
        />
        {submit("Add", "primary", &page.lock)}
    };
    let form = page.form("create_module", &posted, Vec::new(), fields);
    folded("Add a module…", "", posted.is_refused(), form)
}

fn table(page: &Parts<'_>) -> AnyView {
    let closed = page.lock.closed();
    let posted = page.posted("import_modules");
    let fields = view! {
        <p class="hint">
            "A header with " <code>"key"</code> " and any of " <code>"name"</code> ", " <code>"phase"</code> ", "
            <code>"owner"</code> ", " <code>"old_path"</code> ", " <code>"new_path"</code>
            "; separated by commas, semicolons or tabs, so a spreadsheet can be pasted. New keys are added, known ones edited; "
            "with any error nothing is. At most 40,000 characters at once."
        </p>
        <Field
            name="table"
            label="Table"
            rows=8
            class="mono"
            maxlength=40_000
            value=posted.typed("table", "key,name,phase,owner,old_path,new_path\n")
            error=posted.wrong("table")
            required=true
            disabled=closed
        />
        {submit("Add these", "primary", &page.lock)}
    };
    let form = page.form("import_modules", &posted, Vec::new(), fields);
    folded("Add a table of modules…", "", posted.is_refused(), form)
}
