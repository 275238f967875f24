//! What filters a list, each taken away with one press.

use leptos::prelude::*;

use super::icon;

/// Chips of `(words, address without it)`; nothing when nothing filters.
pub fn chips(filters: Vec<(String, String)>) -> Option<impl IntoView> {
    let chips: Vec<_> = filters
        .into_iter()
        .map(|(words, href)| {
            let name = format!("{words}, remove");
            view! { <a class="chip" href=href aria-label=name>{words} {icon("fail")}</a> }
        })
        .collect();
    (!chips.is_empty()).then(|| view! { <div class="chips">{chips}</div> })
}
