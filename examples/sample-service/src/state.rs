//! What everything here shares: the client that knows the flags, and what was served by them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use switchback_client::samples::{Module, Recorder};
use switchback_client::{Client, EvaluationError, Key, Problem, Side};

use crate::traffic::Work;

/// How many of its last requests a module remembers.
pub const WINDOW: u32 = 100;

/// Which side the last [`WINDOW`] requests of one module got: a bit each, set for new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    bits: u128,
    count: u32,
}

impl Served {
    /// Remembers one request and forgets the oldest beyond the window.
    pub fn record(&mut self, side: Side) {
        let window = (1_u128 << WINDOW) - 1;
        self.bits = ((self.bits << 1) | u128::from(side.is_new())) & window;
        self.count = (self.count + 1).min(WINDOW);
    }

    /// How many got new.
    pub const fn new_count(self) -> u32 {
        self.bits.count_ones()
    }

    /// How many got old.
    pub const fn old_count(self) -> u32 {
        self.count - self.bits.count_ones()
    }
}

/// Everything the traffic and the page share.
#[derive(Debug)]
pub struct Service {
    /// Knows the flags.
    pub client: Client,
    /// The server's address, for people.
    pub server: String,
    /// The module that an order asks about.
    pub order_module: Key,
    served: Mutex<HashMap<Key, Kept>>,
    /// Reports what was served, where there is a token for it.
    recorder: Option<Recorder>,
}

/// What is kept of one module.
#[derive(Debug)]
struct Kept {
    served: Served,
    /// Where its uses are recorded.
    samples: Option<Module>,
}

/// The answer to one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// `old` or `new`.
    pub serve: &'static str,
    /// The module that was asked about.
    pub module: Key,
    /// The subject.
    pub user: String,
    /// `STATIC`, `SPLIT`, or why the compiled-in default answered.
    pub reason: &'static str,
    /// `epoch:revision` of the snapshot that decided; none before the first.
    pub revision: Option<String>,
}

impl Service {
    /// A service that has served nothing yet.
    pub fn new(client: Client, server: String, order_module: Key) -> Self {
        Self {
            client,
            server,
            order_module,
            served: Mutex::default(),
            recorder: None,
        }
    }

