//! Icons: masks drawn by `style/components/icon.css`, never the only bearer of a meaning.

use leptos::prelude::*;

/// The icon of that name, hidden from readers of the text.
pub fn icon(name: &str) -> impl IntoView + use<> {
    view! { <span class=format!("icon i-{name}") aria-hidden="true"></span> }
}
