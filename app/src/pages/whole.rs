//! Pages that the server makes whole: the program that takes over the others does not carry them, so that it stays small.
//! Followed from one of those, they are loaded like any other document; there [`crate::enhance`] adds what script can.

use leptos::prelude::*;

/// Whether the page at that path is one of them. All are, but those of a migration that answer a press in place. An address
/// that no page has is made whole, wherever it lies; the server knows that from its routes.
pub fn is_made_whole(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["m", _migration] => false,
        ["m", _migration, place, ..] => !matches!(
            *place,
            "modules" | "rollback" | "set" | "kill-switch" | "resume" | "changes"
        ),
        _ => true,
    }
}

/// Stands in the browser for any of them: loads the document.
#[cfg(not(feature = "ssr"))]
#[component]
pub fn Page() -> impl IntoView {
    let location = leptos_router::hooks::use_location();
    Effect::new(move |_| {
        let (path, query, hash) = (
            location.pathname.get(),
            location.search.get(),
            location.hash.get(),
        );
        let mark = if query.is_empty() { "" } else { "?" };
        crate::browser::follow(&format!("{path}{mark}{query}{hash}"));
    });
    view! { <p class="quiet" role="status">"Loading…"</p> }
}

/// Leaves links to them to the browser, before the router sees the click. Shows nothing.
#[component]
pub fn Links() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    Effect::new(|_| {
        crate::browser::before_click(is_made_whole);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_answer_a_press_in_place_are_not_made_whole() {
        for path in [
            "/m/atlas",
            "/m/atlas/",
            "/m/calendar",
            "/m/atlas/modules",
            "/m/atlas/modules/calendar",
            "/m/atlas/modules/config/rollback",
            "/m/atlas/changes/7",
            "/m/atlas/kill-switch",
        ] {
            assert!(!is_made_whole(path), "{path}");
        }
        for path in [
            "/",
            "/sign-in",
            "/calendar",
            "/settings/users",
            "/m",
            "/m/atlas/calendar",
            "/m/atlas/calendar/phases/2",
            "/m/atlas/audit/17",
            "/m/atlas/nothing",
        ] {
            assert!(is_made_whole(path), "{path}");
        }
    }
}
