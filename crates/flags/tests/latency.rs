//! What holds for every latency, not only for examples.

use flags::{InvalidSketch, LatencySketch, Moments};
use proptest::collection::vec;
use proptest::prelude::*;

/// A hair above one percent: a float is no fraction.
const ERROR: f64 = 0.01 + 1e-9;
const QUANTILES: [f64; 7] = [0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0];

/// From a microsecond to an hour, as likely of each magnitude.
fn latency() -> impl Strategy<Value = f64> {
    (-6.0..3600_f64.log10()).prop_map(|exponent| 10_f64.powf(exponent))
}

prop_compose! {
    fn sketch()(pairs in vec((latency(), 1..1_000_000_u64), 0..60)) -> LatencySketch {
        pairs.into_iter().collect()
    }
}

fn merged(a: &LatencySketch, b: &LatencySketch) -> LatencySketch {
    let mut all = a.clone();
    all.merge(b);
    all
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #[test]
    fn merging_is_the_same_in_any_order_and_as_recording_all(
        pairs in vec((latency(), 0..1_000_u64), 0..120), cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (one, two) = (cuts.0.index(pairs.len() + 1), cuts.1.index(pairs.len() + 1));
        let (one, two) = (one.min(two), one.max(two));
        let of = |pairs: &[(f64, u64)]| pairs.iter().copied().collect::<LatencySketch>();
        let (a, b, c) = (of(&pairs[..one]), of(&pairs[one..two]), of(&pairs[two..]));
        let all = of(&pairs);
        prop_assert_eq!(&merged(&merged(&a, &b), &c), &all);
        prop_assert_eq!(&merged(&a, &merged(&b, &c)), &all);
        prop_assert_eq!(&merged(&c, &merged(&b, &a)), &all);
        prop_assert_eq!(all.count(), pairs.iter().map(|(_, count)| count).sum::<u64>());
    }

    #[test]
    fn a_quantile_is_within_one_percent(mut latencies in vec(latency(), 1..300)) {
        let sketch: LatencySketch = latencies.iter().map(|&latency| (latency, 1)).collect();
        latencies.sort_by(f64::total_cmp);
        for q in QUANTILES {
            let count = u32::try_from(latencies.len()).unwrap();
            let rank = latencies.iter().zip(1_u32..).find(|(_, rank)| f64::from(*rank) >= f64::from(count) * q);
            let exact = *rank.unwrap().0;
            let found = sketch.quantile(q).unwrap();
            prop_assert!((found - exact).abs() <= exact * ERROR, "{} for {} at {}", found, exact, q);
        }
    }

    #[test]
    fn moments_of_logarithms_are_those_of_the_latencies(latencies in vec(latency(), 2..200)) {
        let sketch: LatencySketch = latencies.iter().map(|&latency| (latency, 1)).collect();
        let mut exact = Moments::default();
        for latency in &latencies {
            exact.add(latency.ln());
        }
        let found = sketch.log_moments();
        prop_assert_eq!(found.count, exact.count);
        prop_assert!((found.mean - exact.mean).abs() <= 0.0102);
        let (found, exact) = (found.variance().unwrap().sqrt(), exact.variance().unwrap().sqrt());
        prop_assert!((found - exact).abs() <= 0.03, "{} for {}", found, exact);
    }

    #[test]
    fn bytes_give_back_the_sketch_and_are_its_only_ones(sketch in sketch()) {
        let bytes = sketch.encode();
        prop_assert_eq!(LatencySketch::decode(&bytes), Ok(sketch));
        for end in 0..bytes.len() {
            if let Ok(shorter) = LatencySketch::decode(&bytes[..end]) {
                prop_assert_eq!(shorter.encode(), &bytes[..end]);
            }
        }
    }

    #[test]
    fn whatever_bytes_are_read_are_those_that_would_be_written(mut bytes in vec(any::<u8>(), 0..200), known in any::<bool>()) {
        if known && let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        if let Ok(sketch) = LatencySketch::decode(&bytes) {
            prop_assert_eq!(sketch.encode(), bytes);
            let _ = (sketch.quantile(0.5), sketch.log_moments(), merged(&sketch, &sketch));
        }
    }

    #[test]
    fn small_numbers_are_read_more_often(bytes in vec(0..3_u8, 0..50)) {
        let bytes = [&[1], &bytes[..]].concat();
        if let Ok(sketch) = LatencySketch::decode(&bytes) {
            prop_assert_eq!(sketch.encode(), bytes);
        }
    }

    #[test]
    fn json_gives_back_the_sketch(sketch in sketch()) {
        let json = serde_json::to_string(&sketch).unwrap();
        prop_assert_eq!(serde_json::from_str::<LatencySketch>(&json).unwrap(), sketch);
    }

    #[test]
    fn moments_merge_to_those_of_all(numbers in vec(-10.0..10.0_f64, 0..50), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(numbers.len() + 1);
        let of = |numbers: &[f64]| {
            let mut moments = Moments::default();
            for number in numbers {
                moments.add(*number);
            }
            moments
        };
        let (all, mut parts) = (of(&numbers), of(&numbers[..cut]));
        parts.merge(&of(&numbers[cut..]));
        prop_assert!(all.is_possible() && parts.is_possible());
        prop_assert_eq!(all.count, parts.count);
        prop_assert!(close(all.mean, parts.mean) && close(all.m2, parts.m2));
        if numbers.len() > 1 {
            let count = f64::from(u32::try_from(numbers.len()).unwrap());
            let mean = numbers.iter().sum::<f64>() / count;
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            prop_assert!(close(all.mean, mean) && close(all.variance().unwrap(), squares / (count - 1.0)));
        }
    }
}

