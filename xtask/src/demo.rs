//! `cargo xtask demo`: a server with a demonstration migration, and a sample service that obeys its flags.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::build;
use crate::project::Project;
use crate::service::{
    Event, Service, listen_for_interrupts, relay_until_interrupt, wait_for_lines, wait_until_open,
};
use crate::site::WasmProfile;
use crate::tools::{missing, note};

/// The server fills its database with the demonstration before it listens.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Where the two programs listen.
#[derive(Args)]
pub struct Options {
    /// Where the server listens
    #[arg(long, default_value = "127.0.0.1:3000")]
    addr: SocketAddr,
    /// Where the sample service listens
    #[arg(long, default_value = "127.0.0.1:3100")]
    sample_addr: SocketAddr,
}

/// Builds both programs and runs them until Ctrl-C, on a data directory that is new each time.
pub fn run(project: &Project, options: &Options) -> Result<()> {
    build::programs(project, WasmProfile::Release)?;
    let data = project
        .target
        .join("demo")
        .join(std::process::id().to_string());
    fs::create_dir_all(&data)?;
    let (events, received) = mpsc::channel();
    listen_for_interrupts(events.clone())?;
    let result = run_both(project, options, &data, &events, &received);
    fs::remove_dir_all(&data)?;
    result
}

fn run_both(
    project: &Project,
    options: &Options,
    data: &Path,
    events: &Sender<Event>,
    received: &Receiver<Event>,
) -> Result<()> {
    let mut serve = build::switchback(project);
    serve
        .args([
            "serve",
            "--demo",
            "--addr",
            &options.addr.to_string(),
            "--data-dir",
        ])
        .arg(data);
    let server = Service::start("switchback", &mut serve, events.clone())?;
    let Some([url, sign_in]) = wait_for_lines(received, ["listening:", "sign-in:"], START_LIMIT)?
    else {
        return Ok(());
    };
    let [token, ingest] = ["demo-sdk-token", "demo-ingest-token"].map(|file| data.join(file));
    for token in [&token, &ingest] {
        if !token.is_file() {
            return Err(missing(
                &format!("the sample service's token, {}", token.display()),
                "cargo xtask demo",
            ));
        }
    }
    let mut sample = Command::new(project.program("debug", "sample-service"));
    sample.current_dir(&project.root);
    sample
        .args([
            "--server",
            &url,
            "--addr",
            &options.sample_addr.to_string(),
            "--token-file",
        ])
        .arg(&token)
        .arg("--ingest-token-file")
        .arg(&ingest);
    let sample = Service::start("sample-service", &mut sample, events.clone())?;
    if !wait_until_open(received, options.sample_addr, START_LIMIT)? {
        return Ok(());
    }
    note(&format!("Switchback      {url}"));
    note(&format!("sample service  http://{}", options.sample_addr));
    note(&format!("sign in at      {sign_in}"));
    note("Ctrl-C stops both");
    let result = relay_until_interrupt(received);
    sample.stop();
    server.stop();
    result
}
