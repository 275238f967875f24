//! Counters for Prometheus. Those of the data plane are looked up once, here, and then are one atomic addition each.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A part of the server, by path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(
    non_camel_case_types,
    reason = "the labels' values are written as they stand here"
)]
pub enum AreaLabel {
    /// `/ofrep`
    ofrep,
    /// `/api/v1/flags`
    flags,
    /// The rest of `/api`
    api,
    /// `/assets`
    asset,
    /// Everything else
    page,
}

/// A part of the server, by path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// `/ofrep`
    Ofrep,
    /// `/api/v1/flags`
    Flags,
    /// The rest of `/api`
    Api,
    /// `/assets`
    Asset,
    /// Everything else
    Page,
}

impl Area {
    const ALL: [(Self, AreaLabel); 5] = [
        (Self::Ofrep, AreaLabel::ofrep),
        (Self::Flags, AreaLabel::flags),
        (Self::Api, AreaLabel::api),
        (Self::Asset, AreaLabel::asset),
        (Self::Page, AreaLabel::page),
    ];

    /// The area a path lies in.
    pub fn of(path: &str) -> Self {
        match path {
            _ if path.starts_with("/ofrep/") => Self::Ofrep,
            "/api/v1/flags" | "/api/v1/flags.env" | "/api/v1/flagd.json" | "/api/v1/stream"
            | "/api/v1/acks" => Self::Flags,
            _ if path.starts_with("/api/") => Self::Api,
            _ if path.starts_with("/assets/") => Self::Asset,
            _ => Self::Page,
        }
    }

    /// Whether services read flags there.
    pub fn is_data_plane(self) -> bool {
        matches!(self, Self::Ofrep | Self::Flags)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    area: AreaLabel,
    status: &'static str,
}

const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// All counters of the server.
pub struct Metrics {
    registry: Registry,
    answers: [[Counter; 5]; 5],
    seconds: [Histogram; 2],
    /// Open connections.
    pub connections: Gauge,
    /// Open event streams.
    pub streams: Gauge,
    ready: Gauge,
    sequence: Counter<u64, AtomicU64>,
    compared: Counter<u64, AtomicU64>,
    mismatched: Counter<u64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct In {
    area: AreaLabel,
}

impl Metrics {
    /// Counters at zero.
    pub fn new(started: Timestamp) -> Self {
        let mut registry = Registry::with_prefix("switchback");
        let answers = Family::<Answer, Counter>::default();
        let seconds = Family::<In, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.001, 2.0, 14))
        });
        let [connections, streams, ready, start]: [Gauge; 4] =
            std::array::from_fn(|_| Gauge::default());
        let [sequence, compared, mismatched]: [Counter<u64, AtomicU64>; 3] =
            std::array::from_fn(|_| Counter::default());
        start.set(started.0 / 1_000);
        registry.register("http_requests", "Requests answered", answers.clone());
        registry.register(
            "http_request_seconds",
            "Time from the request's head to the answer's",
            seconds.clone(),
        );
        registry.register("connections", "Open connections", connections.clone());
        registry.register("streams", "Open event streams", streams.clone());
        registry.register("ready", "1 while changes are accepted", ready.clone());
        registry.register(
            "start_time_seconds",
            "When the server started, Unix time",
            start,
        );
        registry.register(
            "audit_entries",
            "Audit entries announced since the start",
            sequence.clone(),
        );
        registry.register(
            "comparisons",
            "Calls that ran old and new side by side",
            compared.clone(),
        );
        registry.register(
            "mismatches",
            "Those of them in which old and new differed",
            mismatched.clone(),
        );
        let answers = Area::ALL.map(|(_, area)| {
            STATUSES.map(|status| answers.get_or_create_owned(&Answer { area, status }))
        });
        let seconds =
            [AreaLabel::api, AreaLabel::page].map(|area| seconds.get_or_create_owned(&In { area }));
        Self {
            registry,
            answers,
            seconds,
            connections,
            streams,
            ready,
            sequence,
            compared,
            mismatched,
        }
    }

    /// Counts comparisons that clients report.
    pub fn compared(&self, compared: u64, mismatched: u64) {
        self.compared.inc_by(compared);
        self.mismatched.inc_by(mismatched);
    }

    /// Counts an answer.
    pub fn answered(&self, area: Area, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        let place = Area::ALL.iter().position(|(known, _)| *known == area);
        if let Some(counter) = place
            .and_then(|place| self.answers.get(place))
            .and_then(|row| row.get(class))
        {
            counter.inc();
        }
    }

    /// Notes how long an answer of the API or of a page took.
    pub fn took(&self, area: Area, time: Duration) {
        let [api, page] = &self.seconds;
        match area {
            Area::Api => api.observe(time.as_secs_f64()),
            Area::Page => page.observe(time.as_secs_f64()),
            Area::Ofrep | Area::Flags | Area::Asset => {}
        }
    }

    /// Counts an announcement of the feed.
    pub fn announced(&self) {
        self.sequence.inc();
    }

    /// The text Prometheus reads.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn text(&self, ready: bool) -> Result<String, std::fmt::Error> {
        self.ready.set(i64::from(ready));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_area_and_status() {
        let metrics = Metrics::new(Timestamp(1_000));
        metrics.answered(Area::of("/ofrep/v1/evaluate/flags"), StatusCode::OK);
        metrics.answered(Area::of("/ofrep/v1/evaluate/flags/a"), StatusCode::OK);
        metrics.answered(Area::of("/m/a"), StatusCode::SEE_OTHER);
        let text = metrics.text(true).unwrap();
        assert!(
            text.contains("switchback_http_requests_total{area=\"ofrep\",status=\"2xx\"} 2"),
            "{text}"
        );
        assert!(
            text.contains("switchback_http_requests_total{area=\"page\",status=\"3xx\"} 1"),
            "{text}"
        );
        assert!(text.contains("switchback_ready 1"), "{text}");
    }
}
