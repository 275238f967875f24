//! Free space on the disk. A ballast file is kept so that rollbacks still fit when everything else fills it: it is
//! given up when a rollback finds no space, and laid again when there is enough for it and for everything else.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Lane, StoreError};

/// Below so much free space only the priority lane is served, in bytes.
pub const LOW_SPACE_BYTES: u64 = 64 * 1024 * 1024;
/// Size of the ballast file, in bytes.
pub const BALLAST_BYTES: u64 = 16 * 1024 * 1024;
/// Below so much free space a rollback may not fit, in bytes: the ballast is released before one is tried.
const SPENT_BYTES: u64 = 4 * 1024 * 1024;

/// Watches the data directory's disk.
#[derive(Debug)]
pub(super) struct SpaceGuard {
    directory: PathBuf,
    ballast: PathBuf,
    low_bytes: AtomicU64,
    /// Whether the ballast was given up: its space is for rollbacks alone, so other writes wait until it lies again.
    released: AtomicBool,
}

impl SpaceGuard {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            ballast: directory.join("ballast"),
            low_bytes: AtomicU64::new(LOW_SPACE_BYTES),
            released: AtomicBool::new(false),
        }
    }

    /// Whether a write of this lane may go ahead.
    pub(super) fn admit(&self, lane: Lane) -> Result<(), StoreError> {
        if lane == Lane::Priority || self.has_room() {
            Ok(())
        } else {
            Err(StoreError::Full)
        }
    }

    /// Whether there is space for everything.
    pub(super) fn has_room(&self) -> bool {
        !self.released.load(Ordering::Relaxed)
            && self.free_bytes() >= self.low_bytes.load(Ordering::Relaxed)
    }

    /// Releases the ballast when a rollback could hardly be written any more.
    pub(super) fn release_when_spent(&self) {
        if self.free_bytes() < SPENT_BYTES {
            self.release();
        }
    }

    /// Frees the ballast's space; whether there was any.
    pub(super) fn release(&self) -> bool {
        if std::fs::remove_file(&self.ballast).is_err() {
            return false;
        }
        self.released.store(true, Ordering::Relaxed);
        tracing::warn!("the disk is full: the ballast file was released for rollbacks");
        true
    }

    /// Lays the ballast where it is missing and leaves enough space; only then is everything taken again.
    pub(super) fn recover(&self) -> Result<(), StoreError> {
        let needed = self
            .low_bytes
            .load(Ordering::Relaxed)
            .saturating_add(BALLAST_BYTES);
        let lies = self
            .ballast
            .metadata()
            .is_ok_and(|found| found.len() == BALLAST_BYTES);
        if !lies && self.free_bytes() > needed {
            self.lay_ballast()?;
            if self.released.swap(false, Ordering::Relaxed) {
                tracing::info!(
                    "there is space again: the ballast file was laid, every change is taken"
                );
            }
        }
        Ok(())
    }

    /// Tests pretend that the disk is nearly full by raising what counts as low.
    pub(super) fn set_low_bytes(&self, bytes: u64) {
        self.low_bytes.store(bytes, Ordering::Relaxed);
    }

    fn free_bytes(&self) -> u64 {
        rustix::fs::statvfs(&self.directory)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn lay_ballast(&self) -> Result<(), StoreError> {
        let failed = |source| StoreError::Directory {
            path: self.ballast.clone(),
            source,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&self.ballast)
            .map_err(failed)?;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES).map_err(
            |errno| {
                let _not_there = std::fs::remove_file(&self.ballast);
                failed(errno.into())
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    use domain::Permission;

    use super::*;
    use crate::command::{Command, Effect, Work};
    use crate::error::Stopped;
    use crate::snapshots::Snapshots;
    use crate::store::{Health, faults};
    use crate::testing::Server;
    use crate::{CommandError, Unavailable};

    /// Finds the disk full until it has been tried so often.
    #[derive(Clone)]
    struct FullUntil {
        attempt: u32,
        tried: Arc<AtomicU32>,
        lane: Lane,
    }

    impl FullUntil {
        fn new(attempt: u32, lane: Lane) -> Self {
            let tried = Arc::default();
            Self {
                attempt,
                tried,
                lane,
            }
        }
    }

    impl Command for FullUntil {
        fn permission(&self) -> Permission<'_> {
            Permission::AdministerServer
        }

        fn action(&self) -> &'static str {
            "test.full"
        }

        fn lane(&self, _snapshots: &Snapshots) -> Lane {
            self.lane
        }

        async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
            if self.tried.fetch_add(1, Ordering::Relaxed) + 1 < self.attempt {
                let full = faults::fill(work.connection).await;
                faults::make_room(work.connection).await?;
                full?;
            }
            Ok(Effect {
                action: "test.full",
                ..Effect::default()
            })
        }
    }

    fn ballast(server: &Server) -> PathBuf {
        server.control.data_dir().join("ballast")
    }

    fn is_full<T>(answer: &Result<T, CommandError>) -> bool {
        matches!(answer, Err(CommandError::Unavailable(Unavailable::Full)))
    }

    #[tokio::test]
    async fn the_ballast_outlasts_low_space() {
        let server = Server::with_modules(&["a"]).await;
        server.set("a", Server::percent(10)).await;
        server.control.set_low_space_bytes(u64::MAX);
        assert_eq!(server.control.health(), Health::ReadOnly);
        assert!(is_full(&server.try_module("b").await));
        server.roll_back("a").await.unwrap();
        assert!(ballast(&server).exists());
        server.control.set_low_space_bytes(LOW_SPACE_BYTES);
        server.try_module("b").await.unwrap();
    }

    #[tokio::test]
    async fn a_rollback_on_a_full_disk_has_the_ballast_and_is_tried_once_more() {
        let server = Server::with_modules(&["a"]).await;
        let command = FullUntil::new(2, Lane::Priority);
        server.admin(command).await.unwrap();
        assert!(!ballast(&server).exists());
        // Whatever is free now, the ballast's space is not for everybody.
        assert_eq!(server.control.health(), Health::ReadOnly);
        assert!(is_full(&server.try_module("b").await));
        let command = FullUntil::new(2, Lane::Priority);
        assert!(is_full(&server.admin(command).await));

        let store = &server.control.inner().store;
        server.control.set_low_space_bytes(u64::MAX);
        store.recover_space();
        assert!(!ballast(&server).exists(), "there is no space for it yet");
        server.control.set_low_space_bytes(LOW_SPACE_BYTES);
        assert_eq!(server.control.health(), Health::ReadOnly);
        store.recover_space();
        assert!(ballast(&server).exists());
        assert_eq!(server.control.health(), Health::Ready);
        server.try_module("b").await.unwrap();
    }

    #[tokio::test]
    async fn the_ballast_is_not_for_other_writes() {
        let server = Server::open().await;
        let command = FullUntil::new(2, Lane::Normal);
        assert!(is_full(&server.admin(command).await));
        assert!(ballast(&server).exists());
    }
}
