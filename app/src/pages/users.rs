//! Users of the server: what they may, links to sign in with, putting them away.

use domain::read::{UserRow, UsersView};
use domain::{Grant, Key, Role, Scope};
use leptos::prelude::*;

use super::plain_form::{Posted, address, submit};
use super::server_tabs::{Tab, secret_or_banner, tabs};
use crate::api::access::users;
use crate::components::{
    Choice, CodeBlock, Field, Hidden, Lock, Select, ServerFrame, badge, icon, served, server_lock,
};
use crate::flash::Flash;
use crate::model::read_model;
use crate::times;

/// The list, and the form that adds to it.
#[component]
pub fn Page() -> impl IntoView {
    let model = read_model(|| (), |()| users());
    served(model, shown)
}

fn shown(view: UsersView, flash: Option<&Flash>) -> AnyView {
    let lock = server_lock(&view.viewer);
    let (gone, here): (Vec<_>, Vec<_>) = view
        .users
        .iter()
        .partition(|user| user.archived_at.is_some());
    let rows = here
        .iter()
        .map(|user| row(user, &view.migrations, flash, &lock))
        .collect_view();
    let archived = (!gone.is_empty()).then(|| {
        let names = gone
            .iter()
            .map(|user| view! { <li><span class="grow">{user.name.clone()}</span></li> })
            .collect_view();
        view! {
            <details>
                <summary class="button small plain">{icon("down")} {format!("Archived ({})", gone.len())}</summary>
                <ul class="lines">{names}</ul>
            </details>
        }
    });
    let add = add(&view.migrations, &Posted::of(flash, "add_user"), &lock);
    let banner = secret_or_banner(flash);
    view! {
        <ServerFrame viewer=view.viewer.clone() title="Users">
            {banner} {tabs(Tab::Users)}
            <div class="columns main">
                <div class="stack">
                    <table class="table cards top">
                        <caption class="sr">"Users"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Name"</th>
                                <th scope="col">"May"</th>
                                <th scope="col">"Since"</th>
                                <th scope="col" class="act"><span class="sr">"Actions"</span></th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    {archived}
                </div>
                <div class="stack">{add} {by_command()}</div>
            </div>
        </ServerFrame>
    }
    .into_any()
}

fn by_command() -> impl IntoView {
    view! {
        <p class="quiet">"Signed out everywhere? On the server, in its data directory:"</p>
        <CodeBlock code="switchback user sign-in-link NAME" />
    }
}

fn grants(grants: &[Grant]) -> impl IntoView + use<> {
    if grants.is_empty() {
        return badge("nodata", "none", "nothing").into_any();
    }
    let words: Vec<_> = grants
        .iter()
        .map(|grant| match &grant.scope {
            Scope::All => format!("{} everywhere", grant.role.as_str()),
            Scope::Migration(key) => format!("{} of {key}", grant.role.as_str()),
        })
        .collect();
    words.join(", ").into_any()
}

fn row(
    user: &UserRow,
    migrations: &[Key],
    flash: Option<&Flash>,
    lock: &Lock,
) -> impl IntoView + use<> {
    let name = user.name.clone();
    let link = Posted::of_one(flash, "new_sign_in_link", "name", &name);
    let closed = lock.closed();
    view! {
        <tr>
            <th scope="row">{name.clone()}</th>
            <td data-label="May">{grants(&user.grants)}</td>
            <td data-label="Since" class="tight">{times::date(user.created_at)}</td>
            <td class="act">
                {link.problem()}
                <div class="buttons">
                    <form method="post" action=address("new_sign_in_link")>
                        <input type="hidden" name="name" value=name.clone() />
                        <button class="button small" type="submit" disabled=closed>
                            "Sign-in link"<span class="sr">{format!(" for {name}")}</span>
                        </button>
                    </form>
                    {change_role(user, migrations, flash, lock)}
                    {archive(user, flash, lock)}
                </div>
            </td>
        </tr>
    }
}

