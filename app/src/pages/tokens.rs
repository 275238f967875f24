//! Tokens: what programs sign in with. The token itself is shown once, when it is made.

use domain::Key;
use domain::read::{TokenKind, TokenRow, TokensView};
use leptos::prelude::*;

use super::plain_form::{Posted, address, submit};
use super::server_tabs::{Tab, secret_or_banner, tabs};
use crate::api::access::tokens;
use crate::components::{
    Choice, CodeBlock, Field, Hidden, Lock, Select, ServerFrame, badge, empty, icon, lock_unless,
    served,
};
use crate::flash::Flash;
use crate::model::read_model;
use crate::times;

/// The list, and the form that adds to it.
#[component]
pub fn Page() -> impl IntoView {
    let model = read_model(|| (), |()| tokens());
    served(model, shown)
}

fn shown(view: TokensView, flash: Option<&Flash>) -> AnyView {
    let may = view.viewer.administers_server || !view.scopes.is_empty();
    let lock = lock_unless(
        may,
        "Needs the role admin. Ask an admin of the migration or of this server.",
    );
    let (revoked, live): (Vec<_>, Vec<_>) = view
        .tokens
        .iter()
        .partition(|token| token.revoked_at.is_some());
    let list = if live.is_empty() {
        let command =
            "switchback token create --name NAME --kind sdk --migration KEY --environment production".to_owned();
        let next =
            "A service reads flags with a token of kind sdk. Make one here, or on the server:";
        empty("No token yet", next, Some(command), None).into_any()
    } else {
        table("Tokens", &live, flash, &lock).into_any()
    };
    let folded = (!revoked.is_empty()).then(|| {
        view! {
            <details>
                <summary class="button small plain">{icon("down")} {format!("Revoked ({})", revoked.len())}</summary>
                {table("Revoked tokens", &revoked, flash, &lock)}
            </details>
        }
    });
    let create = create(&view.scopes, &Posted::of(flash, "create_token"), &lock);
    let banner = secret_or_banner(flash);
    view! {
        <ServerFrame viewer=view.viewer.clone() title="Tokens">
            {banner} {tabs(Tab::Tokens)}
            <div class="columns main">
                <div class="stack">{list} {folded}</div>
                <div class="stack">{create} {by_command()}</div>
            </div>
        </ServerFrame>
    }
    .into_any()
}

fn by_command() -> impl IntoView {
    view! {
        <p class="quiet">"On the server, the token alone on standard output:"</p>
        <CodeBlock code="switchback token create --name NAME --kind operator" />
    }
}

fn table(
    caption: &'static str,
    tokens: &[&TokenRow],
    flash: Option<&Flash>,
    lock: &Lock,
) -> impl IntoView + use<> {
    let rows = tokens
        .iter()
        .map(|token| row(token, flash, lock))
        .collect_view();
    view! {
        <table class="table cards top">
            <caption class="sr">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Kind"</th>
                    <th scope="col">"For"</th>
                    <th scope="col">"Made"</th>
                    <th scope="col">"Last used"</th>
                    <th scope="col" class="act"><span class="sr">"Actions"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(token: &TokenRow, flash: Option<&Flash>, lock: &Lock) -> impl IntoView + use<> {
    let scope = match (&token.migration, &token.environment) {
        (Some(migration), Some(environment)) => format!("{migration}, {environment}"),
        (Some(migration), None) => migration.to_string(),
        (None, _) => "the whole server".to_owned(),
    };
    let used = token
        .last_used_at
        .map_or_else(|| "never".to_owned(), times::utc_minute);
    let act = match token.revoked_at {
        Some(at) => {
            view! { <span class="quiet">{format!("revoked {}", times::date(at))}</span> }.into_any()
        }
        None => revoke(token, flash, lock).into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                {token.name.clone()} " " <code class="quiet">{format!("{}…", token.hint)}</code>
            </th>
            <td data-label="Kind">{badge("", "lock", token.kind.as_str())}</td>
            <td data-label="For">{scope}</td>
            <td data-label="Made">{format!("{}, {}", times::date(token.created_at), token.created_by)}</td>
            <td data-label="Last used">{used}</td>
            <td class="act">{act}</td>
        </tr>
    }
}

fn revoke(token: &TokenRow, flash: Option<&Flash>, lock: &Lock) -> impl IntoView + use<> {
    let posted = Posted::of_one(flash, "revoke_token", "id", &token.id);
    view! {
        <details class="menu" open=posted.is_refused()>
            <summary class="button small danger">
                "Revoke…"<span class="sr">{format!(" {}", token.name)}</span>
            </summary>
            <div class="menu-panel">
                <form class="form" method="post" action=address("revoke_token")>
                    {posted.problem()} <Hidden fields=vec![("id", token.id.clone())] />
                    <p class="hint">
                        "It is refused from the next request on. Services that read with it keep the last flags they got."
                    </p>
                    <Field
                        name="reason"
                        id=format!("revoke-{}", token.id)
                        label="Reason"
                        value=posted.typed("reason", "")
                        error=posted.wrong("reason")
                        maxlength=1_000
                        required=true
                        disabled=lock.closed()
                    />
                    {submit("Revoke", "danger final", lock)}
                </form>
            </div>
        </details>
    }
}

fn create(scopes: &[(Key, Vec<Key>)], posted: &Posted, lock: &Lock) -> impl IntoView + use<> {
    let kinds = TokenKind::ALL
        .into_iter()
        .map(|kind| Choice::new(kind.as_str(), described(kind)))
        .collect();
    let mut places = vec![Choice::new(
        "",
        "the whole server (admin, operator, viewer)",
    )];
    for (migration, environments) in scopes {
        places.extend(environments.iter().map(|environment| {
            Choice::new(
                format!("{migration}/{environment}"),
                format!("{migration}, {environment}"),
            )
        }));
    }
    view! {
        <section class="tile">
            <header>
                <h2>"Make a token"</h2>
            </header>
            <form class="form" method="post" action=address("create_token")>
                {posted.problem()}
                <Field
                    name="name"
                    label="Name"
                    value=posted.typed("name", "")
                    hint="Of the service or person that uses it; it stands in the audit log."
                    error=posted.wrong("name")
                    maxlength=200
                    required=true
                    disabled=lock.closed()
                />
                <Select
                    name="kind"
                    label="Kind"
                    options=kinds
                    value=posted.typed("kind", "sdk")
                    error=posted.wrong("kind")
                    disabled=lock.closed()
                />
                <Select
                    name="scope"
                    label="For"
                    options=places
                    value=posted.typed("scope", "")
                    hint="sdk and ingest belong to one environment; the others to a migration or the whole server."
                    error=posted.wrong("scope").or_else(|| posted.wrong("migration")).or_else(|| posted.wrong("environment"))
                    disabled=lock.closed()
                />
                {submit("Make", "primary", lock)}
            </form>
        </section>
    }
}

fn described(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Sdk => "sdk: a service reads flags",
        TokenKind::Ingest => "ingest: a service sends evidence",
        TokenKind::Viewer => "viewer: reads the management API",
        TokenKind::Operator => "operator: also moves flags",
        TokenKind::Admin => "admin: also imports and settles who may",
    }
}
