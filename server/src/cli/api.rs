//! A request to the management API, whichever way it goes: to a server, through the control socket, or in process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use control::Control;
use domain::Actor;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use reqwest::Url;
use serde_json::Value;

use super::exit::Failure;
use super::output::Output;
use crate::config::SettingsFile;
use crate::middleware::edge::Edge;
use crate::middleware::request::Entrance;

/// Where a server is when nothing says otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:3000";
/// Stands for the server behind the control socket, and for none at all.
const LOCAL_URL: &str = "http://localhost";
/// How long a server may take to answer.
const ANSWER_TIME: Duration = Duration::from_mins(1);
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Flags of commands that talk to a server.
#[derive(Debug, Clone, clap::Args)]
pub struct ServerFlags {
    /// The server to talk to [default: http://127.0.0.1:3000]
    #[arg(long, env = "SWITCHBACK_URL", value_name = "URL")]
    url: Option<String>,
    /// A token of kind operator or admin; better given as SWITCHBACK_TOKEN than here
    #[arg(
        long,
        env = "SWITCHBACK_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
}

/// One request.
pub struct Request {
    method: Method,
    url: Url,
    body: Option<(&'static str, Vec<u8>)>,
}

impl Request {
    /// A request to `/api/v1/<parts>`; each part may hold any character.
    pub fn new(method: Method, parts: &[&str]) -> Result<Self, Failure> {
        let mut url = Url::parse(LOCAL_URL).map_err(|error| Failure::failed(error.to_string()))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(["api", "v1"]).extend(parts);
        }
        Ok(Self {
            method,
            url,
            body: None,
        })
    }

    /// A question to a path outside `/api/v1`.
    pub fn at(path: &str) -> Result<Self, Failure> {
        let mut url = Url::parse(LOCAL_URL).map_err(|error| Failure::failed(error.to_string()))?;
        url.set_path(path);
        Ok(Self {
            method: Method::GET,
            url,
            body: None,
        })
    }

    /// With a parameter, where there is a value for it.
    #[must_use]
    pub fn query(mut self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, value.as_ref());
        }
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    /// With a body of a media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, bytes: Vec<u8>) -> Self {
        self.body = Some((media_type, bytes));
        self
    }
}

/// A way to the management API.
pub enum Api {
    /// Over HTTP: to a server's address, or through its control socket.
    Server {
        /// Sends.
        client: reqwest::Client,
        /// Where to.
        base: Url,
        /// The value of `Authorization`.
        token: Option<HeaderValue>,
    },
    /// In this process, which has opened the data directory itself.
    InProcess {
        /// The router with what is around it.
        edge: Box<Edge>,
        /// The data directory.
        control: Control,
        /// Who runs this process.
        actor: Actor,
        /// A data directory to be removed afterwards.
        scratch: Option<PathBuf>,
    },
}

impl Api {
    /// To a server.
    pub fn server(flags: &ServerFlags, file: &SettingsFile) -> Result<Self, Failure> {
        let url = flags
            .url
            .as_deref()
            .or(file.url.as_deref())
            .unwrap_or(DEFAULT_URL);
        let base = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "--url {url:?} is no address of a server, such as {DEFAULT_URL}"
                ))
            })?;
        let token = flags
            .token
            .as_deref()
            .or(file.token.as_deref())
            .filter(|token| !token.is_empty());
        let token = token
            .map(|token| HeaderValue::try_from(format!("Bearer {}", token.trim())))
            .transpose()
            .map_err(|_| Failure::usage("the token holds characters that no token has"))?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        Ok(Self::Server {
            client: client(None)?,
            base,
            token,
        })
    }

    /// Through the control socket of a running server.
    pub fn socket(path: &Path) -> Result<Self, Failure> {
        let base = Url::parse(LOCAL_URL).map_err(|error| Failure::failed(error.to_string()))?;
        Ok(Self::Server {
            client: client(Some(path))?,
            base,
            token: None,
        })
    }

    /// Sends a request; an answer that is not a success is a failure.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        match self.attempt(request).await? {
            answer if answer.status.is_success() => Ok(answer),
            answer => Err(self.explain(answer).await),
        }
    }

    /// An older database that is only read may lack what was asked for; that is no defect.
    async fn explain(&self, answer: Answer) -> Failure {
        match self {
            Self::InProcess { control, .. } if answer.status.is_server_error() => {
                match control.older_schema() {
                    Some(why) => Failure::failed(why),
                    None => answer.failure().await,
                }
            }
            _ => answer.failure().await,
        }
    }

    /// Sends a request and gives the answer, whatever it says.
    pub async fn attempt(&self, request: Request) -> Result<Answer, Failure> {
        match self {
            Self::Server {
                client,
                base,
                token,
            } => over_http(client, base, token.as_ref(), request).await,
            Self::InProcess { edge, actor, .. } => Ok(in_process(edge, actor, request).await),
        }
    }

    /// Sends a request and reads its JSON answer.
    pub async fn json(&self, request: Request) -> Result<Value, Failure> {
        self.send(request).await?.json().await
    }

    /// Closes the data directory, where this process has opened it.
    pub async fn close(self) {
        if let Self::InProcess {
            control, scratch, ..
        } = self
        {
            control.close().await;
            if let Some(scratch) = scratch {
                let _left_for_the_system = std::fs::remove_dir_all(scratch);
            }
        }
    }
}

