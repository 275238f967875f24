//! Where services run.

use domain::Environment;
use leptos::prelude::*;

use super::{Parts, folded, part};
use crate::components::{Field, badge};
use crate::pages::plain_form::submit;
use crate::times;

/// The list, with a form for each, and one that adds.
pub(super) fn section(page: &Parts<'_>) -> AnyView {
    let rows = page
        .view
        .environments
        .iter()
        .map(|each| row(page, each))
        .collect_view();
    let content = view! {
        <div class="stack">
            <table class="table cards top">
                <caption class="sr">"Environments"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Name"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">"Revision"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {add(page)}
        </div>
    };
    let hint = "flags, kill switch and tokens are each environment’s own; gates and criteria look at the deciding one";
    part("environments", "Environments", hint, content)
}

fn row(page: &Parts<'_>, environment: &Environment) -> AnyView {
    let deciding = environment
        .deciding
        .then(|| badge("new", "pass", "deciding"));
    let killed = environment
        .kill_switch
        .then(|| badge("danger", "kill", "kill switch on"));
    let archived = environment
        .archived_at
        .map(|at| badge("nodata", "none", format!("archived {}", times::date(at))));
    let forms = environment.archived_at.is_none().then(|| {
        let away = (!environment.deciding).then(|| archive(page, environment));
        view! {
            <tr>
                <td colspan="4">
                    <div class="buttons">{edit(page, environment)} {away}</div>
                </td>
            </tr>
        }
    });
    view! {
        <tr>
            <th scope="row"><code>{environment.key.to_string()}</code></th>
            <td data-label="Name">{environment.name.clone()}</td>
            <td data-label="State">{deciding} " " {killed} " " {archived}</td>
            <td data-label="Revision" class="num">{environment.revision.to_string()}</td>
        </tr>
        {forms}
    }
    .into_any()
}

fn hidden(environment: &Environment) -> Vec<(&'static str, String)> {
    vec![
        ("target", environment.key.to_string()),
        ("version", environment.version.to_string()),
    ]
}

fn edit(page: &Parts<'_>, environment: &Environment) -> AnyView {
    let key = environment.key.to_string();
    let closed = page.lock.closed();
    let posted = page.posted_one("edit_environment", "target", &key);
    let decide = (!environment.deciding).then(|| {
        view! {
            <label class="choice">
                <input type="checkbox" name="deciding" value="yes" disabled=closed />
                <span>"Make it the deciding one"</span>
                <span class="hint">"Gates and criteria look at it from then on, and links without an environment mean it."</span>
            </label>
        }
    });
    let fields = view! {
        <Field
            name="name"
            id=format!("env-name-{key}")
            label="Name"
            value=posted.typed("name", &environment.name)
            error=posted.wrong("name")
            maxlength=200
            required=true
            disabled=closed
        />
        {decide}
        {submit("Save", "primary", &page.lock)}
    };
    let form = page.form("edit_environment", &posted, hidden(environment), fields);
    folded("Edit…", &key, posted.is_refused(), form)
}

fn archive(page: &Parts<'_>, environment: &Environment) -> AnyView {
    let key = environment.key.to_string();
    let posted = page.posted_one("archive_environment", "target", &key);
    let fields = view! {
        <p class="hint">"Its tokens read nothing any more; services go on with the last flags they got."</p>
        <Field
            name="reason"
            id=format!("env-reason-{key}")
            label="Reason"
            value=posted.typed("reason", "")
            error=posted.wrong("reason")
            maxlength=1_000
            required=true
            disabled=page.lock.closed()
        />
        {submit("Archive", "danger", &page.lock)}
    };
    let form = page.form("archive_environment", &posted, hidden(environment), fields);
    folded("Archive…", &key, posted.is_refused(), form)
}

fn add(page: &Parts<'_>) -> AnyView {
    let closed = page.lock.closed();
    let posted = page.posted("create_environment");
    let fields = view! {
        <div class="fields">
            <Field
                name="key"
                id="new-env-key"
                label="Key"
                value=posted.typed("key", "")
                hint="a-z, 0-9, - and _, such as staging; it stays."
                error=posted.wrong("key")
                class="mono"
                maxlength=64
                required=true
                disabled=closed
            />
            <Field
                name="name"
                id="new-env-name"
                label="Name"
                value=posted.typed("name", "")
                hint="The key, when left empty."
                error=posted.wrong("name")
                maxlength=200
                disabled=closed
            />
        </div>
        {submit("Add", "primary", &page.lock)}
    };
    let form = page.form("create_environment", &posted, Vec::new(), fields);
    folded("Add an environment…", "", posted.is_refused(), form)
}
