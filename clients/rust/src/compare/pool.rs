//! A few threads of their own for code that blocks: the service's threads are not taken, and what hangs here hangs alone.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Threads and a bounded queue before them. Both end with it, a thread after the job it is at.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: SyncSender<Job>,
}

impl Pool {
    pub(super) fn start(workers: usize, queue: usize) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for worker in 0..workers {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name(format!("switchback-compare-{worker}"));
            thread.spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs })
    }

    /// Queues a job, unless there is no room. Never waits.
    pub(super) fn try_run(&self, job: Job) -> Result<(), Full> {
        self.jobs.try_send(job).map_err(|_| Full)
    }
}

/// There is no room in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = job else { return };
        // A job catches what it runs; this keeps the thread for whatever else it does.
        let _panicked = catch_unwind(AssertUnwindSafe(job)).is_err();
    }
}
