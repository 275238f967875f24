//! Commands that wait for the writer together are committed together: one sync of the disk serves them all.
//!
//! Each keeps its own savepoint, audit entry and answer, and sees what those before it did. Where anything but a rule
//! stops one of them, the whole group is rolled back and each is run by itself, as if it had come alone.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Committed, Refusal};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::writing::Performed;
use super::{Inner, Position, authorise};
use crate::Caller;
use crate::command::Command;
use crate::error::Stopped;
use crate::refused::RefusalRecord;
use crate::store::{self, Connection, Lane, StoreError, words_of};

/// Commands committed together at most.
const MOST: usize = 32;

/// What a command comes to: the inner error is a refusal, the outer one the store's.
pub(super) type Answer = Result<Result<Committed, Refusal>, StoreError>;

/// How a command went within a group that is not committed yet.
enum Step {
    Performed(Performed),
    Refused(Refusal),
}

/// A command that waits, whatever its type.
trait Waiting: Send + Sync {
    /// Runs it by itself, and answers.
    fn alone<'a>(
        self: Box<Self>,
        inner: &'a Inner,
        connection: &'a mut Connection,
    ) -> BoxFuture<'a, ()>;

    /// Runs it in a transaction that others share; `position` is where those before it left off.
    fn within<'a>(
        &'a self,
        inner: &'a Inner,
        connection: &'a mut Connection,
        position: &'a Position,
    ) -> BoxFuture<'a, Result<Step, StoreError>>;

    /// Answers, once what is committed is shown to every reader; `shown` says why it could not be.
    fn finish<'a>(
        self: Box<Self>,
        inner: &'a Inner,
        connection: &'a mut Connection,
        step: Step,
        shown: Option<String>,
    ) -> BoxFuture<'a, ()>;
}

/// A command with who asked and where the answer goes.
pub(super) struct Entry<C> {
    pub(super) caller: Caller,
    pub(super) command: C,
    pub(super) lane: Lane,
    pub(super) record: RefusalRecord,
    pub(super) answer: oneshot::Sender<Answer>,
}

impl<C: Command> Waiting for Entry<C> {
    fn alone<'a>(
        self: Box<Self>,
        inner: &'a Inner,
        connection: &'a mut Connection,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Self {
                caller,
                command,
                lane,
                record,
                answer,
            } = *self;
            let answered = inner
                .answer(connection, &caller, command, lane, record)
                .await;
            if let Err(error) = &answered {
                inner.store.state.note_failure(error);
            }
            let _caller_hung_up = answer.send(answered);
        })
    }

    fn within<'a>(
        &'a self,
        inner: &'a Inner,
        connection: &'a mut Connection,
        position: &'a Position,
    ) -> BoxFuture<'a, Result<Step, StoreError>> {
        Box::pin(async move {
            if let Err(refusal) = authorise(&self.caller, self.command.permission()) {
                return Ok(Step::Refused(refusal));
            }
            let performed = inner
                .in_transaction(connection, &self.caller, self.command.clone(), position)
                .await;
            match performed {
                Ok(performed) => Ok(Step::Performed(performed)),
                Err(Stopped::Refused(refusal)) => Ok(Step::Refused(refusal)),
                Err(Stopped::Store(error)) => Err(error),
            }
        })
    }

    fn finish<'a>(
        self: Box<Self>,
        inner: &'a Inner,
        connection: &'a mut Connection,
        step: Step,
        shown: Option<String>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let answered = match (step, shown) {
                (Step::Performed(_), Some(why)) => Err(StoreError::Broken(why)),
                (Step::Performed(performed), None) => Ok(Ok(performed.into_committed())),
                (Step::Refused(refusal), _) => {
                    inner
                        .record_refusal(connection, &self.caller, self.record, &refusal)
                        .await;
                    Ok(Err(refusal))
                }
            };
            let _caller_hung_up = self.answer.send(answered);
        })
    }
}

/// Commands that wait for the writer, by lane.
#[derive(Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
}

#[derive(Default)]
struct Lanes {
    priority: VecDeque<(u64, Box<dyn Waiting>)>,
    normal: VecDeque<(u64, Box<dyn Waiting>)>,
    last: u64,
}

