//! How long to wait after a failure.

use std::time::Duration;

use crate::Problem;

/// The bound of the first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The bound of every later one, for ever.
const LONGEST: Duration = Duration::from_secs(30);
/// Pause after the server refused the token: only a person can mend that.
pub(crate) const AFTER_DENIAL: Duration = Duration::from_mins(1);
/// A server that asks for more than this is asked again all the same.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// Remembers how often in a row something failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Full jitter: anything from nothing to a bound that doubles with every failure, so that many services that lost their
    /// server at one moment do not return to it at one moment.
    pub(crate) fn after(&mut self, problem: &Problem) -> Duration {
        let pause = jitter(self.bound());
        self.failures = self.failures.saturating_add(1);
        match problem {
            Problem::Denied { .. } => AFTER_DENIAL,
            Problem::Unavailable {
                retry_after: Some(asked),
                ..
            } => pause + (*asked).min(LONGEST_ASKED),
            _ => pause,
        }
    }

    /// The pause after a stream that the server ended as it does every quarter of an hour, `retry` as it asked for.
    pub(crate) fn after_end(retry: Duration) -> Duration {
        jitter(retry.min(LONGEST))
    }

    fn bound(&self) -> Duration {
        FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST)
    }
}

/// Anything from nothing to `bound`.
pub(crate) fn jitter(bound: Duration) -> Duration {
    bound.mul_f64(rand::random())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Problem {
        Problem::Away(String::new())
    }

    #[test]
    fn the_bound_doubles_from_one_second_to_thirty_and_stays() {
        let mut backoff = Backoff::default();
        let bounds: Vec<u64> = (0..1000)
            .map(|_| {
                let bound = backoff.bound();
                assert!(backoff.after(&away()) <= bound);
                bound.as_secs()
            })
            .collect();
        assert_eq!(bounds[..7], [1, 2, 4, 8, 16, 30, 30]);
        assert!(bounds[7..].iter().all(|&bound| bound == 30));
        backoff.reset();
        assert_eq!(backoff.bound().as_secs(), 1);
    }

    #[test]
    fn pauses_spread_over_the_whole_bound() {
        let pauses: Vec<Duration> = (0..1000).map(|_| jitter(LONGEST)).collect();
        assert!(pauses.iter().any(|pause| *pause < LONGEST / 10));
        assert!(pauses.iter().any(|pause| *pause > LONGEST * 9 / 10));
    }

    #[test]
    fn the_server_and_a_refused_token_have_their_say() {
        let mut backoff = Backoff::default();
        let asked = |seconds| Problem::Unavailable {
            status: 503,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert!(backoff.after(&asked(7)) >= Duration::from_secs(7));
        assert!(backoff.after(&asked(1 << 40)) <= LONGEST_ASKED + LONGEST);
        assert_eq!(
            backoff.after(&Problem::Denied { status: 403 }),
            AFTER_DENIAL
        );
    }
}
