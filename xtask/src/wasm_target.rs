//! Finds or makes a toolchain that compiles to `wasm32-unknown-unknown`.
//!
//! In this order: the active toolchain has the target; one made earlier from Debian's packages; `rustup target add`;
//! a new one from Debian's packages. `SWITCHBACK_WASM_TOOLCHAIN=debian` goes straight to Debian's, for trying it out.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::project::{Project, forget_outer_toolchain};
use crate::tools::{find_program, missing, note, output_of, step};

/// The target's name.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// rustup's server answers within seconds or not at all.
const RUSTUP_LIMIT: Duration = Duration::from_mins(1);

/// A toolchain that has the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The one that runs this program.
    Active,
    /// Debian's, linked into rustup as `debian`.
    Debian,
}

impl Toolchain {
    /// This toolchain's cargo, in the repository, with a target folder of its own so that native and WebAssembly
    /// builds never wait for each other.
    pub fn cargo(self, project: &Project) -> Command {
        let mut command = match self {
            Self::Active => project.cargo(),
            Self::Debian => {
                let mut command = Command::new("cargo");
                forget_outer_toolchain(&mut command);
                command.arg("+debian").current_dir(&project.root);
                command
            }
        };
        command.env("CARGO_TARGET_DIR", project.target.join("wasm"));
        // A linker or processor chosen for this machine is none for the browser, so only these flags hold.
        command
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", flags(project).join("\u{1f}"));
        command
    }

    /// What tells this compiler from another: part of the stamp of what it built.
    pub fn version(self, project: &Project) -> Result<String> {
        let mut command = match self {
            Self::Active => rustc(),
            Self::Debian => debian::rustc(),
        };
        output_of(command.current_dir(&project.root).arg("-vV"))
            .context("rustc does not tell its version")
    }
}

/// The flag of `.cargo/config.toml`, and names in place of this machine's folders: where a panic may happen is written
/// into the module, and everybody reads that.
fn flags(project: &Project) -> Vec<String> {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    // One folder a registry, named after its host. Building xtask has made them.
    let registries = cargo_home
        .and_then(|home| fs::read_dir(home.join("registry/src")).ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|registry| (registry.path(), "crates"));
    let renamed = [(project.root.clone(), "switchback")]
        .into_iter()
        .chain(registries)
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    ["--cfg", "erase_components"]
        .map(str::to_owned)
        .into_iter()
        .chain(renamed)
        .collect()
}

/// A toolchain with the target, made if need be.
pub fn find_or_make(project: &Project) -> Result<Toolchain> {
    match env::var("SWITCHBACK_WASM_TOOLCHAIN").as_deref() {
        Ok("debian") => {
            return debian_or_advice(project, "it was asked for by SWITCHBACK_WASM_TOOLCHAIN");
        }
        Ok("active") | Err(_) => {}
        Ok(other) => bail!("SWITCHBACK_WASM_TOOLCHAIN is `{other}`, not `active` or `debian`"),
    }
    if active_has_target(project) {
        return Ok(Toolchain::Active);
    }
    if debian::is_ready() {
        return Ok(Toolchain::Debian);
    }
    if find_program("rustup").is_none() {
        return debian_or_advice(project, "there is no rustup");
    }
    match step(&format!("rustup target add {TARGET}"), || {
        rustup_target_add(project)
    }) {
        Ok(()) if active_has_target(project) => Ok(Toolchain::Active),
        Ok(()) => debian_or_advice(project, "rustup added the target to another toolchain"),
        Err(error) => debian_or_advice(project, &format!("{error:#}")),
    }
}

fn debian_or_advice(project: &Project, why: &str) -> Result<Toolchain> {
    note(&format!("trying Debian's toolchain: {why}"));
    match debian::make(project) {
        Ok(()) => Ok(Toolchain::Debian),
        Err(error) => {
            note(&format!("Debian's toolchain: {error:#}"));
            Err(missing(
                &format!(
                    "the {TARGET} target of the Rust toolchain (tried rustup and Debian's packages, see above)"
                ),
                &format!("rustup target add {TARGET}"),
            ))
        }
    }
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn active_has_target(project: &Project) -> bool {
    let mut command = rustc();
    command
        .current_dir(&project.root)
        .args(["--print", "target-libdir", "--target", TARGET]);
    output_of(&mut command).is_some_and(|folder| has_standard_library(Path::new(&folder)))
}

/// Whether a toolchain's library folder holds the target's standard library.
pub fn has_standard_library(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-")
            && Path::new(&*name)
                .extension()
                .is_some_and(|end| end == "rlib")
    })
}

fn rustup_target_add(project: &Project) -> Result<()> {
    let mut command = Command::new("rustup");
    command
        .current_dir(&project.root)
        .args(["target", "add", TARGET])
        .stdin(Stdio::null());
    let mut child = command.spawn().context("cannot start rustup")?;
    // The thread reports the end, so that the wait has a limit and does not poll.
    let (ended, wait) = mpsc::channel();
    let pid = rustix::process::Pid::from_child(&child);
    let waiter = thread::spawn(move || {
        let status = child.wait();
        let _ = ended.send(());
        status
    });
    if wait.recv_timeout(RUSTUP_LIMIT) == Err(RecvTimeoutError::Timeout) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        let _ = waiter.join();
        bail!("rustup did not answer within {} s", RUSTUP_LIMIT.as_secs());
    }
    match waiter.join() {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => bail!("rustup failed: {status}"),
        _ => bail!("rustup could not be waited for"),
    }
}
