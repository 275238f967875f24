//! Connecting a service: make a token, copy a snippet, watch the first read arrive.

use domain::Role;
use domain::read::{ConnectView, ReaderRow, TokenRow};
use leptos::prelude::*;

use super::plain_form::{Posted, address, submit};
use crate::address::{Links, Place};
use crate::api::connect::connect;
use crate::components::{CodeBlock, Field, Framed, Hidden, Rail, Time, framed, icon, lock, state};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;
use crate::times;

mod snippets;

/// Reads are not announced as changes are, so the page looks this often while it is visible, seconds.
const LOOK_AGAIN: u32 = 3;

/// The three steps, the last of which happens by itself.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = read_model(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| connect(migration, environment),
    );
    framed(model, Rail::Connect, |view: ConnectView, flash| Framed {
        title: "Connect a service".to_owned(),
        description: format!("How a service reads the flags of {}", view.frame.name),
        body: body(&view, flash),
        frame: view.frame,
    })
}

fn body(view: &ConnectView, flash: Option<&Flash>) -> AnyView {
    let links = Links::of(&view.frame);
    let made = match flash {
        Some(Flash::Secret { text, .. }) => Some(text.as_str()),
        _ => None,
    };
    let has_token = made.is_some() || view.tokens.iter().any(|token| token.revoked_at.is_none());
    let read = !view.readers.is_empty();
    let (first, second) = match (has_token, read) {
        (_, true) => ("step done", "step done"),
        (true, false) => ("step done", "step here"),
        (false, false) => ("step here", "step ahead"),
    };
    let third = if read { "step done" } else { "step ahead" };
    view! {
        <div class="page-head">
            <div class="title">
                <h1>"Connect a service"</h1>
                <p class="lead">
                    "Three steps for " <b>{view.frame.environment.name.clone()}</b> "; the last one happens by itself."
                </p>
            </div>
        </div>
        <ol class="steps" data-look-again=LOOK_AGAIN>
            <li class=first>
                <h2>"Make a token"</h2>
                <div class="why-here stack">{token(view, made.is_some(), flash)}</div>
            </li>
            <li class=second>
                <h2>"Copy a snippet"</h2>
                <div class="why-here stack">{snippets::snippets(view, made)}</div>
            </li>
            <li class=third>
                <h2>{if read { "Services that read" } else { "Waiting for the first read" }}</h2>
                <div class="why-here stack">{readers(view, &links)}</div>
            </li>
        </ol>
    }
    .into_any()
}

fn token(view: &ConnectView, made: bool, flash: Option<&Flash>) -> impl IntoView + use<> {
    let (frame, posted) = (&view.frame, Posted::of(flash, "create_token"));
    let lock = lock(frame, Role::Admin);
    let shown = made.then(|| {
        view! { <p>"The token stands above and in the first snippet, this once: copy it now."</p> }
    });
    let names: Vec<_> = view
        .tokens
        .iter()
        .filter(|token| token.revoked_at.is_none())
        .map(named)
        .collect();
    let there = (!names.is_empty()).then(|| {
        let words = format!(
            "Tokens of kind sdk for this environment: {}.",
            names.join("; ")
        );
        view! { <p class="quiet">{words}</p> }
    });
    let hidden = vec![
        ("kind", "sdk".to_owned()),
        (
            "scope",
            format!("{}/{}", frame.migration, frame.environment.key),
        ),
        ("from", "connect".to_owned()),
    ];
    view! {
        {shown} {there}
        <form class="form" method="post" action=address("create_token")>
            {posted.problem()} <Hidden fields=hidden />
            <Field
                name="name"
                label="Name of the service"
                value=posted.typed("name", "")
                error=posted.wrong("name")
                maxlength=200
                required=true
                disabled=lock.closed()
            />
            {submit("Make a token", "primary", &lock)}
        </form>
        <p class="quiet">"Or on the server:"</p>
        <CodeBlock code=format!(
            "switchback token create --name NAME --kind sdk --migration {} --environment {}",
            frame.migration,
            frame.environment.key,
        ) />
    }
}

fn named(token: &TokenRow) -> String {
    let used = token.last_used_at.map_or_else(
        || "never used".to_owned(),
        |at| format!("last used {}", times::utc_minute(at)),
    );
    format!("{} ({}…, {used})", token.name, token.hint)
}

fn readers(view: &ConnectView, links: &Links) -> AnyView {
    let again = links.page("connect");
    if view.readers.is_empty() {
        let words = format!(
            "nothing heard yet, as of {}",
            times::utc_clock(view.frame.now)
        );
        return view! {
            <p role="status">{state("nodata", "due", words)}</p>
            <p><a href=again rel="external">"Look again"</a></p>
        }
        .into_any();
    }
    let now = view.frame.now;
    let head = view.frame.revision.clone();
    let rows = view
        .readers
        .iter()
        .map(|reader| row(reader, now))
        .collect_view();
    view! {
        <p role="status">{state("", "pass", format!("{} in the last 24 h", view.readers.len()))}</p>
        <table class="table cards">
            <caption>
                {format!("Who read this environment’s flags in the last 24 hours; they stand at {head}.")}
            </caption>
            <thead>
                <tr>
                    <th scope="col">"Token"</th>
                    <th scope="col">"Client"</th>
                    <th scope="col">"Last read"</th>
                    <th scope="col" class="num">"Revision"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p><a href=again rel="external">{icon("right")} "Look again"</a></p>
    }
    .into_any()
}

fn row(reader: &ReaderRow, now: domain::Timestamp) -> impl IntoView + use<> {
    let client = if reader.client.is_empty() {
        "—".to_owned()
    } else {
        reader.client.clone()
    };
    view! {
        <tr>
            <th scope="row">{reader.token.clone()}</th>
            <td data-label="Client" class="long">{client}</td>
            <td data-label="Last read" class="tight"><Time at=reader.last_read_at now=now /></td>
            <td data-label="Revision" class="num">{reader.revision.to_string()}</td>
        </tr>
    }
}
