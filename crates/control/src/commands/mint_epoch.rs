//! Mints a new epoch when a backup is served: clients may have seen later revisions than it holds.

use domain::Permission;
use serde_json::json;

use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::snapshots::Snapshots;
use crate::store::{Lane, meta};

/// Turns a marked copy into a store of its own.
#[derive(Debug, Clone)]
pub(crate) struct MintEpoch {
    /// What the backup's mark says.
    pub(crate) mark: String,
}

impl Command for MintEpoch {
    fn permission(&self) -> Permission<'_> {
        Permission::AdministerServer
    }

    fn action(&self) -> &'static str {
        "store.restore"
    }

    /// A restored copy must start, also on a disk that is nearly full: that may be why it was restored.
    fn lane(&self, _snapshots: &Snapshots) -> Lane {
        Lane::Priority
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let epoch = meta::new_epoch()?;
        meta::set_epoch(work.connection, &epoch).await?;
        meta::clear_backup_mark(work.connection).await?;
        let before = work.epoch.to_owned();
        work.epoch_made = Some(epoch.clone());
        Ok(Effect {
            action: "store.restore",
            aim: Aim::default(),
            before: json!({ "epoch": before }),
            after: json!({ "epoch": epoch, "backup": self.mark }),
            summary: "serves a restored backup: a new epoch begins".into(),
            topics: vec![Topic::Flags, Topic::Structure, Topic::Access],
            ..Effect::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Server;

    #[tokio::test]
    async fn a_full_disk_does_not_keep_a_restored_copy_from_starting() {
        let server = Server::open().await;
        server.control.set_low_space_bytes(u64::MAX);
        let before = server.control.epoch();
        let mark = "yesterday".to_owned();
        server.admin(MintEpoch { mark }).await.unwrap();
        assert_ne!(server.control.epoch(), before);
    }
}
