//! `cargo xtask fuzz`: bytes that nobody thought of, against what reads bytes from outside.
//!
//! Each target begins with the inputs under `fuzz/corpus` and those that earlier runs kept in the build folder. The ordinary
//! tests show the inputs under `fuzz/corpus` to the same properties.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::project::{Project, forget_outer_package};
use crate::tools::{find_program, note, run_program, step};

/// A fuzz target, named as in `fuzz/Cargo.toml`.
struct Target {
    name: &'static str,
    about: &'static str,
}

const TARGETS: [Target; 7] = [
    Target {
        name: "ofrep",
        about: "questions in OFREP, single and bulk",
    },
    Target {
        name: "last_event_id",
        about: "readers who come back to a stream",
    },
    Target {
        name: "client_stream",
        about: "what the Rust client is sent over a stream",
    },
    Target {
        name: "client_disk",
        about: "what the Rust client reads from the disk",
    },
    Target {
        name: "junit",
        about: "runs of tests in JUnit XML",
    },
    Target {
        name: "coverage",
        about: "coverage in Cobertura XML, LCOV and coverage.py's JSON",
    },
    Target {
        name: "otlp",
        about: "metrics of the OpenTelemetry protocol, in protobuf and JSON",
    },
];

/// Its version in the package registry.
const CARGO_FUZZ: &str = "0.13.2";
/// Largest input, bytes: as much as the server takes of a question.
const LARGEST: u32 = 65_536;

/// Which targets to run, and for how long.
#[derive(Args)]
pub struct Options {
    /// Show the targets instead of running them
    #[arg(long)]
    list: bool,
    /// How long each target is run, seconds
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Targets to run; all when none is named
    targets: Vec<String>,
}

/// Runs the targets named one after the other, or lists them. The first that finds something ends it.
pub fn run(project: &Project, options: &Options) -> Result<()> {
    if options.list {
        for target in &TARGETS {
            println!("{:14} {}", target.name, target.about);
        }
        return Ok(());
    }
    for name in &options.targets {
        if !TARGETS.iter().any(|target| target.name == name) {
            bail!("no fuzz target is called `{name}`; see `cargo xtask fuzz --list`");
        }
    }
    let wanted = |target: &&Target| {
        options.targets.is_empty() || options.targets.iter().any(|name| target.name == name)
    };
    let program = find_or_install(project)?;
    for target in TARGETS.iter().filter(wanted) {
        let name = target.name;
        step(&format!("fuzz target {name}, compiled"), || {
            run_program(cargo_fuzz(project, &program, "build").arg(name))
        })?;
        let what = format!("fuzzing {name} for {} s: {}", options.seconds, target.about);
        step(&what, || fuzz(project, &program, target, options.seconds))?;
    }
    Ok(())
}

fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(program) = find_program("cargo-fuzz") {
        return Ok(program);
    }
    let folder = project.tool(&format!("cargo-fuzz-{CARGO_FUZZ}"));
    let program = folder
        .join("bin")
        .join(format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        step("cargo-fuzz (once, a minute or two)", || {
            let mut cargo = project.cargo();
            cargo.args([
                "install",
                "--locked",
                "cargo-fuzz",
                "--version",
                CARGO_FUZZ,
                "--root",
            ]);
            run_program(cargo.arg(&folder).env_remove("CARGO_TARGET_DIR"))
        })?;
    }
    Ok(program)
}

/// Without a sanitizer, which only nightly compilers have: no crate of ours has unsafe code for one to look at.
fn cargo_fuzz(project: &Project, program: &Path, task: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    forget_outer_package(&mut command);
    command
        .current_dir(&project.root)
        .args(["fuzz", task, "--sanitizer", "none", "--target-dir"])
        .arg(project.target.join("fuzz"));
    command
}

fn fuzz(project: &Project, program: &Path, target: &Target, seconds: u32) -> Result<()> {
    // What is found goes into the first folder.
    let found = project.target.join("fuzz/corpus").join(target.name);
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let folder = project.root.join("fuzz");
    let dictionary = folder
        .join("dictionaries")
        .join(format!("{}.dict", target.name));
    let mut command = cargo_fuzz(project, program, "run");
    command
        .arg(target.name)
        .arg(&found)
        .arg(folder.join("corpus").join(target.name))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LARGEST}"))
        .arg(format!("-dict={}", dictionary.display()))
        .args(["-timeout=10", "-print_final_stats=1"]);
    run_program(&mut command).with_context(|| {
        format!(
            "{} may have found an input that breaks its property: it lies under fuzz/artifacts/{}; mend what it found and \
             keep it under fuzz/corpus/{}",
            target.name, target.name, target.name
        )
    })?;
    let kept = fs::read_dir(&found)?.count();
    note(&format!("{kept} inputs kept in {}", project.show(&found)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_has_its_program_inputs_and_dictionary() {
        let folder = Project::locate().unwrap().root.join("fuzz");
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let programs = manifest.lines().filter(|line| *line == "[[bin]]").count();
        assert_eq!(programs, TARGETS.len());
        for target in &TARGETS {
            let name = target.name;
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            for file in [
                format!("fuzz_targets/{name}.rs"),
                format!("dictionaries/{name}.dict"),
                format!("corpus/{name}"),
            ] {
                assert!(folder.join(&file).exists(), "{file}");
            }
        }
    }
}