    /// The same, reporting what it serves.
    pub fn recording(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Sends what was recorded and not sent yet.
    pub async fn flush(&self) -> Result<(), Problem> {
        match &self.recorder {
            Some(recorder) => recorder.flush().await,
            None => Ok(()),
        }
    }

    /// Why the last report of what was served was not accepted, when it was not.
    pub fn unreported(&self) -> Option<Problem> {
        self.recorder.as_ref()?.status().problem
    }

    /// One request of a user passes through every module; `work` says what becomes of it on a side.
    pub fn simulate(&self, user: &str, mut work: impl FnMut(Side) -> Work) {
        let Some(flags) = self.client.flags() else {
            return;
        };
        let mut served = self.served();
        for flag in &*flags {
            let module = flag.module();
            // Old whenever that cannot be decided: the client knows no other default.
            let is_new = self.client.use_new(module.as_str(), Some(user));
            let side = if is_new { Side::New } else { Side::Old };
            // Asked first, so that a key is only copied for a module not yet counted.
            if !served.contains_key(module) {
                served.insert(module.clone(), self.keep(module));
            }
            let Some(kept) = served.get_mut(module) else {
                continue;
            };
            kept.served.record(side);
            if let Some(samples) = &kept.samples {
                let work = work(side);
                samples.record(side, work.ok, work.took);
            }
        }
        // Every module of the flags is counted now; whatever is counted beyond them is gone.
        if served.len() > flags.snapshot().flags.len() {
            served.retain(|module, _| flags.get(module.as_str()).is_some());
        }
    }

    fn keep(&self, module: &Key) -> Kept {
        let recorder = self.recorder.as_ref();
        Kept {
            served: Served::default(),
            samples: recorder.and_then(|recorder| recorder.module(module.as_str()).ok()),
        }
    }

    /// Old or new for one user's order.
    pub fn order(&self, user: &str) -> Order {
        // Asked for once, so that the revision named is the one that decided.
        let flags = self.client.flags();
        let evaluated = match &flags {
            Some(flags) => flags
                .evaluate(self.order_module.as_str(), Some(user))
                .map_err(EvaluationError::from),
            None => Err(EvaluationError::NotReady),
        };
        let (serve, reason) = match evaluated {
            Ok(found) => (found.serve, found.reason.as_str()),
            Err(EvaluationError::NotReady) => (Side::Old, "NO_SNAPSHOT"),
            Err(EvaluationError::FlagNotFound) => (Side::Old, "FLAG_NOT_FOUND"),
            Err(EvaluationError::TargetingKeyMissing) => (Side::Old, "TARGETING_KEY_MISSING"),
        };
        Order {
            serve: serve.as_str(),
            module: self.order_module.clone(),
            user: user.to_owned(),
            reason,
            revision: flags.map(|flags| flags.revision().to_string()),
        }
    }

    /// How a module's last requests split.
    pub fn split(&self, module: &Key) -> Served {
        let served = self.served();
        let kept = served.get(module);
        kept.map(|kept| kept.served).unwrap_or_default()
    }

    /// A thread that panicked cannot have left a count half written.
    fn served(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, nobody, snapshot, well};
    use crate::view::{ServedView, View};
    use switchback_client::Mode;

    fn service(client: Client) -> Service {
        Service::new(
            client,
            "http://server".to_owned(),
            "order_intake".parse().unwrap(),
        )
    }

    #[tokio::test]
    async fn what_is_served_is_reported_for_every_module_and_side() {
        let stub = Stub::start(snapshot(7, false)).await;
        let client = stub.client().await;
        let recorder = Recorder::builder(client.clone(), "t").start().unwrap();
        let service = service(client).recording(recorder);
        let new_fails = |side: Side| Work {
            ok: side == Side::Old,
            ..well(side)
        };
        (0..100).for_each(|user| service.simulate(&format!("user-{user}"), new_fails));
        let half = service.split(&"order_intake".parse().unwrap());
        service.flush().await.unwrap();
        assert_eq!(service.unreported(), None);
        let (old, new) = (u64::from(half.old_count()), u64::from(half.new_count()));
        assert_eq!(stub.sampled("order_intake", "old"), (old, 0));
        assert_eq!(stub.sampled("order_intake", "new"), (new, new));
        assert_eq!(stub.sampled("order_ledger", "old"), (0, 0));
        assert_eq!(stub.sampled("order_ledger", "new"), (100, 100));
    }

    #[test]
    fn only_the_last_hundred_requests_count() {
        let mut served = Served::default();
        for _ in 0..130 {
            served.record(Side::New);
        }
        for _ in 0..30 {
            served.record(Side::Old);
        }
        assert_eq!((served.old_count(), served.new_count()), (30, 70));
    }

    #[tokio::test]
    async fn before_the_first_snapshot_everything_is_old() {
        let service = service(Client::builder(nobody().await, "t").start().unwrap());
        service.simulate("user-1", well);
        let order = service.order("user-1");
        assert_eq!((order.serve, order.reason), ("old", "NO_SNAPSHOT"));
        assert_eq!(order.revision, None);
        let view = View::of(&service);
        assert!(view.modules.is_empty() && !view.server_reachable);
    }

    #[tokio::test]
    async fn traffic_follows_the_snapshot_and_the_kill_switch() {
        let stub = Stub::start(snapshot(7, false)).await;
        let service = service(stub.client().await);
        (0..100).for_each(|user| service.simulate(&format!("user-{user}"), well));
        let view = View::of(&service);
        let half = view.modules[0].served;
        assert_eq!(half.old + half.new, WINDOW);
        assert!((30..=70).contains(&half.new), "{half:?}");
        assert_eq!(view.modules[0].label, "50 % on new");
        assert_eq!(view.modules[1].served, ServedView { old: 0, new: 100 });

        stub.serves(snapshot(8, true), &service.client).await;
        (0..100).for_each(|user| service.simulate(&format!("user-{user}"), well));
        let view = View::of(&service);
        assert!(view.kill_switch);
        assert!(view.modules.iter().all(|module| module.served.old == 100));
        assert_eq!(view.modules[1].mode, Mode::OldOnly);
    }

    #[tokio::test]
    async fn a_module_that_is_gone_is_no_longer_counted_nor_served_new() {
        let stub = Stub::start(snapshot(7, false)).await;
        let mut service = service(stub.client().await);
        service.order_module = "absent".parse().unwrap();
        let order = service.order("user-1");
        assert_eq!((order.serve, order.reason), ("old", "FLAG_NOT_FOUND"));
        assert_eq!(order.revision.as_deref(), Some("e1:7"));

        service.simulate("user-1", well);
        let mut without = snapshot(8, false);
        without["flags"] = serde_json::json!([]);
        stub.serves(without, &service.client).await;
        service.simulate("user-1", well);
        stub.serves(snapshot(9, false), &service.client).await;
        assert_eq!(View::of(&service).modules[1].served, ServedView::default());
    }
}
