//! `cargo xtask bench`: the benchmarks, in named parts. A new one is a new line in [`PARTS`].

mod peers;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use crate::assets::Manifest;
use crate::build;
use crate::project::Project;
use crate::site::{self, WasmProfile};
use crate::test;
use crate::tools::{note, run_program, step};

/// One benchmark.
struct Part {
    name: &'static str,
    about: &'static str,
    /// Given the part's own name.
    run: fn(&Project, &str) -> Result<()>,
}

const PARTS: [Part; 13] = [
    Part {
        name: "flags",
        about: "one evaluation in process, 79 flags",
        run: |project, _| evaluation(project),
    },
    Part {
        name: "peers",
        about: "the same beside Unleash's and LaunchDarkly's evaluators, 79 flags at 50 %",
        run: |project, _| peers::run(project),
    },
    Part {
        name: "start",
        about: "from start to ready, and memory at rest",
        run: against_server,
    },
    Part {
        name: "writes",
        about: "audited changes: time of one, rate of many",
        run: against_server,
    },
    Part {
        name: "overview",
        about: "the overview page for 79 modules, signed in",
        run: against_server,
    },
    Part {
        name: "search",
        about: "search over 50,000 entries of the issue log, and everything beside it",
        run: against_server,
    },
    Part {
        name: "timeline",
        about: "the timeline of 79 modules, 395 steps and 2,000 checks",
        run: against_server,
    },
    Part {
        name: "evidence",
        about: "batches of samples while pages are served, and the pages made of them",
        run: against_server,
    },
    Part {
        name: "ofrep",
        about: "OFREP over HTTP beside a bare handler and unleash-edge",
        run: against_peers,
    },
    Part {
        name: "streams",
        about: "a change until the slowest of 1, 1,000 and 10,000 streams has applied it",
        run: against_server,
    },
    Part {
        name: "comeback",
        about: "10,000 streams after the server was killed and started again",
        run: against_server,
    },
    Part {
        name: "browser",
        about: "tasks of the timeline's main thread in Chromium, scrolled and dragged",
        run: in_a_browser,
    },
    Part {
        name: "site",
        about: "what a browser loads for any page",
        run: |project, _| size_of_the_site(project),
    },
];

/// The peer's version in the package registry.
const UNLEASH_EDGE: &str = "20.1.0";

/// Which benchmarks to run.
#[derive(Args)]
pub struct Options {
    /// Show the parts instead of running them
    #[arg(long)]
    list: bool,
    /// Parts to run; all when none is named
    parts: Vec<String>,
}

/// Runs the parts named, or lists them.
pub fn run(project: &Project, options: &Options) -> Result<()> {
    if options.list {
        for part in &PARTS {
            println!("{:10} {}", part.name, part.about);
        }
        return Ok(());
    }
    for name in &options.parts {
        if !PARTS.iter().any(|part| part.name == name) {
            bail!("no benchmark is called `{name}`; see `cargo xtask bench --list`");
        }
    }
    let wanted = |part: &&Part| {
        options.parts.is_empty() || options.parts.iter().any(|name| part.name == name)
    };
    for part in PARTS.iter().filter(wanted) {
        step(&format!("benchmark {}: {}", part.name, part.about), || {
            (part.run)(project, part.name)
        })?;
    }
    Ok(())
}

fn evaluation(project: &Project) -> Result<()> {
    run_program(
        project
            .cargo()
            .args(["bench", "--locked", "--package", "flags"]),
    )
}

/// A part of `tests/bench`, against the release and nothing else.
fn against_server(project: &Project, part: &str) -> Result<()> {
    measure(project, part, None)
}

/// The same with a peer beside it: the one that `UNLEASH_EDGE_BIN` names, else one built once.
fn against_peers(project: &Project, part: &str) -> Result<()> {
    if let Some(program) = std::env::var_os("UNLEASH_EDGE_BIN") {
        return measure(
            project,
            part,
            Some(&std::path::absolute(PathBuf::from(program))?),
        );
    }
    let folder = project.tool(&format!("unleash-edge-{UNLEASH_EDGE}"));
    let program = folder.join("bin/unleash-edge");
    if !program.exists() {
        let built = step("unleash-edge, to compare with (once, some minutes)", || {
            let mut cargo = project.cargo();
            cargo.args([
                "install",
                "--locked",
                "unleash-edge",
                "--version",
                UNLEASH_EDGE,
                // Its store in S3, which takes half of the time to build and no part in this.
                "--no-default-features",
                "--root",
            ]);
            run_program(cargo.arg(&folder).env_remove("CARGO_TARGET_DIR"))
        });
        if let Err(error) = built {
            note(&format!("measuring without unleash-edge: {error:#}"));
            return measure(project, part, None);
        }
    }
    measure(project, part, Some(&program))
}

fn measure(project: &Project, part: &str, edge: Option<&Path>) -> Result<()> {
    build::release(project)?;
    let mut cargo = project.cargo();
    if let Some(edge) = edge {
        cargo.env("UNLEASH_EDGE_BIN", edge);
    }
    cargo.env("SWITCHBACK_BIN", project.program("release", "switchback"));
    cargo.args([
        "run",
        "--locked",
        "--release",
        "--package",
        "http-tests",
        "--bin",
        "server-bench",
        "--",
        part,
    ]);
    run_program(&mut cargo)
}

/// What `tests/e2e/bench` measures, against the release.
fn in_a_browser(project: &Project, _: &str) -> Result<()> {
    build::release(project)?;
    let mut playwright = test::playwright(project, "release")?;
    run_program(playwright.args(["--config", "playwright.bench.config.ts"]))
}

/// What a browser loads for any page, as the release has it.
fn size_of_the_site(project: &Project) -> Result<()> {
    site::build(project, WasmProfile::Release)?;
    let manifest = std::fs::read_to_string(project.site().join("manifest.json"))?;
    let manifest: Manifest = serde_json::from_str(&manifest)?;
    let mut sum = 0;
    for file in &manifest.files {
        println!(
            "{}: {} bytes, {} as brotli",
            file.name, file.bytes, file.brotli_bytes
        );
        if file.content_type != "text/css; charset=utf-8" {
            sum += file.brotli_bytes;
        }
    }
    println!("WASM and JS: {sum} bytes as brotli");
    Ok(())
}
