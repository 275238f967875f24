//! One issue: what it says, how its module stood, what happened around it, and what is done about it.

mod evidence;
mod forms;
mod timeline;

use domain::issues::IssueStatus;
use domain::read::IssueView;
use leptos::prelude::*;

use self::evidence::attachment;
use self::forms::{comment_form, links_tile, move_form};
use self::timeline::timeline;
use super::issue_fields::{labels, prose};
use super::issue_line::{severity, status};
use super::parts::module_link;
use crate::address::{Links, Place, segment};
use crate::api::issues::issue;
use crate::components::{Framed, Rail, Time, framed, icon, key_values};
use crate::flash::Flash;
use crate::live::Live;
use crate::model::read_model;

/// An issue.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live, number) = (Place::here(), Live::here(), segment("number"));
    let model = read_model(
        move || (place.get(), number.get(), live.changes()),
        |((migration, environment), number, _)| issue(migration, environment, number),
    );
    framed(model, Rail::Issues, |view, flash| shown(&view, flash))
}

fn shown(view: &IssueView, flash: Option<&Flash>) -> Framed {
    let (frame, row) = (view.frame.clone(), &view.row);
    let links = Links::of(&frame);
    let evidence = view
        .attachments
        .iter()
        .map(|one| attachment(one, frame.now, &links))
        .collect_view();
    let body = view! {
        {head(view, &links)}
        {blocking(view)}
        <div class="columns main section">
            <div class="stack">
                <section>
                    <h2 class="sr">"What happened"</h2>
                    {written(view)}
                </section>
                {resolution(view)}
                <section class="section">
                    <div class="section-head"><h2>"Timeline"</h2></div>
                    {timeline(view, &links)}
                    {comment_form(view, flash)}
                </section>
            </div>
            <div class="stack">
                {move_form(view, flash)}
                {evidence}
                {links_tile(view, flash, &links)}
            </div>
        </div>
    }
    .into_any();
    Framed {
        title: format!("Issue {}: {}", row.number, row.title),
        description: format!(
            "{}, {}, in {}",
            row.severity.as_str(),
            row.status.as_str(),
            frame.name
        ),
        body,
        frame,
    }
}

fn head(view: &IssueView, links: &Links) -> impl IntoView + use<> {
    let (row, now) = (&view.row, view.frame.now);
    let mut facts = Vec::new();
    if let Some(module) = &row.module {
        facts.push(("Module", module_link(module, links).into_any()));
    }
    if !row.owner.is_empty() {
        facts.push(("Owner", row.owner.clone().into_any()));
    }
    if !row.labels.is_empty() {
        facts.push(("Labels", labels(&row.labels, links).into_any()));
    }
    if let Some(due) = &row.due {
        facts.push(("Due", due.clone().into_any()));
    }
    let noticed = view! { <Time at=row.noticed_at now=now exact=true /> }.into_any();
    let opened =
        view! { <span><Time at=row.opened_at now=now /> {format!(" by {}", row.opened_by)}</span> }
            .into_any();
    facts.extend([("Noticed", noticed), ("Opened", opened)]);
    view! {
        <nav class="crumbs" aria-label="Path">
            <ol>
                <li><a href=links.page("issues")>"Issues"</a></li>
                <li aria-current="page">{row.number.to_string()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div class="title">
                <h1>{format!("{}. {} ", row.number, row.title)} {severity(row.severity)} " " {status(row.status)}</h1>
            </div>
            <div class="buttons">
                <a class="button" href=links.page(&format!("issues/{}/edit", row.number))>"Edit"</a>
            </div>
        </div>
        {key_values(facts, true)}
    }
}

fn blocking(view: &IssueView) -> Option<impl IntoView + use<>> {
    let module = view.row.module.as_ref().filter(|_| view.blocks_promotion)?;
    let words = format!(
        "{module} is not promoted until this issue is resolved. Rolling it back stays possible."
    );
    Some(view! {
        <div class="banner hand" role="status">
            {icon("hold")} <div class="grow"><p>{words}</p></div>
        </div>
    })
}

fn written(view: &IssueView) -> AnyView {
    if view.html.is_empty() {
        return view! { <p class="quiet">"Nothing was written beside the title."</p> }.into_any();
    }
    prose(&view.html)
}

fn resolution(view: &IssueView) -> Option<impl IntoView + use<>> {
    let resolved = view.row.status == IssueStatus::Resolved;
    let at = view
        .row
        .resolved_at
        .map(|at| view! { <Time at=at now=view.frame.now /> });
    resolved.then(|| {
        view! {
            <section class="tile">
                <header><h2>"Resolution"</h2> <span class="quiet">{at}</span></header>
                {prose(&view.resolution_html)}
            </section>
        }
    })
}
