//! A service in its own process that reads flags over HTTP and shows, on a page of its own, which side it serves.
//!
//! It stands for whatever a team runs: change a flag in Switchback and watch this process obey. Where to look:
//!
//! | file | what it holds |
//! | --- | --- |
//! | `poll.rs` | reading the flags: ETag, back-off, refusing what is broken |
//! | `state.rs` | the last known snapshot, whether the server answers, what was served |
//! | `traffic.rs` | simulated requests |
//! | `view.rs` | that state as it is shown |
//! | `page.rs` | the page, `/state` and `/order/{user}` |

mod page;
mod poll;
mod state;
mod traffic;
mod view;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{ArgGroup, Parser};
use flags::Key;

use crate::poll::Poller;
use crate::state::Service;

/// Reads flags from Switchback and serves simulated requests by them.
#[derive(Debug, Parser)]
#[command(version, group(ArgGroup::new("secret").required(true).multiple(true).args(["token", "token_file"])))]
struct Options {
    /// Address of the Switchback server, such as `http://127.0.0.1:3000`.
    #[arg(long, env = "SWITCHBACK_URL")]
    server: String,
    /// File that holds a token of kind `sdk` and nothing else.
    #[arg(long, value_name = "PATH")]
    token_file: Option<PathBuf>,
    /// The token itself; other users of this machine may see it, a file is better.
    #[arg(long, env = "SWITCHBACK_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Where the page is served; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3100")]
    addr: SocketAddr,
    /// Refuse flags of any other migration. Without it the token decides.
    #[arg(long, value_name = "KEY")]
    migration: Option<Key>,
    /// The module that `/order/{user}` asks about.
    #[arg(long, value_name = "KEY", default_value = "order_intake")]
    module: Key,
}

impl Options {
    /// The token without the line break that files end with. A file named is a file meant, whatever the environment holds.
    fn secret(&self) -> anyhow::Result<String> {
        let text = match (&self.token_file, &self.token) {
            (Some(path), _) => std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the token from {}", path.display()))?,
            (None, Some(token)) => token.clone(),
            (None, None) => anyhow::bail!("give --token-file or --token"),
        };
        Ok(text.trim().to_owned())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sample-service: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> anyhow::Result<()> {
    let poller = Poller::new(
        &options.server,
        &options.secret()?,
        options.migration.clone(),
    )?;
    let service = Arc::new(Service::new(options.server, options.module));

    let listener = tokio::net::TcpListener::bind(options.addr)
        .await
        .with_context(|| format!("cannot listen on {}", options.addr))?;
    let address = listener.local_addr()?;
    tokio::spawn(poller.run(Arc::clone(&service)));
    tokio::spawn(traffic::run(Arc::clone(&service)));

    let mut out = std::io::stdout();
    writeln!(out, "listening: http://{address}")?;
    out.flush()?;
    axum::serve(listener, page::router(service))
        .with_graceful_shutdown(stopped())
        .await?;
    Ok(())
}

/// Returns when the process is asked to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // Without a handler the signal ends the process by itself; then there is nothing to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: [&str; 3] = ["sample-service", "--server", "http://127.0.0.1:3000"];

    fn secret(arguments: &[&str]) -> Result<String, String> {
        let all = SERVER.iter().chain(arguments);
        let options = Options::try_parse_from(all).map_err(|error| error.to_string())?;
        options.secret().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_token_is_needed_and_a_file_goes_before_the_environment() {
        assert_eq!(secret(&["--token", " sb_sdk_x\n"]).unwrap(), "sb_sdk_x");
        let both = ["--token", "sb_sdk_x", "--token-file", "/nowhere/token"];
        let error = secret(&both).unwrap_err();
        assert!(error.contains("/nowhere/token"), "{error}");
    }
}
