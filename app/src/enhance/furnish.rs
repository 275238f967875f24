//! Copy buttons, and instants in the zone chosen and at their distance from now.

use domain::Timestamp;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::Element;

use crate::components::Zone;
use crate::live::Live;
use crate::{browser, times};

/// Furnishes the page now, whenever it was made anew, the zone changes, or time passes.
pub(super) fn keep(live: Live, made: RwSignal<u32>) {
    let zone = Zone::here();
    Effect::new(move |_| {
        made.track();
        for button in all("button[data-copy][hidden]") {
            let _its_name_is_plain = button.remove_attribute("hidden");
        }
        for time in all("time.time[datetime]") {
            write(&time, live, zone);
        }
    });
    // Of the window, and as long as it: the page is left by leaving the document.
    let _stays = window_event_listener(leptos::ev::click, |event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let button = target.and_then(|target| target.closest("button[data-copy]").ok().flatten());
        if let Some(button) = button {
            copy(&button);
        }
    });
}

fn all(selector: &str) -> Vec<Element> {
    let Ok(list) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|index| list.get(index)?.dyn_into().ok())
        .collect()
}

/// Writes an instant as [`crate::components::Time`] does.
fn write(time: &Element, live: Live, zone: Zone) {
    let Some(at) = time
        .get_attribute("datetime")
        .and_then(|text| browser::instant(&text))
        .map(Timestamp)
    else {
        return;
    };
    let exact = zone.write(at).unwrap_or_else(|| times::utc_second(at));
    let text = match live.clock() {
        _ if time.has_attribute("data-exact") => exact.clone(),
        Some(now) => times::relative(at, now),
        None => return,
    };
    if time.text_content().as_deref() != Some(&text) {
        time.set_text_content(Some(&text));
    }
    let _its_name_is_plain = time.set_attribute("title", &exact);
}

fn copy(button: &Element) {
    let text = button.get_attribute("data-copy").unwrap_or_default();
    let text = if button.has_attribute("data-link") {
        browser::whole_address(&text)
    } else {
        text
    };
    let Some(words) = button.query_selector("span[aria-live]").ok().flatten() else {
        return;
    };
    let label = button.get_attribute("data-label").unwrap_or_default();
    browser::copy(text, move |said| {
        words.set_text_content(Some(said.unwrap_or(&label)));
    });
}
