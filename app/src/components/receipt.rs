//! Who obeys a change: three facts in order, each with its time, and the names of those that have not.

use domain::read::{AuditRow, ReceiptView};
use leptos::prelude::*;

use crate::components::icon;
use crate::times;
use crate::words;

/// Requested, stored, acknowledged. Readers that never acknowledge, of whom some have read since, are shown beside and
/// never counted.
pub fn receipt(
    audit: &AuditRow,
    receipt: Option<&ReceiptView>,
    (since, readers): (u32, u32),
) -> AnyView {
    let because = if audit.reason.is_empty() {
        String::new()
    } else {
        format!(", “{}”", audit.reason)
    };
    let stored = format!("Stored, revision {}", audit.revision.unwrap_or_default());
    view! {
        <ol class="receipt">
            <li>{icon("pass")} <span>{format!("Requested by {}{because}", audit.actor)}</span></li>
            <li>
                {icon("pass")} <span>{stored}</span>
                <span class="when">{times::utc_precise(audit.at)}</span>
            </li>
            {receipt.map(acknowledged)}
            {(readers > 0).then(|| without_receipts(since, readers))}
        </ol>
    }
    .into_any()
}

fn acknowledged(receipt: &ReceiptView) -> AnyView {
    if receipt.expected == 0 {
        return view! {
            <li>
                {icon("due")}
                <span>"No instance that acknowledges was connected, or heard from in the 30 s before."</span>
            </li>
        }
        .into_any();
    }
    let all = receipt.missing() == 0;
    let verb = if receipt.expected == 1 {
        "obeys"
    } else {
        "obey"
    };
    let words = format!(
        "{} of {} {verb}",
        receipt.acknowledged,
        words::count(receipt.expected as usize, "instance", "instances")
    );
    let slowest = receipt.slowest_ms.map(|slowest| {
        let median = receipt.median_ms.unwrap_or(slowest);
        format!("median {}, slowest {}", seconds(median), seconds(slowest))
    });
    let width = format!(
        "{}%",
        u64::from(receipt.acknowledged) * 100 / u64::from(receipt.expected)
    );
    let behind = (!all).then(|| {
        let more = receipt.missing() as usize - receipt.behind.len().min(receipt.missing() as usize);
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let names = receipt.behind.join(", ");
        view! { <span class="laggards">{format!("Still on what was before: {names}{rest}.")}</span> }
    });
    view! {
        <li class=if all { "" } else { "waiting" }>
            {icon(if all { "pass" } else { "due" })} <span role="status">{words}</span> <span class="when">{slowest}</span>
            <svg class="acks" aria-hidden="true">
                <rect class="acks-all" width="100%" height="8" />
                <rect class="acks-done" width=width height="8" />
            </svg>
            {behind}
        </li>
    }
    .into_any()
}

fn without_receipts(since: u32, readers: u32) -> impl IntoView {
    let who = words::count(
        readers as usize,
        "reader without receipts",
        "readers without receipts",
    );
    let words = format!("{who}, of which {since} read since: they do not say what they apply.");
    view! { <li class="quiet">{icon("due")} <span>{words}</span></li> }
}

/// `0.28 s`.
fn seconds(milliseconds: i64) -> String {
    if milliseconds < 1_000 {
        format!("{milliseconds} ms")
    } else {
        format!(
            "{}.{:01} s",
            milliseconds / 1_000,
            milliseconds % 1_000 / 100
        )
    }
}
