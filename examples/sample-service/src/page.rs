//! What the service answers: the page, its style and script, `/state` and `/order/{user}`.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{Html, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::state::{Order, Service};
use crate::view::{ModuleView, ServedView, View};

/// Everything comes from this process; nothing inline, no style attribute.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Colours are the product's own, so that old and new look here as they do there.
const STYLE: &str = concat!(
    include_str!("../../../style/tokens.css"),
    include_str!("page.css")
);
const SCRIPT: &str = include_str!("page.js");

/// Every address of the service.
pub fn router(service: Arc<Service>) -> Router {
    let css = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    let js = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    Router::new()
        .route("/", get(page))
        .route("/page.css", get((css, STYLE)))
        .route("/page.js", get((js, SCRIPT)))
        .route("/state", get(state))
        .route("/order/{user}", get(order))
        .layer(map_response(guarded))
        .with_state(service)
}

async fn page(State(service): State<Arc<Service>>) -> Html<String> {
    Html(render(&View::of(&service), &service.server))
}

async fn state(State(service): State<Arc<Service>>) -> Json<View> {
    Json(View::of(&service))
}

async fn order(State(service): State<Arc<Service>>, Path(user): Path<String>) -> Json<Order> {
    Json(service.order(&user))
}

async fn guarded(mut response: Response) -> Response {
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The page, complete without script; the script only keeps it fresh.
fn render(view: &View, server: &str) -> String {
    let heading = match (&view.migration, &view.environment) {
        (Some(migration), Some(environment)) => format!("{migration}, {environment}"),
        _ => "Waiting for flags".to_owned(),
    };
    let revision = view
        .revision
        .map_or_else(|| "none yet".to_owned(), |number| number.to_string());
    let epoch = view.epoch.as_deref().unwrap_or_default();
    let applied = view.last_applied_at.as_deref().map(clock);
    let trouble = view.trouble.as_deref().unwrap_or_default();
    let all = sum(&view.modules);
    let modules = view.modules.iter().fold(String::new(), |mut out, module| {
        module_row(&mut out, module);
        out
    });
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading} · sample service of Switchback</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<noscript><meta http-equiv="refresh" content="2"></noscript>
<script src="/page.js" defer></script>
</head>
<body>
<main>
<header>
<p class="kind">Simulated traffic: sample service of Switchback</p>
<h1>{heading}</h1>
<p class="quiet">Fifty made-up requests a second by a thousand made-up users; each passes through every module.
A bar is a module’s last 100 requests: <span class="key">{new_key} new</span> <span class="key">{old_key} old</span></p>
<dl>
<div><dt>Revision</dt><dd><b id="revision">{revision}</b> <span class="quiet" id="epoch">{epoch}</span></dd></div>
<div><dt>Applied</dt><dd><time id="applied">{applied}</time></dd></div>
<div><dt>Flags from</dt><dd id="source">{source}</dd></div>
<div><dt>Connected</dt><dd id="connection">{connection}</dd></div>
<div><dt>Server</dt><dd>{server}</dd></div>
<div><dt>Instance</dt><dd>{instance}</dd></div>
<div class="all"><dt>All modules</dt><dd id="all">{bar}<span class="split">{split}</span></dd></div>
</dl>
</header>
<div role="status">
<p class="banner danger" id="kill"{kill_hidden}><b>Kill switch on.</b> Every module whose old code still exists serves old.</p>
<p class="banner hand" id="trouble"{trouble_hidden}>{trouble}</p>
<p class="banner hand" id="lost" hidden>This page has lost the sample service and shows what it last knew.</p>
</div>
<ol id="modules">
{modules}</ol>
</main>
</body>
</html>
"#,
        new_key = bar(ServedView { old: 0, new: 1 }),
        old_key = bar(ServedView { old: 1, new: 0 }),
        epoch = escape(epoch),
        applied = applied.as_deref().unwrap_or("never"),
        source = view.source_label,
        connection = view.connection_label,
        server = escape(server),
        instance = escape(&view.instance),
        bar = bar(all),
        split = split(all),
        kill_hidden = hidden(!view.kill_switch),
        trouble_hidden = hidden(view.trouble.is_none()),
        trouble = escape(trouble),
    )
}

fn module_row(out: &mut String, module: &ModuleView) {
    let ModuleView {
        key, label, served, ..
    } = module;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        r#"<li data-key="{key}"><p><code>{key}</code><span class="label">{label}</span></p><p>{bar}<span class="split">{split}</span></p></li>"#,
        bar = bar(*served),
        split = split(*served),
    );
}

