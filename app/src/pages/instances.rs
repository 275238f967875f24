//! Who reads this environment's flags: instances with the revision they obey, and readers without receipts.

use domain::Timestamp;
use domain::read::{InstanceRow, InstancesView, ReaderRow};
use leptos::prelude::*;

use crate::address::{Links, Place};
use crate::api::instances::instances;
use crate::components::{Framed, Rail, Time, empty, framed, state};
use crate::live::Live;
use crate::model::read_model;
use crate::words;

/// Acknowledgements ring no bell, so the page looks this often while it is visible, seconds.
const LOOK_AGAIN: u32 = 2;

/// The table. It follows acknowledgements as they come.
#[component]
pub fn Page() -> impl IntoView {
    let (place, live) = (Place::here(), Live::here());
    let model = read_model(
        move || (place.get(), live.changes()),
        |((migration, environment), _)| instances(migration, environment),
    );
    framed(model, Rail::Instances, |view: InstancesView, _| Framed {
        title: "Instances".to_owned(),
        description: format!(
            "{} read the flags of {} in {}",
            words::count(view.instances.len(), "instance", "instances"),
            view.frame.name,
            view.frame.environment.key
        ),
        body: body(&view),
        frame: view.frame,
    })
}

fn body(view: &InstancesView) -> AnyView {
    let links = Links::of(&view.frame);
    let lagging = view.instances.iter().filter(|row| row.lags).count();
    let standing = match (view.instances.len(), lagging) {
        (0, _) => None,
        (_, 0) => Some(state("", "pass", "all that are connected obey".to_owned())),
        (_, some) => Some(state(
            "hand",
            "breach",
            format!(
                "{} connected and behind for more than 10 s",
                words::count(some, "instance is", "instances are")
            ),
        )),
    };
    view! {
        <div class="page-head" data-look-again=LOOK_AGAIN>
            <div class="title">
                <h1>"Instances"</h1>
                <p class="lead">
                    {format!("Processes that read the flags of {}; they stand at revision {}.", view.frame.environment.key, view.revision)}
                </p>
            </div>
        </div>
        {standing.map(|standing| view! { <p role="status">{standing}</p> })}
        {table(view, &links)}
        {without_receipts(view)}
    }
    .into_any()
}

fn table(view: &InstancesView, links: &Links) -> AnyView {
    if view.instances.is_empty() {
        return empty(
            "No instance says what it applied",
            "A client that acknowledges shows up here with the revision it obeys, within a second of its start. Plain OFREP \
             clients read without receipts and are listed below.",
            None,
            Some((links.page("connect"), "Connect a service")),
        )
        .into_any();
    }
    let now = view.frame.now;
    let rows = view
        .instances
        .iter()
        .map(|one| row(one, now))
        .collect_view();
    view! {
        <table class="table cards">
            <thead>
                <tr>
                    <th scope="col">"Instance"</th>
                    <th scope="col">"Service"</th>
                    <th scope="col">"Client"</th>
                    <th scope="col" class="num">"Revision"</th>
                    <th scope="col">"Standing"</th>
                    <th scope="col">"Last seen"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(row: &InstanceRow, now: Timestamp) -> impl IntoView + use<> {
    let revision = row
        .revision
        .map_or_else(|| "—".to_owned(), |revision| revision.to_string());
    let standing = match (row.lags, row.listens, row.behind) {
        (true, ..) => state("hand", "breach", "connected and behind".to_owned()),
        (_, false, _) => state("nodata", "due", "silent".to_owned()),
        _ if row.other_epoch => state("", "due", "obeys what was before a restore".to_owned()),
        (_, _, true) if row.revision.is_none() => {
            state("nodata", "due", "has not said yet".to_owned())
        }
        (_, _, true) => state("", "due", "behind".to_owned()),
        (_, _, false) => state("", "pass", "obeys".to_owned()),
    };
    let way = if row.connected { "by stream" } else { "polls" };
    let sdk = if row.sdk.is_empty() {
        "—".to_owned()
    } else {
        row.sdk.clone()
    };
    view! {
        <tr class=if row.listens { "" } else { "quiet" }>
            <th scope="row" class="long">{row.instance.clone()}</th>
            <td data-label="Service">{row.service.clone()}</td>
            <td data-label="Client">{format!("{sdk}, {way}")}</td>
            <td data-label="Revision" class="num">{revision}</td>
            <td data-label="Standing">{standing}</td>
            <td data-label="Last seen" class="tight"><Time at=row.last_seen_at now=now /></td>
        </tr>
    }
}

fn without_receipts(view: &InstancesView) -> Option<impl IntoView + use<>> {
    let now = view.frame.now;
    let row = |reader: &ReaderRow| {
        view! {
            <tr>
                <th scope="row">{reader.token.clone()}</th>
                <td data-label="Client" class="long">{reader.client.clone()}</td>
                <td data-label="Revision" class="num">{reader.revision.to_string()}</td>
                <td data-label="Last read" class="tight"><Time at=reader.last_read_at now=now /></td>
            </tr>
        }
    };
    let rows = view.without_receipts.iter().map(row).collect_view();
    (!view.without_receipts.is_empty()).then(|| {
        view! {
            <section class="section">
                <div class="section-head">
                    <h2>"Readers without receipts"</h2>
                    <span class="quiet">"they never say what they applied, so they are not counted as obeying"</span>
                </div>
                <table class="table cards">
                    <thead>
                        <tr>
                            <th scope="col">"Token"</th>
                            <th scope="col">"Client"</th>
                            <th scope="col" class="num">"Revision given"</th>
                            <th scope="col">"Last read"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
    })
}
