//! The two ways in which the browser's program begins. Nothing else belongs here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the application to the page; a panic is written to the browser's console.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}

/// Adds to a page that the server makes whole what script can: changes made elsewhere appear, keys work, bars are dragged.
#[wasm_bindgen]
pub fn enhance() {
    console_error_panic_hook::set_once();
    app::enhance();
}
