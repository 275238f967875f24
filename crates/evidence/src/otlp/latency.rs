//! Histograms as latencies: for each bucket that was met, one latency and how often.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint};

use super::{DURATION, MAX_BUCKETS, MAX_COUNT, Reason};
use crate::text::excerpt;

/// Longest latency, in milliseconds: more than thirty years.
const MAX_LATENCY: f64 = 1e12;
/// Scales of exponential histograms that the protocol knows, and some more.
const SCALES: std::ops::RangeInclusive<i32> = -20..=40;

type Latencies = Vec<(f64, u64)>;

/// A histogram with bounds. Its least and greatest narrow the outer buckets of a delta; of a cumulative one they change
/// from point to point and would part what belongs together.
pub(super) fn explicit(
    point: &HistogramDataPoint,
    unit: &str,
    is_delta: bool,
) -> Result<Latencies, Reason> {
    let unit = milliseconds(unit)?;
    let (bounds, counts) = (&point.explicit_bounds, &point.bucket_counts);
    if counts.is_empty() && bounds.is_empty() {
        return without_buckets(point, unit, is_delta);
    }
    if counts.len() != bounds.len() + 1 || counts.len() > MAX_BUCKETS {
        return Err(format!(
            "{DURATION} has {} bounds and {} buckets: there is one bucket more than bounds, and at most {MAX_BUCKETS}",
            bounds.len(),
            counts.len()
        ));
    }
    let rises = bounds.array_windows().all(|[lower, upper]| lower < upper);
    if !rises || bounds.iter().any(|bound| !bound.is_finite()) {
        return Err(format!(
            "the bounds of {DURATION} are to rise and be finite"
        ));
    }
    check_sum(counts.iter().copied(), point.count)?;
    let least = point.min.filter(|_| is_delta);
    let greatest = point.max.filter(|_| is_delta);
    let mut latencies = Vec::new();
    for (place, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let lower = place.checked_sub(1).and_then(|below| bounds.get(below));
        let middle = match (lower.copied(), bounds.get(place).copied()) {
            (lower, Some(upper)) => {
                let lower = least.max_of(lower).unwrap_or(0.0);
                middle(
                    lower,
                    greatest.map_or(upper, |greatest| upper.min(greatest)),
                )
            }
            (Some(lower), None) => {
                greatest.map_or(lower, |greatest| middle(lower, greatest.max(lower)))
            }
            // One bucket without bounds.
            (None, None) => return without_buckets(point, unit, is_delta),
        };
        latencies.push((checked(middle * unit)?, count));
    }
    Ok(latencies)
}

/// Of a delta, the mean stands for all; of a cumulative one it would change from point to point.
fn without_buckets(
    point: &HistogramDataPoint,
    unit: f64,
    is_delta: bool,
) -> Result<Latencies, Reason> {
    match point.sum {
        _ if point.count == 0 => Ok(Vec::new()),
        Some(sum) if is_delta && point.count <= MAX_COUNT => {
            let mean = sum / count_as_number(point.count);
            Ok(vec![(checked(mean * unit)?, point.count)])
        }
        _ => Err(format!(
            "{DURATION} has no buckets: configure bounds, or an exponential histogram"
        )),
    }
}

/// A histogram whose bounds are powers of a base.
pub(super) fn exponential(
    point: &ExponentialHistogramDataPoint,
    unit: &str,
) -> Result<Latencies, Reason> {
    let unit = milliseconds(unit)?;
    if !SCALES.contains(&point.scale) {
        return Err(format!("the scale {} of {DURATION} is none", point.scale));
    }
    let below_zero = point
        .negative
        .as_ref()
        .map_or(&[][..], |negative| &negative.bucket_counts);
    if below_zero.iter().any(|&count| count > 0) {
        return Err(format!("{DURATION} holds times below zero"));
    }
    let nothing = Buckets::default();
    let positive = point.positive.as_ref().unwrap_or(&nothing);
    if positive.bucket_counts.len() > MAX_BUCKETS {
        return Err(format!("{DURATION} has more than {MAX_BUCKETS} buckets"));
    }
    let counts = positive.bucket_counts.iter().copied();
    check_sum(counts.chain([point.zero_count]), point.count)?;
    let mut latencies = Vec::new();
    if point.zero_count > 0 {
        latencies.push((0.0, point.zero_count));
    }
    let width = f64::exp2(-f64::from(point.scale));
    for (place, &count) in (0_i32..).zip(&positive.bucket_counts) {
        if count > 0 {
            // The middle of base^index and base^(index + 1), base being 2^width.
            let index = f64::from(positive.offset) + f64::from(place) + 0.5;
            latencies.push((checked(f64::exp2(index * width) * unit)?, count));
        }
    }
    Ok(latencies)
}

trait MaxOf {
    fn max_of(self, other: Self) -> Self;
}

impl MaxOf for Option<f64> {
    /// The greater of two that may be missing.
    fn max_of(self, other: Self) -> Self {
        match (self, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        }
    }
}

/// The geometric middle; half of the upper bound for what begins at zero.
fn middle(lower: f64, upper: f64) -> f64 {
    if upper <= 0.0 {
        0.0
    } else if lower <= 0.0 {
        upper / 2.0
    } else {
        // Their roots first, so that the product of small ones does not vanish.
        lower.min(upper).sqrt() * upper.sqrt()
    }
}

