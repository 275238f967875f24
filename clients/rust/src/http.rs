//! Questions to the server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flags::{Revision, Snapshot};
use httpdate::fmt_http_date;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Serialize;
use tokio::time::timeout;

use crate::{Problem, StartError};

/// What this library calls itself.
pub(crate) const SDK: &str = concat!("switchback-rust/", env!("CARGO_PKG_VERSION"));
/// A server that takes longer counts as away.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Largest snapshot read, bytes: ten thousand modules fit several times.
pub(crate) const LARGEST: usize = 16 << 20;

const INSTANCE: HeaderName = HeaderName::from_static("switchback-instance");
const SERVICE: HeaderName = HeaderName::from_static("switchback-service");
const SDK_NAME: HeaderName = HeaderName::from_static("switchback-sdk");
const APPLIED: HeaderName = HeaderName::from_static("switchback-applied");
const APPLIED_AT: HeaderName = HeaderName::from_static("switchback-applied-at");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Who this process is, for receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) service: String,
    pub(crate) instance: String,
}

/// The server, as one token sees it.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    base: Url,
    bearer: HeaderValue,
    identity: Identity,
    named: HeaderMap,
}

/// A receipt: what came into force here, and when.
#[derive(Debug, Serialize)]
struct Ack<'a> {
    instance: &'a str,
    service: &'a str,
    sdk: &'a str,
    epoch: &'a str,
    revision: u64,
    applied_at: u64,
}

/// The settings of the client of HTTP.
pub(crate) fn client() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(SDK)
        .connect_timeout(CONNECT_LIMIT)
        // The token is for this address and no other.
        .redirect(redirect::Policy::none())
}

pub(crate) fn build(client: reqwest::ClientBuilder) -> Result<Client, StartError> {
    // Without a provider of cryptography TLS panics at its first use; one that the program chose stays.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    let built = client.build();
    built.map_err(|error| StartError::Http(error.to_string()))
}

/// A token as the header it is sent in.
pub(crate) fn bearer(token: &str, kind: &'static str) -> Result<HeaderValue, StartError> {
    let token = token.trim();
    let header = HeaderValue::from_str(&format!("Bearer {token}"))
        .ok()
        .filter(|_| !token.is_empty());
    let mut header = header.ok_or(StartError::Token { kind })?;
    header.set_sensitive(true);
    Ok(header)
}

impl Api {
    pub(crate) fn new(
        client: Client,
        address: &str,
        bearer: HeaderValue,
        identity: Identity,
    ) -> Result<Self, StartError> {
        let refused = |message: String| StartError::Address {
            given: address.to_owned(),
            message,
        };
        let base = Url::parse(address).map_err(|error| refused(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(refused("it must begin with https:// or http://".to_owned()));
        }
        let name = |text: &str, what| {
            let fits = (1..=128).contains(&text.len())
                && text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
            let header = HeaderValue::from_str(text).ok().filter(|_| fits);
            header.ok_or(StartError::Name { what })
        };
        let named = HeaderMap::from_iter([
            (INSTANCE, name(&identity.instance, "instance")?),
            (SERVICE, name(&identity.service, "service")?),
            (SDK_NAME, HeaderValue::from_static(SDK)),
        ]);
        Ok(Self {
            client,
            base,
            bearer,
            identity,
            named,
        })
    }

    /// The same server for another token.
    pub(crate) fn with_bearer(&self, bearer: HeaderValue) -> Self {
        Self {
            bearer,
            ..self.clone()
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The whole snapshot, or nothing when `confirmed` is still the newest. Carries the receipt for `confirmed`.
    pub(crate) async fn flags(
        &self,
        confirmed: Option<&(Revision, SystemTime)>,
    ) -> Result<Option<Snapshot>, Problem> {
        let mut request = self.get("/api/v1/flags").timeout(TIME_LIMIT);
        if let Some((revision, at)) = confirmed {
            request = request
                .header(IF_NONE_MATCH, format!("\"{revision}\""))
                .header(APPLIED, revision.to_string())
                .header(APPLIED_AT, milliseconds(*at));
        }
        let response = send(request).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(Snapshot::from_json(&body(response).await?)?)),
            StatusCode::NOT_MODIFIED if confirmed.is_some() => Ok(None),
            status => Err(refusal(status, &response)),
        }
    }

    /// The stream, from `confirmed` on where the server can replay it. What it brings is the caller's to time.
    pub(crate) async fn stream(&self, confirmed: Option<&Revision>) -> Result<Response, Problem> {
        let mut request = self
            .get("/api/v1/stream")
            .header(ACCEPT, "text/event-stream");
        if let Some(revision) = confirmed {
            request = request.header(LAST_EVENT_ID, revision.to_string());
        }
        let answer = timeout(TIME_LIMIT, send(request)).await;
        let response = answer.map_err(|_| Problem::Away("no answer in time".to_owned()))??;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(refusal(status, &response)),
        }
    }

    /// Tells what is in force here.
    pub(crate) async fn acknowledge(
        &self,
        revision: &Revision,
        at: SystemTime,
    ) -> Result<(), Problem> {
        let ack = Ack {
            instance: &self.identity.instance,
            service: &self.identity.service,
            sdk: SDK,
            epoch: revision.epoch.as_str(),
            revision: revision.number,
            applied_at: milliseconds(at),
        };
        self.post("/api/v1/acks", &ack).await
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<(), Problem> {
        let request = self.client.post(self.url(path)).json(body);
        self.sent(request).await
    }

    /// Sends what is JSON already, and what this clock shows: the server takes what is late from those whose clock is right.
    pub(crate) async fn post_json(&self, path: &str, body: Vec<u8>) -> Result<(), Problem> {
        let request = self.client.post(self.url(path));
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header(DATE, fmt_http_date(SystemTime::now()))
            .body(body);
        self.sent(request).await
    }

    /// Any success will do.
    async fn sent(&self, request: RequestBuilder) -> Result<(), Problem> {
        let response = send(self.authorized(request).timeout(TIME_LIMIT)).await?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(refusal(response.status(), &response))
        }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.authorized(self.client.get(self.url(path)))
            .headers(self.named.clone())
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.header(AUTHORIZATION, self.bearer.clone())
    }

    /// Below the address given, which may have a path of its own.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(None);
        url
    }
}

async fn send(request: RequestBuilder) -> Result<Response, Problem> {
    request.send().await.map_err(|error| Problem::away(&error))
}

/// Reads a body up to [`LARGEST`] bytes.
async fn body(mut response: Response) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Problem::away(&error))?
    {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Problem::TooLarge(LARGEST));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn refusal(status: StatusCode, response: &Response) -> Problem {
    let code = status.as_u16();
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Problem::Denied { status: code };
    }
    if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
        return Problem::Unexpected { status: code };
    }
    let asked = response.headers().get(RETRY_AFTER);
    let seconds = asked.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Problem::Unavailable {
        status: code,
        retry_after: seconds.map(Duration::from_secs),
    }
}

pub(crate) fn milliseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
