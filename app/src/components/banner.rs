//! What happened, what holds, and what to do next.

use domain::Committed;
use leptos::prelude::*;

use crate::address::Links;
use crate::components::{CodeBlock, CopyButton, icon};
use crate::flash::Flash;
use crate::times;

/// What a command did: a sentence, when it was stored, as which revision, and the way to the change.
pub fn done(done: &Committed, links: Option<&Links>) -> AnyView {
    let stored = match done.revision_number {
        Some(revision) => {
            format!(
                "Stored {}, revision {revision}. ",
                times::utc_precise(done.at)
            )
        }
        None => format!("Stored {}. ", times::utc_precise(done.at)),
    };
    let way = links.map(|links| {
        done.revision_number.map_or_else(
            || (links.audit_entry(done.sequence), "The audit entry"),
            |revision| (links.change(revision), "The change"),
        )
    });
    let unchanged = (!done.unchanged.is_empty()).then(|| {
        let names: Vec<_> = done.unchanged.iter().map(ToString::to_string).collect();
        format!(" Left as they are: {}.", names.join(", "))
    });
    view! {
        <div class="flash" role="status" data-once="">
            {icon("pass")}
            <div class="grow">
                <p>
                    <b>{done.summary.clone()}</b>
                    {unchanged}
                </p>
                <p class="quiet">
                    {stored} {way.map(|(address, words)| view! { <a href=address>{words}</a> })}
                </p>
            </div>
        </div>
    }
    .into_any()
}

/// What a form without script was told; nothing for a refusal, which stands at its form.
pub fn flash_banner(flash: &Flash, links: Option<&Links>) -> Option<AnyView> {
    match flash {
        Flash::Done(committed) => Some(done(committed, links)),
        Flash::Said(words) => Some(
            view! {
                <div class="flash" role="status" data-once="">
                    {icon("pass")} <div class="grow"><p>{words.clone()}</p></div>
                </div>
            }
            .into_any(),
        ),
        Flash::Secret { title, text } => Some(
            view! {
                <div class="flash" role="status" data-once="">
                    {icon("pass")}
                    <div class="grow">
                        <p><b>{title.clone()}</b></p>
                        <pre><code class="secret">{text.clone()}</code></pre>
                        <CopyButton text=text.clone() />
                    </div>
                </div>
            }
            .into_any(),
        ),
        Flash::Refused(_) => None,
    }
}

/// Nothing here: what to do next, with a command to copy where there is one.
pub fn empty(
    title: &str,
    next: &str,
    command: Option<String>,
    way: Option<(String, &str)>,
) -> impl IntoView + use<> {
    view! {
        <section class="empty">
            <h2>{title.to_owned()}</h2>
            <p>{next.to_owned()}</p>
            {command.map(|command| view! { <CodeBlock code=command /> })}
            {way.map(|(address, words)| view! { <a class="button" href=address>{words.to_owned()}</a> })}
        </section>
    }
}