/// New fills from the left as a solid bar, old is a pair of rails: told apart without colour too.
fn bar(served: ServedView) -> String {
    let total = served.old + served.new;
    let new = (served.new * 1_000)
        .checked_div(total)
        .map_or(0.0, |permille| f64::from(permille) / 10.0);
    let old = 100.0 - new;
    format!(
        r#"<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect class="new" width="{new}" height="12"/><rect class="old" x="{new}" y="1" width="{old}" height="3"/><rect class="old" x="{new}" y="8" width="{old}" height="3"/></svg>"#
    )
}

fn split(served: ServedView) -> String {
    format!("{} new, {} old", served.new, served.old)
}

fn sum(modules: &[ModuleView]) -> ServedView {
    modules
        .iter()
        .fold(ServedView::default(), |sum, module| ServedView {
            old: sum.old + module.served.old,
            new: sum.new + module.served.new,
        })
}

/// `2026-11-22T14:02:11.204Z` as `14:02:11.204 UTC`.
fn clock(instant: &str) -> String {
    let time = instant.split_once('T').map_or(instant, |(_, time)| time);
    format!("{} UTC", time.trim_end_matches('Z'))
}

const fn hidden(is: bool) -> &'static str {
    if is { " hidden" } else { "" }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use serde_json::Value;
    use switchback_client::reqwest::ClientBuilder;
    use switchback_client::{Client, Part, Snapshot, Status};
    use tower::ServiceExt;

    use crate::stub::{LONG, nobody, well};

    /// A service that knows flags, whose server is away.
    async fn service() -> Arc<Service> {
        let json = br#"{"format":1,"migration":"atlas","environment":"production","epoch":"e1","revision":7,"killSwitch":false,
            "flags":[{"key":"order_intake","mode":"new_only","exposure":10000,"retired":false}]}"#;
        let client = Client::builder(nobody().await, "t")
            .initial(Snapshot::from_json(json).unwrap())
            .instance("shop-1<x>")
            .http(ClientBuilder::no_proxy);
        let service = Service::new(
            client.start().unwrap(),
            "http://127.0.0.1:3000/<x>".to_owned(),
            "order_intake".parse().unwrap(),
        );
        (0..100).for_each(|user| service.simulate(&format!("user-{user}"), well));
        Arc::new(service)
    }

    async fn get(service: &Arc<Service>, path: &str) -> (StatusCode, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(Arc::clone(service)).oneshot(request).await.unwrap();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, policy, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_says_what_is_served_without_script_and_keeps_its_own_policy() {
        let service = service().await;
        let (status, policy, page) = get(&service, "/").await;
        assert_eq!(status, StatusCode::OK);
        for text in [
            "Simulated traffic: sample service of Switchback",
            "atlas, production",
            "<b id=\"revision\">7</b>",
            " UTC</time>",
            "<dd id=\"source\">program itself</dd>",
            "<dd id=\"connection\">not now</dd>",
            "<dd>shop-1&lt;x&gt;</dd>",
            "100 new, 0 old",
            "New only",
            "http://127.0.0.1:3000/&lt;x&gt;",
        ] {
            assert!(page.contains(text), "{text} is missing from {page}");
        }
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        for refused in ["style=", "<style", "onclick", "<script>"] {
            assert!(
                !page.contains(refused),
                "{refused} would be refused by {policy}"
            );
        }
    }

    #[tokio::test]
    async fn trouble_is_shown_on_the_page_and_in_the_state() {
        let service = service().await;
        let is_away = |status: &Status| status.trouble(Part::Poll).is_some();
        assert!(service.client.wait_until(LONG, is_away).await);
        let (_, _, page) = get(&service, "/").await;
        assert!(page.contains("No flags from the server since "), "{page}");
        let (_, _, state) = get(&service, "/state").await;
        let state: Value = serde_json::from_str(&state).unwrap();
        assert_eq!(state["server_reachable"], false);
        assert_eq!(state["revision"], 7);
        assert_eq!(state["epoch"], "e1");
        assert_eq!(state["killSwitch"], false);
        assert_eq!(state["connection"], "none");
        assert_eq!(state["source"], "compiled_in");
        let applied = state["last_applied_at"].as_str().unwrap();
        assert_eq!(applied.len(), "2026-11-22T14:02:11.204Z".len());
        assert!(applied.parse::<jiff::Timestamp>().is_ok());
        let module = &state["modules"][0];
        assert_eq!(module["key"], "order_intake");
        assert_eq!(module["mode"], "new_only");
        assert_eq!(module["exposure"], 10_000);
        assert_eq!(module["served"]["new"], 100);
    }

    #[tokio::test]
    async fn an_order_is_told_its_side_module_and_revision() {
        let (status, _, body) = get(&service().await, "/order/user-17").await;
        assert_eq!(status, StatusCode::OK);
        let order: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(order["serve"], "new");
        assert_eq!(order["module"], "order_intake");
        assert_eq!(order["user"], "user-17");
        assert_eq!(order["revision"], "e1:7");
    }
}
