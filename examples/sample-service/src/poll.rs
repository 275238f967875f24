//! Reading the flags: a question every 200 ms that costs nothing while nothing changes, and patience while the server
//! is away. Whatever goes wrong, the last known snapshot stays in force.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use flags::{FlagSet, InvalidSnapshot, Key, Revision, Snapshot};
use jiff::Timestamp;
use reqwest::header::{
    AUTHORIZATION, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use crate::state::{Applied, Link, Service};

/// Pause after a question that was answered.
const EVERY: Duration = Duration::from_millis(200);
/// Longest pause while the server is away or broken.
const LONGEST: Duration = Duration::from_secs(5);
/// Pause after the server refused the token: only a person can mend that.
const AFTER_DENIAL: Duration = Duration::from_mins(1);
/// A server that takes longer counts as away.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// Largest snapshot read, bytes: ten thousand modules fit several times.
const LARGEST: usize = 8 << 20;

/// Why a question brought no flags.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No answer, or a torn one.
    #[error("{0}")]
    Away(String),
    /// The server says that it cannot answer now.
    #[error("it answers {status}")]
    Unavailable {
        /// What it answered.
        status: StatusCode,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The token is not accepted.
    #[error("it refuses the token ({0}): make a new one of kind sdk and start again with it")]
    Denied(StatusCode),
    /// An answer that no server of this kind gives.
    #[error("it answers {0}: is the address that of a Switchback server?")]
    Unexpected(StatusCode),
    /// More bytes than any snapshot has.
    #[error("the snapshot is larger than {LARGEST} bytes")]
    TooLarge,
    /// The snapshot fails validation.
    #[error(transparent)]
    Invalid(#[from] InvalidSnapshot),
    /// The token belongs elsewhere.
    #[error(
        "these are flags of migration {found}, wanted are those of {wanted}: use that one’s token"
    )]
    OtherMigration {
        /// What came.
        found: Key,
        /// What was asked for on the command line.
        wanted: Key,
    },
    /// The server went back in time within one epoch.
    #[error("revision {found} is older than {applied}")]
    Older {
        /// What came.
        found: Revision,
        /// What is in force.
        applied: Revision,
    },
}

impl Problem {
    /// Whether there was no answer at all, rather than one that cannot be used.
    const fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Unavailable { .. })
    }
}

/// What a question brought.
#[derive(Debug)]
pub enum Outcome {
    /// A newer snapshot is in force.
    Applied,
    /// The one in force is still right.
    Unchanged,
    /// Nothing; the one in force stays.
    Failed(Problem),
}

/// Asks the server, remembering how often in a row that failed.
#[derive(Debug)]
pub struct Poller {
    client: Client,
    flags: Url,
    migration: Option<Key>,
    failures: u32,
}

