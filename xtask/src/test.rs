//! `cargo xtask test`: unit tests, tests over HTTP, and tests in a browser.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::browser;
use crate::build::{PACKAGES, PROGRAMS};
use crate::clients;
use crate::node;
use crate::project::Project;
use crate::site::{self, WasmProfile};
use crate::tools::{note, output_of, run_program, step};

/// The crate whose tests talk to a running server; all other tests are unit tests.
const HTTP_TESTS: &str = "http-tests";

/// Which kinds of tests to run; all when none is named.
#[derive(Args, Clone, Copy)]
pub struct Options {
    /// Unit tests of every crate, and the layer rules
    #[arg(long)]
    unit: bool,
    /// Tests over HTTP against the real program
    #[arg(long)]
    http: bool,
    /// Tests in a browser against the real program
    #[arg(long)]
    browser: bool,
}

/// Builds what the tests need and runs them.
pub fn run(project: &Project, options: Options) -> Result<()> {
    let all = !(options.unit || options.http || options.browser);
    let (unit, http, browser) = (
        all || options.unit,
        all || options.http,
        all || options.browser,
    );
    if http || browser {
        site::build(project, WasmProfile::Release)?;
    }
    let label = "programs and tests (the first time some minutes)";
    step(label, || {
        run_program(
            project
                .cargo()
                .args(["build", "--locked"])
                .args(PACKAGES)
                .args(PROGRAMS)
                .arg("--tests"),
        )
    })?;
    if http {
        clients::install(project)?;
    }
    let runner = Runner::find(project);
    if unit {
        step("tests of xtask, layer rules among them", || {
            run_program(
                runner
                    .command(project)
                    .args(["--locked", "--package", "xtask"]),
            )
        })?;
    }
    if unit || http {
        step("unit and HTTP tests", || {
            run_program(&mut runner.workspace_tests(project, unit, http))
        })?;
    }
    if browser {
        run_browser_tests(project)?;
    }
    note(if all {
        "all tests passed"
    } else {
        "the tests named passed"
    });
    Ok(())
}

/// What runs Rust tests: nextest where it is installed.
#[derive(Clone, Copy)]
enum Runner {
    Nextest,
    Cargo,
}

impl Runner {
    fn find(project: &Project) -> Self {
        let version = output_of(project.cargo().args(["nextest", "--version"]));
        if version.is_some() {
            Self::Nextest
        } else {
            Self::Cargo
        }
    }

    fn command(self, project: &Project) -> Command {
        let mut cargo = project.cargo();
        match self {
            Self::Nextest => cargo.args(["nextest", "run"]),
            Self::Cargo => cargo.args(["test", "--tests"]),
        };
        name_programs(&mut cargo, project);
        cargo
    }

    fn workspace_tests(self, project: &Project, unit: bool, http: bool) -> Command {
        let mut cargo = self.command(project);
        cargo.arg("--locked");
        match (self, unit, http) {
            (Self::Nextest, true, false) => cargo
                .args(PACKAGES)
                .args(["--filterset", &format!("not package({HTTP_TESTS})")]),
            (Self::Nextest, false, true) => cargo
                .args(PACKAGES)
                .args(["--filterset", &format!("package({HTTP_TESTS})")]),
            (Self::Cargo, true, false) => cargo.args(PACKAGES).args(["--exclude", HTTP_TESTS]),
            (Self::Cargo, false, true) => cargo.args(["--package", HTTP_TESTS]),
            _ => cargo.args(PACKAGES),
        };
        cargo
    }
}

fn name_programs(command: &mut Command, project: &Project) {
    command.env("SWITCHBACK_BIN", project.program("debug", "switchback"));
    command.env(
        "SAMPLE_SERVICE_BIN",
        project.program("debug", "sample-service"),
    );
    clients::name(command, project);
}

fn run_browser_tests(project: &Project) -> Result<()> {
    let mut playwright = playwright(project, "debug")?;
    step("browser tests", || run_program(&mut playwright))
}

/// `playwright test` with all it needs, against the programs of a profile.
pub fn playwright(project: &Project, profile: &str) -> Result<Command> {
    let folder = project.root.join("tests/e2e");
    node::install_locked(project, &folder)?;
    let chromium = browser::find_or_install(&folder)?;
    step("types of the browser tests", || {
        run_program(&mut node::local_program(&folder, "tsc"))
    })?;
    let mut playwright = node::local_program(&folder, "playwright");
    playwright
        .arg("test")
        .env("SWITCHBACK_BIN", project.program(profile, "switchback"));
    playwright.env(
        "SAMPLE_SERVICE_BIN",
        project.program(profile, "sample-service"),
    );
    if let Some(chromium) = chromium {
        playwright.env("CHROMIUM", chromium);
    }
    Ok(playwright)
}
