//! Pages that the server makes whole, without script: the program that takes over the other pages does not carry them, so
//! that it stays small. Followed from one of those, they are loaded like any other document.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::browser;

/// Whether the page at that path is one of them.
pub fn is_made_whole(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    let (first, _migration, place) = (parts.next(), parts.next(), parts.next());
    first == Some("m") && matches!(place, Some("calendar" | "checklists" | "issues"))
}

/// Stands in the browser for any of them: loads the document.
#[component]
pub fn Page() -> impl IntoView {
    let location = use_location();
    Effect::new(move |_| {
        let (path, query, hash) = (
            location.pathname.get(),
            location.search.get(),
            location.hash.get(),
        );
        let mark = if query.is_empty() { "" } else { "?" };
        browser::follow(&format!("{path}{mark}{query}{hash}"));
    });
    view! { <p class="quiet" role="status">"Loading…"</p> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_below_a_migration_are_made_whole() {
        assert!(is_made_whole("/m/atlas/calendar"));
        assert!(is_made_whole("/m/atlas/calendar/phases/2"));
        assert!(!is_made_whole("/m/calendar"));
        assert!(!is_made_whole("/m/atlas/modules/calendar"));
        assert!(!is_made_whole("/calendar"));
    }
}
