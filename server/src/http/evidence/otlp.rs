//! `POST /v1/metrics`: metrics of the OpenTelemetry protocol, in protobuf or JSON, as its exporters send them.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use control::evidence::Point;
use domain::{Key, Timestamp};
use evidence::otlp::{self, Cumulative, MAX_REQUEST, Metrics, Value};
use flags::{LatencySketch, Side};
use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use super::{clock, place_of};
use crate::http::problem::Problem;
use crate::middleware::body::{HANDLER_TIME, collect};
use crate::middleware::request::text;
use crate::state::AppState;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// Streams and buckets that are remembered of one environment: some 2 MiB.
const REMEMBERED: usize = 100_000;

type Place = (Key, Key);

/// The last points of cumulative streams, one keeper for each environment.
#[derive(Default)]
pub struct Streams {
    keepers: Mutex<HashMap<Place, Keeper>>,
}

type Keeper = Arc<tokio::sync::Mutex<Cumulative>>;

impl Streams {
    fn of(&self, place: &Place, now: Timestamp) -> Keeper {
        let mut keepers = self.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(tokio::sync::Mutex::new(Cumulative::new(now.0, REMEMBERED)));
        Arc::clone(keepers.entry(place.clone()).or_insert_with(new))
    }
}

/// How a request is written, and so its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

/// Takes an export. Points that cannot be used are told of as a partial success.
pub async fn take(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let place = place_of(&state, &request)?;
    let form = form(request.headers())?;
    let gzip = is_gzip(request.headers())?;
    let sent = clock(request.headers());
    let body = collect(request.into_body(), MAX_REQUEST, HANDLER_TIME).await?;
    let body = if gzip { inflate(&body)? } else { body };
    let read = match form {
        Form::Protobuf => otlp::read_protobuf(&body),
        Form::Json => otlp::read_json(&body),
    };
    let mut metrics = read.map_err(|error| Problem::field("body", format!("{error}.")))?;
    // An exporter that hears no answer sends the same bytes again; two exports are never alike, since time goes on.
    let batch = format!("otlp-{}", hex::encode(Sha256::digest(&body)));
    let keeper = state.otlp_streams.of(&place, state.control.clock().now());
    let mut known = keeper.lock().await;
    // What was heard is remembered only once it is counted.
    let mut next = known.clone();
    let points = points(&mut next, std::mem::take(&mut metrics.points));
    let taken = state
        .control
        .take_samples(&place, Some(&batch), sent, points)
        .await?;
    if !taken.duplicate {
        *known = next;
    }
    drop(known);
    for module in taken.unknown_modules {
        metrics.rejected = metrics.rejected.saturating_add(1);
        metrics.reasons.push(format!(
            "{} has no module {module}: its points are not counted",
            place.0
        ));
    }
    Ok(answer(form, &metrics))
}

/// One point for each module, side and minute.
fn points(known: &mut Cumulative, points: Vec<otlp::Point>) -> Vec<Point> {
    let mut minutes: BTreeMap<(Key, bool, i64), Point> = BTreeMap::new();
    for point in points
        .into_iter()
        .filter_map(|point| known.difference(point))
    {
        // A point is about the time before it: one at the full minute is of the minute that ended.
        let at = point.at.saturating_sub(1);
        let minute = at - at.rem_euclid(60_000);
        let all = minutes
            .entry((point.module.clone(), point.side.is_new(), minute))
            .or_insert_with(|| Point {
                module: point.module,
                side: if point.side.is_new() {
                    Side::New
                } else {
                    Side::Old
                },
                at: Timestamp(minute),
                uses: 0,
                errors: 0,
                latency: LatencySketch::new(),
            });
        match point.value {
            Value::Uses { count, failed } => {
                all.uses = all.uses.saturating_add(count);
                if failed {
                    all.errors = all.errors.saturating_add(count);
                }
            }
            Value::Latency(latencies) => {
                for (ms, count) in latencies {
                    all.latency.record(ms / 1e3, count);
                }
            }
        }
    }
    minutes.into_values().collect()
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let given = text(headers, &CONTENT_TYPE).unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim() {
        PROTOBUF => Ok(Form::Protobuf),
        JSON => Ok(Form::Json),
        other => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            format!("OTLP metrics come as {PROTOBUF} or {JSON}, not as {other:?}."),
        )),
    }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    match text(headers, &CONTENT_ENCODING).unwrap_or_default() {
        "" | "identity" => Ok(false),
        "gzip" => Ok(true),
        other => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            format!("OTLP metrics come as they are or as gzip, not as {other:?}."),
        )),
    }
}

/// Inflates no more than a request may have.
fn inflate(body: &Bytes) -> Result<Bytes, Problem> {
    let most = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX);
    let mut inflated = Vec::new();
    MultiGzDecoder::new(body.as_ref())
        .take(most.saturating_add(1))
        .read_to_end(&mut inflated)
        .map_err(|error| Problem::field("body", format!("The gzip cannot be read: {error}.")))?;
    if inflated.len() > MAX_REQUEST {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!(
                "The body has more than {} KiB when it is inflated: export smaller batches.",
                MAX_REQUEST / 1024
            ),
        ));
    }
    Ok(inflated.into())
}

fn answer(form: Form, metrics: &Metrics) -> Response {
    let (kind, body) = match form {
        Form::Protobuf => (PROTOBUF, Bytes::from(otlp::answer_protobuf(metrics))),
        Form::Json => (JSON, Bytes::from(otlp::answer_json(metrics))),
    };
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}
