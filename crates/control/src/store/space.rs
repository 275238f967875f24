//! Free space on the disk. A ballast file is kept so that rollbacks still fit when everything else fills it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Lane, StoreError};

/// Below so much free space only the priority lane is served, in bytes.
pub const LOW_SPACE_BYTES: u64 = 64 * 1024 * 1024;
/// Size of the ballast file, in bytes.
pub const BALLAST_BYTES: u64 = 16 * 1024 * 1024;

/// Watches the data directory's disk.
#[derive(Debug)]
pub(super) struct SpaceGuard {
    directory: PathBuf,
    ballast: PathBuf,
    low_bytes: AtomicU64,
}

impl SpaceGuard {
    pub(super) fn new(directory: &Path) -> Result<Self, StoreError> {
        let guard = Self {
            directory: directory.to_owned(),
            ballast: directory.join("ballast"),
            low_bytes: AtomicU64::new(LOW_SPACE_BYTES),
        };
        if guard.free_bytes() > LOW_SPACE_BYTES + BALLAST_BYTES {
            guard.lay_ballast()?;
        }
        Ok(guard)
    }

    /// Whether a write of this lane may go ahead. Lets the ballast go when a priority write needs its space.
    pub(super) fn admit(&self, lane: Lane) -> Result<(), StoreError> {
        if self.admit_quietly() {
            return Ok(());
        }
        match lane {
            Lane::Priority => {
                self.drop_ballast();
                Ok(())
            }
            Lane::Normal => Err(StoreError::Full),
        }
    }

    /// Whether there is space for everything; changes nothing.
    pub(super) fn admit_quietly(&self) -> bool {
        self.free_bytes() >= self.low_bytes.load(Ordering::Relaxed)
    }

    /// Tests pretend that the disk is nearly full by raising what counts as low.
    pub(super) fn set_low_bytes(&self, bytes: u64) {
        self.low_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Frees the ballast's space.
    pub(super) fn drop_ballast(&self) {
        if std::fs::remove_file(&self.ballast).is_ok() {
            tracing::warn!("the disk is nearly full: the ballast file was released");
        }
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
        if file.metadata().map_err(failed)?.len() == BALLAST_BYTES {
            return Ok(());
        }
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES)
            .map_err(|errno| failed(errno.into()))
    }
}
