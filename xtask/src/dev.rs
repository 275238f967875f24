//! `cargo xtask dev`: runs the server, and builds and starts it again when a source changes.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};

use crate::build;
use crate::inputs::files;
use crate::project::Project;
use crate::service::{Event, Service, listen_for_interrupts, relay};
use crate::site::{self, WasmProfile};
use crate::tools::note;

/// How often the sources' times are looked at: a few hundred files, some milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Sources of the server that the site is not built from.
const SERVER_SOURCES: [&str; 4] = ["crates", "server/src", "server/Cargo.toml", "migrations"];

/// What a change is recognised by.
type Sources = Vec<(PathBuf, Option<SystemTime>)>;

/// Runs `switchback serve` with the given arguments until Ctrl-C. A build that fails leaves the last server running.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let (events, received) = mpsc::channel();
    listen_for_interrupts(events.clone())?;
    let mut running = None;
    loop {
        let built_from = sources(project)?;
        match build::programs(project, WasmProfile::Dev) {
            Ok(()) => {
                // The old server first lets go of its address and its data.
                drop(running.take());
                if received
                    .try_iter()
                    .any(|event| matches!(event, Event::Interrupt))
                {
                    return Ok(());
                }
                running = Some(start(project, arguments, &events)?);
            }
            Err(error) => note(&format!("{error:#}")),
        }
        if !wait_for_change(project, &built_from, &received)? {
            return Ok(());
        }
        note("a source has changed");
    }
}

fn start(project: &Project, arguments: &[String], events: &Sender<Event>) -> Result<Service> {
    let mut command = build::switchback(project);
    Service::start(
        "switchback",
        command.arg("serve").args(arguments),
        events.clone(),
    )
}

/// Relays the server's lines until a source changes (`true`) or Ctrl-C (`false`).
fn wait_for_change(
    project: &Project,
    built_from: &Sources,
    events: &Receiver<Event>,
) -> Result<bool> {
    loop {
        match events.recv_timeout(LOOK_EVERY) {
            Ok(Event::Line(line)) => relay(&line),
            Ok(Event::Ended(name)) => note(&format!(
                "{name} has ended; a change of a source starts it again"
            )),
            Ok(Event::Interrupt) => return Ok(false),
            Err(RecvTimeoutError::Timeout) if sources(project)? != *built_from => return Ok(true),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("nothing is running"),
        }
    }
}

fn sources(project: &Project) -> Result<Sources> {
    let mut paths = site::sources(project)?;
    paths.extend(files(&project.root, &SERVER_SOURCES)?);
    let with_time = |path: PathBuf| {
        let changed = path.metadata().and_then(|about| about.modified()).ok();
        (path, changed)
    };
    Ok(paths.into_iter().map(with_time).collect())
}
