//! npm packages, in pinned versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::project::Project;
use crate::tools::{find_program, missing, run_program, step};

/// The folder `node_modules/.bin` of one package in one version, installed under the target folder if need be.
pub fn tool(project: &Project, package: &str, version: &str) -> Result<PathBuf> {
    let folder = project.tool(&format!("{package}-{version}"));
    let programs = folder.join("node_modules/.bin");
    let complete = folder.join("complete");
    if !complete.exists() {
        let name = format!("{package}@{version}");
        step(&format!("npm install {name}"), || {
            fs::create_dir_all(&folder)?;
            run_program(npm()?.current_dir(&folder).args([
                "install",
                "--prefix",
                ".",
                "--no-save",
                "--no-audit",
                "--no-fund",
                &name,
            ]))
        })?;
        fs::write(complete, "")?;
    }
    Ok(programs)
}

/// Installs what a folder's `package-lock.json` names, unless that very lock is installed already.
pub fn install_locked(project: &Project, folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules/.installed-lock");
    if fs::read(&installed).is_ok_and(|bytes| bytes == lock) {
        return Ok(());
    }
    step(&format!("npm ci in {}", project.show(folder)), || {
        run_program(
            npm()?
                .current_dir(folder)
                .args(["ci", "--no-audit", "--no-fund"]),
        )
    })?;
    fs::write(installed, lock)?;
    Ok(())
}

/// A program of a folder's own `node_modules`.
pub fn local_program(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(folder.join("node_modules/.bin").join(name));
    command.current_dir(folder);
    command
}

fn npm() -> Result<Command> {
    if find_program("node").is_none() || find_program("npm").is_none() {
        return Err(missing(
            "Node.js 20 or newer, with npm",
            "apt-get install nodejs npm",
        ));
    }
    Ok(Command::new("npm"))
}
