//! Bars of a timeline: dragged, or moved by the arrow keys (with Shift the end alone). What is proposed is asked for on the
//! form that the bar links to, with `shift_start` and `shift_end` in days; nothing has changed before that is sent.
//!
//! The server draws `<svg data-days="N">` around `<a data-bar href="FORM" data-from data-to>` with `<rect data-bar-body>`,
//! and an element with `data-part="proposed"` for what is said of it.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{Element, KeyboardEvent, PointerEvent};

use super::{morph, set};
use crate::browser;

/// A pointer this near to an end, pixels, takes hold of it.
const REACH: f64 = 7.0;

/// By how many days the ends of a bar are to move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shift {
    start: i32,
    end: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grip {
    Whole,
    Start,
    End,
}

impl Grip {
    fn moves(self, from: Shift, days: i32) -> Shift {
        let (start, end) = match self {
            Self::Whole => (days, days),
            Self::Start => (days, 0),
            Self::End => (0, days),
        };
        Shift {
            start: from.start.saturating_add(start),
            end: from.end.saturating_add(end),
        }
    }
}

/// What is held by the pointer.
#[derive(Clone)]
struct Held {
    bar: Bar,
    grip: Grip,
    /// Where the pointer took hold, pixels.
    began: i32,
    shift: Shift,
}

/// A bar and its place, shares of the picture's width in 1/10,000.
#[derive(Clone)]
struct Bar {
    link: Element,
    from: f64,
    to: f64,
    of_day: f64,
}

/// Listens for pointer and keys on every bar, also on those that come later.
pub(super) fn listen() {
    let held: StoredValue<Option<Held>, LocalStorage> = StoredValue::new_local(None);
    let dropped: StoredValue<bool> = StoredValue::new(false);
    let _stays = [
        window_event_listener(leptos::ev::pointerdown, move |event| {
            dropped.set_value(false);
            if event.button() == 0
                && let Some(bar) = Bar::of(event.target())
            {
                browser::capture_pointer(&event);
                held.set_value(Some(Held {
                    grip: bar.grip(&event),
                    bar,
                    began: event.client_x(),
                    shift: Shift::default(),
                }));
            }
        }),
        window_event_listener(leptos::ev::pointermove, move |event| {
            held.update_value(|held| {
                if let Some(held) = held {
                    held.drag(&event);
                }
            });
        }),
        window_event_listener(leptos::ev::pointerup, move |_| {
            let Some(held) = held.try_update_value(Option::take).flatten() else {
                return;
            };
            if held.shift != Shift::default() {
                dropped.set_value(true);
                held.bar.ask(held.shift);
            }
        }),
        window_event_listener(leptos::ev::pointercancel, move |_| {
            if let Some(held) = held.try_update_value(Option::take).flatten() {
                held.bar.show(Shift::default());
            }
        }),
        // A link follows its click; after a drag it has led where the drag asks.
        window_event_listener(leptos::ev::click, move |event| {
            if dropped.get_value() && Bar::of(event.target()).is_some() {
                dropped.set_value(false);
                event.prevent_default();
            }
        }),
        window_event_listener(leptos::ev::dragstart, |event| {
            if Bar::of(event.target()).is_some() {
                event.prevent_default();
            }
        }),
        window_event_listener(leptos::ev::keydown, pressed),
    ];
}

fn pressed(event: KeyboardEvent) {
    let held = event.ctrl_key() || event.meta_key() || event.alt_key();
    let Some(bar) = Bar::of(event.target()).filter(|_| !held) else {
        return;
    };
    let days = match event.key().as_str() {
        "ArrowRight" => 1,
        "ArrowLeft" => -1,
        "Escape" => {
            bar.show(Shift::default());
            return;
        }
        // Of a bar that nobody moved, the link is as any other.
        "Enter" | " " if bar.shown() != Shift::default() => {
            event.prevent_default();
            bar.ask(bar.shown());
            return;
        }
        _ => return,
    };
    event.prevent_default();
    let grip = if event.shift_key() {
        Grip::End
    } else {
        Grip::Whole
    };
    bar.show(grip.moves(bar.shown(), days));
}

impl Held {
    fn drag(&mut self, event: &PointerEvent) {
        let width = f64::from(browser::width_of_svg(event).max(1));
        let moved = f64::from(event.client_x() - self.began) * 10_000.0 / width;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a pointer moves by a few thousand days at most"
        )]
        let days = (moved / self.bar.of_day).round() as i32;
        let shift = self.grip.moves(Shift::default(), days);
        if shift != self.shift {
            self.shift = shift;
            self.bar.show(shift);
        }
    }
}

impl Bar {
    fn of(target: Option<web_sys::EventTarget>) -> Option<Self> {
        let target = target?.dyn_into::<Element>().ok()?;
        let link = target.closest("[data-bar]").ok().flatten()?;
        let number = |element: &Element, name: &str| -> Option<f64> {
            element.get_attribute(name)?.parse().ok()
        };
        let picture = link.closest("svg").ok().flatten()?;
        Some(Self {
            from: number(&link, "data-from")?,
            to: number(&link, "data-to")?,
            of_day: 10_000.0 / number(&picture, "data-days")?.max(1.0),
            link,
        })
    }

    /// What a pointer takes hold of: an end when it is near to one and the bar is long enough to tell them apart.
    fn grip(&self, event: &PointerEvent) -> Grip {
        let Some(body) = self.body() else {
            return Grip::Whole;
        };
        let place = body.get_bounding_client_rect();
        let at = f64::from(event.client_x());
        if place.width() < 4.0 * REACH {
            Grip::Whole
        } else if at - place.left() < REACH {
            Grip::Start
        } else if place.right() - at < REACH {
            Grip::End
        } else {
            Grip::Whole
        }
    }

    fn body(&self) -> Option<Element> {
        self.link.query_selector("[data-bar-body]").ok().flatten()
    }

    /// What is proposed now.
    fn shown(&self) -> Shift {
        let number = |name: &str| -> i32 {
            let text = self.link.get_attribute(name);
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        Shift {
            start: number("data-shift-start"),
            end: number("data-shift-end"),
        }
    }

    /// Draws the bar where it is proposed, and says so.
    fn show(&self, shift: Shift) {
        let from = (self.from + f64::from(shift.start) * self.of_day).clamp(0.0, 10_000.0);
        let to = (self.to + f64::from(shift.end) * self.of_day).clamp(from, 10_000.0);
        if let Some(body) = self.body() {
            set(&body, "x", &format!("{:.2}%", from / 100.0));
            let width = (to - from).max(20.0);
            set(&body, "width", &format!("{:.2}%", width / 100.0));
        }
        set(&self.link, "data-shift-start", &shift.start.to_string());
        set(&self.link, "data-shift-end", &shift.end.to_string());
        let words = if shift == Shift::default() {
            let _its_name_is_plain = self.link.remove_attribute(morph::MOVED);
            String::new()
        } else {
            set(&self.link, morph::MOVED, "");
            let Shift { start, end } = shift;
            format!("begins {start:+} d, ends {end:+} d. Enter asks for it.")
        };
        if let Ok(Some(said)) = document().query_selector("[data-part=proposed]") {
            said.set_text_content(Some(&words));
        }
    }

    /// Leads to the form, with what is proposed.
    fn ask(&self, shift: Shift) {
        let form = self.link.get_attribute("href").unwrap_or_default();
        let mark = if form.contains('?') { '&' } else { '?' };
        let Shift { start, end } = shift;
        browser::follow(&format!("{form}{mark}shift_start={start}&shift_end={end}"));
    }
}
