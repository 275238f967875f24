//! What the service knows: the last snapshot it applied, whether the server answers, and what it served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use flags::{EvaluationError, FlagSet, Key, Side};
use jiff::Timestamp;
use serde::Serialize;

/// How many of its last requests a module remembers.
pub const WINDOW: u32 = 100;

/// A snapshot in force.
#[derive(Debug)]
pub struct Applied {
    /// The flags, ready to be asked.
    pub flags: FlagSet,
    /// What the server calls this answer, sent back with the next question.
    pub etag: Option<String>,
    /// When it came into force here.
    pub at: Timestamp,
}

/// How it stands with the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing was tried yet.
    Unknown,
    /// The last question was answered.
    Answering {
        /// When.
        at: Timestamp,
    },
    /// The server answers, but its answer cannot be used.
    Refused {
        /// Why.
        problem: String,
        /// Since when.
        since: Timestamp,
    },
    /// The server does not answer.
    Away {
        /// Why.
        problem: String,
        /// Since when.
        since: Timestamp,
    },
}

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

/// Everything the polling, the traffic and the page share.
#[derive(Debug)]
pub struct Service {
    /// The server's address, for people.
    pub server: String,
    /// The module that an order asks about.
    pub order_module: Key,
    applied: ArcSwapOption<Applied>,
    link: ArcSwap<Link>,
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
    /// A service that has heard nothing yet and serves old.
    pub fn new(server: String, order_module: Key) -> Self {
        Self {
            server,
            order_module,
            applied: ArcSwapOption::empty(),
            link: ArcSwap::from_pointee(Link::Unknown),
            served: Mutex::default(),
        }
    }

    /// The snapshot in force.
    pub fn applied(&self) -> Option<Arc<Applied>> {
        self.applied.load_full()
    }

    /// Puts a snapshot in force.
    pub fn apply(&self, applied: Applied) {
        let mut served = self.served();
        served.retain(|module, _| applied.flags.get(module.as_str()).is_some());
        self.applied.store(Some(Arc::new(applied)));
    }

    /// How it stands with the server.
    pub fn link(&self) -> Arc<Link> {
        self.link.load_full()
    }

    /// Notes how the last question went.
    pub fn set_link(&self, link: Link) {
        self.link.store(Arc::new(link));
    }

    /// One request of a user passes through every module.
    pub fn simulate(&self, user: &str) {
        // Locked first: `apply` changes snapshot and counts under this lock.
        let mut served = self.served();
        let Some(applied) = self.applied() else {
            return;
        };
        for flag in &applied.flags {
            // The compiled-in default: whatever cannot be decided is old.
            let side = flag
                .evaluate(Some(user))
                .map_or(Side::Old, |answer| answer.serve);
            // Asked first, so that a key is only copied for a module not yet counted.
            if let Some(module) = served.get_mut(flag.module()) {
                module.record(side);
            } else {
                let mut module = Served::default();
                module.record(side);
                served.insert(flag.module().clone(), module);
            }
        }
    }

    /// Old or new for one user's order.
    pub fn order(&self, user: &str) -> Order {
        let applied = self.applied();
        let evaluated = applied.as_ref().map(|applied| {
            applied
                .flags
                .evaluate(self.order_module.as_str(), Some(user))
        });
        let (serve, reason) = match evaluated {
            Some(Ok(answer)) => (answer.serve, answer.reason.as_str()),
            Some(Err(EvaluationError::FlagNotFound)) => (Side::Old, "FLAG_NOT_FOUND"),
            Some(Err(EvaluationError::TargetingKeyMissing)) => (Side::Old, "TARGETING_KEY_MISSING"),
            None => (Side::Old, "NO_SNAPSHOT"),
        };
        Order {
            serve: serve.as_str(),
            module: self.order_module.clone(),
            user: user.to_owned(),
            reason,
            revision: applied.map(|applied| applied.flags.revision().to_string()),
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
    use crate::view::{ServedView, View};
    use flags::{Mode, Snapshot};

    fn applied(json: &str) -> Applied {
        Applied {
            flags: FlagSet::compile(Snapshot::from_json(json.as_bytes()).unwrap()),
            etag: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn snapshot(kill_switch: bool) -> String {
        format!(
            r#"{{"format":1,"migration":"atlas","environment":"production","epoch":"e1","revision":7,"killSwitch":{kill_switch},
            "flags":[{{"key":"order_intake","mode":"gradual_rollout","exposure":5000,"retired":false}},
            {{"key":"order_ledger","mode":"new_only","exposure":10000,"retired":false}}]}}"#
        )
    }

    fn service() -> Service {
        Service::new("http://server".to_owned(), "order_intake".parse().unwrap())
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

    #[test]
    fn before_the_first_snapshot_everything_is_old() {
        let service = service();
        service.simulate("user-1");
        let order = service.order("user-1");
        assert_eq!((order.serve, order.reason), ("old", "NO_SNAPSHOT"));
        assert_eq!(order.revision, None);
        let view = View::of(&service);
        assert!(view.modules.is_empty() && !view.server_reachable);
    }

    #[test]
    fn traffic_follows_the_snapshot_and_the_kill_switch() {
        let service = service();
        service.apply(applied(&snapshot(false)));
        (0..100).for_each(|user| service.simulate(&format!("user-{user}")));
        let view = View::of(&service);
        let half = view.modules[0].served;
        assert_eq!(half.old + half.new, WINDOW);
        assert!((30..=70).contains(&half.new), "{half:?}");
        assert_eq!(view.modules[0].label, "50 % on new");
        assert_eq!(view.modules[1].served, ServedView { old: 0, new: 100 });

        service.apply(applied(&snapshot(true)));
        (0..100).for_each(|user| service.simulate(&format!("user-{user}")));
        let view = View::of(&service);
        assert!(view.kill_switch);
        assert!(view.modules.iter().all(|module| module.served.old == 100));
        assert_eq!(view.modules[1].mode, Mode::OldOnly);
    }

    #[test]
    fn a_module_that_is_gone_is_no_longer_counted_nor_served_new() {
        let mut service = service();
        service.order_module = "absent".parse().unwrap();
        service.apply(applied(&snapshot(false)));
        let order = service.order("user-1");
        assert_eq!((order.serve, order.reason), ("old", "FLAG_NOT_FOUND"));
        assert_eq!(order.revision.as_deref(), Some("e1:7"));

        service.simulate("user-1");
        service.apply(applied(
            r#"{"format":1,"migration":"atlas","environment":"production","epoch":"e1","revision":8,"killSwitch":false,"flags":[]}"#,
        ));
        service.apply(applied(&snapshot(false)));
        assert_eq!(View::of(&service).modules[1].served, ServedView::default());
    }
}
