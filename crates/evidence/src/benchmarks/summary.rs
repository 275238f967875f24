//! Numbers of a list of measurements.

use super::{Benchmark, MAX_SAMPLES};
use crate::unreadable::Unreadable;

impl Benchmark {
    /// From measurements in seconds, each finite and not negative.
    pub(super) fn of_samples(name: String, samples: Vec<f64>) -> Result<Self, Unreadable> {
        let (mut n, mut mean, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
        // Welford's way, which keeps its digits when all are nearly alike.
        for &sample in &samples {
            n += 1.0;
            let before = sample - mean;
            mean += before / n;
            squares += before * (sample - mean);
        }
        let mut sorted = samples.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Err(Unreadable::value(format!(
                "benchmark {name:?} has no measurements: run it again"
            )));
        };
        Ok(Self {
            name,
            n: u64::try_from(samples.len()).unwrap_or(u64::MAX),
            mean,
            stddev: (n > 1.0).then(|| (squares / (n - 1.0)).max(0.0).sqrt()),
            median: median(&sorted),
            min: Some(min),
            max: Some(max),
            samples: thinned(samples),
        })
    }
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get((sorted.len() / 2).checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// At most so many, evenly spread over the order in which they were measured.
fn thinned(samples: Vec<f64>) -> Vec<f64> {
    if samples.len() <= MAX_SAMPLES {
        return samples;
    }
    (0..MAX_SAMPLES)
        .filter_map(|place| samples.get(place * samples.len() / MAX_SAMPLES).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_all_measurements() {
        let of = |samples: &[f64]| Benchmark::of_samples("a".to_owned(), samples.to_vec()).unwrap();
        let four = of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((four.n, four.mean, four.median), (4, 2.5, Some(2.5)));
        assert_eq!((four.min, four.max), (Some(1.0), Some(4.0)));
        assert!((four.stddev.unwrap() - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(four.samples, [4.0, 1.0, 3.0, 2.0]);
        let one = of(&[7.0]);
        assert_eq!((one.n, one.stddev, one.median), (1, None, Some(7.0)));
        assert!(Benchmark::of_samples("a".to_owned(), Vec::new()).is_err());
    }

    #[test]
    fn of_many_measurements_evenly_spread_ones_are_kept() {
        let many: Vec<f64> = (0..5_000).map(f64::from).collect();
        let found = Benchmark::of_samples("a".to_owned(), many).unwrap();
        assert_eq!((found.n, found.samples.len()), (5_000, MAX_SAMPLES));
        assert_eq!((found.mean, found.max), (2_499.5, Some(4_999.0)));
        assert_eq!(found.samples.get(..4), Some(&[0.0, 2.0, 5.0, 7.0][..]));
    }
}