fn client(socket: Option<&Path>) -> Result<reqwest::Client, Failure> {
    // One provider, and named: with several, TLS panics at its first use. A second call changes nothing.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME)
        .timeout(ANSWER_TIME)
        .no_proxy();
    if let Some(path) = socket {
        builder = builder.unix_socket(path);
    }
    builder
        .build()
        .map_err(|error| Failure::failed(error.to_string()))
}

async fn over_http(
    client: &reqwest::Client,
    base: &Url,
    token: Option<&HeaderValue>,
    request: Request,
) -> Result<Answer, Failure> {
    let mut url = base.clone();
    url.set_path(request.url.path());
    url.set_query(request.url.query());
    let mut sending = client.request(request.method, url);
    if let Some(token) = token {
        sending = sending.header(AUTHORIZATION, token.clone());
    }
    if let Some((media_type, bytes)) = request.body {
        sending = sending.header(CONTENT_TYPE, media_type).body(bytes);
    }
    let response = sending
        .send()
        .await
        .map_err(|error| unreachable(base, &error))?;
    Ok(Answer {
        status: response.status(),
        body: AnswerBody::Http(response),
    })
}

fn unreachable(base: &Url, error: &reqwest::Error) -> Failure {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        why = cause.to_string();
        source = cause.source();
    }
    Failure::unreachable(format!(
        "{base} cannot be reached: {why}. Is the server running? Its address is --url or SWITCHBACK_URL."
    ))
}

async fn in_process(edge: &Edge, actor: &Actor, request: Request) -> Answer {
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    let mut message = axum::extract::Request::new(Body::empty());
    *message.method_mut() = request.method;
    if let Ok(uri) = target.parse() {
        *message.uri_mut() = uri;
    }
    if let Some((media_type, bytes)) = request.body {
        message
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        *message.body_mut() = Body::from(bytes);
    }
    let response = edge
        .answer(message, &Entrance::DataDirectory(actor.clone()))
        .await;
    Answer {
        status: response.status(),
        body: AnswerBody::InProcess(response.into_body()),
    }
}

/// What came back.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    body: AnswerBody,
}

enum AnswerBody {
    Http(reqwest::Response),
    InProcess(Body),
}

impl Answer {
    /// Reads the body as JSON.
    pub async fn json(self) -> Result<Value, Failure> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|_| {
            Failure::failed("the answer is no JSON: is this the address of a Switchback server?")
        })
    }

    /// Reads the whole body.
    pub async fn bytes(mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Prints the body as it comes.
    pub async fn print(mut self) -> Result<(), Failure> {
        while let Some(chunk) = self.chunk().await? {
            Output::bytes(&chunk);
        }
        Ok(())
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Failure> {
        let broke_off = |why: String| Failure::unreachable(format!("the answer broke off: {why}"));
        match &mut self.body {
            AnswerBody::Http(response) => response
                .chunk()
                .await
                .map_err(|error| broke_off(error.to_string())),
            AnswerBody::InProcess(body) => loop {
                match body.frame().await {
                    None => return Ok(None),
                    Some(Err(error)) => return Err(broke_off(error.to_string())),
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                }
            },
        }
    }

    /// The problem it says, as a failure.
    pub async fn failure(self) -> Failure {
        let status = self.status;
        match self.json().await {
            Ok(problem) if problem.get("code").is_some() => Failure::refused(problem),
            _ => Failure::failed(format!(
                "the server answered {status}: is this the address of a Switchback server?"
            )),
        }
    }
}
