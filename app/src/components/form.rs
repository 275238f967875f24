//! What every form of a command has in common: its refusal, its fields given back, and why it may be locked.

use domain::read::{Frame, Viewer};
use domain::{Committed, Role};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::error::FromServerFnError;

use crate::address::Links;
use crate::components::{done, icon, problem};
use crate::error::AppError;
use crate::flash::{Flash, RefusedForm};

/// How the last press of a form ended: by script in place, or before the redirect that brought this page.
#[derive(Clone)]
pub struct FormState<T: Clone + Send + Sync + 'static> {
    result: Signal<Option<Result<T, AppError>>>,
    refused: Option<RefusedForm>,
    /// Whether an answer is being waited for.
    pub pending: Signal<bool>,
}

impl<T: Clone + Send + Sync + 'static> FormState<T> {
    /// Of an action, and of the flash that the page was asked to show.
    pub fn of<S>(action: ServerAction<S>, form: &str, flash: Option<&Flash>) -> Self
    where
        S: ServerFn<Output = T, Error = AppError> + Clone + Send + Sync + 'static,
        AppError: FromServerFnError,
    {
        let value = action.value();
        let pending = action.pending();
        Self {
            result: Signal::derive(move || value.get()),
            refused: flash.and_then(|flash| flash.refused(form)).cloned(),
            pending: Signal::derive(move || pending.get()),
        }
    }

    /// What was typed into a field of a refused form; `otherwise` when there was no refusal.
    pub fn typed(&self, field: &str, otherwise: &str) -> String {
        self.refused
            .as_ref()
            .and_then(|refused| refused.field(field))
            .unwrap_or(otherwise)
            .to_owned()
    }

    /// Why the last press was refused, if it was.
    pub fn error(&self) -> Signal<Option<AppError>> {
        let (result, refused) = (self.result, self.refused.clone());
        Signal::derive(move || match result.get() {
            Some(result) => result.err(),
            None => refused.as_ref().map(|refused| refused.error.clone()),
        })
    }

    /// What is wrong with one field.
    pub fn field(&self, name: &'static str) -> Signal<Option<String>> {
        let error = self.error();
        Signal::derive(move || error.with(|error| error.as_ref()?.of_field(name)))
    }

    /// The last result, by script.
    pub fn value(&self) -> Signal<Option<T>> {
        let result = self.result;
        Signal::derive(move || result.get().and_then(Result::ok))
    }

    /// The refusal as it stands above the form.
    pub fn problem(&self) -> impl Fn() -> Option<AnyView> + Clone + Send + use<T> {
        let error = self.error();
        move || error.with(|error| error.as_ref().map(problem))
    }
}

impl FormState<Committed> {
    /// What was done, as it stands above the form; nothing before.
    pub fn done(&self, links: &Links) -> impl Fn() -> Option<AnyView> + Clone + Send + use<> {
        let (value, links) = (self.value(), links.clone());
        move || {
            value.with(|value| {
                value
                    .as_ref()
                    .map(|committed| done(committed, Some(&links)))
            })
        }
    }
}

/// Fields that every form of a migration's command sends along.
#[component]
pub fn Hidden(
    /// Name and value of each.
    fields: Vec<(&'static str, String)>,
) -> impl IntoView {
    fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view()
}

/// Why the controls of a form cannot be used by whoever looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    why: Option<String>,
}

/// The lock on controls that need `role` in this migration.
pub fn lock(frame: &Frame, role: Role) -> Lock {
    let why = if frame.archived_at.is_some() {
        Some("This migration is archived: nothing changes in it any more.".to_owned())
    } else if frame.viewer.has(role) {
        None
    } else {
        Some(format!(
            "Needs the role {}, yours is {}. Ask an admin of this migration.",
            role.as_str(),
            frame.viewer.role.map_or("none", Role::as_str)
        ))
    };
    Lock { why }
}

/// The lock on controls that need an admin of the whole server.
pub fn server_lock(viewer: &Viewer) -> Lock {
    let why = "Needs the role admin on the whole server. Ask an admin of this server.";
    lock_unless(viewer.administers_server, why)
}

/// A lock for a reason of the page's own.
pub fn lock_unless(open: bool, why: &str) -> Lock {
    Lock {
        why: (!open).then(|| why.to_owned()),
    }
}

impl Lock {
    /// Locked for a further reason, unless it is already.
    #[must_use]
    pub fn or(self, why: Option<String>) -> Self {
        Self {
            why: self.why.or(why),
        }
    }

    /// Whether controls are disabled.
    pub fn closed(&self) -> bool {
        self.why.is_some()
    }

    /// The reason, beside the controls.
    pub fn why(&self) -> Option<AnyView> {
        self.why
            .clone()
            .map(|why| view! { <span class="why">{icon("lock")} {why}</span> }.into_any())
    }
}
