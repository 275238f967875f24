//! Forms that the browser posts by itself, with script or without, and that are answered by a redirect: settling who
//! may and what is known is rare, so one path for both keeps these pages small and secrets in one place.

use leptos::prelude::*;

use crate::components::{Lock, problem};
use crate::flash::{Flash, RefusedForm};

/// How the last post of a form ended, as far as this page was told.
#[derive(Clone, Default)]
pub(super) struct Posted {
    refused: Option<RefusedForm>,
}

impl Posted {
    /// Of the form that posts to `endpoint`.
    pub(super) fn of(flash: Option<&Flash>, endpoint: &str) -> Self {
        Self {
            refused: flash.and_then(|flash| flash.refused(endpoint)).cloned(),
        }
    }

    /// Of one of several such forms: the one whose `field` is `value`.
    pub(super) fn of_one(flash: Option<&Flash>, endpoint: &str, field: &str, value: &str) -> Self {
        let Self { refused } = Self::of(flash, endpoint);
        Self {
            refused: refused.filter(|refused| refused.field(field) == Some(value)),
        }
    }

    /// Whether it was refused: then it stands open.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// What was typed into a field of a refused form; `otherwise` when there was no refusal.
    pub(super) fn typed(&self, field: &str, otherwise: &str) -> String {
        self.refused
            .as_ref()
            .and_then(|refused| refused.field(field))
            .unwrap_or(otherwise)
            .to_owned()
    }

    /// What is wrong with one field.
    pub(super) fn wrong(&self, field: &str) -> Option<String> {
        self.refused
            .as_ref()
            .and_then(|refused| refused.error.of_field(field))
    }

    /// The refusal as it stands in the form.
    pub(super) fn problem(&self) -> Option<AnyView> {
        self.refused.as_ref().map(|refused| problem(&refused.error))
    }
}

/// Where a server function listens.
pub(super) fn address(endpoint: &str) -> String {
    format!("/fn/{endpoint}")
}

/// The button that posts a form, with the reason beside it where it may not be pressed.
pub(super) fn submit(words: &'static str, class: &'static str, lock: &Lock) -> AnyView {
    let closed = lock.closed();
    view! {
        <div class="buttons">
            <button class=format!("button {class}") type="submit" disabled=closed>
                {words}
            </button>
            {lock.why()}
        </div>
    }
    .into_any()
}
