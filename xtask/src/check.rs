//! `cargo xtask check`: formatting, clippy for native and for WebAssembly, and the layer rules.

use anyhow::Result;

use crate::build::PACKAGES;
use crate::debian;
use crate::layers;
use crate::project::Project;
use crate::tools::{note, run_program, step};
use crate::wasm_target::{self, TARGET, Toolchain};

/// Runs every check; the first that fails ends it.
pub fn run(project: &Project) -> Result<()> {
    step("layer rules", || layers::check(project))?;
    step("cargo fmt --check", || {
        run_program(project.cargo().args(["fmt", "--all", "--check"]))
    })?;
    // The selections and profiles of the builds, so that their macros and build scripts serve here too.
    step("clippy, native", || {
        clippy(project, &PACKAGES)?;
        clippy(project, &["--package", "xtask"])
    })?;
    clippy_for_wasm(project)?;
    note("all checks passed");
    Ok(())
}

fn clippy(project: &Project, packages: &[&str]) -> Result<()> {
    let mut cargo = project.cargo();
    cargo
        .args(["clippy", "--locked", "--all-targets"])
        .args(packages);
    run_program(cargo.args(["--", "--deny", "warnings"]))
}

/// On Debian clippy is a package of its own; where it cannot be had the compiler alone looks at it.
fn clippy_for_wasm(project: &Project) -> Result<()> {
    let toolchain = wasm_target::find_or_make(project)?;
    let has_clippy = toolchain == Toolchain::Active || debian::have_clippy();
    let lint = if has_clippy { "clippy" } else { "check" };
    let mut cargo = toolchain.cargo(project);
    cargo.args([
        lint,
        "--locked",
        "--package",
        "frontend",
        "--package",
        "app",
        "--no-default-features",
    ]);
    cargo.args([
        "--features",
        "app/hydrate",
        "--target",
        TARGET,
        "--profile",
        "wasm-release",
    ]);
    if has_clippy {
        cargo.args(["--", "--deny", "warnings"]);
    }
    step(&format!("{lint}, WebAssembly"), || run_program(&mut cargo))
}
