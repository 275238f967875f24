//! A token bucket for each client address, in bounded memory: sign-ins and failed tokens.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses remembered at once. An address that is forgotten begins with a full bucket.
const CAPACITY: usize = 10_000;

/// So many at once, and one more every `refill`.
#[derive(Debug)]
pub struct RateLimit {
    burst: f64,
    refill: Duration,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl RateLimit {
    /// So many at once, and one more every `refill`.
    pub fn new(burst: u32, refill: Duration) -> Self {
        Self {
            burst: f64::from(burst),
            refill,
            buckets: Mutex::default(),
        }
    }

    /// Takes one for `source` at `now`.
    ///
    /// # Errors
    /// Whole seconds to wait, at least 1, when there is none left.
    pub fn take(&self, source: IpAddr, now: Instant) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(network(source)).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        bucket.tokens = self.tokens(bucket, now);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = self.refill.mul_f64(1.0 - bucket.tokens);
        Err(u32::try_from(wait.as_secs())
            .unwrap_or(u32::MAX)
            .saturating_add(1))
    }

    fn tokens(&self, bucket: &Bucket, now: Instant) -> f64 {
        let waited = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + waited / self.refill.as_secs_f64()).min(self.burst)
    }

    /// Forgets full buckets, or all when none is: bounded memory comes before a perfect limit.
    fn forget(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| self.tokens(bucket, now) < self.burst);
        if buckets.len() >= CAPACITY {
            buckets.clear();
        }
    }
}

/// An IPv6 client has a whole /64 to choose addresses from, so that counts as one.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_too_fast_waits_and_others_do_not() {
        let limit = RateLimit::new(2, Duration::from_secs(10));
        let (eve, ada) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let start = Instant::now();
        assert_eq!(limit.take(eve, start), Ok(()));
        assert_eq!(limit.take(eve, start), Ok(()));
        assert_eq!(limit.take(eve, start), Err(11));
        assert_eq!(limit.take(ada, start), Ok(()));
        assert_eq!(limit.take(eve, start + Duration::from_secs(11)), Ok(()));
        assert!(limit.take(eve, start + Duration::from_secs(11)).is_err());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let limit = RateLimit::new(1, Duration::from_secs(10));
        let start = Instant::now();
        assert_eq!(limit.take("2001:db8::1".parse().unwrap(), start), Ok(()));
        assert!(
            limit
                .take("2001:db8::ffff:2".parse().unwrap(), start)
                .is_err()
        );
        assert_eq!(
            limit.take("2001:db8:0:1::1".parse().unwrap(), start),
            Ok(())
        );
    }

    #[test]
    fn memory_is_bounded() {
        let limit = RateLimit::new(5, Duration::from_secs(10));
        let start = Instant::now();
        for number in 0..10_010_u32 {
            assert_eq!(limit.take(IpAddr::V4(number.into()), start), Ok(()));
        }
        assert!(limit.buckets.lock().unwrap().len() <= CAPACITY);
    }
}
