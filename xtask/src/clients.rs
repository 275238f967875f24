//! `OpenFeature`'s own clients, which the tests over HTTP run: Python packages in an environment of their own, and npm
//! packages, both in pinned versions.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::debian;
use crate::node;
use crate::project::Project;
use crate::tools::{find_program, missing, output_of, run_program, step};

const REQUIREMENTS: &str = "tests/clients/python/requirements.txt";
/// Holds the requirements that were installed.
const STAMP: &str = "installed-requirements.txt";

/// Installs what the programs under `tests/clients` need, unless that very selection is installed already.
pub fn install(project: &Project) -> Result<()> {
    node::install_locked(project, &node_folder(project))?;
    install_python(project)
}

/// Tells tests where the clients are.
pub fn name(command: &mut Command, project: &Project) {
    command.env("SWITCHBACK_TEST_PYTHON", python(project));
    command.env("SWITCHBACK_TEST_NODE_CLIENTS", node_folder(project));
}

fn node_folder(project: &Project) -> PathBuf {
    project.root.join("tests/clients/js")
}

fn python_folder(project: &Project) -> PathBuf {
    project.tool("python-clients")
}

fn python(project: &Project) -> PathBuf {
    python_folder(project).join("bin/python")
}

fn install_python(project: &Project) -> Result<()> {
    let (folder, list) = (python_folder(project), project.root.join(REQUIREMENTS));
    let requirements = fs::read(&list)?;
    let stamp = folder.join(STAMP);
    // A Python that was updated or removed leaves an environment that does not start.
    let starts = output_of(Command::new(python(project)).arg("--version")).is_some();
    if starts && fs::read(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(());
    }
    need_venv()?;
    step(&format!("pip install -r {REQUIREMENTS}"), || {
        run_program(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )?;
        run_program(
            Command::new(python(project))
                .args(["-m", "pip", "install", "--quiet"])
                .args(["--disable-pip-version-check", "--no-deps", "--requirement"])
                .arg(&list),
        )
    })?;
    fs::write(stamp, requirements)?;
    Ok(())
}

/// Fails unless Python can make environments, after an attempt to install that. Debian packages it by itself.
fn need_venv() -> Result<()> {
    if has_venv() {
        return Ok(());
    }
    if find_program("apt-get").is_some() {
        debian::install(&["python3", "python3-venv"])?;
    }
    if has_venv() {
        return Ok(());
    }
    Err(missing(
        "Python 3.10 or newer with its modules venv and ensurepip, for the tests of OpenFeature's clients",
        "apt-get install python3 python3-venv (or put such a python3 first on PATH)",
    ))
}

fn has_venv() -> bool {
    let script = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
    output_of(Command::new("python3").args(["-c", script])).is_some()
}
