//! Simulated requests: about fifty a second, each by one of a thousand users and through every module.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use switchback_client::Side;
use tokio::time::MissedTickBehavior;

use crate::state::Service;

const EVERY: Duration = Duration::from_millis(20);
const USERS: u32 = 1_000;

/// What became of a request in one module.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Whether it was answered.
    pub ok: bool,
    /// How long it took.
    pub took: Duration,
}

/// Makes requests for ever.
pub async fn run(service: Arc<Service>) {
    let mut tick = tokio::time::interval(EVERY);
    // After a pause of the machine, no burst that would flush every window at once.
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        let mut rng = rand::rng();
        let number = rng.random_range(0..USERS);
        service.simulate(&user(number), |side| work(side, &mut rng));
    }
}

fn user(number: u32) -> String {
    format!("user-{number:03}")
}

/// Nothing is done for a simulated request, so that what it would have taken is invented too: new is somewhat faster, and both
/// fail about once in a thousand times.
fn work(side: Side, rng: &mut impl Rng) -> Work {
    let typical: f64 = match side {
        Side::Old => 0.024,
        Side::New => 0.021,
    };
    // The sum of four is close to a bell, its exponential to how latencies spread.
    let spread: f64 = (0..4).map(|_| rng.random_range(-0.3..0.3)).sum();
    Work {
        ok: !rng.random_ratio(1, 1_000),
        took: Duration::from_secs_f64(typical * spread.exp()),
    }
}