impl Lanes {
    fn of(&mut self, lane: Lane) -> &mut VecDeque<(u64, Box<dyn Waiting>)> {
        match lane {
            Lane::Priority => &mut self.priority,
            Lane::Normal => &mut self.normal,
        }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Queue {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a command at the end of its lane; its number is for [`Queue::withdraw`].
    pub(super) fn push<C: Command>(&self, entry: Entry<C>) -> u64 {
        let mut lanes = self.lanes();
        lanes.last += 1;
        let number = lanes.last;
        let lane = entry.lane;
        lanes.of(lane).push_back((number, Box::new(entry)));
        number
    }

    /// Takes a command back; false when the writer has it.
    pub(super) fn withdraw(&self, lane: Lane, number: u64) -> bool {
        let mut lanes = self.lanes();
        let waiting = lanes.of(lane);
        let before = waiting.len();
        waiting.retain(|(other, _)| *other != number);
        waiting.len() < before
    }

    fn take(&self, lane: Lane) -> Vec<Box<dyn Waiting>> {
        let mut lanes = self.lanes();
        let waiting = lanes.of(lane);
        let count = waiting.len().min(MOST);
        waiting.drain(..count).map(|(_, entry)| entry).collect()
    }
}

impl Inner {
    /// The writer's job: runs what waits in a lane. Every command brings such a job, so that none is left behind; one
    /// that finds nothing was served with those before it.
    pub(super) async fn serve_waiting(&self, connection: &mut Connection, lane: Lane) {
        let mut group = self.queue.take(lane);
        if group.len() < 2 {
            if let Some(entry) = group.pop() {
                self.run_alone(connection, entry).await;
            }
            return;
        }
        match self.together(connection, &group).await {
            Some(steps) => {
                let performed: Vec<&Performed> = steps
                    .iter()
                    .filter_map(|step| match step {
                        Step::Performed(performed) => Some(performed),
                        Step::Refused(_) => None,
                    })
                    .collect();
                let shown = self.show(connection, &performed).await.err();
                let shown = shown.map(|error| error.to_string());
                // A refusal's entry comes behind all that is committed already.
                let (refused, performed): (Vec<_>, Vec<_>) = group
                    .into_iter()
                    .zip(steps)
                    .partition(|(_, step)| matches!(step, Step::Refused(_)));
                for (entry, step) in performed.into_iter().chain(refused) {
                    entry.finish(self, connection, step, shown.clone()).await;
                }
            }
            None => {
                for entry in group {
                    self.run_alone(connection, entry).await;
                }
            }
        }
    }

    /// One that panics is a defect of that command alone: it is rolled back, and the next goes on.
    async fn run_alone(&self, connection: &mut Connection, entry: Box<dyn Waiting>) {
        let run = AssertUnwindSafe(entry.alone(self, &mut *connection)).catch_unwind();
        if let Err(panic) = run.await {
            let why = words_of(panic.as_ref());
            tracing::error!(why, "a command panicked; it is rolled back");
            store::roll_back(connection).await;
        }
    }

    /// Runs a group in one transaction and commits it; `None`, and nothing done, when that did not work.
    async fn together(
        &self,
        connection: &mut Connection,
        group: &[Box<dyn Waiting>],
    ) -> Option<Vec<Step>> {
        let run = AssertUnwindSafe(self.try_together(&mut *connection, group)).catch_unwind();
        match run.await {
            Ok(Ok(steps)) => Some(steps),
            Ok(Err(error)) => {
                tracing::warn!(%error, "commands cannot be committed together; each is run by itself");
                store::roll_back(connection).await;
                None
            }
            Err(panic) => {
                let why = words_of(panic.as_ref());
                tracing::error!(why, "a command of a group panicked; each is run by itself");
                store::roll_back(connection).await;
                None
            }
        }
    }

    async fn try_together(
        &self,
        connection: &mut Connection,
        group: &[Box<dyn Waiting>],
    ) -> Result<Vec<Step>, StoreError> {
        store::begin(connection).await?;
        let mut position = self.position();
        let mut steps = Vec::with_capacity(group.len());
        for entry in group {
            store::savepoint(connection).await?;
            let step = entry.within(self, connection, &position).await?;
            match &step {
                Step::Performed(Performed::Now {
                    position: after, ..
                }) => {
                    store::keep(connection).await?;
                    position = after.clone();
                }
                Step::Performed(Performed::Before(_)) | Step::Refused(_) => {
                    store::forget(connection).await?;
                }
            }
            steps.push(step);
        }
        store::commit(connection).await?;
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use domain::read::ChainState;
    use domain::{FlagState, Permission};

    use crate::command::{Command, Effect, Work};
    use crate::commands::{Selection, SetMode};
    use crate::error::Stopped;
    use crate::store::Lane;
    use crate::testing::{Server, key};
    use crate::{Caller, CommandError};

    /// A command with a defect.
    #[derive(Clone)]
    struct Defect;

    impl Command for Defect {
        fn permission(&self) -> Permission<'_> {
            Permission::AdministerServer
        }

        fn action(&self) -> &'static str {
            "test.defect"
        }

        async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
            crate::store::meta::set_revision(work.connection, 0).await?;
            panic!("a defect");
        }
    }

