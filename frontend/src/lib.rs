//! Takes over, in the browser, the page the server has rendered. Nothing else belongs here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the application to the page; a panic is written to the browser's console.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