impl Poller {
    /// A poller for a server's address and a token of kind `sdk`; flags of another `migration` are refused.
    ///
    /// # Errors
    /// When the address or the token cannot be used.
    pub fn new(server: &str, token: &str, migration: Option<Key>) -> anyhow::Result<Self> {
        let base = Url::parse(server).with_context(|| {
            format!("--server {server:?} is not an address such as http://127.0.0.1:3000")
        })?;
        anyhow::ensure!(
            base.scheme() == "http",
            "--server {server:?}: this sample speaks plain http only"
        );
        let flags = base.join("/api/v1/flags")?;

        anyhow::ensure!(!token.is_empty(), "the token is empty");
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .ok()
            .context("the token holds characters that no token has")?;
        bearer.set_sensitive(true);
        // Built beside the server, the client expects to be told whose cryptography to use.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
            .user_agent(concat!("sample-service/", env!("CARGO_PKG_VERSION")))
            .timeout(TIME_LIMIT)
            // The token is for this address and no other.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            flags,
            migration,
            failures: 0,
        })
    }

    /// Asks for ever.
    pub async fn run(mut self, service: Arc<Service>) {
        loop {
            let outcome = self.poll(&service, Timestamp::now).await;
            let pause = self.pause(&outcome, rand::random());
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks once, and notes in `service` what came of it. `now` is asked when the answer is there.
    pub async fn poll(&mut self, service: &Service, now: impl Fn() -> Timestamp) -> Outcome {
        let answer = self.ask(service).await;
        let now = now();
        match answer {
            Ok(fresh) => {
                self.failures = 0;
                service.set_link(Link::Answering { at: now });
                let Some((flags, etag)) = fresh else {
                    return Outcome::Unchanged;
                };
                service.apply(Applied {
                    flags,
                    etag,
                    at: now,
                });
                Outcome::Applied
            }
            Err(problem) => {
                self.failures = self.failures.saturating_add(1);
                service.set_link(link_after(&problem, &service.link(), now));
                Outcome::Failed(problem)
            }
        }
    }

    /// How long to wait before the next question; `random` is from 0 to 1.
    ///
    /// Full jitter: anything from nothing to a bound that doubles with every failure, so that many services that lost
    /// their server at one moment do not return to it at one moment.
    pub fn pause(&self, outcome: &Outcome, random: f64) -> Duration {
        let Outcome::Failed(problem) = outcome else {
            return EVERY;
        };
        if matches!(problem, Problem::Denied(_)) {
            return AFTER_DENIAL;
        }
        let bound = EVERY
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST);
        let pause = bound.mul_f64(random.clamp(0.0, 1.0));
        match problem {
            Problem::Unavailable {
                retry_after: Some(asked),
                ..
            } => pause.max((*asked).min(AFTER_DENIAL)),
            _ => pause,
        }
    }

    /// A snapshot to put in force, or nothing when the one in force is still right.
    async fn ask(&self, service: &Service) -> Result<Option<(FlagSet, Option<String>)>, Problem> {
        let applied = service.applied();
        let mut request = self.client.get(self.flags.clone());
        if let Some(etag) = applied.as_ref().and_then(|applied| applied.etag.as_ref()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = request.send().await.map_err(|error| away(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if applied.is_some() => return Ok(None),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(Problem::Denied(status));
            }
            status @ StatusCode::TOO_MANY_REQUESTS => return Err(unavailable(status, &response)),
            status if status.is_server_error() => return Err(unavailable(status, &response)),
            status => return Err(Problem::Unexpected(status)),
        }
        let etag = header(&response, &ETAG).map(str::to_owned);
        let snapshot = Snapshot::from_json(&body(response).await?)?;
        self.check(&snapshot, applied.as_deref())?;
        Ok(Some((FlagSet::compile(snapshot), etag)))
    }

    /// Refuses what is valid by itself but not here.
    fn check(&self, snapshot: &Snapshot, applied: Option<&Applied>) -> Result<(), Problem> {
        if let Some(wanted) = self.migration.as_ref()
            && *wanted != snapshot.migration
        {
            return Err(Problem::OtherMigration {
                found: snapshot.migration.clone(),
                wanted: wanted.clone(),
            });
        }
        let (found, applied) = (&snapshot.revision, applied.map(|a| a.flags.revision()));
        match applied {
            Some(applied) if applied.epoch == found.epoch && found.number < applied.number => {
                Err(Problem::Older {
                    found: found.clone(),
                    applied: applied.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// The trouble's beginning stays while the same kind of trouble lasts.
fn link_after(problem: &Problem, before: &Link, now: Timestamp) -> Link {
    let text = problem.to_string();
    match (problem.is_away(), before) {
        (true, Link::Away { since, .. }) => Link::Away {
            problem: text,
            since: *since,
        },
        (false, Link::Refused { since, .. }) => Link::Refused {
            problem: text,
            since: *since,
        },
        (true, _) => Link::Away {
            problem: text,
            since: now,
        },
        (false, _) => Link::Refused {
            problem: text,
            since: now,
        },
    }
}

/// Reads a body up to [`LARGEST`] bytes.
async fn body(mut response: Response) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| away(&error))? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// In words, without the address: the page shows that already.
fn away(error: &reqwest::Error) -> Problem {
    Problem::Away(
        if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "it cannot be connected to"
        } else {
            "the connection broke off"
        }
        .to_owned(),
    )
}

fn unavailable(status: StatusCode, response: &Response) -> Problem {
    Problem::Unavailable {
        status,
        retry_after: header(response, &RETRY_AFTER)
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs),
    }
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
