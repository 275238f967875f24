//! Single keys: which does what, where it leads, and the switch that turns them off. A key is silent while somebody types,
//! with a modifier, in a dialog, and where it has nothing to do.

use domain::Timestamp;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::address::{encoded, environment_pair};
#[cfg(feature = "hydrate")]
use crate::palette;
use crate::{browser, times};

/// What a key does, wherever one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Opens the form for a new issue, about the module one looks at, noticed now.
    OpenIssue,
    /// Leads to a page below the migration.
    Go(&'static str),
    /// Goes to the page's own search, else opens the search of everything.
    Search,
    /// Shows the keys.
    Keys,
    /// Moves the focus among the rows of the page's table.
    Row(i32),
}

/// Every key, or one after another, what it does, and what the sheet of keys says of it. A further one is a further line.
pub const KEYS: [(&str, Action, &str); 15] = [
    (
        "/",
        Action::Search,
        "Search this page; where it has no search, everything",
    ),
    ("?", Action::Keys, "Show these keys"),
    (
        "i",
        Action::OpenIssue,
        "Open an issue, about the module you look at",
    ),
    ("j", Action::Row(1), "Next row"),
    ("k", Action::Row(-1), "Row before"),
    ("g o", Action::Go(""), "Overview"),
    ("g p", Action::Go("plan"), "Plan"),
    ("g m", Action::Go("modules"), "Modules"),
    ("g i", Action::Go("issues"), "Issues"),
    ("g l", Action::Go("checklists"), "Checklists"),
    ("g c", Action::Go("calendar"), "Calendar"),
    ("g a", Action::Go("audit"), "Audit"),
    ("g e", Action::Go("evidence"), "Evidence"),
    ("g n", Action::Go("instances"), "Instances"),
    ("g s", Action::Go("settings"), "Settings"),
];

/// How long the first of two keys waits for the second, milliseconds.
#[cfg(feature = "hydrate")]
const SECOND_KEY: i64 = 1_500;

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

/// What `keys` do.
pub fn action(keys: &str) -> Option<Action> {
    let (_, action, _) = KEYS.iter().find(|(known, ..)| *known == keys)?;
    Some(*action)
}

/// Where an action leads from an address; `None` where it leads nowhere. `search` is the address's query.
pub fn leads_to(action: Action, path: &str, search: &str, now: Timestamp) -> Option<String> {
    let mut parts = path.strip_prefix("/m/")?.split('/');
    let migration = parts.next().filter(|key| !key.is_empty())?;
    let environment = environment_pair(search);
    match action {
        Action::OpenIssue => {
            let module = match (parts.next(), parts.next()) {
                (Some("modules"), Some(module)) => format!("&module={module}"),
                _ => String::new(),
            };
            let at = encoded(&times::machine(now));
            let environment = environment.map(|pair| format!("&{pair}"));
            let environment = environment.unwrap_or_default();
            Some(format!(
                "/m/{migration}/issues/new?at={at}{module}{environment}"
            ))
        }
        Action::Go(below) => {
            let below = if below.is_empty() {
                String::new()
            } else {
                format!("/{below}")
            };
            let environment = environment.map(|pair| format!("?{pair}"));
            Some(format!(
                "/m/{migration}{below}{}",
                environment.unwrap_or_default()
            ))
        }
        Action::Search | Action::Keys | Action::Row(_) => None,
    }
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
    let first = StoredValue::new(None::<i64>);
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        let (path, search) = here();
        let key = event.key();
        if (event.ctrl_key() || event.meta_key())
            && !event.alt_key()
            && key.eq_ignore_ascii_case("k")
        {
            if palette::open(&path, &search) {
                event.prevent_default();
            }
            return;
        }
        if !keys.listen_to(&event) {
            return;
        }
        let now = browser::now();
        let second = first
            .get_value()
            .is_some_and(|pressed| now - pressed < SECOND_KEY);
        first.set_value((key == "g" && !second).then_some(now));
        let chord = if second { format!("g {key}") } else { key };
        let Some(action) = action(&chord) else {
            return;
        };
        match action {
            Action::Row(step) => browser::focus_next("main table > tbody > tr > th > a", step),
            Action::Keys => palette::open_keys(&path, &search),
            Action::Search => {
                if !browser::focus("main input[type=search]") && !palette::open(&path, &search) {
                    return;
                }
            }
            Action::OpenIssue | Action::Go(_) => {
                match leads_to(action, &path, &search, Timestamp(now)) {
                    Some(address) => go(&address),
                    None => return,
                }
            }
        }
        event.prevent_default();
    });
    // The way there by pointer, before the router sees a link to another page in it.
    browser::on_click_first(move |event| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.shift_key();
        let location = window().location();
        let (path, search) = (location.pathname(), location.search());
        if plain
            && browser::is_within(event.target(), "a[data-palette]")
            && palette::open(&path.unwrap_or_default(), &search.unwrap_or_default())
        {
            event.prevent_default();
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
            assert_eq!(
                leads_to(Action::OpenIssue, path, search, NOW),
                Some(address)
            );
        }
    }

    #[test]
    fn where_there_is_nothing_to_do_a_key_leads_nowhere() {
        for path in ["/", "/settings/users", "/m/", "/import"] {
            assert_eq!(leads_to(Action::OpenIssue, path, "", NOW), None);
            assert_eq!(leads_to(Action::Go("modules"), path, "", NOW), None);
        }
        assert_eq!(action("x"), None);
        assert_eq!(action("g"), None);
    }

    #[test]
    fn two_keys_lead_to_the_pages_of_the_migration() {
        let go = |keys: &str, path: &str, search: &str| {
            leads_to(action(keys).unwrap(), path, search, NOW).unwrap()
        };
        assert_eq!(go("g o", "/m/arche/modules/config", ""), "/m/arche");
        assert_eq!(
            go("g m", "/m/arche", "?q=x&env=staging"),
            "/m/arche/modules?env=staging"
        );
    }

    #[test]
    fn no_key_does_two_things() {
        for (place, (key, ..)) in KEYS.iter().enumerate() {
            assert!(KEYS.iter().skip(place + 1).all(|(other, ..)| other != key));
        }
    }
}
