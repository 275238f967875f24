//! Native programs: the release, and what the other tasks start.

use std::process::Command;

use anyhow::Result;

use crate::project::Project;
use crate::site::{self, WasmProfile};
use crate::tools::{note, run_program, step};

/// The packages that are built and tested together. What cargo selects decides the features of shared dependencies, so
/// another selection would compile hundreds of crates once more. xtask stays outside: it is built already, by itself.
pub const PACKAGES: [&str; 5] = ["--workspace", "--exclude", "frontend", "--exclude", "xtask"];

/// What is started for trying out and for tests.
pub const PROGRAMS: [&str; 4] = ["--bin", "switchback", "--bin", "sample-service"];

/// Builds the release: `switchback`, one file that needs nothing beside it but its data directory.
pub fn release(project: &Project) -> Result<()> {
    site::build(project, WasmProfile::Release)?;
    step("switchback, release", || {
        run_program(project.cargo().args([
            "build",
            "--locked",
            "--release",
            "--package",
            "server",
            "--bin",
            "switchback",
        ]))
    })?;
    let program = project.program("release", "switchback");
    let bytes = std::fs::metadata(&program)?.len();
    note(&format!(
        "{} ({} MB)",
        project.show(&program),
        bytes.div_ceil(1_000_000)
    ));
    Ok(())
}

/// Builds the site, the server and the sample service, for trying out.
pub fn programs(project: &Project, profile: WasmProfile) -> Result<()> {
    site::build(project, profile)?;
    step(
        "switchback and sample-service (the first time some minutes)",
        || {
            let mut cargo = project.cargo();
            // Of examples there are hardly any. Naming them makes cargo count in what tests need when it chooses the features
            // of dependencies, so that the tests' build compiles none of them again.
            cargo
                .arg("build")
                .args(PACKAGES)
                .args(PROGRAMS)
                .arg("--examples");
            run_program(&mut cargo)
        },
    )
}

/// A command that starts the server built for trying out.
pub fn switchback(project: &Project) -> Command {
    let mut command = Command::new(project.program("debug", "switchback"));
    command.current_dir(&project.root);
    command
}
