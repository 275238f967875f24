//! The built site under `/assets/`: embedded in the binary, compressed beforehand, named by hash and so kept for ever.

use std::collections::HashMap;

use app::Assets;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};
use rust_embed::RustEmbed;
use serde::Deserialize;

use super::encoding::{Encoding, preferred};
use super::problem::Problem;
use crate::state::AppState;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

#[derive(RustEmbed)]
#[folder = "site/"]
#[allow_missing = true]
struct Embedded;

#[derive(Deserialize)]
struct Manifest {
    wasm: String,
    js: String,
    css: String,
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    name: String,
    content_type: String,
}

/// The site's files by name, and the addresses of those that every page links.
#[derive(Default)]
pub struct Site {
    addresses: Assets,
    files: HashMap<String, File>,
}

struct File {
    content_type: HeaderValue,
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

impl Site {
    /// The embedded site; an empty one before the first build, when pages work without style and script.
    pub fn embedded() -> Self {
        let Some(manifest) = read("manifest.json") else {
            return Self::default();
        };
        match serde_json::from_slice::<Manifest>(&manifest) {
            Ok(manifest) => Self::of(manifest),
            Err(error) => {
                tracing::error!(%error, "the embedded manifest cannot be read: the pages have no style and no script");
                Self::default()
            }
        }
    }

    fn of(manifest: Manifest) -> Self {
        let address = |name: &str| {
            if name.is_empty() {
                String::new()
            } else {
                format!("/assets/{name}")
            }
        };
        let addresses = Assets {
            css: address(&manifest.css),
            js: address(&manifest.js),
            wasm: address(&manifest.wasm),
            whole: false,
        };
        let files = manifest.files.into_iter().filter_map(|file| {
            let form = |end: &str| read(&format!("{}{end}", file.name));
            let content_type = HeaderValue::from_str(&file.content_type).ok()?;
            let found = File {
                content_type,
                plain: form("")?,
                gzip: form(".gz"),
                brotli: form(".br"),
            };
            Some((file.name, found))
        });
        Self {
            addresses,
            files: files.collect(),
        }
    }

    /// The addresses of style and script.
    pub fn addresses(&self) -> &Assets {
        &self.addresses
    }
}

fn read(name: &str) -> Option<Bytes> {
    let file = Embedded::get(name)?;
    Some(match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

/// `GET /assets/{*name}`
pub async fn asset(
    State(state): State<AppState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(file) = state.site.files.get(&name) else {
        return Problem::no_such_path().into_response();
    };
    let accepted = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (encoding, bytes) = match (preferred(accepted), &file.brotli, &file.gzip) {
        (Encoding::Brotli, Some(brotli), _) => (Some("br"), brotli),
        (Encoding::Brotli | Encoding::Gzip, _, Some(gzip)) => (Some("gzip"), gzip),
        _ => (None, &file.plain),
    };
    let mut response = Response::new(Body::from(bytes.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, file.content_type.clone());
    headers.insert(CACHE_CONTROL, FOR_EVER);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}
