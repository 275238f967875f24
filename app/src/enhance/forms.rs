//! Forms that are answered in place: the server marks them `data-in-place`. Several may be on their way at once, which
//! leaving the page for each would not allow. A refusal has stored nothing: it is shown by sending the form the plain way,
//! and comes back with its fields and what is wrong with them. After any other answer nobody knows; that is said.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, HtmlFormElement};

use super::{morph, set};
use crate::browser;
use crate::live::Live;

/// Set while an answer is waited for.
const BUSY: &str = "aria-busy";
/// Set when the form is to be sent the plain way.
const PLAIN: &str = "data-plain";

/// Answers them for as long as the page lives.
pub(super) fn listen(live: Live) {
    let _stays = window_event_listener(leptos::ev::submit, move |event| {
        let form = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlFormElement>().ok())
            .filter(|form| form.has_attribute("data-in-place") && !form.has_attribute(PLAIN));
        if let Some(form) = form {
            event.prevent_default();
            if !form.has_attribute(BUSY) {
                set(&form, BUSY, "true");
                leptos::task::spawn_local(send(event, form, live));
            }
        }
    });
}

async fn send(event: SubmitEvent, form: HtmlFormElement, live: Live) {
    let button = event.submitter();
    let sent = browser::filled(&form);
    let answer = browser::post(event).await;
    let _its_name_is_plain = form.remove_attribute(BUSY);
    match answer {
        Ok((200..300, _)) => {
            // What was typed meanwhile is the next one's.
            if browser::filled(&form) == sent {
                form.reset();
            }
            live.refetch();
        }
        Ok((400..500, _)) => plain(&form, button.as_ref()),
        Ok((status, _)) => say(
            &form,
            &format!(
                "The server failed ({status}). It may have been stored: look before you press again."
            ),
        ),
        Err(why) => say(
            &form,
            &format!("No answer from the server ({why}). Press again."),
        ),
    }
}

fn plain(form: &HtmlFormElement, button: Option<&HtmlElement>) {
    set(form, PLAIN, "");
    let _sent = match button {
        Some(button) => form.request_submit_with_submitter(Some(button)),
        None => form.request_submit(),
    };
}

fn say(form: &HtmlFormElement, words: &str) {
    set(form, morph::TOUCHED, "");
    let said = form.query_selector(".refusal").ok().flatten();
    let line = said.or_else(|| {
        let line = document().create_element("p").ok()?;
        line.set_class_name("refusal");
        set(&line, "role", "alert");
        form.append_child(&line).ok()?;
        Some(line)
    });
    if let Some(line) = line {
        line.set_text_content(Some(words));
    }
}
