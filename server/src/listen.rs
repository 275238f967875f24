//! Accepting connections, from the network and through the control socket, and ending them in order.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use domain::{Actor, Authentication};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::middleware::edge::Edge;
use crate::middleware::request::Entrance;
use crate::os_user;

/// Connections at once: 12,000 streams and room for everybody else.
const MOST_CONNECTIONS: usize = 12_500;
/// Connections of the control socket at once.
const MOST_LOCAL_CONNECTIONS: usize = 64;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 4_096;
/// How long the head of a request may take.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long a peer may leave what was sent to it unacknowledged before its connection is ended, milliseconds.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: u32 = 10_000;
/// How long requests in progress may take once the server stops.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be accepted: usually there are no file descriptors left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Takes the address.
///
/// # Errors
/// When it is taken already or not this machine's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() {
        TcpSocket::new_v6()?
    } else {
        TcpSocket::new_v4()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Makes the control socket, for its owner alone. Only who holds the directory's lock calls this, so that a socket
/// that lies there is left from a server that died.
///
/// # Errors
/// When the file system does not let it.
pub fn bind_control_socket(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers network connections until `stop`, then lets requests in progress finish.
pub async fn serve_network(
    listener: TcpListener,
    edge: Arc<Edge>,
    open: Gauge,
    stop: CancellationToken,
) {
    let limit = Arc::new(Semaphore::new(most_connections()));
    let graceful = GracefulShutdown::new();
    while let Some((permit, (stream, peer))) = next(&stop, &limit, || listener.accept()).await {
        prepare(&stream);
        open.inc();
        let counted = Counted {
            open: open.clone(),
            _permit: permit,
        };
        answer(
            stream,
            Entrance::Network(peer),
            Arc::clone(&edge),
            &graceful,
            counted,
        );
    }
    drop(listener);
    drain(graceful).await;
}

/// Answers connections of the control socket until `stop`, then lets requests in progress finish.
pub async fn serve_control_socket(
    listener: UnixListener,
    edge: Arc<Edge>,
    stop: CancellationToken,
) {
    let limit = Arc::new(Semaphore::new(MOST_LOCAL_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    while let Some((permit, (stream, _))) = next(&stop, &limit, || listener.accept()).await {
        let Some(actor) = owner(&stream) else {
            continue;
        };
        let counted = Counted {
            open: Gauge::default(),
            _permit: permit,
        };
        answer(
            stream,
            Entrance::DataDirectory(actor),
            Arc::clone(&edge),
            &graceful,
            counted,
        );
    }
    drain(graceful).await;
}

/// The operating system's user at the other end.
fn owner(stream: &UnixStream) -> Option<Actor> {
    let credentials = stream.peer_cred().ok()?;
    Some(Actor::local(
        &os_user::name_of(credentials.uid()),
        Authentication::ControlSocket,
    ))
}

/// The next connection, once there is room for it; `None` at `stop`.
async fn next<C, F>(
    stop: &CancellationToken,
    limit: &Arc<Semaphore>,
    mut accept: impl FnMut() -> F,
) -> Option<(OwnedSemaphorePermit, C)>
where
    F: Future<Output = io::Result<C>>,
{
    tokio::select! {
        () = stop.cancelled() => None,
        accepted = async {
            let permit = Arc::clone(limit).acquire_owned().await.ok()?;
            loop {
                match accept().await {
                    Ok(connection) => return Some((permit, connection)),
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                }
            }
        } => accepted,
    }
}

/// Counts a connection while it lives.
struct Counted {
    open: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.dec();
    }
}

fn answer<S>(
    stream: S,
    entrance: Entrance,
    edge: Arc<Edge>,
    graceful: &GracefulShutdown,
    counted: Counted,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let entrance = Arc::new(entrance);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (edge, entrance) = (Arc::clone(&edge), Arc::clone(&entrance));
        async move { Ok::<_, Infallible>(edge.answer(request.map(Body::new), &entrance).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _counted = counted;
        if let Err(error) = connection.await {
            tracing::trace!(%error, "a connection broke off");
        }
    });
}

async fn drain(graceful: GracefulShutdown) {
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            "some requests did not finish within {} s and were cut off",
            DRAIN_TIME.as_secs()
        );
    }
}

fn prepare(stream: &TcpStream) {
    let _only_slower = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _only_later = rustix::net::sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED);
}

/// As many as file descriptors allow, once their limit is as high as it goes.
fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// Databases, the site's own sockets, and some to spare.
    const RESERVED: u64 = 128;
    let mut limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.current = limit.maximum;
    }
    let descriptors = limit
        .current
        .unwrap_or(u64::MAX)
        .saturating_sub(RESERVED)
        .max(16);
    usize::try_from(descriptors)
        .unwrap_or(MOST_CONNECTIONS)
        .min(MOST_CONNECTIONS)
}
