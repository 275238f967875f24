//! Before and after.

use domain::FlagChange;
use domain::read::TrackState;
use leptos::prelude::*;

use crate::address::Links;
use crate::components::{Size, icon, track};
use crate::words;

/// One line of a diff: what, before, after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What changed.
    pub name: String,
    /// How it was; empty when there was nothing.
    pub before: String,
    /// How it is; empty when there is nothing.
    pub after: String,
}

/// Fields before and after.
pub fn diff(lines: Vec<DiffLine>) -> impl IntoView {
    let rows = lines
        .into_iter()
        .map(|line| {
            let (before, after) = (line.before, line.after);
            view! {
                <tr>
                    <th scope="row">{line.name}</th>
                    <td>
                        {(!before.is_empty()).then(|| view! { <del>{before}</del> })}
                        {(!after.is_empty()).then(|| view! { <ins>{after}</ins> })}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="diff">
            <thead>
                <tr>
                    <th scope="col">"Field"</th>
                    <th scope="col">"Before and after"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Modules from one state to another, each drawn.
pub fn flag_changes(changes: &[FlagChange], links: &Links) -> impl IntoView + use<> {
    let side = |state| {
        let of = TrackState {
            state,
            killed: false,
            retired: false,
        };
        view! { <span class="track-cell">{track(of, Size::Row, &[])} <span>{words::state(state)}</span></span> }
    };
    let rows = changes
        .iter()
        .map(|change| {
            view! {
                <tr>
                    <th scope="row">
                        <a href=links.module(&change.module)>{change.module.to_string()}</a>
                    </th>
                    <td>{side(change.before)}</td>
                    <td class="tight">{icon("advance")}<span class="sr">"to"</span></td>
                    <td>{side(change.after)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th scope="col">"Module"</th>
                    <th scope="col">"From"</th>
                    <td></td>
                    <th scope="col">"To"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}
