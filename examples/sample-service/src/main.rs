//! A service in its own process that obeys flags and shows, on a page of its own, which side it serves.
//!
//! It stands for whatever a team runs: change a flag in Switchback and watch this process obey. All that reading flags takes
//! is `switchback-client`. Where to look:
//!
//! | file | what it holds |
//! | --- | --- |
//! | `main.rs` | settings, and the client that they make |
//! | `state.rs` | asking the client: old or new; what was served, and the record of it |
//! | `traffic.rs` | simulated requests |
//! | `link.rs` | how it stands with the server, in words |
//! | `view.rs` | all of that as it is shown |
//! | `page.rs` | the page, `/state` and `/order/{user}` |

mod link;
mod page;
mod state;
#[cfg(test)]
mod stub;
mod traffic;
mod view;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{ArgGroup, Parser};
use switchback_client::reqwest::ClientBuilder;
use switchback_client::samples::Recorder;
use switchback_client::{Client, Key};

use crate::state::Service;

/// What instances of this service call it in their receipts.
const NAME: &str = "sample-service";
/// How long the end waits for the last report.
const LAST_REPORT: Duration = Duration::from_secs(2);

/// Obeys flags of Switchback and serves simulated requests by them.
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
    /// File that holds a token of kind `ingest` and nothing else: with it, what is served is reported.
    #[arg(long, value_name = "PATH")]
    ingest_token_file: Option<PathBuf>,
    /// That token itself; a file is better.
    #[arg(long, env = "SWITCHBACK_INGEST_TOKEN", hide_env_values = true)]
    ingest_token: Option<String>,
    /// Where the page is served; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3100")]
    addr: SocketAddr,
    /// Refuse flags of any other migration. Without it the token decides.
    #[arg(long, value_name = "KEY")]
    migration: Option<Key>,
    /// File that keeps the last known flags, for a start without the server; each instance wants its own.
    #[arg(long, value_name = "PATH")]
    disk: Option<PathBuf>,
    /// The module that `/order/{user}` asks about.
    #[arg(long, value_name = "KEY", default_value = "order_intake")]
    module: Key,
}

impl Options {
    /// A client that is called as the service is; its instance's name is its own, so that several can run.
    fn client(&self) -> anyhow::Result<Client> {
        let mut builder = Client::builder(&self.server, self.secret()?)
            .service(NAME)
            // The sample stands beside its server.
            .http(ClientBuilder::no_proxy);
        if let Some(migration) = &self.migration {
            builder = builder.migration(migration.as_str());
        }
        if let Some(path) = &self.disk {
            builder = builder.disk(path);
        }
        Ok(builder.start()?)
    }

    /// What reports uses, errors and latencies, where there is a token for it.
    fn recorder(&self, client: &Client) -> anyhow::Result<Option<Recorder>> {
        let token = secret(
            self.ingest_token_file.as_deref(),
            self.ingest_token.as_deref(),
        )?;
        let start = |token| Recorder::builder(client.clone(), token).start();
        Ok(token.map(start).transpose()?)
    }

    fn secret(&self) -> anyhow::Result<String> {
        secret(self.token_file.as_deref(), self.token.as_deref())?
            .context("give --token-file or --token")
    }
}

