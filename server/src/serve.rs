//! `switchback serve`: opens the data directory, listens, and stops in order.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use control::store::CONTROL_SOCKET;
use control::{Clock, Control, Options};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{LogFormat, ServeSettings};
use crate::listen::{bind, bind_control_socket, serve_control_socket, serve_network};
use crate::middleware::edge::Edge;
use crate::public_url::PublicUrl;
use crate::state::{AppState, Setting};
use crate::{demo, router, startup};

/// Serves until SIGTERM or SIGINT. Standard output gets what a person or a script needs to go on: the address, and until
/// somebody has signed in a sign-in link; the log goes to standard error and never has the link.
///
/// # Errors
/// When the data directory or the address cannot be used.
pub async fn serve(settings: ServeSettings) -> Result<()> {
    start_log(&settings)?;
    let directory = settings.data.data_dir.clone();
    let options = Options {
        data_dir: directory.clone(),
        clock: Clock::System,
        demo: settings.demo,
        retention: settings.retention,
    };
    let control = Control::open(options).await?;
    let listener = bind(settings.data.addr)
        .with_context(|| format!("cannot listen on {}", settings.data.addr))?;
    let control_socket = directory.join(CONTROL_SOCKET);
    let local_listener = bind_control_socket(&control_socket).with_context(|| {
        format!(
            "cannot make the control socket {}",
            control_socket.display()
        )
    })?;
    let stop = CancellationToken::new();
    let state = AppState::new(control.clone(), setting(&settings, &listener, &stop)?);
    startup::ensure_first_user(&control).await?;
    if settings.demo {
        demo::ensure(&control, &directory).await?;
    }
    let serving = tokio::spawn(run(state.clone(), listener, local_listener, stop.clone()));
    announce(&state, settings.demo).await?;
    wait_for_signal().await?;
    tracing::info!("stopping");
    stop.cancel();
    serving.await?;
    control.close().await;
    let _already_gone = std::fs::remove_file(&control_socket);
    Ok(())
}

fn setting(
    settings: &ServeSettings,
    listener: &TcpListener,
    stop: &CancellationToken,
) -> Result<Setting> {
    let address = listener.local_addr()?;
    let listening = PublicUrl::of_address(address);
    Ok(Setting {
        public_url: settings
            .data
            .public_url
            .clone()
            .unwrap_or_else(|| listening.clone()),
        listening,
        allowed_hosts: settings.allowed_hosts.clone(),
        loopback: address.ip().is_loopback(),
        ofrep_origins: settings.ofrep_origins.clone(),
        trusted_proxy_header: settings.trusted_proxy_header.clone(),
        shutdown: stop.clone(),
    })
}

async fn run(
    state: AppState,
    listener: TcpListener,
    local_listener: UnixListener,
    stop: CancellationToken,
) {
    let full = Arc::new(Edge::new(state.clone(), router::full(&state)));
    let local = Arc::new(Edge::new(state.clone(), router::local(&state)));
    let connections = state.metrics.connections.clone();
    tokio::join!(
        serve_network(listener, full, connections, stop.clone()),
        serve_control_socket(local_listener, local, stop.clone()),
        count_announcements(state, stop),
    );
}

async fn count_announcements(state: AppState, stop: CancellationToken) {
    let mut feed = state.control.feed().subscribe();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            heard = feed.recv() => if heard.is_ok() { state.metrics.announced() },
        }
    }
}

/// The address it listens on (not the public one, which a proxy may have), and how to get in: always for a
/// demonstration, else until somebody has.
async fn announce(state: &AppState, demo: bool) -> Result<()> {
    let mut lines = format!("listening: {}\n", state.listening);
    if let Some(secret) = startup::sign_in_link(&state.control, demo).await {
        let _writing_to_memory =
            writeln!(lines, "sign-in: {}/sign-in?link={secret}", state.public_url);
    }
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes())?;
    out.flush()?;
    Ok(())
}

async fn wait_for_signal() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn start_log(settings: &ServeSettings) -> Result<()> {
    let filter =
        tracing_subscriber::EnvFilter::try_new(&settings.log).context("--log is no filter")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
