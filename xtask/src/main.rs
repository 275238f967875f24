//! `cargo xtask`: builds, runs, tests and measures Switchback. Plain Rust, no shell.
//!
//! - [`project`]: where things lie, and a `cargo` free of what the outer one left in the environment
//! - [`tools`]: steps with their times, programs run to success, and what to say when something is missing
//! - [`wasm_target`], [`debian`]: finds or makes a toolchain that compiles to WebAssembly
//! - [`site`], [`css`], [`inputs`], [`assets`]: the browser's half, from sources to hashed and compressed files
//! - [`node`], [`browser`]: npm packages and the browser of the browser tests
//! - [`clients`]: `OpenFeature`'s own clients, for the tests over HTTP
//! - [`service`]: programs that run until stopped, for [`demo`], [`serve`] and [`dev`]
//! - [`build`], [`test`], [`check`], [`layers`], [`bench`], [`fuzz`]: one task each

mod assets;
mod bench;
mod browser;
mod build;
mod check;
mod clients;
mod css;
mod debian;
mod demo;
mod dev;
mod fuzz;
mod inputs;
mod layers;
mod node;
mod project;
mod serve;
mod service;
mod site;
mod test;
mod tools;
mod wasm_target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::project::Project;
use crate::site::WasmProfile;

/// Builds, runs, tests and measures Switchback.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start a server with a demonstration migration and a sample service that reads its flags
    Demo(demo::Options),
    /// Start the server; arguments go to `switchback serve`
    Serve {
        /// What `switchback serve` is given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Start the server, and build and start it again when a source changes
    Dev {
        /// What `switchback serve` is given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the release: one file, `switchback`, with the site inside
    Build,
    /// Build the site alone: WebAssembly, JavaScript and CSS, hashed and compressed
    Site {
        /// Compile for short builds rather than for small files
        #[arg(long)]
        dev: bool,
    },
    /// Run every test, or only the kinds named
    Test(test::Options),
    /// Formatting, clippy for native and for WebAssembly, and the layer rules
    Check,
    /// Run the benchmarks, or only the parts named
    Bench(bench::Options),
    /// Run the fuzz targets, or only those named
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let project = Project::locate()?;
    match task {
        Task::Demo(options) => demo::run(&project, &options),
        Task::Serve { arguments } => serve::run(&project, &arguments),
        Task::Dev { arguments } => dev::run(&project, &arguments),
        Task::Build => build::release(&project),
        Task::Site { dev: false } => site::build(&project, WasmProfile::Release),
        Task::Site { dev: true } => site::build(&project, WasmProfile::Dev),
        Task::Test(options) => test::run(&project, options),
        Task::Check => check::run(&project),
        Task::Bench(options) => bench::run(&project, &options),
        Task::Fuzz(options) => fuzz::run(&project, &options),
    }
}
