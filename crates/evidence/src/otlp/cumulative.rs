//! Deltas of points that count since their stream began.

use std::collections::HashMap;

use super::{Point, Temporality, Value};

/// What the last point of each stream said, in bounded memory. One keeper serves one environment: the identity of a stream
/// does not say whose it is.
///
/// The first point of a stream counts whole when the stream began after the keeper did, and not at all otherwise: what it
/// holds may have been counted before, by a server that has since been started anew. A stream that begins again, or falls
/// below what it said, counts whole; what comes late or twice does not count. Where buckets of a histogram change, the point
/// is only remembered.
///
/// Processes that send cumulative points need resources that differ (`service.instance.id`): of several that look alike, only
/// the one that began last is counted.
#[derive(Clone, Debug)]
pub struct Cumulative {
    streams: HashMap<u128, Last>,
    /// Streams that began before this may have been counted, in milliseconds since 1970 (UTC).
    since: i64,
    /// All streams and the buckets they remember.
    weight: usize,
    capacity: usize,
}

#[derive(Clone, Debug)]
struct Last {
    at: i64,
    start: i64,
    value: Value,
}

impl Last {
    const fn weight(&self) -> usize {
        match &self.value {
            Value::Uses { .. } => 1,
            Value::Latency(latencies) => 1 + latencies.len(),
        }
    }
}

impl Cumulative {
    /// Remembers nothing yet, and at most `capacity` streams and buckets together (a bucket takes 16 bytes, a stream about
    /// 100). `since` is now, in milliseconds since 1970 (UTC).
    pub fn new(since: i64, capacity: usize) -> Self {
        Self {
            streams: HashMap::new(),
            since,
            weight: 0,
            capacity,
        }
    }

    /// How many streams are remembered.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// What is new in a point, as a delta: a delta as it is, none where nothing is new. Points of a stream are given in the
    /// order in which they came.
    pub fn difference(&mut self, point: Point) -> Option<Point> {
        let Temporality::Cumulative { stream, start } = point.temporality else {
            return Some(point);
        };
        let value = match self.streams.get(&stream) {
            Some(last) if point.at <= last.at || start < last.start => return None,
            Some(last) if start > last.start => Some(point.value.clone()),
            Some(last) => step(&last.value, &point.value),
            // What was forgotten was heard of before `since`, and begins before that.
            None => (start > self.since && start <= point.at).then(|| point.value.clone()),
        };
        self.remember(
            stream,
            Last {
                at: point.at,
                start,
                value: point.value,
            },
        );
        let value = value.filter(|value| !is_nothing(value))?;
        Some(Point {
            value,
            temporality: Temporality::Delta,
            ..point
        })
    }

    fn remember(&mut self, stream: u128, last: Last) {
        self.weight += last.weight();
        if let Some(before) = self.streams.insert(stream, last) {
            self.weight = self.weight.saturating_sub(before.weight());
        }
        if self.weight > self.capacity {
            self.forget();
        }
    }

    /// Forgets the half that was heard of longest ago. Should one of those come back, it counts from then on.
    fn forget(&mut self) {
        let mut times: Vec<(i64, u128)> = self
            .streams
            .iter()
            .map(|(stream, last)| (last.at, *stream))
            .collect();
        times.sort_unstable();
        for (at, stream) in times {
            if self.weight <= self.capacity / 2 {
                break;
            }
            if let Some(last) = self.streams.remove(&stream) {
                self.weight = self.weight.saturating_sub(last.weight());
                self.since = self.since.max(at);
            }
        }
    }
}

/// What one value has more than the one before; all of it when it begins anew, none when they cannot be compared.
fn step(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (Value::Uses { count: before, .. }, &Value::Uses { count, failed }) => Some(Value::Uses {
            count: count.checked_sub(*before).unwrap_or(count),
            failed,
        }),
        (Value::Latency(before), Value::Latency(after)) => latencies(before, after),
        _ => None,
    }
}

fn latencies(before: &[(f64, u64)], after: &[(f64, u64)]) -> Option<Value> {
    let total = |all: &[(f64, u64)]| {
        all.iter()
            .fold(0_u64, |sum, (_, count)| sum.saturating_add(*count))
    };
    if total(after) < total(before) {
        return Some(Value::Latency(after.to_vec()));
    }
    let mut old = before.iter().peekable();
    let mut more = Vec::new();
    for &(latency, count) in after {
        let known = old
            .next_if(|(known, _)| known.to_bits() == latency.to_bits())
            .map_or(0, |(_, count)| *count);
        let new = count.checked_sub(known)?;
        if new > 0 {
            more.push((latency, new));
        }
    }
    // A bucket that was there and is not: others are meant.
    old.next().is_none().then_some(Value::Latency(more))
}

const fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Uses { count, .. } => *count == 0,
        Value::Latency(latencies) => latencies.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use flags::{Key, Side};

    use super::*;

    fn point(stream: u128, start: i64, at: i64, value: Value) -> Point {
        Point {
            module: Key::parse("memory").unwrap(),
            side: Side::New,
            at,
            value,
            temporality: Temporality::Cumulative { stream, start },
        }
    }

    fn uses(count: u64) -> Value {
        Value::Uses {
            count,
            failed: false,
        }
    }

    fn new(
        keeper: &mut Cumulative,
        stream: u128,
        start: i64,
        at: i64,
        value: Value,
    ) -> Option<Value> {
        let delta = keeper.difference(point(stream, start, at, value))?;
        assert_eq!(delta.temporality, Temporality::Delta);
        assert_eq!(delta.at, at);
        Some(delta.value)
    }

    #[test]
    fn only_what_is_new_counts() {
        let mut keeper = Cumulative::new(100, 1_000);
        // Began before us: may have been counted.
        assert_eq!(new(&mut keeper, 1, 50, 110, uses(7)), None);
        assert_eq!(new(&mut keeper, 1, 50, 120, uses(9)), Some(uses(2)));
        // Late, twice, unchanged.
        assert_eq!(new(&mut keeper, 1, 50, 120, uses(9)), None);
        assert_eq!(new(&mut keeper, 1, 50, 115, uses(8)), None);
        assert_eq!(new(&mut keeper, 1, 50, 130, uses(9)), None);
        // Began after us.
        assert_eq!(new(&mut keeper, 2, 101, 130, uses(5)), Some(uses(5)));
        // Began anew, with and without saying so; the old one comes late.
        assert_eq!(new(&mut keeper, 2, 140, 150, uses(6)), Some(uses(6)));
        assert_eq!(new(&mut keeper, 2, 101, 160, uses(9)), None);
        assert_eq!(new(&mut keeper, 1, 50, 160, uses(4)), Some(uses(4)));
        // A start that cannot be, and an unknown one, which is before us.
        assert_eq!(new(&mut keeper, 4, 131, 130, uses(5)), None);
        assert_eq!(new(&mut keeper, 3, 0, 130, uses(5)), None);
        let mut delta = point(1, 0, 1, uses(3));
        delta.temporality = Temporality::Delta;
        assert_eq!(keeper.difference(delta.clone()), Some(delta));
    }

    #[test]
    fn buckets_are_compared_one_by_one() {
        let mut keeper = Cumulative::new(0, 1_000);
        let latency = |pairs: &[(f64, u64)]| Value::Latency(pairs.to_vec());
        let first = latency(&[(1.0, 2), (4.0, 1)]);
        assert_eq!(new(&mut keeper, 1, 1, 10, first.clone()), Some(first));
        let second = latency(&[(1.0, 2), (2.0, 3), (4.0, 5)]);
        assert_eq!(
            new(&mut keeper, 1, 1, 20, second),
            Some(latency(&[(2.0, 3), (4.0, 4)]))
        );
        // Other buckets: nothing is known of the step, and all of the next.
        let other = latency(&[(1.5, 12), (3.0, 1)]);
        assert_eq!(new(&mut keeper, 1, 1, 30, other), None);
        let next = latency(&[(1.5, 12), (3.0, 2)]);
        assert_eq!(new(&mut keeper, 1, 1, 40, next), Some(latency(&[(3.0, 1)])));
        // Fewer: it began anew.
        let fewer = latency(&[(3.0, 2)]);
        assert_eq!(new(&mut keeper, 1, 1, 50, fewer.clone()), Some(fewer));
    }

    #[test]
    fn memory_is_bounded_and_what_was_forgotten_is_not_counted_again() {
        let mut keeper = Cumulative::new(0, 100);
        for stream in 0..1_000_u32 {
            let at = 1_000 + i64::from(stream);
            let found = new(&mut keeper, stream.into(), at, at, uses(1));
            assert_eq!(found, Some(uses(1)));
            assert!(keeper.len() <= 100);
        }
        assert!(!keeper.is_empty());
        assert_eq!(new(&mut keeper, 3, 1_003, 9_000, uses(5)), None);
        assert_eq!(new(&mut keeper, 3, 1_003, 9_001, uses(6)), Some(uses(1)));
        let wide = Value::Latency((0..200).map(|n| (f64::from(n), 1)).collect());
        new(&mut keeper, 7_000, 9_002, 9_002, wide);
        assert!(keeper.len() <= 100);
    }
}
