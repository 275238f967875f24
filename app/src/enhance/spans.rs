//! Days of a time axis, chosen by dragging over it. What is chosen is asked for on a form of the same page, with
//! `window_from` and `window_until`, both inclusive; nothing has changed before that is sent.
//!
//! The server draws `<svg data-span="ADDRESS" data-first="2026-12-07" data-days="N">` with a `<rect data-span-body>`, and
//! an element with `data-part="proposed"` for what is said of it. `ADDRESS` may end in the part of the page to go to.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{Element, PointerEvent};

use super::set;
use crate::browser;

/// What is being chosen.
#[derive(Clone)]
struct Choice {
    axis: Element,
    days: i32,
    /// The day that was pressed, from the first one on.
    pressed: i32,
    /// The day the pointer is at.
    here: i32,
}

/// Listens on every axis, also on those that come later.
pub(super) fn listen() {
    let chosen: StoredValue<Option<Choice>, LocalStorage> = StoredValue::new_local(None);
    let _stays = [
        window_event_listener(leptos::ev::pointerdown, move |event| {
            if event.button() == 0
                && let Some(choice) = Choice::begun(&event)
            {
                event.prevent_default();
                browser::capture_pointer(&event);
                choice.show();
                chosen.set_value(Some(choice));
            }
        }),
        window_event_listener(leptos::ev::pointermove, move |event| {
            chosen.update_value(|choice| {
                if let Some(choice) = choice {
                    choice.here = day_at(&choice.axis, choice.days, &event);
                    choice.show();
                }
            });
        }),
        window_event_listener(leptos::ev::pointerup, move |_| {
            if let Some(choice) = chosen.try_update_value(Option::take).flatten() {
                choice.ask();
            }
        }),
        window_event_listener(leptos::ev::pointercancel, move |_| {
            if let Some(choice) = chosen.try_update_value(Option::take).flatten() {
                choice.hide();
            }
        }),
        window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "Escape"
                && let Some(choice) = chosen.try_update_value(Option::take).flatten()
            {
                choice.hide();
            }
        }),
    ];
}

/// The day under the pointer, cut at the ends of the axis.
fn day_at(axis: &Element, days: i32, event: &PointerEvent) -> i32 {
    let place = axis.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "clamped to the days of the axis"
    )]
    let day = (share * f64::from(days))
        .floor()
        .clamp(0.0, f64::from(days - 1)) as i32;
    day
}

impl Choice {
    fn begun(event: &PointerEvent) -> Option<Self> {
        let target = event.target()?.dyn_into::<Element>().ok()?;
        let axis = target.closest("[data-span]").ok().flatten()?;
        let days = axis.get_attribute("data-days")?.parse().ok()?;
        let pressed = day_at(&axis, days, event);
        Some(Self {
            here: pressed,
            axis,
            days,
            pressed,
        })
    }

    /// First and last day.
    fn ends(&self) -> (i32, i32) {
        (self.pressed.min(self.here), self.pressed.max(self.here))
    }

    fn dates(&self) -> Option<(String, String)> {
        let first = self.axis.get_attribute("data-first")?;
        let (from, until) = self.ends();
        Some((
            browser::day_after(&first, from)?,
            browser::day_after(&first, until)?,
        ))
    }

    fn show(&self) {
        let (from, until) = self.ends();
        let share = |day: i32| f64::from(day) * 100.0 / f64::from(self.days.max(1));
        if let Some(body) = self.body() {
            set(&body, "x", &format!("{:.2}%", share(from)));
            set(&body, "width", &format!("{:.2}%", share(until + 1 - from)));
        }
        let words = self
            .dates()
            .map(|(from, until)| format!("A window from {from} to {until}, both inclusive."));
        say(words.as_deref().unwrap_or_default());
    }

    fn hide(&self) {
        if let Some(body) = self.body() {
            set(&body, "width", "0");
        }
        say("");
    }

    fn body(&self) -> Option<Element> {
        self.axis.query_selector("[data-span-body]").ok().flatten()
    }

    /// Leads to the form, with what was chosen.
    fn ask(&self) {
        let address = self.axis.get_attribute("data-span").unwrap_or_default();
        let (page, part) = address.split_once('#').unwrap_or((&address, ""));
        if let Some((from, until)) = self.dates() {
            let mark = if page.contains('?') { '&' } else { '?' };
            browser::follow(&format!(
                "{page}{mark}window_from={from}&window_until={until}#{part}"
            ));
        }
    }
}

fn say(words: &str) {
    if let Ok(Some(said)) = document().query_selector("[data-part=proposed]") {
        said.set_text_content(Some(words));
    }
}
