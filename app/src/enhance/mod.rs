//! What script adds to a page that the server has made whole: changes made elsewhere appear, keys work, texts can be
//! copied, bars can be dragged. The page itself stays the server's: nothing here knows what a page is about.
//!
//! - [`morph`]: makes a part of the document equal to another, and keeps what a person holds
//! - [`refresh`]: fetches the page again when something changed
//! - [`furnish`]: copy buttons, and instants in the zone chosen
//! - [`forms`]: forms answered in place
//! - [`bars`]: bars of a timeline, moved by pointer and by keys
//! - [`spans`]: days of a time axis, chosen by dragging

mod bars;
mod forms;
mod furnish;
mod morph;
mod refresh;
mod spans;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::browser;
use crate::components::{LiveMark, LostBanner, SingleKeysButton, Zone, ZoneMenu};
use crate::live::{self, Live};
use crate::shortcuts::{self, SingleKeys};

/// Adds all of it to the page, for as long as the page lives.
pub fn enhance() {
    leptos::mount::mount_to(body(), || {
        let live = Live::provide();
        Zone::provide();
        SingleKeys::provide();
        let made = RwSignal::new(0);
        live.wake();
        mount_parts(live);
        shortcuts::listen(|| (path(), query()), browser::follow);
        live::subscribe(live, Signal::derive(path));
        refresh::keep(live, made);
        furnish::keep(live, made);
        forms::listen(live);
        bars::listen();
        spans::listen();
        live::say_ready();
    })
    .forget();
}

/// Sets an attribute whose name is plain.
fn set(element: &Element, name: &str, value: &str) {
    let _its_name_is_plain = element.set_attribute(name, value);
}

fn body() -> HtmlElement {
    leptos::tachys::dom::body()
}

/// Path of the address, such as `/m/atlas/issues`.
fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Query of the address, with its question mark.
fn query() -> String {
    window().location().search().unwrap_or_default()
}

/// Takes over the parts of the frame that live: `data-part` names each.
fn mount_parts(live: Live) {
    mount("live", move |part| {
        let made = part
            .get_attribute("data-made")
            .and_then(|made| made.parse().ok());
        let made = domain::Timestamp(made.unwrap_or_else(browser::now));
        live.server_said(made);
        view! { <LiveMark made=made /> }.into_any()
    });
    mount("zone", |part| {
        let migration_zone = part.get_attribute("data-zone").unwrap_or_default();
        view! { <ZoneMenu migration_zone=migration_zone /> }.into_any()
    });
    mount("lost", |_| view! { <LostBanner /> }.into_any());
    mount("keys", |_| view! { <SingleKeysButton /> }.into_any());
}

fn mount(name: &str, part: impl FnOnce(&HtmlElement) -> AnyView + 'static) {
    let found = document()
        .query_selector(&format!("[data-part={name}]"))
        .ok()
        .flatten()
        .and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = found {
        element.set_text_content(None);
        let inside = element.clone();
        leptos::mount::mount_to(element, move || part(&inside)).forget();
    }
}
