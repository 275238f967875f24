//! What every form of a command has in common: its refusal, its fields given back, and why it may be locked.

use domain::read::{Frame, Viewer};
use domain::{Committed, Role};
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::address::Links;
use crate::browser;
use crate::components::{done, icon, problem};
use crate::error::AppError;
use crate::flash::{Flash, RefusedForm};

/// A command that forms of a page post, and how the last press ended.
///
/// It knows nothing of the command's arguments: what posts forms, waits and reads the answer is compiled once. leptos's
/// own forms, one kind a server function, weighed 120 kB more in the browser.
#[derive(Clone, Copy)]
pub struct CommandAction {
    endpoint: &'static str,
    result: RwSignal<Option<Result<Committed, AppError>>>,
    pending: RwSignal<bool>,
    /// Counts what was forgotten: an answer that comes later belongs to another page.
    forgotten: RwSignal<u32>,
}

impl CommandAction {
    /// Of the server function with this endpoint.
    pub fn new(endpoint: &'static str) -> Self {
        Self {
            endpoint,
            result: RwSignal::new(None),
            pending: RwSignal::new(false),
            forgotten: RwSignal::new(0),
        }
    }

    /// How the last press ended.
    pub fn result(self) -> RwSignal<Option<Result<Committed, AppError>>> {
        self.result
    }

    /// Forgets the last press.
    pub fn clear(self) {
        self.result.set(None);
        self.pending.set(false);
        self.forgotten.update(|count| *count += 1);
    }

    fn post(self, event: SubmitEvent) {
        event.prevent_default();
        if self.pending.get_untracked() {
            return;
        }
        self.pending.set(true);
        let forgotten = self.forgotten.get_untracked();
        leptos::task::spawn_local(async move {
            let answer = answer(browser::post(event).await);
            // The page may be gone, or about something else by now.
            if self.forgotten.try_get_untracked() == Some(forgotten) {
                self.pending.set(false);
                self.result.set(Some(answer));
            }
        });
    }
}

fn answer(posted: Result<(u16, String), String>) -> Result<Committed, AppError> {
    let unreadable = |error: serde_json::Error| AppError::Unreachable {
        why: error.to_string(),
    };
    match posted {
        Ok((200..300, text)) => serde_json::from_str(&text).map_err(unreadable),
        Ok((_, text)) => Err(serde_json::from_str(&text).unwrap_or_else(unreadable)),
        Err(why) => Err(AppError::Unreachable { why }),
    }
}

/// A form that posts a command: in place with script, answered by a redirect without.
#[component]
pub fn CommandForm(
    /// What it posts.
    action: CommandAction,
    /// Where the page finds the form again.
    #[prop(optional)]
    node_ref: NodeRef<html::Form>,
    /// Its id, where fields or buttons elsewhere belong to it.
    #[prop(into, optional)]
    id: Option<String>,
    /// On a page that the server makes whole: script sends it without leaving the page.
    #[prop(optional)]
    in_place: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <form
            id=id
            action=format!("/fn/{}", action.endpoint)
            method="post"
            data-in-place=in_place.then_some("")
            node_ref=node_ref
            on:submit=move |event| action.post(event)
        >
            {children()}
        </form>
    }
}

/// How the last press of a form ended: by script in place, or before the redirect that brought this page.
#[derive(Clone)]
pub struct FormState {
    result: RwSignal<Option<Result<Committed, AppError>>>,
    refused: Option<RefusedForm>,
    /// Whether an answer is being waited for.
    pub pending: RwSignal<bool>,
}

impl FormState {
    /// Of an action, and of the flash that the page was asked to show.
    pub fn of(action: CommandAction, flash: Option<&Flash>) -> Self {
        Self {
            result: action.result,
            refused: flash
                .and_then(|flash| flash.refused(action.endpoint))
                .cloned(),
            pending: action.pending,
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

    /// What was done, by script.
    pub fn value(&self) -> Signal<Option<Committed>> {
        let result = self.result;
        Signal::derive(move || result.get().and_then(Result::ok))
    }

    /// The refusal as it stands above the form.
    pub fn problem(&self) -> impl Fn() -> Option<AnyView> + Clone + Send + use<> {
        let error = self.error();
        move || error.with(|error| error.as_ref().map(problem))
    }

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
