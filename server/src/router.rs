//! The router: which middleware stands before which routes of the table.
//!
//! Pages have their own table in `app`; what is neither there nor in [`crate::routes`] is 404.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get};
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderName, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http::pages;
use crate::middleware::authentication::{
    identify_for_api, identify_for_pages, require_caller, require_data_directory,
};
use crate::middleware::body::{read_small, read_text, read_upload};
use crate::middleware::edge::{no_such_method, no_such_path};
use crate::middleware::origin::require_own_origin;
use crate::middleware::pages::{content_policy, require_sign_in};
use crate::middleware::sessions::session_layer;
use crate::routes::{Access, table};
use crate::state::AppState;

/// What the network reaches: everything.
pub fn full(state: &AppState) -> Router {
    let data_plane =
        group(&[Access::Open, Access::DataPlane]).merge(with_cors(state, group(&[Access::Ofrep])));
    let secret = group(&[Access::Secret]).layer(from_fn(read_small));
    // Leptos knows which pages there are; every other address is its page for that, with 404.
    let mut pages = group(&[Access::Page]).fallback(pages::no_such_page);
    for listing in leptos_axum::generate_route_list(app::App) {
        pages = pages.route(listing.path(), get(pages::page));
    }
    finish(
        state,
        data_plane
            .merge(management(state))
            .merge(secret)
            .merge(of_pages(state, pages.layer(from_fn(read_small))))
            .merge(of_pages(
                state,
                group(&[Access::PageText]).layer(from_fn(read_text)),
            ))
            .merge(of_pages(
                state,
                group(&[Access::PageUpload]).layer(from_fn(read_upload)),
            )),
    )
}

/// What the data directory's owner reaches through the control socket or in their own process: the management API.
pub fn local(state: &AppState) -> Router {
    finish(state, management(state).merge(group(&[Access::Open])))
}

fn group(accesses: &[Access]) -> Router<AppState> {
    table()
        .into_iter()
        .filter(|route| accesses.contains(&route.access))
        .fold(Router::new(), |router, route| {
            router.route(route.path, route.handler)
        })
}

fn management(state: &AppState) -> Router<AppState> {
    let owners = group(&[Access::DataDirectory]).layer(from_fn(require_data_directory));
    let small = group(&[Access::Management])
        .merge(owners)
        .layer(from_fn(read_small));
    let texts = group(&[Access::ManagementText]).layer(from_fn(read_text));
    let uploads = group(&[Access::ManagementUpload]).layer(from_fn(read_upload));
    small
        .merge(texts)
        .merge(uploads)
        .layer(from_fn_with_state(state.clone(), require_own_origin))
        .layer(from_fn(require_caller))
        .layer(from_fn_with_state(state.clone(), identify_for_api))
        .layer(session_layer(state.sessions.clone(), &state.public_url))
}

fn of_pages(state: &AppState, pages: Router<AppState>) -> Router<AppState> {
    pages
        .layer(from_fn_with_state(state.clone(), require_own_origin))
        .layer(from_fn(require_sign_in))
        .layer(from_fn_with_state(state.clone(), identify_for_pages))
        .layer(session_layer(state.sessions.clone(), &state.public_url))
        .layer(from_fn(content_policy))
}

fn with_cors(state: &AppState, ofrep: Router<AppState>) -> Router<AppState> {
    if state.ofrep_origins.is_empty() {
        return ofrep;
    }
    let x_api_key = HeaderName::from_static("x-api-key");
    // A preflight is OPTIONS, which no route has: what answers it must stand behind the layer too.
    ofrep.method_not_allowed_fallback(no_such_method).layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(state.ofrep_origins.clone()))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, x_api_key])
            .expose_headers([ETAG, RETRY_AFTER])
            .max_age(std::time::Duration::from_mins(10)),
    )
}

/// Nothing below these is a page, so that what is not there is a problem and no form to sign in.
fn finish(state: &AppState, router: Router<AppState>) -> Router {
    router
        .route("/api/{*rest}", any(no_such_path))
        .route("/ofrep/{*rest}", any(no_such_path))
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::disable())
        .with_state(state.clone())
}