fn checked(latency: f64) -> Result<f64, Reason> {
    if (0.0..=MAX_LATENCY).contains(&latency) {
        return Ok(latency);
    }
    Err(format!("a latency in {DURATION} is beyond all times"))
}

fn check_sum(counts: impl Iterator<Item = u64>, count: u64) -> Result<(), Reason> {
    let sum = counts.fold(0_u64, u64::saturating_add);
    if sum == count && sum <= MAX_COUNT {
        return Ok(());
    }
    Err(format!(
        "the buckets of {DURATION} hold {sum}, its count is {count}"
    ))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the caller has checked that it is at most 2^53"
)]
const fn count_as_number(count: u64) -> f64 {
    count as f64
}

/// Milliseconds of a unit.
fn milliseconds(unit: &str) -> Result<f64, Reason> {
    Ok(match unit {
        "s" => 1e3,
        "ms" => 1.0,
        "us" | "µs" | "μs" => 1e-3,
        "ns" => 1e-6,
        "" => {
            return Err(format!(
                "{DURATION} has no unit: create it with s, ms, us or ns"
            ));
        }
        other => {
            let other = excerpt(other, 40);
            return Err(format!(
                "{DURATION} is in {other:?}: its unit is s, ms, us or ns"
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(bounds: &[f64], counts: &[u64]) -> HistogramDataPoint {
        HistogramDataPoint {
            explicit_bounds: bounds.to_vec(),
            bucket_counts: counts.to_vec(),
            count: counts.iter().sum(),
            ..HistogramDataPoint::default()
        }
    }

    #[test]
    fn buckets_become_their_geometric_middles_in_milliseconds() {
        let mut point = histogram(&[0.0, 4.0, 9.0], &[1, 2, 3, 4]);
        let found = explicit(&point, "s", true).unwrap();
        assert_eq!(found, [(0.0, 1), (2_000.0, 2), (6_000.0, 3), (9_000.0, 4)]);
        point.min = Some(1.0);
        point.max = Some(16.0);
        point.bucket_counts = vec![0, 2, 3, 4];
        point.count = 9;
        let found = explicit(&point, "s", true).unwrap();
        assert_eq!(found, [(2_000.0, 2), (6_000.0, 3), (12_000.0, 4)]);
        // All in one bucket that is far too wide.
        let mut wide = histogram(&[0.0, 1_000_000.0], &[0, 5, 0]);
        (wide.min, wide.max) = (Some(1.0), Some(16.0));
        assert_eq!(explicit(&wide, "ms", true), Ok(vec![(4.0, 5)]));
        // The least and greatest of a cumulative one change.
        let found = explicit(&point, "ms", false).unwrap();
        assert_eq!(found, [(2.0, 2), (6.0, 3), (9.0, 4)]);
        let empty = histogram(&[1.0], &[0, 0]);
        assert_eq!(explicit(&empty, "ns", true), Ok(Vec::new()));
    }

    #[test]
    fn exponential_buckets_are_powers_of_their_base() {
        let point = ExponentialHistogramDataPoint {
            count: 6,
            scale: 0,
            zero_count: 1,
            positive: Some(Buckets {
                offset: -1,
                bucket_counts: vec![2, 0, 3],
            }),
            ..ExponentialHistogramDataPoint::default()
        };
        // (1/2, 1] and (2, 4].
        let found = exponential(&point, "ms").unwrap();
        let expected = [(0.0, 1), (0.5_f64.sqrt(), 2), (8.0_f64.sqrt(), 3)];
        assert_eq!(found.len(), 3);
        for ((latency, count), (wanted, so_many)) in found.iter().zip(expected) {
            assert!((latency - wanted).abs() < 1e-12 && *count == so_many);
        }
    }

    #[test]
    fn histograms_that_cannot_be_are_rejected() {
        let ok = histogram(&[1.0, 2.0], &[1, 1, 1]);
        assert!(explicit(&ok, "ms", true).is_ok());
        for unit in ["", "min", "S"] {
            assert!(explicit(&ok, unit, true).is_err());
        }
        for bad in [
            histogram(&[2.0, 1.0], &[1, 1, 1]),
            histogram(&[1.0, f64::NAN], &[1, 1, 1]),
            histogram(&[1.0, f64::INFINITY], &[1, 1, 1]),
            histogram(&[1.0, 2.0], &[1, 1]),
            histogram(&[1e300, 2e300], &[1, 1, 1]),
            histogram(&[1.0], &[0, u64::MAX]),
            HistogramDataPoint {
                count: 4,
                ..ok.clone()
            },
            HistogramDataPoint {
                count: 4,
                ..HistogramDataPoint::default()
            },
        ] {
            assert!(explicit(&bad, "ms", true).is_err(), "{bad:?}");
        }
        let mean_alone = HistogramDataPoint {
            count: 4,
            sum: Some(10.0),
            ..HistogramDataPoint::default()
        };
        assert_eq!(explicit(&mean_alone, "ms", true), Ok(vec![(2.5, 4)]));
        assert!(explicit(&mean_alone, "ms", false).is_err());
        let far = ExponentialHistogramDataPoint {
            count: 1,
            positive: Some(Buckets {
                offset: i32::MAX,
                bucket_counts: vec![1],
            }),
            ..ExponentialHistogramDataPoint::default()
        };
        assert!(exponential(&far, "s").is_err());
        let scale = ExponentialHistogramDataPoint {
            scale: i32::MIN,
            ..ExponentialHistogramDataPoint::default()
        };
        assert!(exponential(&scale, "s").is_err());
    }
}
