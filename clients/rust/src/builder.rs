//! What a client can be told before it starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flags::{Key, Snapshot};
use tokio::runtime::Handle;

use crate::client::{Client, Shared, Tasks};
use crate::http::{self, Api, Identity};
use crate::status::{Part, Source};
use crate::store::Store;
use crate::{Problem, StartError, acks, disk, poll, stream};

/// How often the flags are asked for while no stream pushes them.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Flags count as stale after so long without a sign of the server.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// Longest name of a service or an instance.
const LONGEST_NAME: usize = 128;

/// Settings of a [`Client`]. Only address and token are needed.
#[derive(Debug)]
#[must_use = "a client starts with `start`"]
pub struct Builder {
    address: String,
    token: Secret,
    service: Option<String>,
    instance: Option<String>,
    migration: Option<String>,
    environment: Option<String>,
    disk: Option<PathBuf>,
    initial: Option<Snapshot>,
    poll_interval: Duration,
    stale_after: Duration,
    http: reqwest::ClientBuilder,
    runtime: Option<Handle>,
}

/// Not shown by `Debug`.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl Builder {
    pub(crate) fn new(address: String, token: String) -> Self {
        Self {
            address,
            token: Secret(token),
            service: None,
            instance: None,
            migration: None,
            environment: None,
            disk: None,
            initial: None,
            poll_interval: POLL_INTERVAL,
            stale_after: STALE_AFTER,
            http: http::client(),
            runtime: None,
        }
    }

    /// The service's name in receipts; the program's file name unless set.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// This process's name in receipts, unlike that of any other; host, process and something random unless set.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Refuses flags of any other migration, from the server and from the disk. Without it the token decides.
    pub fn migration(mut self, key: impl Into<String>) -> Self {
        self.migration = Some(key.into());
        self
    }

    /// Refuses flags of any other environment, from the server and from the disk. Without it the token decides.
    pub fn environment(mut self, key: impl Into<String>) -> Self {
        self.environment = Some(key.into());
        self
    }

    /// The file that keeps the last known flags, for a start without the server. Its directory must exist; each service wants
    /// a file of its own.
    pub fn disk(mut self, path: impl AsRef<Path>) -> Self {
        self.disk = Some(path.as_ref().to_owned());
        self
    }

    /// Flags to begin with, compiled into the program: in force until the disk or the server has some, and never confirmed.
    /// Without them it is old for everybody until then.
    pub fn initial(mut self, flags: Snapshot) -> Self {
        self.initial = Some(flags);
        self
    }

    /// How often the flags are asked for while no stream pushes them; 5 s unless set, between 100 ms and an hour.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.clamp(Duration::from_millis(100), Duration::from_hours(1));
        self
    }

    /// After how long without a sign of the server flags count as stale; 30 s unless set. Stale flags are served all the same.
    pub fn stale_after(mut self, silence: Duration) -> Self {
        self.stale_after = silence;
        self
    }

    /// Adds to the settings of the client of HTTP: a proxy, roots of trust, a certificate of one's own. A time limit for whole
    /// requests must not be set, it would end the stream again and again.
    pub fn http(
        mut self,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        self.http = configure(self.http);
        self
    }

    /// The runtime to run in, for programs that start the client outside of one.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Starts at once: last known flags are read from the disk, the network is left to tasks.
    ///
    /// # Errors
    /// [`StartError`] when a setting cannot be used.
    pub fn start(self) -> Result<Client, StartError> {
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Handle::try_current().map_err(|_| StartError::NoRuntime)?,
        };
        let client = http::build(self.http)?;
        let identity = Identity {
            service: self.service.unwrap_or_else(program),
            instance: self.instance.unwrap_or_else(instance),
        };
        let bearer = http::bearer(&self.token.0, "sdk")?;
        let api = Api::new(client, &self.address, bearer, identity)?;
        let migration = self.migration.as_deref().map(key).transpose()?;
        let environment = self.environment.as_deref().map(key).transpose()?;

        // Instants are of the runtime's clock.
        let _entered = runtime.enter();
        let store = Store::new(migration, environment, self.stale_after);
        if let Some(initial) = self.initial {
            store
                .offer(initial, Source::CompiledIn)
                .map_err(|problem| StartError::Initial(problem.to_string()))?;
        }
        if let Some(path) = &self.disk {
            load(&store, path);
        }
        let shared = Arc::new(Shared {
            store,
            api,
            poll_interval: self.poll_interval,
            runtime: runtime.clone(),
        });
        let mut tasks = vec![
            runtime.spawn(stream::keep(Arc::clone(&shared))),
            runtime.spawn(poll::keep(Arc::clone(&shared))),
            runtime.spawn(acks::keep(Arc::clone(&shared))),
        ];
        if let Some(path) = self.disk {
            tasks.push(runtime.spawn(disk::keep(Arc::clone(&shared), path)));
        }
        let tasks = tasks.iter().map(tokio::task::JoinHandle::abort_handle);
        Ok(Client {
            shared,
            _tasks: Arc::new(Tasks(tasks.collect())),
        })
    }
}

/// A file that cannot be used is reported and left; the server's flags will replace it.
fn load(store: &Store, path: &Path) {
    take_file(store, disk::read(path));
}

/// Puts in force what the file held, or notes why not.
pub(crate) fn take_file(store: &Store, found: Result<Option<Snapshot>, Problem>) {
    let loaded = found.and_then(|found| match found {
        Some(snapshot) => store.offer(snapshot, Source::Disk).map(|_| ()),
        None => Ok(()),
    });
    if let Err(problem) = loaded {
        store.works(Part::Snapshot);
        store.report(Part::Disk, &problem);
    }
}

fn key(text: &str) -> Result<Key, StartError> {
    Key::parse(text).map_err(|error| StartError::Key {
        given: text.to_owned(),
        message: error.to_string(),
    })
}

fn program() -> String {
    let program = std::env::current_exe().ok();
    let name = program
        .as_deref()
        .and_then(Path::file_stem)
        .map(|stem| visible(&stem.to_string_lossy(), LONGEST_NAME));
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unnamed".to_owned())
}

fn instance() -> String {
    let host = visible(&gethostname::gethostname().to_string_lossy(), 64);
    let host = if host.is_empty() { "host" } else { &host };
    format!(
        "{host}-{}-{:08x}",
        std::process::id(),
        rand::random::<u32>()
    )
}

/// What of a name can be sent in a header.
fn visible(text: &str, length: usize) -> String {
    let replaced = text
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '_' });
    replaced.take(length).collect()
}
