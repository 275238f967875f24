//! What happened around an issue, oldest first: what people said, and what the audit log has.

use domain::Timestamp;
use domain::read::{IssueView, ReceiptView, TimelineItem};
use leptos::prelude::*;

use crate::address::{Links, encoded};
use crate::components::{Time, icon};
use crate::pages::issue_fields::prose;

pub(super) fn timeline(view: &IssueView, links: &Links) -> impl IntoView + use<> {
    let now = view.frame.now;
    let items = view
        .timeline
        .iter()
        .map(|item| one(item, now, links))
        .collect_view();
    let more = view.row.module.as_ref().filter(|_| view.more_events).map(|module| {
        let all = links.page(&format!("audit?q={}", encoded(&format!("module:{module}"))));
        view! {
            <p class="quiet">
                "More happened than is shown here. " <a href=all>"All of it in the audit log"</a>
            </p>
        }
    });
    view! { <ol class="happened">{items}</ol> {more} }
}

fn one(item: &TimelineItem, now: Timestamp, links: &Links) -> AnyView {
    match item {
        TimelineItem::Comment {
            number,
            at,
            by,
            html,
            ..
        } => view! {
            <li class="said" id=format!("c{number}")>
                <p class="by">
                    {icon("person")} <b>{by.clone()}</b> " " <Time at=*at now=now />
                </p>
                {prose(html)}
            </li>
        }
        .into_any(),
        TimelineItem::Event {
            at,
            by,
            action,
            summary,
            reason,
            sequence,
            revision,
            own,
            receipt,
            ..
        } => {
            let href = revision.map_or_else(
                || links.audit_entry(*sequence),
                |revision| links.change(revision),
            );
            let reason = (!reason.is_empty())
                .then(|| view! { <span class="quiet">{format!("“{reason}”")}</span> });
            let class = if *own { "event own" } else { "event" };
            view! {
                <li class=class>
                    <p>
                        {icon(icon_of(action))} <b>{by.clone()}</b> " "
                        <a href=href>{summary.clone()}</a> " " <Time at=*at now=now /> " " {reason}
                        {receipt.as_ref().map(obeyed)}
                    </p>
                </li>
            }
            .into_any()
        }
    }
}

fn obeyed(receipt: &ReceiptView) -> impl IntoView + use<> {
    let words = match receipt.expected {
        0 => "no instance was listening".to_owned(),
        expected => format!("{} of {expected} instances obey it", receipt.acknowledged),
    };
    view! { <span class="quiet">{format!(" {words}")}</span> }
}

fn icon_of(action: &str) -> &'static str {
    match action {
        "flag.rollback" => "back",
        "flag.set" => "advance",
        "kill_switch.on" => "kill",
        "kill_switch.off" => "live",
        "issue.resolve" => "pass",
        "issue.mitigate" => "hold",
        "issue.link" | "issue.unlink" => "link",
        action if action.starts_with("issue.") => "issues",
        _ => "audit",
    }
}
