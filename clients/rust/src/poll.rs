//! Asking for the flags while nothing pushes them, and whenever what is pushed does not fit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::Problem;
use crate::backoff::{Backoff, jitter};
use crate::client::Shared;
use crate::status::{Part, Source};
use crate::store::Health;

/// What a stream is given to come up or come back, before the flags are asked for beside it.
const GRACE: Duration = Duration::from_secs(1);

/// Asks as long as that is needed, and waits while it is not.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let mut health = shared.store.subscribe();
    let mut backoff = Backoff::default();
    loop {
        if health.wait_for(is_needed).await.is_err() {
            return;
        }
        let settled = health.wait_for(|health| health.live || health.behind);
        let came_back = timeout(GRACE, settled).await.is_ok();
        if came_back && !health.borrow().behind {
            continue;
        }
        while is_needed(&health.borrow()) {
            ask_and_pause(&shared, &mut health, &mut backoff).await;
        }
        shared.store.works(Part::Poll);
    }
}

const fn is_needed(health: &Health) -> bool {
    !health.live || health.behind
}

async fn ask_and_pause(
    shared: &Shared,
    health: &mut watch::Receiver<Health>,
    backoff: &mut Backoff,
) {
    let store = &shared.store;
    let was_behind = health.borrow().behind;
    // Before the question: what is missed while it is under way needs another.
    store.set_behind(false);
    match ask(shared).await {
        Ok(()) => {
            backoff.reset();
            store.works(Part::Poll);
            // A fifth of jitter, so that services started together drift apart.
            let pause = shared.poll_interval.mul_f64(0.9) + jitter(shared.poll_interval / 5);
            let wake = health.wait_for(|health| health.live || health.behind);
            let _woken = timeout(pause, wake).await.is_ok();
        }
        Err(problem) => {
            store.report(Part::Poll, &problem);
            if was_behind {
                store.set_behind(true);
            }
            let next = Instant::now() + backoff.after(&problem);
            // A stream that came back leaves nothing to ask for, and so nothing wrong. The pause is kept all the same: a
            // server that asked for it gets it, whatever its streams do.
            let over = health.wait_for(|health| !is_needed(health));
            if timeout_at(next, over).await.is_ok() {
                store.works(Part::Poll);
            }
            sleep_until(next).await;
        }
    }
}

async fn ask(shared: &Shared) -> Result<(), Problem> {
    let store = &shared.store;
    let confirmed = store.confirmed();
    let answer = shared.api.flags(confirmed.as_ref()).await;
    if let Err(problem @ Problem::Invalid(_)) = &answer {
        store.report(Part::Snapshot, problem);
    }
    let fresh = answer?;
    store.hear();
    match fresh {
        Some(snapshot) => store.offer(snapshot, Source::Network).map(|_| ()),
        None => Ok(()),
    }
}
