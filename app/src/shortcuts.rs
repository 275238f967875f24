//! Single keys: which does what, where it leads, and the switch that turns them off. A key is silent while somebody types,
//! with a modifier, in a dialog, and where it has nothing to do.

use domain::Timestamp;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::address::encoded;
use crate::{browser, times};

/// What a key does, wherever one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Opens the form for a new issue, about the module one looks at, noticed now.
    OpenIssue,
}

/// Every key and what it does. A further one is a further line.
pub const KEYS: [(&str, Action); 1] = [("i", Action::OpenIssue)];

const REMEMBERED: &str = "switchback.single-keys";

/// Whether single keys do anything, as this browser remembers it.
#[derive(Clone, Copy)]
pub struct SingleKeys(RwSignal<bool>);

impl SingleKeys {
    /// Makes the choice known to all pages; what this browser remembers is applied after hydration.
    pub fn provide() {
        let keys = Self(RwSignal::new(true));
        provide_context(keys);
        Effect::new(move |_| {
            if browser::remembered(REMEMBERED).as_deref() == Some("off") {
                keys.0.set(false);
            }
        });
    }

    /// The one provided.
    pub fn here() -> Self {
        expect_context()
    }

    /// Whether they do anything. Tracked.
    pub fn on(self) -> bool {
        self.0.get()
    }

    /// Turns them off, or on again, and remembers it.
    pub fn turn(self) {
        let on = !self.0.get_untracked();
        browser::remember(REMEMBERED, if on { "on" } else { "off" });
        self.0.set(on);
    }

    /// Whether a key that was pressed is meant for the page.
    pub fn listen_to(self, event: &KeyboardEvent) -> bool {
        let held = event.ctrl_key() || event.meta_key() || event.alt_key();
        let taken = event.default_prevented() || event.repeat();
        self.0.get_untracked() && !held && !taken && !browser::typing() && !browser::in_dialog()
    }
}

/// Where a key leads from an address; `None` where it has nothing to do. `search` is the address's query.
pub fn leads_to(key: &str, path: &str, search: &str, now: Timestamp) -> Option<String> {
    let (_, action) = KEYS.iter().find(|(known, _)| *known == key)?;
    match action {
        Action::OpenIssue => new_issue(path, search, now),
    }
}

fn new_issue(path: &str, search: &str, now: Timestamp) -> Option<String> {
    let mut parts = path.strip_prefix("/m/")?.split('/');
    let migration = parts.next().filter(|key| !key.is_empty())?;
    let module = match (parts.next(), parts.next()) {
        (Some("modules"), Some(module)) => format!("&module={module}"),
        _ => String::new(),
    };
    let environment = search
        .trim_start_matches('?')
        .split('&')
        .find(|pair| pair.starts_with("env="))
        .map(|pair| format!("&{pair}"))
        .unwrap_or_default();
    let at = encoded(&times::machine(now));
    Some(format!(
        "/m/{migration}/issues/new?at={at}{module}{environment}"
    ))
}

/// Listens for the keys; shows nothing.
#[component]
pub fn Shortcuts() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        let navigate = leptos_router::hooks::use_navigate();
        let location = leptos_router::hooks::use_location();
        let (path, search) = (location.pathname, location.search);
        listen(
            move || (path.get_untracked(), search.get_untracked()),
            move |address| navigate(address, leptos_router::NavigateOptions::default()),
        );
    }
}

/// Listens for the keys; `here` is the path and query one is at, `go` leads elsewhere.
#[cfg(feature = "hydrate")]
pub(crate) fn listen(here: impl Fn() -> (String, String) + 'static, go: impl Fn(&str) + 'static) {
    let keys = SingleKeys::here();
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if !keys.listen_to(&event) {
            return;
        }
        let (path, search) = here();
        let now = Timestamp(browser::now());
        if let Some(address) = leads_to(&event.key(), &path, &search, now) {
            event.prevent_default();
            go(&address);
        }
    });
    on_cleanup(move || listener.remove());
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_356_131_204);

    #[test]
    fn i_opens_an_issue_about_the_module_one_looks_at() {
        let at = "at=2026-11-22T14%3A02%3A11.204Z";
        for (path, search, address) in [
            ("/m/arche", "", format!("/m/arche/issues/new?{at}")),
            (
                "/m/arche/modules/config",
                "?env=staging&q=x",
                format!("/m/arche/issues/new?{at}&module=config&env=staging"),
            ),
            (
                "/m/arche/modules/config/rollback",
                "",
                format!("/m/arche/issues/new?{at}&module=config"),
            ),
            ("/m/arche/modules", "", format!("/m/arche/issues/new?{at}")),
        ] {
            assert_eq!(leads_to("i", path, search, NOW), Some(address));
        }
    }

    #[test]
    fn where_there_is_nothing_to_do_a_key_leads_nowhere() {
        for path in ["/", "/settings/users", "/m/", "/import"] {
            assert_eq!(leads_to("i", path, "", NOW), None);
        }
        assert_eq!(leads_to("x", "/m/arche", "", NOW), None);
    }

    #[test]
    fn no_key_does_two_things() {
        for (place, (key, _)) in KEYS.iter().enumerate() {
            assert!(KEYS.iter().skip(place + 1).all(|(other, _)| other != key));
        }
    }
}
