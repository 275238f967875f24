//! Which migration and environment a page is about, and links to other pages that stay in that environment.

use std::fmt::Write;

use domain::Key;
use domain::read::Frame;
use leptos::prelude::{Get, Memo, Signal, With};
use leptos_router::hooks::{use_params_map, use_query_map};

/// The environment's `env=staging` in the query of an address, with or without its question mark.
pub(crate) fn environment_pair(query: &str) -> Option<&str> {
    query
        .trim_start_matches('?')
        .split('&')
        .find(|pair| pair.starts_with("env="))
}

/// Writes addresses of pages of one migration, in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    base: String,
    /// `env=staging`; empty for the deciding environment, which is the default.
    environment: String,
}

impl Links {
    /// From within the pages of `frame`.
    pub fn of(frame: &Frame) -> Self {
        let chosen = (!frame.environment.deciding).then_some(&frame.environment.key);
        Self::to(&frame.migration, chosen)
    }

    /// Into a migration; `None` is its deciding environment.
    pub fn to(migration: &Key, environment: Option<&Key>) -> Self {
        Self {
            base: format!("/m/{migration}"),
            environment: environment
                .map(|key| format!("env={key}"))
                .unwrap_or_default(),
        }
    }

    /// The overview.
    pub fn overview(&self) -> String {
        self.page("")
    }

    /// A page below the migration, such as `modules`, or `modules?mode=old_only`.
    pub fn page(&self, below: &str) -> String {
        let mut address = self.base.clone();
        if !below.is_empty() && !below.starts_with('?') {
            address.push('/');
        }
        address.push_str(below);
        if !self.environment.is_empty() {
            address.push(if below.contains('?') { '&' } else { '?' });
            address.push_str(&self.environment);
        }
        address
    }

    /// A module.
    pub fn module(&self, module: &Key) -> String {
        self.page(&format!("modules/{module}"))
    }

    /// The form that rolls a module back.
    pub fn rollback(&self, module: &Key) -> String {
        self.page(&format!("modules/{module}/rollback"))
    }

    /// A change and what it did.
    pub fn change(&self, revision: u64) -> String {
        self.page(&format!("changes/{revision}"))
    }

    /// What services saw of a module.
    pub fn evidence(&self, module: &Key) -> String {
        self.page(&format!("evidence/{module}"))
    }

    /// An issue.
    pub fn issue(&self, number: u32) -> String {
        self.page(&format!("issues/{number}"))
    }

    /// An audit entry.
    pub fn audit_entry(&self, sequence: u64) -> String {
        self.page(&format!("audit/{sequence}"))
    }
}

/// A segment of the page's path, such as `migration`; empty when the route has none of that name.
pub fn segment(name: &'static str) -> Memo<String> {
    let map = use_params_map();
    Memo::new(move |_| map.with(|map| map.get(name)).unwrap_or_default())
}

/// A value of the page's query; empty without one.
pub fn query(name: &'static str) -> Memo<String> {
    let map = use_query_map();
    Memo::new(move |_| map.with(|map| map.get(name)).unwrap_or_default())
}

/// Every value of that name in the query, with commas between.
pub fn query_list(name: &'static str) -> Memo<String> {
    let map = use_query_map();
    Memo::new(move |_| {
        map.with(|map| map.get_all(name))
            .unwrap_or_default()
            .join(",")
    })
}

/// What nearly every page is about.
#[derive(Clone, Copy)]
pub struct Place {
    /// Key of the migration.
    pub migration: Memo<String>,
    /// Key of the environment; empty for the deciding one.
    pub environment: Memo<String>,
}

impl Place {
    /// As the address bar has it.
    pub fn here() -> Self {
        Self {
            migration: segment("migration"),
            environment: query("env"),
        }
    }

    /// Both keys, tracked.
    pub fn get(self) -> (String, String) {
        (self.migration.get(), self.environment.get())
    }

    /// Both keys as a signal.
    pub fn signal(self) -> Signal<(String, String)> {
        Signal::derive(move || self.get())
    }
}

/// A value as it may stand in a query string.
pub fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_environment() {
        let (arche, staging) = (Key::parse("arche").unwrap(), Key::parse("staging").unwrap());
        let links = Links::to(&arche, Some(&staging));
        assert_eq!(links.overview(), "/m/arche?env=staging");
        assert_eq!(
            links.page("modules?mode=old_only"),
            "/m/arche/modules?mode=old_only&env=staging"
        );
        assert_eq!(Links::to(&arche, None).change(812), "/m/arche/changes/812");
    }

    #[test]
    fn a_query_value_is_encoded() {
        assert_eq!(encoded("a b&c=ü"), "a%20b%26c%3D%C3%BC");
    }
}
