//! What the server provides to pages and server functions.

use control::{Caller, Control};
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};

use crate::error::AppError;
use crate::flash::FlashStore;

/// Addresses of the built site, under `/assets/`; empty when the site was not built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    /// The one style sheet.
    pub css: String,
    /// The loader that wasm-bindgen writes.
    pub js: String,
    /// The program.
    pub wasm: String,
    /// The page is made whole by the server: the program adds to it, and does not take it over.
    pub whole: bool,
}

/// Everything a page or server function gets from the edge.
#[derive(Clone)]
pub struct ServerContext {
    /// The use cases.
    pub control: Control,
    /// Who asks; `None` before signing in.
    pub caller: Option<Caller>,
    /// The nonce of this answer's content policy.
    pub nonce: String,
    /// Where style and script are.
    pub assets: Assets,
    /// The address people and links use.
    pub public_url: String,
    /// What forms without script are told after their redirect.
    pub flash: FlashStore,
    /// The request is a form post of a browser without WASM: it accepts `text/html`.
    pub plain_form: bool,
    /// Path and query of the page the request came from, on this server.
    pub referer_path: Option<String>,
}

/// Provides `context` and its nonce; to be called for pages and server functions alike, before anything renders.
pub fn provide_server_context(context: ServerContext) {
    provide_context(Nonce::from_value(context.nonce.clone()));
    provide_context(context);
}

/// The context of the request being answered.
pub(crate) fn server_context() -> Result<ServerContext, AppError> {
    use_context::<ServerContext>().ok_or_else(|| AppError::Internal {
        request_id: String::new(),
    })
}

/// The context together with who asks.
pub(crate) fn signed_in() -> Result<(ServerContext, Caller), AppError> {
    let context = server_context()?;
    match context.caller.clone() {
        Some(caller) => Ok((context, caller)),
        None => Err(AppError::NotSignedIn.with_status()),
    }
}
