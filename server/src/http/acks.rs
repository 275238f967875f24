//! `POST /api/v1/acks`: instances say which revision they applied. The same may ride on a poll, as headers.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use control::instances::{Hello, TooMany};
use domain::Timestamp;
use flags::{Epoch, Revision};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;

use super::data_plane::Reader;
use super::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, SMALL, collect};
use crate::middleware::request::text;
use crate::state::AppState;

static INSTANCE: HeaderName = HeaderName::from_static("switchback-instance");
static SERVICE: HeaderName = HeaderName::from_static("switchback-service");
static SDK: HeaderName = HeaderName::from_static("switchback-sdk");
static APPLIED: HeaderName = HeaderName::from_static("switchback-applied");
static APPLIED_AT: HeaderName = HeaderName::from_static("switchback-applied-at");

/// Longest name of an instance or service, characters.
const LONGEST_NAME: usize = 128;
/// Longest name of a client library, characters.
const LONGEST_SDK: usize = 64;
/// Acknowledgements in one request at most.
const MOST: usize = 100;

#[derive(Deserialize)]
struct Ack {
    instance: String,
    service: String,
    #[serde(default)]
    sdk: String,
    epoch: String,
    revision: u64,
    applied_at: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Acks {
    Many(Vec<Ack>),
    One(Ack),
}

/// `POST /api/v1/acks`: one, or a list of them. All are taken or none.
pub async fn acknowledge(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    let reader = Reader::recognise(&state, &request)?;
    let bytes = collect(request.into_body(), SMALL, HANDLER_TIME).await?;
    let acks = match serde_json::from_slice(&bytes) {
        Ok(Acks::Many(acks)) => acks,
        Ok(Acks::One(ack)) => vec![ack],
        Err(_) => return Err(unreadable()),
    };
    if acks.len() > MOST {
        return Err(Problem::field(
            "acks",
            format!("Send at most {MOST} at once."),
        ));
    }
    let acks = acks
        .iter()
        .map(|ack| checked(ack, reader.published.set.revision()))
        .collect::<Result<Vec<_>, _>>()?;
    for (hello, applied) in acks {
        state
            .control
            .acknowledged(&reader.identity, hello, Some(applied))
            .map_err(too_many)?;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Takes the acknowledgement that rides on a poll; true when the reader is an instance that acknowledges.
///
/// # Errors
/// 400 for headers that cannot be taken.
pub fn ride_along(state: &AppState, reader: &Reader, headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(hello) = hello(headers)? else {
        return Ok(false);
    };
    let applied = match text(headers, &APPLIED) {
        None => None,
        Some(applied) => {
            let revision: Revision = applied.parse().map_err(|error: flags::InvalidRevision| {
                Problem::field(APPLIED.as_str(), error.to_string())
            })?;
            not_ahead(&revision, reader.published.set.revision())?;
            let at = text(headers, &APPLIED_AT).and_then(|at| at.parse().ok());
            let at = at.map_or_else(|| state.control.clock().now(), Timestamp);
            Some((revision, at))
        }
    };
    state
        .control
        .acknowledged(&reader.identity, hello, applied)
        .map_err(too_many)?;
    Ok(true)
}

/// Who a request says it comes from; `None` when it names no instance.
///
/// # Errors
/// 400 for a name that cannot be taken.
pub fn hello(headers: &HeaderMap) -> Result<Option<Hello>, Problem> {
    let Some(instance) = text(headers, &INSTANCE) else {
        return Ok(None);
    };
    let service = text(headers, &SERVICE).unwrap_or_default();
    let sdk = text(headers, &SDK).unwrap_or_default();
    let fields = [INSTANCE.as_str(), SERVICE.as_str(), SDK.as_str()];
    named(instance, service, sdk, fields).map(Some)
}

fn checked(ack: &Ack, head: &Revision) -> Result<(Hello, (Revision, Timestamp)), Problem> {
    let hello = named(
        &ack.instance,
        &ack.service,
        &ack.sdk,
        ["instance", "service", "sdk"],
    )?;
    let epoch =
        Epoch::parse(&ack.epoch).map_err(|error| Problem::field("epoch", error.to_string()))?;
    let revision = Revision {
        epoch,
        number: ack.revision,
    };
    not_ahead(&revision, head)?;
    Ok((hello, (revision, Timestamp(ack.applied_at))))
}

/// Nobody can have applied what was not made yet.
fn not_ahead(applied: &Revision, head: &Revision) -> Result<(), Problem> {
    if applied.epoch == head.epoch && applied.number > head.number {
        return Err(Problem::field(
            "revision",
            format!("Revision {applied} does not exist: this environment is at {head}."),
        ));
    }
    Ok(())
}

fn named(
    instance: &str,
    service: &str,
    sdk: &str,
    [of_instance, of_service, of_sdk]: [&str; 3],
) -> Result<Hello, Problem> {
    Ok(Hello {
        instance: name(of_instance, instance, 1, LONGEST_NAME)?,
        service: name(of_service, service, 1, LONGEST_NAME)?,
        sdk: name(of_sdk, sdk, 0, LONGEST_SDK)?,
    })
}

fn name(field: &str, text: &str, shortest: usize, longest: usize) -> Result<String, Problem> {
    let length = text.chars().count();
    if (shortest..=longest).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Problem::field(
        field,
        format!("Send {shortest} to {longest} characters, none of them a control character."),
    ))
}

/// The same for every way in.
pub fn too_many(error: TooMany) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        format!("{error}. Give each process one name and keep it."),
    )
    .retry_after(30)
}

fn unreadable() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid",
        "Send an object, or a list of them, with instance, service, sdk, epoch, revision (a whole number) and applied_at \
         (milliseconds since 1970).",
    )
}