fn roles() -> Vec<Choice> {
    Role::ALL
        .into_iter()
        .map(|role| Choice::new(role.as_str(), role.as_str()))
        .collect()
}

fn scopes(migrations: &[Key]) -> Vec<Choice> {
    let mut scopes = vec![Choice::new("", "everywhere, all migrations")];
    scopes.extend(
        migrations
            .iter()
            .map(|key| Choice::new(key.as_str(), key.as_str())),
    );
    scopes
}

fn change_role(
    user: &UserRow,
    migrations: &[Key],
    flash: Option<&Flash>,
    lock: &Lock,
) -> impl IntoView + use<> {
    let name = &user.name;
    let posted = Posted::of_one(flash, "set_role", "name", name);
    let mut choices = roles();
    choices.push(Choice::new("none", "none: take it away"));
    let id = |field: &str| format!("{field}-{}", user.id);
    view! {
        <details class="menu" open=posted.is_refused()>
            <summary class="button small">
                "Role…"<span class="sr">{format!(" of {name}")}</span>
            </summary>
            <div class="menu-panel">
                <form class="form" method="post" action=address("set_role")>
                    {posted.problem()} <Hidden fields=vec![("name", name.clone())] />
                    <Select
                        name="migration"
                        id=id("scope")
                        label="Where"
                        options=scopes(migrations)
                        value=posted.typed("migration", "")
                        error=posted.wrong("migration")
                        disabled=lock.closed()
                    />
                    <Select
                        name="role"
                        id=id("role")
                        label="Role there"
                        options=choices
                        value=posted.typed("role", "viewer")
                        error=posted.wrong("role")
                        disabled=lock.closed()
                    />
                    {submit("Set", "primary", lock)}
                </form>
            </div>
        </details>
    }
}

fn archive(user: &UserRow, flash: Option<&Flash>, lock: &Lock) -> impl IntoView + use<> {
    let name = &user.name;
    let posted = Posted::of_one(flash, "archive_user", "name", name);
    view! {
        <details class="menu" open=posted.is_refused()>
            <summary class="button small">
                "Archive…"<span class="sr">{format!(" {name}")}</span>
            </summary>
            <div class="menu-panel">
                <form class="form" method="post" action=address("archive_user")>
                    {posted.problem()} <Hidden fields=vec![("name", name.clone())] />
                    <p class="hint">"Their sessions end now. The audit log keeps their name."</p>
                    <Field
                        name="reason"
                        id=format!("archive-{}", user.id)
                        label="Reason"
                        value=posted.typed("reason", "")
                        error=posted.wrong("reason")
                        maxlength=1_000
                        required=true
                        disabled=lock.closed()
                    />
                    {submit("Archive", "danger", lock)}
                </form>
            </div>
        </details>
    }
}

fn add(migrations: &[Key], posted: &Posted, lock: &Lock) -> impl IntoView + use<> {
    view! {
        <section class="tile">
            <header>
                <h2>"Add a person"</h2>
            </header>
            <form class="form" method="post" action=address("add_user")>
                {posted.problem()}
                <Field
                    name="name"
                    label="Name"
                    value=posted.typed("name", "")
                    error=posted.wrong("name")
                    maxlength=200
                    required=true
                    disabled=lock.closed()
                />
                <Select
                    name="role"
                    label="Role"
                    options=roles()
                    value=posted.typed("role", "viewer")
                    hint="A viewer reads; an operator also moves flags; an admin also imports and settles who may."
                    error=posted.wrong("role")
                    disabled=lock.closed()
                />
                <Select
                    name="migration"
                    label="Where"
                    options=scopes(migrations)
                    value=posted.typed("migration", "")
                    error=posted.wrong("migration")
                    disabled=lock.closed()
                />
                {submit("Add", "primary", lock)}
            </form>
        </section>
    }
}
