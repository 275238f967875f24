//! What can be done about an issue: comment, move, link.

use domain::Role;
use domain::issues::{IssueStatus, LinkKind};
use domain::read::{IssueLink, IssueView};
use leptos::prelude::*;

use crate::address::Links;
use crate::components::{
    Choice, CommandAction, CommandForm, Field, FormState, Hidden, Select, icon, lock,
};
use crate::flash::Flash;
use crate::pages::issue_line::line;
use crate::pages::parts::environment_field;

/// Fields that every form about the issue sends along.
fn hidden(view: &IssueView) -> Vec<(&'static str, String)> {
    vec![
        ("migration", view.frame.migration.to_string()),
        ("environment", environment_field(&view.frame)),
        ("number", view.row.number.to_string()),
    ]
}

pub(super) fn comment_form(view: &IssueView, flash: Option<&Flash>) -> impl IntoView + use<> {
    let action = CommandAction::new("comment_issue");
    let state = FormState::of(action, flash);
    let lock = lock(&view.frame, Role::Operator);
    let closed = lock.closed();
    let (typed, error) = (state.typed("comment", ""), state.field("comment"));
    let (problem, pending, why) = (state.problem(), state.pending, lock.why());
    let about = hidden(view);
    view! {
        <CommandForm action=action in_place=true>
            <div class="form">
                <Hidden fields=about />
                {problem}
                <Field
                    name="comment"
                    label="Comment"
                    rows=5
                    value=typed
                    error=error
                    hint="Markdown. It stays as it was written."
                    maxlength=60_000
                    disabled=closed
                />
                <div class="buttons">
                    <button class="button" type="submit" disabled=move || closed || pending.get()>
                        "Comment"
                    </button>
                    {why}
                </div>
            </div>
        </CommandForm>
    }
}

pub(super) fn move_form(view: &IssueView, flash: Option<&Flash>) -> impl IntoView + use<> {
    let action = CommandAction::new("move_issue");
    let state = FormState::of(action, flash);
    let lock = lock(&view.frame, Role::Operator);
    let closed = lock.closed();
    let (status, version) = (view.row.status, view.version);
    let (problem, done, pending, why) = (
        state.problem(),
        state.done(&Links::of(&view.frame)),
        state.pending,
        lock.why(),
    );
    let (typed, error) = (state.typed("resolution", ""), state.field("resolution"));
    let to = move |to: IssueStatus, words: &'static str, class: &'static str| {
        status.may_become(to).then(|| {
            view! {
                <button
                    class=format!("button {class}")
                    type="submit"
                    name="to"
                    value=to.as_str()
                    disabled=move || closed || pending.get()
                >
                    {words}
                </button>
            }
        })
    };
    let resolution = (status != IssueStatus::Resolved).then(|| {
        view! {
            <Field
                name="resolution"
                label="Resolution"
                rows=4
                value=typed
                error=error
                hint="Markdown, needed to resolve: how it was done away with."
                maxlength=60_000
                disabled=closed
            />
        }
    });
    let heading = match status {
        IssueStatus::Open => "It is open",
        IssueStatus::Mitigated => "It is mitigated",
        IssueStatus::Resolved => "It is resolved",
    };
    let about = hidden(view);
    view! {
        <section class="tile">
            <header><h2>{heading}</h2></header>
            <CommandForm action=action in_place=true>
                <div class="form">
                    <Hidden fields=about />
                    <input type="hidden" name="expected" value=version />
                    {done}
                    {problem}
                    {resolution}
                    <div class="buttons">
                        {to(IssueStatus::Resolved, "Resolve", "primary")}
                        {to(IssueStatus::Mitigated, "Mitigate", "")}
                        {to(IssueStatus::Open, "Reopen", "")}
                        {why}
                    </div>
                </div>
            </CommandForm>
        </section>
    }
}

/// How a tie is named in a form: a word, with `is-` before it where the other issue is the one that blocks, causes, ...
fn tie(kind: LinkKind, inverse: bool) -> String {
    let before = if inverse { "is-" } else { "" };
    format!("{before}{}", kind.as_str())
}

pub(super) fn links_tile(
    view: &IssueView,
    flash: Option<&Flash>,
    links: &Links,
) -> impl IntoView + use<> {
    let action = CommandAction::new("link_issues");
    let state = FormState::of(action, flash);
    let unlink = CommandAction::new("unlink_issues");
    let unlinked = FormState::of(unlink, flash);
    let lock = lock(&view.frame, Role::Operator);
    let closed = lock.closed();
    let tied = view
        .links
        .iter()
        .map(|link| linked(view, link, unlink, closed, links))
        .collect_view();
    let list = if view.links.is_empty() {
        view! { <p class="quiet">"Tied to no other issue."</p> }.into_any()
    } else {
        view! { <ul class="lines">{tied}</ul> }.into_any()
    };
    let kinds = LinkKind::ALL
        .into_iter()
        .flat_map(|kind| {
            let other_way = (!kind.is_symmetric()).then(|| (tie(kind, true), kind.inverse_words()));
            std::iter::once((tie(kind, false), kind.words())).chain(other_way)
        })
        .map(|(value, words)| Choice::new(value, format!("this issue {words}")))
        .collect::<Vec<_>>();
    let (problem, gone) = (state.problem(), unlinked.problem());
    let (kind, kind_error) = (state.typed("kind", "relates"), state.field("kind"));
    let (other, other_error) = (state.typed("other", ""), state.field("other"));
    let (pending, why) = (state.pending, lock.why());
    let about = hidden(view);
    view! {
        <section class="tile">
            <header><h2>"Linked issues"</h2></header>
            {gone}
            {list}
            <CommandForm action=action in_place=true>
                <div class="form">
                    <Hidden fields=about />
                    {problem}
                    <Select name="kind" label="How" options=kinds value=kind error=kind_error disabled=closed />
                    <Field
                        name="other"
                        label="Issue, its number"
                        class="number short"
                        value=other
                        error=other_error
                        maxlength=10
                        disabled=closed
                    />
                    <div class="buttons">
                        <button class="button" type="submit" disabled=move || closed || pending.get()>
                            {icon("link")}
                            "Link"
                        </button>
                        {why}
                    </div>
                </div>
            </CommandForm>
        </section>
    }
}

fn linked(
    view: &IssueView,
    link: &IssueLink,
    unlink: CommandAction,
    closed: bool,
    links: &Links,
) -> impl IntoView + use<> {
    let mut fields = hidden(view);
    fields.push(("kind", tie(link.kind, link.inverse)));
    fields.push(("other", link.other.number.to_string()));
    let said = format!("Take away: {} issue {}", link.words(), link.other.number);
    view! {
        <li>
            <span class="grow">{link.words()} " " {line(&link.other, links)}</span>
            <CommandForm action=unlink in_place=true>
                <Hidden fields=fields />
                <button class="button small" type="submit" disabled=closed aria-label=said>{icon("fail")}</button>
            </CommandForm>
        </li>
    }
}