#[test]
fn every_latency_from_a_microsecond_to_an_hour_is_read_back_within_one_percent() {
    let mut seconds = 1e-6;
    while seconds <= 3600.0 {
        let sketch: LatencySketch = [(seconds, 1)].into_iter().collect();
        let found = sketch.quantile(0.5).unwrap();
        assert!(
            (found - seconds).abs() <= seconds * ERROR,
            "{found} for {seconds}"
        );
        // As it is sent, too.
        let json = serde_json::to_string(&sketch).unwrap();
        assert_eq!(
            serde_json::from_str::<LatencySketch>(&json).unwrap(),
            sketch
        );
        seconds *= 1.0007;
    }
}

#[test]
fn less_than_the_least_and_more_than_the_most_are_kept_at_the_ends() {
    for (given, kept) in [
        (0.0, 1e-6),
        (-1.0, 1e-6),
        (1e-9, 1e-6),
        (3600.0, 3600.0),
        (1e300, 3600.0),
        (f64::INFINITY, 3600.0),
    ] {
        let sketch: LatencySketch = [(given, 3)].into_iter().collect();
        let found = sketch.quantile(1.0).unwrap();
        assert!((found - kept).abs() <= kept * ERROR, "{found} for {given}");
        assert_eq!(sketch.count(), 3);
    }
    let none: LatencySketch = [(f64::NAN, 1), (1.0, 0)].into_iter().collect();
    assert!(none.is_empty() && none == LatencySketch::new());
    assert_eq!((none.quantile(0.5), none.count()), (None, 0));
    assert_eq!(none.encode(), [1]);
    assert_eq!(none.log_moments(), Moments::default());
}

#[test]
fn counts_stay_at_the_most_there_can_be() {
    let mut sketch = LatencySketch::new();
    sketch.record(1.0, u64::MAX);
    sketch.record(1.0, 2);
    sketch.record(2.0, 2);
    assert_eq!(sketch.count(), u64::MAX);
    assert_eq!(LatencySketch::decode(&sketch.encode()), Ok(sketch));
}

#[test]
fn bytes_that_nobody_writes_are_refused() {
    use InvalidSketch::{Bucket, Form, Short, Version};
    for (bytes, why) in [
        (&[][..], Version),
        (&[2, 1], Version),
        (&[1, 0x80], Short),
        (&[1, 0], Short),
        (&[1, 0, 5], Form),
        (&[1, 0, 0, 1], Form),
        (&[1, 0, 1, 0, 1, 1], Form),
        (&[1, 0x81, 0], Form),
        (
            &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            Form,
        ),
        // 1,102 buckets are not there: the last is the 1,101st after the first.
        (&[1, 0, 0xce, 0x08, 1], Bucket),
        (
            &[
                1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1,
            ],
            Bucket,
        ),
    ] {
        assert_eq!(LatencySketch::decode(bytes), Err(why), "{bytes:?}");
    }
    assert!(LatencySketch::decode(&[1, 0, 0xcd, 0x08, 1]).is_ok());
}

/// The bytes of a minute with `requests` whose logarithms spread as a logistic distribution's do, 20 ms in the middle.
fn bytes_of(requests: u32, scale: f64) -> usize {
    let shares = (0..requests).map(|step| (f64::from(step) + 0.5) / f64::from(requests));
    let latencies = shares.map(|share| (0.02 * ((share / (1.0 - share)).ln() * scale).exp(), 1));
    latencies.collect::<LatencySketch>().encode().len()
}

#[test]
fn a_minute_of_an_ordinary_module_is_stored_in_under_a_hundred_bytes() {
    // One in a hundred takes 1.6 times the median, or two and a half times, and at most 12 times.
    for (requests, scale, most) in [
        (60, 0.2, 100),
        (600, 0.1, 100),
        (3_000, 0.1, 110),
        (10_000, 0.2, 260),
    ] {
        let bytes = bytes_of(requests, scale);
        assert!(bytes < most, "{bytes} bytes for {requests} at {scale}");
    }
}

#[test]
fn whoever_has_no_sketch_sends_what_it_measured() {
    let raw = "[[12.5,1],[3,1],[12.6,1],[0,2]]";
    let sketch: LatencySketch = serde_json::from_str(raw).unwrap();
    assert_eq!(sketch.count(), 5);
    let middle = sketch.quantile(0.5).unwrap();
    assert!((middle - 0.003).abs() <= 0.003 * ERROR, "{middle}");
    let written = serde_json::to_string(&sketch).unwrap();
    assert_eq!(written, "[[0.00099,2],[3.01,1],[12.5,1],[12.7,1]]");
    for bad in [
        "[[-1,1]]",
        "[[1,-1]]",
        "[[1]]",
        "[1]",
        "{}",
        "[[1,1.5]]",
        "[[1e400,1]]",
    ] {
        assert!(serde_json::from_str::<LatencySketch>(bad).is_err(), "{bad}");
    }
}
