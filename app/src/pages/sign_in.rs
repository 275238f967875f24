//! Signing in by a link. Opening it shows a button, since chats fetch links; only the button uses it up.

use leptos::prelude::*;

use crate::address::query;
use crate::components::{CodeBlock, Door, Field, icon};

/// The button for `?link=`, or how to get a link.
#[component]
pub fn Page() -> impl IntoView {
    let (link, next) = (query("link"), query("next"));
    let (problem, error) = (query("problem"), query("error"));
    view! {
        <Door title="Sign in">
            <h1>"Sign in"</h1>
            {move || refusal(&problem.get()).or_else(|| refusal(&error.get()))}
            {move || {
                let link = link.get();
                if link.is_empty() { how(next.get()).into_any() } else { button(link, next.get()).into_any() }
            }}
        </Door>
    }
}

/// What the server says when a link did not work: the refusal's code.
fn refusal(code: &str) -> Option<impl IntoView + use<>> {
    let words = match code {
        "" => return None,
        "link-spent" | "spent" => {
            "This sign-in link was used already, or is older than 15 minutes. Get a new one."
        }
        _ => "Signing in did not work. Get a new link and try again.",
    };
    Some(view! {
        <div class="problem hand" role="alert">
            {icon("breach")} <div class="grow"><p>{words}</p></div>
        </div>
    })
}

fn button(link: String, next: String) -> impl IntoView {
    view! {
        <p class="quiet">"The link is good for one use, within 15 minutes of its making."</p>
        <form class="form" method="post" action="/sign-in">
            <input type="hidden" name="link" value=link />
            <input type="hidden" name="next" value=next />
            <button class="button primary" type="submit">"Sign in"</button>
        </form>
    }
}

fn how(next: String) -> impl IntoView {
    view! {
        <p>"Open a sign-in link. Ask an admin for one, or make it on the server, in its data directory:"</p>
        <CodeBlock code="switchback user sign-in-link NAME" />
        <form class="form" method="post" action="/sign-in">
            <input type="hidden" name="next" value=next />
            <Field
                name="link"
                label="Or paste it here"
                hint="Good for one use, within 15 minutes of its making."
                maxlength=1_000
                required=true
            />
            <button class="button" type="submit">"Sign in"</button>
        </form>
    }
}