    fn raise(module: &str, version: i64) -> SetMode {
        SetMode {
            migration: key("atlas"),
            environment: None,
            selection: Selection::Modules(vec![key(module)]),
            state: FlagState::BOTH_VALIDATE,
            reason: "a test moves it".into(),
            expected: [(key(module), version)].into(),
        }
    }

    /// Lets commands wait until all of them do, so that the writer finds them together.
    async fn together<T, F>(server: &Server, begin: impl FnOnce() -> Vec<F>) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let control = server.control.clone();
        let held = tokio::spawn(async move {
            let hold = control.inner().store.state.run(Lane::Normal, |_| {
                Box::pin(async move {
                    let _released = wait.await;
                    Ok(())
                })
            });
            hold.await
        });
        tokio::task::yield_now().await;
        let tasks: Vec<_> = begin().into_iter().map(tokio::spawn).collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        held.await.unwrap().unwrap();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }

    async fn execute(
        control: crate::Control,
        caller: Caller,
        command: SetMode,
    ) -> Result<domain::Committed, CommandError> {
        control.execute(&caller, command).await
    }

    #[tokio::test]
    async fn each_of_a_group_has_its_own_entry_revision_and_answer() {
        let server = Server::with_modules(&["a", "b", "c", "d"]).await;
        let (before, sequence) = (server.control.revision(), server.control.head_sequence());
        let stale = raise("d", 99);
        let commands = [
            raise("a", 1),
            raise("b", 1),
            stale,
            raise("c", 1),
            raise("a", 1),
        ];
        let answers = together(&server, || {
            let run = |command| execute(server.control.clone(), Server::root(), command);
            commands.map(run).into_iter().collect()
        })
        .await;
        let codes: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                Ok(done) => format!("{}", done.revision_number.unwrap_or_default() - before),
                Err(CommandError::Refused(refusal)) => refusal.code().to_owned(),
                Err(other) => other.to_string(),
            })
            .collect();
        // The second wish for `a` sees what the first of the same group did.
        assert_eq!(codes, ["1", "2", "stale", "3", "no-change"]);
        assert_eq!(server.control.revision(), before + 3);
        assert!(
            server.control.head_sequence() >= sequence + 4,
            "refusals are recorded too"
        );
        let chain = crate::queries::audit_verify(&server.control, &Server::root()).await;
        assert!(matches!(chain.unwrap(), ChainState::Verified { .. }));
        let published = server
            .control
            .snapshots()
            .get(&key("atlas"), &key("production"));
        assert_eq!(published.unwrap().set.revision().number, before + 3);
    }

    #[tokio::test]
    async fn a_defect_in_a_group_is_its_own() {
        let server = Server::with_modules(&["a", "b"]).await;
        let before = server.control.revision();
        let control = server.control.clone();
        let answers = together(&server, || {
            let defect = {
                let control = control.clone();
                tokio::spawn(async move { control.execute(&Server::root(), Defect).await })
            };
            let first = execute(control.clone(), Server::root(), raise("a", 1));
            let second = execute(control.clone(), Server::root(), raise("b", 1));
            let run = |future: futures::future::BoxFuture<'static, bool>| future;
            vec![
                run(Box::pin(async move { defect.await.unwrap().is_ok() })),
                run(Box::pin(async move { first.await.is_ok() })),
                run(Box::pin(async move { second.await.is_ok() })),
            ]
        })
        .await;
        assert_eq!(answers, [false, true, true]);
        assert_eq!(server.control.revision(), before + 2);
        server.set("a", FlagState::OLD_ONLY).await;
    }
}
