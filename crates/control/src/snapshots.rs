//! Flag state in memory. Made anew from the database after each commit that changes it, before the command is
//! answered: a read that starts after an answer sees at least that change.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use bytes::Bytes;
use flags::replay::event_text;
use flags::{Epoch, Flag, FlagSet, Key, Revision, Snapshot};

use crate::broadcast::Broadcast;
use crate::store::snapshots::{self, SnapshotRecord};
use crate::store::{Connection, StoreError};
use domain::{ModuleStatus, PhaseNumber};

/// One environment's flags, ready to be asked and sent.
#[derive(Debug)]
pub struct Published {
    /// The index that answers evaluations.
    pub set: FlagSet,
    /// Whether it is the environment that gates look at.
    pub deciding: bool,
    /// `"epoch:revision"`, quoted as a strong `ETag`.
    pub etag: String,
    phases: HashMap<Key, PhaseNumber>,
    json: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
    event: OnceLock<Bytes>,
}

impl Published {
    pub(crate) fn new(
        snapshot: Snapshot,
        deciding: bool,
        phases: HashMap<Key, PhaseNumber>,
    ) -> Result<Self, StoreError> {
        let etag = format!("\"{}\"", snapshot.revision);
        let json = Bytes::from(serde_json::to_vec(&snapshot)?);
        Ok(Self {
            set: FlagSet::compile(snapshot),
            deciding,
            etag,
            phases,
            json,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            event: OnceLock::new(),
        })
    }

    /// The phase that a module moves in. Not sent to services: it tells which flags a command for a phase is about.
    pub(crate) fn phase_of(&self, module: &Key) -> Option<PhaseNumber> {
        self.phases.get(module).copied()
    }

    /// The snapshot as JSON.
    pub fn json(&self) -> Bytes {
        self.json.clone()
    }

    /// The snapshot as an event of a stream, written once.
    pub fn event(&self) -> Bytes {
        let write = || {
            let json = String::from_utf8_lossy(&self.json);
            event_text("snapshot", self.set.revision(), &json).into()
        };
        self.event.get_or_init(write).clone()
    }

    /// The snapshot as gzipped JSON, compressed once.
    pub fn gzip(&self) -> Bytes {
        self.gzip.get_or_init(|| compress::gzip(&self.json)).clone()
    }

    /// The snapshot as JSON in brotli, compressed once.
    pub fn brotli(&self) -> Bytes {
        self.brotli
            .get_or_init(|| compress::brotli(&self.json))
            .clone()
    }
}

mod compress {
    use std::io::Write as _;

    use bytes::Bytes;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    /// Writing to memory does not fail; if it did, the plain bytes would be wrong under this encoding.
    pub(super) fn gzip(plain: &Bytes) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        match encoder.write_all(plain).and_then(|()| encoder.finish()) {
            Ok(compressed) => compressed.into(),
            Err(_) => Bytes::new(),
        }
    }

    pub(super) fn brotli(plain: &Bytes) -> Bytes {
        let mut compressed = Vec::new();
        {
            let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 5, 22);
            if writer.write_all(plain).is_err() {
                return Bytes::new();
            }
        }
        compressed.into()
    }
}

type Environments = HashMap<Key, Arc<Broadcast>>;

/// Every environment of every migration that is not archived.
#[derive(Debug, Default)]
pub struct Snapshots {
    current: ArcSwap<HashMap<Key, Environments>>,
}

impl Snapshots {
    /// The flags of an environment; `None` when there is no such one.
    pub fn get(&self, migration: &Key, environment: &Key) -> Option<Arc<Published>> {
        self.current
            .load()
            .get(migration)?
            .get(environment)
            .map(|broadcast| broadcast.published())
    }

    /// Where changes of an environment are heard; `None` when there is no such one.
    pub fn broadcast(&self, migration: &Key, environment: &Key) -> Option<Arc<Broadcast>> {
        self.current
            .load()
            .get(migration)?
            .get(environment)
            .cloned()
    }

    /// The flags of an environment, or of the deciding one.
    pub fn get_or_deciding(
        &self,
        migration: &Key,
        environment: Option<&Key>,
    ) -> Option<Arc<Published>> {
        match environment {
            Some(environment) => self.get(migration, environment),
            None => self
                .current
                .load()
                .get(migration)?
                .values()
                .map(|broadcast| broadcast.published())
                .find(|published| published.deciding),
        }
    }

    /// Makes all of them anew.
    pub(crate) async fn reload_all(
        &self,
        connection: &mut Connection,
        epoch: &str,
    ) -> Result<(), StoreError> {
        let before = self.current.load_full();
        let mut all: HashMap<Key, Environments> = HashMap::new();
        for id in snapshots::environment_ids(connection).await? {
            let Some(record) = snapshots::of_environment(connection, id).await? else {
                continue;
            };
            if record.migration_archived {
                continue;
            }
            let of_migration = all.entry(record.migration.clone()).or_default();
            if record.environment_archived {
                continue;
            }
            let known = before
                .get(&record.migration)
                .and_then(|known| known.get(&record.environment));
            let environment = record.environment.clone();
            of_migration.insert(environment, publish(known, published(record, epoch)?));
        }
        self.current.store(Arc::new(all));
        Ok(())
    }

    /// Makes those of some environments anew, and says which are there, by id. Only the writer's task calls this, so changes
    /// arrive in commit order.
    pub(crate) async fn reload(
        &self,
        connection: &mut Connection,
        environment_ids: &[i64],
        epoch: &str,
    ) -> Result<Vec<(i64, Key)>, StoreError> {
        let mut made = Vec::new();
        let mut all = HashMap::clone(&self.current.load());
        for id in environment_ids {
            let Some(record) = snapshots::of_environment(connection, *id).await? else {
                continue;
            };
            if record.migration_archived {
                all.remove(&record.migration);
                continue;
            }
            let of_migration = all.entry(record.migration.clone()).or_default();
            let environment = record.environment.clone();
            if record.environment_archived {
                of_migration.remove(&environment);
                continue;
            }
            made.push((record.environment_id, environment.clone()));
            let broadcast = publish(of_migration.get(&environment), published(record, epoch)?);
            of_migration.insert(environment, broadcast);
        }
        self.current.store(Arc::new(all));
        Ok(made)
    }
}

/// Tells those who listen to an environment; one that is new has nobody yet.
fn publish(known: Option<&Arc<Broadcast>>, published: Published) -> Arc<Broadcast> {
    let published = Arc::new(published);
    match known {
        Some(broadcast) => {
            broadcast.publish(published);
            Arc::clone(broadcast)
        }
        None => Arc::new(Broadcast::new(published)),
    }
}

fn published(record: SnapshotRecord, epoch: &str) -> Result<Published, StoreError> {
    let phases = record
        .flags
        .iter()
        .filter_map(|flag| Some((flag.module.clone(), flag.phase?)))
        .collect();
    let flags = record
        .flags
        .into_iter()
        .filter(|flag| flag.status != ModuleStatus::Archived)
        .map(|flag| Flag {
            module: flag.module,
            state: flag.state,
            retired: flag.status == ModuleStatus::Retired,
        })
        .collect();
    let snapshot = Snapshot {
        migration: record.migration,
        environment: record.environment,
        revision: Revision {
            epoch: Epoch::parse(epoch).map_err(|error| StoreError::corrupt("meta", error))?,
            number: record.revision,
        },
        kill_switch: record.kill_switch,
        flags,
    };
    snapshot
        .validate()
        .map_err(|error| StoreError::corrupt("flags", error))?;
    Published::new(snapshot, record.deciding, phases)
}
