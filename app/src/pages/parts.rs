//! Parts that several pages show alike.

use domain::read::{Frame, Listening, ModuleRow};
use domain::{Key, Mode};
use leptos::prelude::*;

use crate::address::Links;
use crate::components::{Size, track};
use crate::words;

/// A module's key, leading to its page.
pub(super) fn module_link(module: &Key, links: &Links) -> impl IntoView + use<> {
    view! { <a href=links.module(module)>{module.to_string()}</a> }
}

/// The environment as forms send it along: empty for the deciding one.
pub(super) fn environment_field(frame: &Frame) -> String {
    if frame.environment.deciding {
        String::new()
    } else {
        frame.environment.key.to_string()
    }
}

/// Modules as forms send them along: keys with commas between.
pub(super) fn module_list(rows: &[ModuleRow]) -> String {
    let keys: Vec<_> = rows.iter().map(|row| row.key.as_str()).collect();
    keys.join(",")
}

/// The version of each module as it is shown: `config=3,temporal_core=7`.
pub(super) fn versions(rows: &[ModuleRow]) -> String {
    let pairs: Vec<_> = rows
        .iter()
        .map(|row| format!("{}={}", row.key, row.version))
        .collect();
    pairs.join(",")
}

/// Modules as they stand, a row each.
pub(super) fn standing_table(rows: &[ModuleRow], links: &Links) -> impl IntoView + use<> {
    let rows = rows
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <th scope="row">{module_link(&row.key, links)}</th>
                    <td>
                        <span class="track-cell">
                            {track(row.track, Size::Row, &[])} <span>{words::track(row.track)}</span>
                        </span>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th scope="col">"Module"</th>
                    <th scope="col">"Now"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Calls `forget` when the page comes to be about something else: the router keeps a page whose address alone changes.
pub(super) fn forget_elsewhere<K, F>(about: impl Fn() -> K + Send + Sync + 'static, forget: F)
where
    K: PartialEq + Send + Sync + 'static,
    F: Fn() + Send + Sync + 'static,
{
    let about = Memo::new(move |_| about());
    Effect::new(move |before: Option<()>| {
        about.track();
        if before.is_some() {
            forget();
        }
    });
}

/// Who would notice, as far as the server knows: `41 instances of 3 services`.
pub(super) fn who_listens(listening: Listening) -> String {
    let instances = words::count(listening.instances as usize, "instance", "instances");
    let services = words::count(listening.services as usize, "service", "services");
    let readers = words::count(
        listening.readers as usize,
        "reader without receipts",
        "readers without receipts",
    );
    match (listening.instances, listening.readers) {
        (0, 0) => "No service has read this environment in the last 30 s.".to_owned(),
        (0, _) => format!("Listening: {readers}."),
        (_, 0) => format!("Listening: {instances} of {services}."),
        _ => format!("Listening: {instances} of {services}, and {readers}."),
    }
}

/// Whether a rollback would change it.
pub(super) fn can_go_down(row: &ModuleRow) -> bool {
    !row.track.retired && row.track.state.mode() != Mode::OldOnly
}
