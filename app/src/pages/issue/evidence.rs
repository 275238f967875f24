//! Evidence as it was when it was frozen.

use domain::Timestamp;
use domain::read::{AttachmentView, StandingEvidence};
use leptos::prelude::*;

use crate::address::Links;
use crate::components::{Time, key_values};
use crate::pages::parts::who_listens;
use crate::words;

pub(super) fn attachment(
    attachment: &AttachmentView,
    now: Timestamp,
    links: &Links,
) -> impl IntoView + use<> {
    let shown = match &attachment.standing {
        Some(standing) => known(standing, now, links).into_any(),
        // Of a kind that this page does not know yet.
        None => view! {
            <details>
                <summary>{attachment.kind.clone()}</summary>
                <pre><code>{attachment.evidence.to_string()}</code></pre>
            </details>
        }
        .into_any(),
    };
    view! {
        <section class="tile frozen">
            <header>
                <h2>{attachment.about.clone()}</h2>
                <span class="quiet">"frozen " <Time at=attachment.frozen_at now=now exact=true /></span>
            </header>
            {shown}
        </section>
    }
}

fn known(standing: &StandingEvidence, now: Timestamp, links: &Links) -> impl IntoView + use<> {
    let kill_switch = if standing.kill_switch {
        "on: everything active served old"
    } else {
        "off"
    };
    let mut facts = vec![
        ("Mode", words::state(standing.state).into_any()),
        ("Kill switch", kill_switch.into_any()),
        ("Revision", standing.revision.to_string().into_any()),
        ("Version", standing.version.to_string().into_any()),
        ("Who listened", who_listens(standing.listening).into_any()),
    ];
    match &standing.last_change {
        None => facts.push(("Last change", "none: it never moved".into_any())),
        Some(change) => {
            let href = links.audit_entry(change.sequence);
            let obeyed = change.receipt.as_ref().map(|receipt| {
                format!(
                    ", {} of {} instances had obeyed it",
                    receipt.acknowledged, receipt.expected
                )
            });
            let by = format!(" by {}, “{}”", change.by, change.reason);
            let view = view! {
                <span>
                    <a href=href>{change.summary.clone()}</a> {by} " " <Time at=change.at now=now /> {obeyed}
                </span>
            };
            facts.push(("Last change", view.into_any()));
        }
    }
    key_values(facts, false)
}
