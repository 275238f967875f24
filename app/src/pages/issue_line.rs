//! An issue wherever it is mentioned.

use domain::issues::{IssueStatus, Severity};
use domain::read::IssueLine;
use leptos::prelude::*;

use crate::address::Links;
use crate::components::{badge, icon, state};

/// How bad it is: icon and word. Red is kept for what stops promotions.
pub(super) fn severity(severity: Severity) -> AnyView {
    let (kind, icon_name) = match severity {
        Severity::Critical => ("danger", "breach"),
        Severity::High => ("hand", "breach"),
        Severity::Medium => ("", "issues"),
        Severity::Low => ("", "info"),
    };
    badge(kind, icon_name, severity.as_str())
}

/// Where it is in its life: icon and word.
pub(super) fn status(status: IssueStatus) -> AnyView {
    let icon_name = match status {
        IssueStatus::Open => "todo",
        IssueStatus::Mitigated => "hold",
        IssueStatus::Resolved => "pass",
    };
    state("", icon_name, status.as_str())
}

/// An issue where it is mentioned: number, title, how bad, where it is.
pub(super) fn line(issue: &IssueLine, links: &Links) -> impl IntoView + use<> {
    view! {
        <span class="issue-line">
            <a href=links.issue(issue.number)>{format!("{}. {}", issue.number, issue.title)}</a>
            {severity(issue.severity)}
            {status(issue.status)}
        </span>
    }
}

/// The banner of a module that is not promoted because of an issue.
pub(super) fn blocked_by(issue: &IssueLine, links: &Links) -> AnyView {
    view! {
        <div class="banner hand" role="status">
            {icon("hold")}
            <div class="grow">
                <p>
                    "Nothing is promoted until this critical issue is resolved: "
                    <a href=links.issue(issue.number)>{format!("{}. {}", issue.number, issue.title)}</a>
                    ". Rolling back stays possible."
                </p>
            </div>
        </div>
    }
    .into_any()
}
