//! The palette: the search of a migration as a dialog over any page, and the sheet of keys. What they show is a part of
//! the search's own page, so that there is one search.

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{DomParser, Element, HtmlElement, HtmlInputElement, SupportedType};

use crate::address::encoded;
use crate::browser;

const DIALOG: &str = "palette";
const FIELD: &str = "#palette input";
const RESULTS: &str = "#palette .results";
/// What was typed is asked for once nothing was typed for so long.
const PAUSE: Duration = Duration::from_millis(120);

/// The search's page for the migration in `path`; `None` outside of any.
fn search_page(path: &str, search: &str) -> Option<String> {
    let migration = path.strip_prefix("/m/")?.split('/').next()?;
    let environment = search
        .trim_start_matches('?')
        .split('&')
        .find(|pair| pair.starts_with("env="))
        .unwrap_or_default();
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
    listen(&dialog, page.clone());
    leptos::task::spawn_local(show(page, "#found"));
    browser::open_dialog(DIALOG) && browser::focus(FIELD)
}

/// Opens the sheet of keys.
pub(crate) fn open_keys(path: &str, search: &str) {
    if let Some(page) = search_page(path, search)
        && dialog("Keys", false).is_some()
        && browser::open_dialog(DIALOG)
    {
        leptos::task::spawn_local(show(page, "#keys"));
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

fn listen(dialog: &HtmlElement, page: String) {
    let asked = StoredValue::new(0_u32);
    let input = move || {
        asked.update_value(|asked| *asked += 1);
        let (mine, page) = (asked.get_value(), page.clone());
        set_timeout(
            move || {
                // Only the last of what was typed, and only while its dialog is there.
                if asked.try_get_value() == Some(mine)
                    && let Some(q) = typed()
                {
                    leptos::task::spawn_local(show(format!("{page}&q={}", encoded(&q)), "#found"));
                }
            },
            PAUSE,
        );
    };
    browser::on(dialog, "input", move |_| input());
    browser::on(dialog, "keydown", move |event| {
        let Ok(event) = event.dyn_into::<web_sys::KeyboardEvent>() else {
            return;
        };
        let links = "#palette input, #palette .results a";
        match event.key().as_str() {
            "ArrowDown" => browser::focus_next(links, 1),
            "ArrowUp" => browser::focus_next(links, -1),
            "Enter" => {
                let field = document().query_selector(FIELD).ok().flatten();
                let first = document()
                    .query_selector("#palette .results a")
                    .ok()
                    .flatten();
                match (field == document().active_element(), first) {
                    (true, Some(first)) => {
                        if let Ok(first) = first.dyn_into::<HtmlElement>() {
                            first.click();
                        }
                    }
                    _ => return,
                }
            }
            _ => return,
        }
        event.prevent_default();
    });
    // A link leads away, within the page's own program too.
    browser::on(dialog, "click", |event| {
        let link = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .and_then(|target| target.closest("a").ok().flatten());
        if link.is_some() {
            browser::close_dialog(DIALOG);
        }
    });
}

fn typed() -> Option<String> {
    let field = document().query_selector(FIELD).ok().flatten()?;
    Some(field.dyn_into::<HtmlInputElement>().ok()?.value())
}

/// Shows that part of a page among the results; without an answer what is there stays.
async fn show(address: String, part: &'static str) {
    let Some(text) = browser::page(&address).await else {
        return;
    };
    let made = DomParser::new()
        .and_then(|parser| parser.parse_from_string(&text, SupportedType::TextHtml));
    let part = made
        .ok()
        .and_then(|made| made.query_selector(part).ok().flatten());
    // An answer to what was typed before comes too late.
    let stale = typed()
        .is_some_and(|q| !q.is_empty() && !address.ends_with(&format!("&q={}", encoded(&q))));
    let results = document().query_selector(RESULTS).ok().flatten();
    if let (Some(part), Some(results), false) = (part, results, stale)
        && let Ok(part) = document().import_node_with_deep(&part, true)
    {
        results.set_text_content(None);
        let _it_is_an_element = results.append_child(&part);
    }
}
