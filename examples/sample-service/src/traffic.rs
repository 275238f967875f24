//! Simulated requests: about fifty a second, each by one of a thousand users and through every module.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::time::MissedTickBehavior;

use crate::state::Service;

const EVERY: Duration = Duration::from_millis(20);
const USERS: u32 = 1_000;

/// Makes requests for ever.
pub async fn run(service: Arc<Service>) {
    let mut tick = tokio::time::interval(EVERY);
    // After a pause of the machine, no burst that would flush every window at once.
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        let number = rand::rng().random_range(0..USERS);
        service.simulate(&user(number));
    }
}

fn user(number: u32) -> String {
    format!("user-{number:03}")
}
