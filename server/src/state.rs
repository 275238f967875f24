//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use app::flash::FlashStore;
use axum::extract::FromRef;
use control::Control;
use http::{HeaderName, HeaderValue};
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use crate::http::assets::Site;
use crate::metrics::Metrics;
use crate::middleware::allowed_hosts::AllowedHosts;
use crate::middleware::rate_limit::RateLimit;
use crate::middleware::sessions::StoredSessions;
use crate::public_url::PublicUrl;
use crate::streams::Streams;
use crate::tickets::Tickets;

/// A cheap handle to [`Shared`].
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What every handler can reach.
pub struct Shared {
    /// The use cases.
    pub control: Control,
    /// The server's address as people use it.
    pub public_url: PublicUrl,
    /// The address it listens on.
    pub listening: PublicUrl,
    /// Values of `Host` that are answered.
    pub hosts: AllowedHosts,
    /// Header in which a trusted proxy names the client's address.
    pub trusted_proxy_header: Option<HeaderName>,
    /// Origins whose pages may ask `/ofrep`.
    pub ofrep_origins: Vec<HeaderValue>,
    /// The built site.
    pub site: Site,
    /// Sessions of signed-in people.
    pub sessions: StoredSessions,
    /// What forms without script are told after their redirect.
    pub flash: FlashStore,
    /// Counters.
    pub metrics: Metrics,
    /// Places for event streams.
    pub streams: Streams,
    /// Tickets for OFREP's event stream.
    pub tickets: Tickets,
    /// The last points of cumulative metrics.
    pub otlp_streams: crate::http::evidence::otlp::Streams,
    /// How often one address may try to sign in.
    pub sign_in_limit: RateLimit,
    /// How often one address may show a token nobody knows.
    pub token_limit: RateLimit,
    /// Cancelled when the server stops: streams end.
    pub shutdown: CancellationToken,
    /// What Leptos wants to be told; its values are not used, since hydration tags are our own.
    pub leptos: LeptosOptions,
}

/// What differs between a server and a command on the data directory.
pub struct Setting {
    /// The server's address as people use it.
    pub public_url: PublicUrl,
    /// The address it listens on.
    pub listening: PublicUrl,
    /// Further values of `Host`.
    pub allowed_hosts: Vec<String>,
    /// Whether the server listens on a loopback address.
    pub loopback: bool,
    /// Origins whose pages may ask `/ofrep`.
    pub ofrep_origins: Vec<HeaderValue>,
    /// Header in which a trusted proxy names the client's address.
    pub trusted_proxy_header: Option<HeaderName>,
    /// Cancelled when the server stops.
    pub shutdown: CancellationToken,
}

impl Setting {
    /// For a command that opens the data directory itself: nothing listens.
    pub fn in_process(public_url: PublicUrl) -> Self {
        Self {
            listening: public_url.clone(),
            public_url,
            allowed_hosts: Vec::new(),
            loopback: true,
            ofrep_origins: Vec::new(),
            trusted_proxy_header: None,
            shutdown: CancellationToken::new(),
        }
    }
}

impl AppState {
    /// Puts together what handlers need.
    pub fn new(control: Control, setting: Setting) -> Self {
        let metrics = Metrics::new(control.clock().now());
        Self(Arc::new(Shared {
            hosts: AllowedHosts::new(
                &setting.public_url,
                &setting.allowed_hosts,
                setting.loopback,
            ),
            public_url: setting.public_url,
            listening: setting.listening,
            trusted_proxy_header: setting.trusted_proxy_header,
            ofrep_origins: setting.ofrep_origins,
            site: Site::embedded(),
            sessions: StoredSessions::new(control.clone()),
            flash: FlashStore::default(),
            streams: Streams::new(metrics.streams.clone()),
            tickets: Tickets::new(),
            otlp_streams: crate::http::evidence::otlp::Streams::default(),
            metrics,
            sign_in_limit: RateLimit::new(10, Duration::from_secs(6)),
            token_limit: RateLimit::new(20, Duration::from_secs(1)),
            shutdown: setting.shutdown,
            leptos: LeptosOptions::builder().output_name("switchback").build(),
            control,
        }))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