/// A token without the line break that files end with. A file named is a file meant, whatever the environment holds.
fn secret(file: Option<&Path>, given: Option<&str>) -> anyhow::Result<Option<String>> {
    let text = match (file, given) {
        (Some(path), _) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the token from {}", path.display()))?,
        (None, Some(token)) => token.to_owned(),
        (None, None) => return Ok(None),
    };
    Ok(Some(text.trim().to_owned()))
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
    let listener = tokio::net::TcpListener::bind(options.addr)
        .await
        .with_context(|| format!("cannot listen on {}", options.addr))?;
    let address = listener.local_addr()?;
    let client = options.client()?;
    let recorder = options.recorder(&client)?;
    let mut service = Service::new(client, options.server, options.module);
    if let Some(recorder) = recorder {
        service = service.recording(recorder);
    }
    let service = Arc::new(service);
    tokio::spawn(traffic::run(Arc::clone(&service)));

    let mut out = std::io::stdout();
    writeln!(out, "listening: http://{address}")?;
    out.flush()?;
    axum::serve(listener, page::router(Arc::clone(&service)))
        .with_graceful_shutdown(stopped())
        .await?;
    // Whoever stops a service has no time for a server that is away.
    let last = tokio::time::timeout(LAST_REPORT, service.flush()).await;
    if let Ok(Err(problem)) = last {
        eprintln!("sample-service: what was served last is not reported: {problem}");
    }
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
    use switchback_client::{Part, Status};

    use super::*;
    use crate::stub::{LONG, Stub, snapshot};
    use crate::view::View;

    fn options(server: &str, arguments: &[&str]) -> Result<Options, String> {
        let first = ["sample-service", "--server", server];
        let all = first.iter().chain(arguments);
        Options::try_parse_from(all).map_err(|error| error.to_string())
    }

    fn secret(arguments: &[&str]) -> Result<String, String> {
        let options = options("http://127.0.0.1:3000", arguments)?;
        options.secret().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_token_is_needed_and_a_file_goes_before_the_environment() {
        assert_eq!(secret(&["--token", " sb_sdk_x\n"]).unwrap(), "sb_sdk_x");
        let both = ["--token", "sb_sdk_x", "--token-file", "/nowhere/token"];
        let error = secret(&both).unwrap_err();
        assert!(error.contains("/nowhere/token"), "{error}");
    }

    #[tokio::test]
    async fn without_a_token_for_it_nothing_is_reported() {
        let with = |arguments: &[&str]| {
            let all = [&["--token", "sb_sdk_x"], arguments].concat();
            let options = options("http://127.0.0.1:1", &all).unwrap();
            let client = options.client().unwrap();
            options.recorder(&client)
        };
        assert!(with(&[]).unwrap().is_none());
        assert!(with(&["--ingest-token", "sb_ingest_x"]).unwrap().is_some());
        assert!(with(&["--ingest-token-file", "/nowhere/token"]).is_err());
        assert!(with(&["--ingest-token", " "]).is_err());
    }

    #[tokio::test]
    async fn addresses_and_tokens_that_cannot_work_are_refused_at_the_start() {
        for (server, token) in [
            ("127.0.0.1:3000", "t"),
            ("http://127.0.0.1:3000", ""),
            ("http://127.0.0.1:3000", "two\nlines"),
        ] {
            let options = options(server, &["--token", token]).unwrap();
            assert!(options.client().is_err(), "{server} {token:?}");
        }
    }

    #[tokio::test]
    async fn what_is_obeyed_is_acknowledged_under_the_name_of_the_service() {
        let stub = Stub::start(snapshot(7, false)).await;
        let options = options(&stub.address, &["--token", "t"]).unwrap();
        let (one, two) = (options.client().unwrap(), options.client().unwrap());
        assert_ne!(one.instance(), two.instance());
        for client in [one, two] {
            let ack = stub.ack_of(client.instance()).await;
            assert_eq!(ack["service"], "sample-service");
            assert_eq!(ack["revision"], 7);
        }
    }

    #[tokio::test]
    async fn flags_of_another_migration_are_refused() {
        let stub = Stub::start(snapshot(7, false)).await;
        let arguments = ["--token", "t", "--migration", "arche"];
        let options = options(&stub.address, &arguments).unwrap();
        let client = options.client().unwrap();
        let is_refused = |status: &Status| status.trouble(Part::Poll).is_some();
        assert!(client.wait_until(LONG, is_refused).await, "{client:?}");

        let service = Service::new(client, options.server, options.module);
        assert_eq!(service.order("user-1").serve, "old");
        let view = View::of(&service);
        let trouble = view.trouble.unwrap();
        assert!(trouble.contains("atlas") && trouble.contains("arche"));
        assert!(view.modules.is_empty() && view.server_reachable);
    }

    #[tokio::test]
    async fn a_file_of_last_known_flags_serves_without_the_server() {
        let file = std::env::temp_dir().join(format!("sample-service-{}", std::process::id()));
        let disk = file.to_str().unwrap();
        let stub = Stub::start(snapshot(7, false)).await;
        let arguments = ["--token", "t", "--disk", disk];
        let client = options(&stub.address, &arguments)
            .unwrap()
            .client()
            .unwrap();
        client.ready(LONG).await.unwrap();
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(client);

        let nobody = crate::stub::nobody().await;
        let options = options(&nobody, &arguments).unwrap();
        let service = Service::new(options.client().unwrap(), options.server, options.module);
        std::fs::remove_file(&file).unwrap();
        let view = View::of(&service);
        assert_eq!((view.revision, view.source), (Some(7), "disk"));
        assert!(!view.server_reachable);
    }
}
