//! The handle services hold.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flags::{FlagSet, FlagState, Key, Mode, Reason, Side};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::http::Api;
use crate::store::{Current, Store};
use crate::{Builder, EvaluationError, Source, Status};

/// How often a condition on time alone, such as staleness, is looked at while somebody waits for it.
const LOOK: Duration = Duration::from_secs(1);

/// What the tasks and every clone of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) api: Api,
    pub(crate) poll_interval: Duration,
    pub(crate) runtime: tokio::runtime::Handle,
}

/// Ends the tasks with the last clone.
#[derive(Debug)]
pub(crate) struct Tasks(pub(crate) Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// Flags of one migration in one environment, evaluated in process and kept up to date behind the scenes.
///
/// Cloning is cheap, and all clones are one client; dropping the last one ends its tasks. Evaluation takes no lock, allocates
/// nothing (after the first call of a thread), does not panic and never waits for the network.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) _tasks: Arc<Tasks>,
}

/// The answer for one module and one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// What to use.
    pub serve: Side,
    /// Why.
    pub reason: Reason,
    /// The state in effect: with kill switch and retirement applied.
    pub state: FlagState,
    /// The state stored beneath.
    pub stored: FlagState,
    /// Whether the kill switch overrides this flag (never a retired one).
    pub kill_switch: bool,
    /// Whether old code is attested gone.
    pub retired: bool,
    /// The subject's bucket, 0 to 9999, where it decided.
    pub bucket: Option<u16>,
    /// The number of the revision that answered.
    pub revision: u64,
}

/// Nothing was known of any flag in the time given; the client goes on trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no flags after {} ms: old is served until there are some", .0.as_millis())]
pub struct NotReady(pub Duration);

/// The flags in force at one moment: several questions to them are answered by one revision.
#[derive(Clone, Debug)]
pub struct Flags(Arc<Current>);

impl Flags {
    /// Where they came from.
    pub fn source(&self) -> Source {
        self.0.source
    }

    /// When they came into force here, as the receipt says.
    pub fn applied_at(&self) -> SystemTime {
        self.0.applied_at
    }
}

impl std::ops::Deref for Flags {
    type Target = FlagSet;

    fn deref(&self) -> &FlagSet {
        &self.0.flags
    }
}

impl Client {
    /// A client of the server at `address`, with a token of kind `sdk`, which belongs to one migration and environment.
    pub fn builder(address: impl Into<String>, token: impl Into<String>) -> Builder {
        Builder::new(address.into(), token.into())
    }

    /// Whether to use new, for this module and this subject (a user, a request, an instance). Whenever there is no answer it
    /// is old: no flags yet, no such flag, a gradual rollout without a subject.
    #[inline]
    pub fn use_new(&self, module: &str, subject: Option<&str>) -> bool {
        self.evaluate(module, subject)
            .is_ok_and(|found| found.serve.is_new())
    }

    /// Old or new for this flag (`<module>` or `<migration>.<module>`) and this subject, with the reason.
    ///
    /// # Errors
    /// [`EvaluationError`]; take old then.
    #[inline]
    pub fn evaluate(
        &self,
        key: &str,
        subject: Option<&str>,
    ) -> Result<Evaluation, EvaluationError> {
        let current = self.shared.store.load();
        let flags = match current.as_ref() {
            Some(current) => &current.flags,
            None => return Err(EvaluationError::NotReady),
        };
        let found = flags.evaluate(key, subject)?;
        Ok(Evaluation {
            serve: found.serve,
            reason: found.reason,
            state: found.state,
            stored: found.stored,
            kill_switch: found.kill_switch,
            retired: found.retired,
            bucket: found.bucket,
            revision: flags.revision().number,
        })
    }

    /// The mode in effect.
    ///
    /// # Errors
    /// [`EvaluationError`]; take [`Mode::OldOnly`] then.
    pub fn mode(&self, key: &str) -> Result<Mode, EvaluationError> {
        let current = self.shared.store.load();
        let current = current.as_ref().ok_or(EvaluationError::NotReady)?;
        Ok(current.flags.mode(key)?.state.mode())
    }

    /// All flags in force now, once there are any; later changes do not show in them.
    pub fn flags(&self) -> Option<Flags> {
        self.shared.store.load().as_ref().map(Arc::clone).map(Flags)
    }

    /// The migration the token belongs to, once flags are known.
    pub fn migration(&self) -> Option<Key> {
        self.flags().map(|flags| flags.snapshot().migration.clone())
    }

    /// What this process calls itself in receipts.
    pub fn instance(&self) -> &str {
        &self.shared.api.identity().instance
    }

    /// How the client stands with its server.
    pub fn status(&self) -> Status {
        self.shared.store.status()
    }

    /// Waits until flags are known, from the disk or from the server.
    ///
    /// # Errors
    /// [`NotReady`] after `limit`. Going on is safe: old is served until there are flags.
    pub async fn ready(&self, limit: Duration) -> Result<(), NotReady> {
        if self
            .wait_until(limit, |status| status.revision.is_some())
            .await
        {
            Ok(())
        } else {
            Err(NotReady(limit))
        }
    }

    /// Waits until the status is as wanted; false when it was not within `limit`.
    pub async fn wait_until(&self, limit: Duration, wanted: impl Fn(&Status) -> bool) -> bool {
        let end = Instant::now().checked_add(limit);
        let mut health = self.shared.store.subscribe();
        loop {
            health.mark_unchanged();
            if wanted(&self.status()) {
                return true;
            }
            let left = end.map_or(LOOK, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            let _changed_or_not = timeout(left.min(LOOK), health.changed()).await;
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("instance", &self.instance())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
