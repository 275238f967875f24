//! What the pages of issues write and show: labels, prose, and the fields of the forms.

use domain::issues::Severity;
use leptos::prelude::*;

use crate::address::{Links, encoded};
use crate::components::{Choice, Field, FormState, Select};

/// Labels, each leading to the issues that have it.
pub(super) fn labels(labels: &[String], links: &Links) -> impl IntoView + use<> {
    let labels = labels
        .iter()
        .map(|label| {
            let href = links.page(&format!("issues?label={}", encoded(label)));
            view! { <a class="chip" href=href>{label.clone()}</a> }
        })
        .collect_view();
    view! { <span class="chips">{labels}</span> }
}

/// What was written, as the server made it: harmless HTML.
pub(super) fn prose(html: &str) -> AnyView {
    view! { <div class="prose" inner_html=html.to_owned()></div> }.into_any()
}

/// What the fields of an issue hold at first.
#[derive(Debug, Clone, Default)]
pub(super) struct IssueText {
    pub title: String,
    pub body: String,
    pub severity: String,
    pub module: String,
    pub owner: String,
    pub labels: String,
    pub due: String,
}

/// The fields of an issue, for opening and for editing one.
pub(super) fn fields(text: &IssueText, state: &FormState, closed: bool) -> Vec<AnyView> {
    let severities = Severity::ALL
        .into_iter()
        .map(|severity| Choice::new(severity.as_str(), severity_words(severity)))
        .collect::<Vec<_>>();
    let (title, body) = (
        state.typed("title", &text.title),
        state.typed("body", &text.body),
    );
    let (module, owner) = (
        state.typed("module", &text.module),
        state.typed("owner", &text.owner),
    );
    let (labels, due) = (
        state.typed("labels", &text.labels),
        state.typed("due", &text.due),
    );
    vec![
        view! {
            <Field
                name="title"
                label="Title"
                value=title
                error=state.field("title")
                maxlength=200
                required=true
                disabled=closed
            />
        }
        .into_any(),
        view! {
            <Select
                name="severity"
                label="Severity"
                options=severities
                value=state.typed("severity", &text.severity)
                error=state.field("severity")
                disabled=closed
            />
        }
        .into_any(),
        view! {
            <Field
                name="module"
                label="Module, its key"
                class="mono"
                list="issue-modules"
                value=module
                error=state.field("module")
                hint="Leave it empty for what is about none or about all."
                maxlength=64
                disabled=closed
            />
        }
        .into_any(),
        view! {
            <Field
                name="body"
                label="What happened"
                rows=10
                value=body
                error=state.field("body")
                hint="Markdown. What was seen, since when, and what was tried."
                maxlength=60_000
                disabled=closed
            />
        }
        .into_any(),
        view! {
            <Field name="owner" label="Owner" value=owner error=state.field("owner") disabled=closed />
        }
        .into_any(),
        view! {
            <Field
                name="labels"
                label="Labels"
                value=labels
                error=state.field("labels")
                hint="With spaces between, such as rounding team:billing."
                maxlength=1_000
                disabled=closed
            />
        }
        .into_any(),
        view! {
            <Field name="due" label="Due" kind="date" value=due error=state.field("due") disabled=closed />
        }
        .into_any(),
    ]
}

fn severity_words(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical: its module is not promoted until it is resolved",
        Severity::High => "high: needs a hand today",
        Severity::Medium => "medium: needs a hand",
        Severity::Low => "low: good to know",
    }
}
