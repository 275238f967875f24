//! What everything here shares: the client that knows the flags, and what was served by them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use switchback_client::{Client, EvaluationError, Key, Side};

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
    served: Mutex<HashMap<Key, Served>>,
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
        }
    }

    /// One request of a user passes through every module.
    pub fn simulate(&self, user: &str) {
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
            if let Some(known) = served.get_mut(module) {
                known.record(side);
            } else {
                let mut first = Served::default();
                first.record(side);
                served.insert(module.clone(), first);
            }
        }
        // Every module of the flags is counted now; whatever is counted beyond them is gone.
        if served.len() > flags.snapshot().flags.len() {
            served.retain(|module, _| flags.get(module.as_str()).is_some());
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
        self.served().get(module).copied().unwrap_or_default()
    }

    /// A thread that panicked cannot have left a count half written.
    fn served(&self) -> MutexGuard<'_, HashMap<Key, Served>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, nobody, snapshot};
    use crate::view::{ServedView, View};
    use switchback_client::Mode;

    fn service(client: Client) -> Service {
        Service::new(
            client,
            "http://server".to_owned(),
            "order_intake".parse().unwrap(),
        )
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
        service.simulate("user-1");
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
        (0..100).for_each(|user| service.simulate(&format!("user-{user}")));
        let view = View::of(&service);
        let half = view.modules[0].served;
        assert_eq!(half.old + half.new, WINDOW);
        assert!((30..=70).contains(&half.new), "{half:?}");
        assert_eq!(view.modules[0].label, "50 % on new");
        assert_eq!(view.modules[1].served, ServedView { old: 0, new: 100 });

        stub.serves(snapshot(8, true), &service.client).await;
        (0..100).for_each(|user| service.simulate(&format!("user-{user}")));
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

        service.simulate("user-1");
        let mut without = snapshot(8, false);
        without["flags"] = serde_json::json!([]);
        stub.serves(without, &service.client).await;
        service.simulate("user-1");
        stub.serves(snapshot(9, false), &service.client).await;
        assert_eq!(View::of(&service).modules[1].served, ServedView::default());
    }
}
