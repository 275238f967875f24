//! The document around the pages.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::router::App;
use crate::server_context::{Assets, ServerContext};

/// The whole document. Hydration tags are our own, since the assets' names come from the embedded manifest.
pub fn shell() -> impl IntoView {
    let assets = use_context::<ServerContext>()
        .map(|context| context.assets)
        .unwrap_or_default();
    // A page that is not taken over needs no models beside its text.
    if let Some(shared) = Owner::current_shared_context()
        && assets.whole
    {
        shared.set_is_hydrating(false);
    }
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="data:," />
                {(!assets.css.is_empty())
                    .then(|| view! { <link rel="stylesheet" href=assets.css.clone() /> })}
                {hydration_tags(&assets)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// While the program takes over, a click or a form is the browser's own: half-attached handlers would meet a page that
/// is not theirs yet. `data-ready` is set by [`crate::live::LiveUpdates`].
const NATIVE_UNTIL_READY: &str = "for (const kind of ['click', 'submit']) addEventListener(kind, (event) => { \
    if (!('ready' in document.documentElement.dataset)) event.stopImmediatePropagation(); }, true);";

/// Loads the program and lets it take over; nothing when the site was not built.
fn hydration_tags(assets: &Assets) -> Option<impl IntoView + use<>> {
    let Assets {
        js, wasm, whole, ..
    } = assets.clone();
    let nonce = use_nonce();
    let begin = if whole { "enhance" } else { "hydrate" };
    let start = format!(
        "import init, {{ {begin} }} from '{js}'; init({{ module_or_path: '{wasm}' }}).then(() => {begin}());"
    );
    let native = (!whole).then_some(NATIVE_UNTIL_READY);
    (!js.is_empty() && !wasm.is_empty()).then(|| {
        view! {
            {native.map(|script| view! { <script nonce=nonce.clone() inner_html=script></script> })}
            <link rel="modulepreload" href=js nonce=nonce.clone() />
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
            <script type="module" nonce=nonce inner_html=start></script>
        }
    })
}
