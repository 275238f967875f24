//! Small parts of tables and tiles.

use leptos::prelude::*;

use crate::components::icon;

/// One name and what it is.
pub type KeyValue = (&'static str, AnyView);

/// Names and what they are; `inline` puts them side by side.
pub fn key_values(rows: Vec<KeyValue>, inline: bool) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    view! { <dl class=if inline { "kv inline" } else { "kv" }>{rows}</dl> }
}

/// A state that stands for itself: icon and word. `kind` is empty, `new`, `hand`, `danger` or `nodata`.
pub fn badge(kind: &str, icon_name: &str, words: impl Into<String>) -> AnyView {
    view! { <span class=format!("badge {kind}")>{icon(icon_name)} {words.into()}</span> }.into_any()
}

/// A state in a row: icon and word.
pub fn state(kind: &str, icon_name: &str, words: impl Into<String>) -> AnyView {
    view! { <span class=format!("state {kind}")>{icon(icon_name)} {words.into()}</span> }.into_any()
}
