//! The palette: the search of a migration as a dialog over any page, and the sheet of keys. What they show is a part of
//! the search's own page, so that there is one search.

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{
    AbortController, AbortSignal, DomParser, HtmlElement, HtmlInputElement, Node, SupportedType,
};

use crate::address::{encoded, environment_pair};
use crate::browser;

const DIALOG: &str = "palette";
const FIELD: &str = "#palette input";
const RESULTS: &str = "#palette .results";
/// What was typed is asked for once nothing was typed for so long.
const PAUSE: Duration = Duration::from_millis(120);

/// The search's page for the migration in `path`; `None` outside of any.
fn search_page(path: &str, search: &str) -> Option<String> {
    let migration = path.strip_prefix("/m/")?.split('/').next()?;
    let environment = environment_pair(search).unwrap_or_default();
    Some(format!("/m/{migration}/search?{environment}"))
}

/// Opens the search over the page at that address; false outside of any migration.
pub(crate) fn open(path: &str, search: &str) -> bool {
    let Some(page) = search_page(path, search) else {
        return false;
    };
    let Some(dialog) = dialog("Search", true) else {
        return false;
    };
    let question = Question::new(page);
    listen(&dialog, question.clone());
    question.ask();
    browser::open_dialog(DIALOG) && browser::focus(FIELD)
}

/// Opens the sheet of keys.
pub(crate) fn open_keys(path: &str, search: &str) {
    if let Some(page) = search_page(path, search)
        && dialog("Keys", false).is_some()
        && browser::open_dialog(DIALOG)
    {
        leptos::task::spawn_local(async move {
            let keys = part(&page, "#keys", None).await;
            // Its dialog may have become the search.
            if typed().is_none() {
                show(keys);
            }
        });
    }
}

/// A new dialog in place of the last one.
fn dialog(label: &str, searches: bool) -> Option<HtmlElement> {
    if let Some(last) = document().get_element_by_id(DIALOG) {
        last.remove();
    }
    let dialog: HtmlElement = document().create_element("dialog").ok()?.dyn_into().ok()?;
    dialog.set_id(DIALOG);
    dialog.set_class_name("dialog palette");
    dialog.set_attribute("aria-label", label).ok()?;
    if searches {
        let field: HtmlInputElement = document().create_element("input").ok()?.dyn_into().ok()?;
        field.set_type("search");
        field.set_class_name("input");
        field.set_max_length(200);
        field.set_placeholder("Modules, phases, checks, issues, audit log, pages");
        field
            .set_attribute("aria-label", "Search everything")
            .ok()?;
        dialog.append_child(&field).ok()?;
    }
    let results = document().create_element("div").ok()?;
    results.set_class_name("results");
    results.set_attribute("aria-live", "polite").ok()?;
    dialog.append_child(&results).ok()?;
    document().body()?.append_child(&dialog).ok()?;
    Some(dialog)
}

/// What the dialog's field asks for: a part of the search's page. The last question counts, whatever is answered first.
#[derive(Clone)]
struct Question {
    page: String,
    /// Ends the wait for what was asked before.
    asked: StoredValue<Option<AbortController>, LocalStorage>,
    /// The address whose part is shown.
    shown: StoredValue<String>,
    /// Enter was pressed before its answer was there.
    follow: StoredValue<bool>,
}

impl Question {
    fn new(page: String) -> Self {
        Self {
            page,
            asked: StoredValue::new_local(None),
            shown: StoredValue::new(String::new()),
            follow: StoredValue::new(false),
        }
    }

    /// Where what is typed now is answered.
    fn address(&self) -> String {
        match typed() {
            Some(q) if !q.is_empty() => format!("{}&q={}", self.page, encoded(&q)),
            _ => self.page.clone(),
        }
    }

    fn ask(&self) {
        let (question, address) = (self.clone(), self.address());
        let controller = AbortController::new().ok();
        let signal = controller.as_ref().map(AbortController::signal);
        let last = self
            .asked
            .try_update_value(|asked| std::mem::replace(asked, controller));
        if let Some(last) = last.flatten() {
            last.abort();
        }
        leptos::task::spawn_local(async move {
            let found = part(&address, "#found", signal.as_ref()).await;
            let late = signal.is_some_and(|signal| signal.aborted());
            if late || question.shown.try_set_value(address).is_some() {
                return;
            }
            show(found);
            if question.follow.try_update_value(std::mem::take) == Some(true) {
                follow_first();
            }
        });
    }

    /// Follows the first of what is found, once that is known.
    fn follow(&self) {
        if self.shown.get_value() == self.address() {
            follow_first();
        } else {
            self.follow.set_value(true);
            self.ask();
        }
    }
}

fn listen(dialog: &HtmlElement, question: Question) {
    let typed = StoredValue::new(0_u32);
    let asking = question.clone();
    browser::on(dialog, "input", move |_| {
        typed.update_value(|typed| *typed += 1);
        question.follow.set_value(false);
        let (mine, asking) = (typed.get_value(), asking.clone());
        set_timeout(
            move || {
                // Only the last of what was typed.
                if typed.try_get_value() == Some(mine) {
                    asking.ask();
                }
            },
            PAUSE,
        );
    });
    let question = question.clone();
    browser::on(dialog, "keydown", move |event| {
        let Ok(event) = event.dyn_into::<web_sys::KeyboardEvent>() else {
            return;
        };
        // A key that chooses among what a word may be written as is not for us.
        if event.is_composing() {
            return;
        }
        let links = "#palette input, #palette .results a";
        match event.key().as_str() {
            "ArrowDown" => browser::focus_next(links, 1),
            "ArrowUp" => browser::focus_next(links, -1),
            "Enter" if browser::is_within(event.target(), "input") => question.follow(),
            _ => return,
        }
        event.prevent_default();
    });
    // A link leads away, within the page's own program too.
    browser::on(dialog, "click", |event| {
        if browser::is_within(event.target(), "a") {
            browser::close_dialog(DIALOG);
        }
    });
}

fn typed() -> Option<String> {
    let field = document().query_selector(FIELD).ok().flatten()?;
    Some(field.dyn_into::<HtmlInputElement>().ok()?.value())
}

fn follow_first() {
    let first = document().query_selector("#palette .results a");
    if let Some(first) = first
        .ok()
        .flatten()
        .and_then(|first| first.dyn_into::<HtmlElement>().ok())
    {
        first.click();
    }
}

/// A part of a page.
async fn part(address: &str, part: &str, until: Option<&AbortSignal>) -> Option<Node> {
    let text = browser::page(address, until).await?;
    let parser = DomParser::new().ok()?;
    let made = parser
        .parse_from_string(&text, SupportedType::TextHtml)
        .ok()?;
    let part = made.query_selector(part).ok().flatten()?;
    document().import_node_with_deep(&part, true).ok()
}

/// Shows that among the results.
fn show(part: Option<Node>) {
    let Some(results) = document().query_selector(RESULTS).ok().flatten() else {
        return;
    };
    results.set_text_content(None);
    match part {
        Some(part) => {
            let _it_is_an_element = results.append_child(&part);
        }
        None => results.set_text_content(Some("No answer from the server. Type on to ask again.")),
    }
}
