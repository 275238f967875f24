//! Commands that wait for the writer together are committed together: one sync of the disk serves them all.
//!
//! Each keeps its own savepoint, audit entry and answer, and sees what those before it did. Where anything but a rule
//! stops one of them, the whole group is rolled back and each is run by itself, as if it had come alone.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
/// Commands that may wait beside the priority lane.
const NORMAL_SLOTS: usize = 256;
/// Rollbacks that may wait.
const PRIORITY_SLOTS: usize = 64;

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

    /// Answers that the writer does not take it.
    fn refuse(self: Box<Self>, error: StoreError);
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

    fn refuse(self: Box<Self>, error: StoreError) {
        let _caller_hung_up = self.answer.send(Err(error));
    }
}

/// Commands that wait for the writer, by lane.
#[derive(Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
}

#[derive(Default)]
struct Lanes {
    priority: Waiters,
    normal: Waiters,
}

#[derive(Default)]
struct Waiters {
    entries: VecDeque<Box<dyn Waiting>>,
    /// A job that will take them is on its way to the writer. There is one at most: what a second one would find, the
    /// first has taken already.
    awaited: bool,
}

impl Lanes {
    fn of(&mut self, lane: Lane) -> &mut Waiters {
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

    /// Puts a command at the end of its lane; whether the caller is to start [`Inner::serve_lane`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many wait.
    pub(super) fn push<C: Command>(&self, entry: Entry<C>) -> Result<bool, StoreError> {
        let slots = match entry.lane {
            Lane::Priority => PRIORITY_SLOTS,
            Lane::Normal => NORMAL_SLOTS,
        };
        let mut lanes = self.lanes();
        let waiters = lanes.of(entry.lane);
        if waiters.entries.len() >= slots {
            return Err(StoreError::Busy);
        }
        waiters.entries.push_back(Box::new(entry));
        Ok(!std::mem::replace(&mut waiters.awaited, true))
    }

    /// The next group. While it leaves some behind, whoever asked is to come again.
    fn take(&self, lane: Lane) -> (Vec<Box<dyn Waiting>>, bool) {
        let mut lanes = self.lanes();
        let waiters = lanes.of(lane);
        let count = waiters.entries.len().min(MOST);
        let group = waiters.entries.drain(..count).collect();
        waiters.awaited = !waiters.entries.is_empty();
        (group, waiters.awaited)
    }

    fn refuse(&self, lane: Lane, error: &StoreError) {
        let waiters = std::mem::take(self.lanes().of(lane));
        for entry in waiters.entries {
            entry.refuse(error.of_another());
        }
    }
}

impl Inner {
    /// Brings the writer to what waits in a lane, until nothing does.
    pub(super) async fn serve_lane(self: Arc<Self>, lane: Lane) {
        loop {
            let inner = Arc::clone(&self);
            let served = self.store.state.run(lane, move |connection| {
                Box::pin(async move { Ok(inner.serve_group(connection, lane).await) })
            });
            match served.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.queue.refuse(lane, &error),
            }
        }
    }

    /// The writer's job: runs what waits in a lane together; whether some were left behind.
    async fn serve_group(&self, connection: &mut Connection, lane: Lane) -> bool {
        let (mut group, more) = self.queue.take(lane);
        if group.len() < 2 {
            if let Some(entry) = group.pop() {
                self.run_alone(connection, entry).await;
            }
            return more;
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
        more
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
        let mut position = self.begin(connection).await?;
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
            crate::store::meta::set_revision(work.connection, 0, &[]).await?;
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
        let (go, held) = keep_busy(server).await;
        let tasks: Vec<_> = begin().into_iter().map(tokio::spawn).collect();
        let_others_run().await;
        go.send(()).unwrap();
        held.await.unwrap();
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

    type Go = tokio::sync::oneshot::Sender<()>;

    /// Keeps the writer from everything that comes later, until the answer is sent or dropped. The receiver
    /// hears when it has begun.
    fn hold(
        server: &Server,
    ) -> (
        Go,
        tokio::sync::oneshot::Receiver<()>,
        tokio::task::JoinHandle<()>,
    ) {
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let (started, begun) = tokio::sync::oneshot::channel::<()>();
        let control = server.control.clone();
        let held = tokio::spawn(async move {
            let hold = control.inner().store.state.run(Lane::Normal, |_| {
                Box::pin(async move {
                    let _nobody_asks = started.send(());
                    let _released = wait.await;
                    Ok(())
                })
            });
            hold.await.unwrap();
        });
        (go, begun, held)
    }

    /// The same, once the writer is kept.
    async fn keep_busy(server: &Server) -> (Go, tokio::task::JoinHandle<()>) {
        let (go, begun, held) = hold(server);
        begun.await.unwrap();
        (go, held)
    }

    async fn let_others_run() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_is_committed_with_others_waits_for_nothing_behind_them() {
        let server = Server::with_modules(&["a", "b", "c"]).await;
        let run = |module| {
            let (control, command) = (server.control.clone(), raise(module, 1));
            tokio::spawn(execute(control, Server::root(), command))
        };
        let (go, first) = keep_busy(&server).await;
        let a = run("a");
        let_others_run().await;
        let (go_on, _begun, second) = hold(&server);
        let_others_run().await;
        let (b, c) = (run("b"), run("c"));
        let_others_run().await;
        go.send(()).unwrap();
        for answer in [a, b, c] {
            answer.await.unwrap().unwrap();
        }
        assert!(!second.is_finished(), "something else still has the writer");
        go_on.send(()).unwrap();
        first.await.unwrap();
        second.await.unwrap();
    }

    #[tokio::test]
    async fn what_waits_when_writing_stops_is_answered() {
        let server = Server::with_modules(&["a", "b"]).await;
        let (go, held) = keep_busy(&server).await;
        let run = |module| {
            let (control, command) = (server.control.clone(), raise(module, 1));
            tokio::spawn(execute(control, Server::root(), command))
        };
        let waiting = [run("a"), run("b")];
        let_others_run().await;
        server.control.inner().store.state.stop("a test says so");
        go.send(()).unwrap();
        for answer in waiting {
            let answer = answer.await.unwrap();
            assert!(
                matches!(
                    answer,
                    Err(CommandError::Unavailable(crate::Unavailable::Broken))
                ),
                "{answer:?}"
            );
        }
        held.await.unwrap();
    }

    #[tokio::test]
    async fn more_than_can_wait_are_refused_and_more_than_a_group_are_all_served() {
        let names: Vec<String> = (0..300).map(|number| format!("m{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let server = Server::with_modules(&names).await;
        let (go, held) = keep_busy(&server).await;
        let waiting: Vec<_> = names
            .iter()
            .map(|module| {
                let (control, command) = (server.control.clone(), raise(module, 1));
                tokio::spawn(execute(control, Server::root(), command))
            })
            .collect();
        let_others_run().await;
        go.send(()).unwrap();
        let mut refused = 0;
        for answer in waiting {
            match answer.await.unwrap() {
                Ok(_) => {}
                Err(CommandError::Unavailable(crate::Unavailable::Busy)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(refused, names.len() - super::NORMAL_SLOTS);
        held.await.unwrap();
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
