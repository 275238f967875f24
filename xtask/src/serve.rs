//! `cargo xtask serve`: builds the server and runs it.

use std::sync::mpsc;

use anyhow::Result;

use crate::build;
use crate::project::Project;
use crate::service::{Service, listen_for_interrupts, relay_until_interrupt};
use crate::site::WasmProfile;

/// Runs `switchback serve` with the given arguments until Ctrl-C.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    build::programs(project, WasmProfile::Release)?;
    let (events, received) = mpsc::channel();
    listen_for_interrupts(events.clone())?;
    let mut command = build::switchback(project);
    let server = Service::start("switchback", command.arg("serve").args(arguments), events)?;
    let result = relay_until_interrupt(&received);
    server.stop();
    result
}
