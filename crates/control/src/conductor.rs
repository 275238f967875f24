//! The conductor: looks at what services saw, and rolls a module back whose errors on new are proven to be over the limit.
//!
//! It commands as anybody does, so that what it did stands in the audit log with its reason. It keeps nothing: where a module
//! stands is its flag, and a module that is on old already is left alone. Its commands carry a key against repetition made of
//! the change that it judges, so that two ticks over the same evidence act once.

use std::time::Duration;

use domain::evidence::gates::error_rate;
use domain::evidence::{Outcome, Rule, Tally, Verdict};
use domain::issues::Severity;
use domain::{FlagState, Key, ModuleStatus, Refusal, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::caller::Idempotency;
use crate::commands::{OpenIssue, RollBack, Selection, open_issue};
use crate::evidence::window;
use crate::instances::Place;
use crate::store::environments::{self, EnvironmentRecord};
use crate::store::flags::{self, FlagRecord};
use crate::store::migrations;
use crate::{Caller, CommandError, Control, QueryError};

/// How often evidence is looked at.
const TICK: Duration = Duration::from_secs(10);
/// Fewer failed uses than these are no ground to act without a person, however few uses there were: the bound is exact for
/// one look, and the conductor looks again and again.
const LEAST_ERRORS: u64 = 5;
/// How long the issue may take that explains a rollback, before the rollback goes first.
const ISSUE_TIME: Duration = Duration::from_secs(2);
/// Longest stretch of time that is judged: of a module that stands where it stands for longer, the newest of it.
const LONGEST: i64 = 14 * crate::evidence::DAY;

/// What the conductor did in one tick.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conducted {
    /// Modules that it rolled back: migration, environment, module.
    pub rolled_back: Vec<(Key, Key, Key)>,
}

/// Looks at every module every [`TICK`] until `stopping`.
pub(crate) fn start(control: &Control, stopping: CancellationToken) {
    let weak = std::sync::Arc::downgrade(&control.shared());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let Some(shared) = weak.upgrade() else { return };
            if let Err(error) = Control::from_shared(shared).conduct().await {
                tracing::warn!(%error, "the conductor could not look at evidence");
            }
        }
    });
}

/// A module that must go back, and why.
struct Breach {
    place: Place,
    flag: FlagRecord,
    verdict: Verdict,
}

impl Control {
    /// One tick: everything that is due now. The same evidence leads to the same commands, and each is carried out once.
    ///
    /// # Errors
    /// When the state or the evidence cannot be read; commands that are refused are logged.
    pub async fn conduct(&self) -> Result<Conducted, QueryError> {
        let mut conducted = Conducted::default();
        for breach in self.breaches().await? {
            let (migration, environment) = breach.place.clone();
            let module = breach.flag.module.clone();
            match self.roll_back_by_itself(breach).await {
                Ok(true) => conducted.rolled_back.push((migration, environment, module)),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, %migration, %environment, %module, "an automatic rollback failed");
                }
            }
        }
        Ok(conducted)
    }

    /// Modules whose errors on new are proven to be over the limit, in migrations that leave this to the conductor.
    async fn breaches(&self) -> Result<Vec<Breach>, QueryError> {
        let now = self.clock().now();
        let mut state = self.inner().store.read_moment().await?;
        let mut candidates: Vec<(Place, FlagRecord, domain::Thresholds)> = Vec::new();
        for record in migrations::all(&mut state).await? {
            let migration = &record.migration;
            if migration.archived_at.is_some() || !migration.automatic_rollback {
                continue;
            }
            for environment in environments::of_migration(&mut state, record.id).await? {
                if !is_served(&environment) {
                    continue;
                }
                let place = (migration.key.clone(), environment.environment.key.clone());
                for flag in flags::of_environment(&mut state, environment.id).await? {
                    if flag.status == ModuleStatus::Active
                        && flag.state.rank() > FlagState::OLD_ONLY.rank()
                    {
                        candidates.push((place.clone(), flag, migration.thresholds));
                    }
                }
            }
        }
        drop(state);
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let mut evidence = self.inner().store.read_evidence().await?;
        let mut breaches = Vec::new();
        for (place, flag, thresholds) in candidates {
            let since = flag
                .changed_at
                .unwrap_or(Timestamp(i64::MIN))
                .max(now.plus(-LONGEST));
            let seen = window::since(&mut evidence, &place, &flag.module, since, now).await?;
            if let Some(verdict) = breach(seen.new.tally, thresholds) {
                breaches.push(Breach {
                    place,
                    flag,
                    verdict,
                });
            }
        }
        Ok(breaches)
    }

    /// Opens the issue that explains it, which keeps the module from being promoted until it is resolved, then rolls back.
    /// The rollback waits for no issue.
    async fn roll_back_by_itself(&self, breach: Breach) -> Result<bool, CommandError> {
        let Breach {
            place: (migration, environment),
            flag,
            verdict,
        } = breach;
        let caller = |what: &str| {
            let changed = flag.changed_sequence.unwrap_or_default();
            let key = format!(
                "conductor {what} {migration}/{environment}/{} {changed}",
                flag.module
            );
            let mut caller = Caller::server("conductor");
            caller.idempotency = Some(Idempotency {
                digest: hex::encode(Sha256::digest(&key)),
                key,
            });
            caller
        };
        let open = OpenIssue {
            migration: migration.clone(),
            title: format!(
                "{} was rolled back in {environment}: too many errors on new",
                flag.module
            ),
            body: format!(
                "{}\n\nThe conductor brought it from {} to old_only. It is not promoted again before this issue is resolved.",
                verdict.sentence, flag.state
            ),
            severity: Severity::Critical,
            module: Some(flag.module.clone()),
            environment: Some(environment.clone()),
            owner: String::new(),
            labels: vec!["automatic-rollback".to_owned()],
            due: None,
            noticed_at: None,
            reason: verdict.sentence.clone(),
        };
        let opened =
            tokio::time::timeout(ISSUE_TIME, open_issue(self, &caller("issue"), open)).await;
        match opened {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "no issue explains an automatic rollback"),
            Err(_elapsed) => tracing::warn!("the issue of an automatic rollback takes too long"),
        }
        let command = RollBack {
            migration: migration.clone(),
            environment: Some(environment.clone()),
            selection: Selection::Modules(vec![flag.module.clone()]),
            to: None,
            reason: verdict.sentence,
        };
        match self.execute(&caller("rollback"), command).await {
            Ok(_) => Ok(true),
            // Somebody was quicker.
            Err(CommandError::Refused(Refusal::NoChange { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether anybody is served by the flags beneath: under the kill switch nobody is.
fn is_served(record: &EnvironmentRecord) -> bool {
    record.environment.archived_at.is_none() && !record.environment.kill_switch
}

/// The verdict, where it is a FAIL with enough behind it.
fn breach(new: Tally, thresholds: domain::Thresholds) -> Option<Verdict> {
    let verdict = error_rate(Rule::RollbackRate, new, thresholds);
    (verdict.outcome == Outcome::Fail && new.errors >= LEAST_ERRORS).then_some(verdict)
}

#[cfg(test)]
mod tests;
