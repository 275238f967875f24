//! Fetches the page again when something changed, and shows what is new in place.

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{Document, DomParser, Element, Event, SupportedType};

use super::morph;
use crate::browser;
use crate::live::Live;

/// What is made like the new page: all of it, since the frame changes with the kill switch and the counts.
const PAGE: &str = "body > .frame, body > .door";

/// Forms that were refused.
const REFUSED: &str = "form:has(.problem), form:has([aria-invalid=true])";

/// Keeps the page as the server would make it now; moves `made` whenever it did.
pub(super) fn keep(live: Live, made: RwSignal<u32>) {
    let (running, again) = (StoredValue::new(false), StoredValue::new(false));
    Effect::new(move |_| {
        if live.changes() == 0 {
            return;
        }
        again.set_value(true);
        if running.get_value() {
            return;
        }
        running.set_value(true);
        leptos::task::spawn_local(async move {
            while again.get_value() {
                again.set_value(false);
                if refresh().await.is_some() {
                    made.update(|times| *times = times.wrapping_add(1));
                }
            }
            running.set_value(false);
        });
    });
    note_changes_of_forms();
    look_again(live);
}

/// Some pages show what rings no bell, such as a flag that was read: `data-look-again` tells every how many seconds they
/// are looked at again.
fn look_again(live: Live) {
    let seconds = document()
        .query_selector("[data-look-again]")
        .ok()
        .flatten()
        .and_then(|element| element.get_attribute("data-look-again")?.parse().ok());
    if let Some(seconds) = seconds {
        let look = move || {
            if !document().hidden() {
                live.refetch();
            }
        };
        let _stays = set_interval_with_handle(look, Duration::from_secs(seconds));
    }
}

/// `None` without an answer: the page stays as it is, and its head says since when nothing was heard.
async fn refresh() -> Option<()> {
    let address = window().location().href().ok()?;
    let text = browser::page(&address, None).await?;
    // What was asked for may have been left while the answer was on its way.
    if window().location().href().ok()? != address {
        return None;
    }
    let new = parsed(&text)?;
    morph::morph(&page(&document())?, &page(&new)?);
    document().set_title(&new.title());
    Some(())
}

fn parsed(text: &str) -> Option<Document> {
    let parser = DomParser::new().ok()?;
    parser.parse_from_string(text, SupportedType::TextHtml).ok()
}

fn page(document: &Document) -> Option<Element> {
    document.query_selector(PAGE).ok().flatten()
}

fn touch(form: &Element) {
    let _its_name_is_plain = form.set_attribute(morph::TOUCHED, "");
}

/// A form in which somebody changed something is that person's until it is sent or reset.
fn note_changes_of_forms() {
    let form = |event: &Event| {
        let target = event.target()?.dyn_into::<Element>().ok()?;
        target.closest("form").ok().flatten()
    };
    // What was refused stands in its form as it was typed.
    if let Ok(refused) = document().query_selector_all(REFUSED) {
        for index in 0..refused.length() {
            let form = refused.get(index).and_then(|node| node.dyn_into().ok());
            if let Some(form) = form {
                touch(&form);
            }
        }
    }
    for kind in ["input", "change"] {
        let _stays = window_event_listener_untyped(kind, move |event| {
            if let Some(form) = form(&event) {
                touch(&form);
            }
        });
    }
    let _stays = window_event_listener_untyped("reset", move |event| {
        if let Some(form) = form(&event) {
            let _its_name_is_plain = form.remove_attribute(morph::TOUCHED);
        }
    });
}
