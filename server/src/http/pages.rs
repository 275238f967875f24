//! The Leptos pages and their server functions: what the edge gives them, and how they are rendered.

use app::{ServerContext, is_made_whole, provide_server_context};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use control::Caller;
use http::header::{ACCEPT, REFERER};
use http::{HeaderMap, Method, StatusCode};

use super::problem::Problem;
use crate::middleware::pages::Nonce;
use crate::middleware::request::text;
use crate::state::AppState;

/// Renders the page of an address.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let whole = is_made_whole(request.uri().path());
    render(&state, request, whole).await
}

/// `whole`: nothing in the browser takes the page over.
async fn render(state: &AppState, request: Request, whole: bool) -> Response {
    let mut context = context(state, &request);
    context.assets.whole = whole;
    let render = leptos_axum::render_app_async_with_context(
        move || provide_server_context(context.clone()),
        app::shell,
    );
    render(request).await
}

/// Renders the application's own page for an address that no page has.
pub async fn no_such_page(State(state): State<AppState>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::no_such_path().into_response();
    }
    // Also where the browser's program has the pages around: it has none for this address either.
    let mut response = render(&state, request, true).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Runs the server function of an address.
pub async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    let context = context(&state, &request);
    leptos_axum::handle_server_fns_with_context(
        move || provide_server_context(context.clone()),
        request,
    )
    .await
    .into_response()
}

fn context(state: &AppState, request: &Request) -> ServerContext {
    let headers = request.headers();
    ServerContext {
        control: state.control.clone(),
        caller: request.extensions().get::<Caller>().cloned(),
        nonce: request
            .extensions()
            .get::<Nonce>()
            .map(|nonce| nonce.0.clone())
            .unwrap_or_default(),
        assets: state.site.addresses().clone(),
        public_url: state.public_url.to_string(),
        flash: state.flash.clone(),
        plain_form: request.method() == Method::POST
            && text(headers, &ACCEPT).is_some_and(|accept| accept.contains("text/html")),
        referer_path: referer_path(headers),
    }
}

/// Path and query of the page a form stood on. The Origin check has already made sure that it is ours.
fn referer_path(headers: &HeaderMap) -> Option<String> {
    let uri: http::Uri = text(headers, &REFERER)?.parse().ok()?;
    uri.path_and_query().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referer_is_reduced_to_its_path() {
        let mut headers = HeaderMap::new();
        assert_eq!(referer_path(&headers), None);
        headers.insert(
            REFERER,
            "http://127.0.0.1:3000/m/atlas?env=a".parse().unwrap(),
        );
        assert_eq!(referer_path(&headers).as_deref(), Some("/m/atlas?env=a"));
    }
}
