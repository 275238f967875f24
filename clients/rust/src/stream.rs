//! Changes as the server pushes them, for ever: whatever ends a stream, there is a next one.

use std::sync::Arc;
use std::time::Duration;

use flags::{Snapshot, SnapshotChange};
use tokio::time::{Instant, sleep, timeout};

use crate::Problem;
use crate::backoff::Backoff;
use crate::client::Shared;
use crate::heartbeat::Heartbeat;
use crate::http::LARGEST;
use crate::sse::{Item, Parser};
use crate::status::{Part, Source};
use crate::store::{Offer, Store};

/// A stream without a byte for so long is dead: the server sends a heartbeat every 10 s.
const SILENCE: Duration = Duration::from_secs(25);
/// A stream that held for so long was a good one, however it ended.
const SETTLED: Duration = Duration::from_secs(10);
/// The pause after a stream, unless the server asks for another.
const RETRY: Duration = Duration::from_secs(4);

/// Why a stream is over.
enum End {
    /// The server ended it.
    Closed,
    /// It broke, or there was none.
    Failed(Problem),
}

/// Reads one stream after the other.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let mut backoff = Backoff::default();
    let mut retry = RETRY;
    loop {
        let opened = Instant::now();
        let end = read(&shared, &mut retry).await;
        shared.store.set_live(false);
        let settled = opened.elapsed() >= SETTLED;
        if settled {
            backoff.reset();
        }
        let pause = match end {
            End::Closed if settled => Backoff::after_end(retry),
            End::Closed => {
                let problem = Problem::Away("the stream ended at once".to_owned());
                shared.store.report(Part::Stream, &problem);
                backoff.after(&problem)
            }
            End::Failed(problem) => {
                shared.store.report(Part::Stream, &problem);
                backoff.after(&problem)
            }
        };
        sleep(pause).await;
    }
}

async fn read(shared: &Shared, retry: &mut Duration) -> End {
    let store = &shared.store;
    // Only what the server itself gave is a base for changes.
    let confirmed = store.confirmed().map(|(revision, _)| revision);
    let mut response = match shared.api.stream(confirmed.as_ref()).await {
        Ok(response) => response,
        Err(problem) => return End::Failed(problem),
    };
    let mut parser = Parser::new(LARGEST);
    let mut items = Vec::new();
    loop {
        let chunk = match timeout(SILENCE, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return End::Closed,
            Ok(Err(error)) => return End::Failed(Problem::away(&error)),
            Err(_) => return End::Failed(Problem::Silent(SILENCE)),
        };
        // Headers alone prove little: something on the way may hold back what follows them.
        store.hear();
        store.set_live(true);
        store.works(Part::Stream);
        if let Err(problem) = take_chunk(store, &mut parser, &mut items, &chunk, retry) {
            return End::Failed(problem);
        }
    }
}

/// Takes what the network brought, however it was cut; `items` is empty before and, unless it fails, after.
///
/// # Errors
/// [`Problem::TooLarge`]; the stream cannot be read any further then.
pub(crate) fn take_chunk(
    store: &Store,
    parser: &mut Parser,
    items: &mut Vec<Item>,
    chunk: &[u8],
    retry: &mut Duration,
) -> Result<(), Problem> {
    parser.feed(chunk, items)?;
    for item in items.drain(..) {
        match item {
            Item::Retry(asked) => *retry = asked,
            Item::Event { name, data } => take(store, &name, &data),
        }
    }
    Ok(())
}

/// Puts an event in force, or leaves everything as it is. What cannot be applied is asked for as a whole.
pub(crate) fn take(store: &Store, name: &str, data: &str) {
    let is_behind = match name {
        "snapshot" => match Snapshot::from_json(data.as_bytes()) {
            // A refusal is noted where flags are offered.
            Ok(snapshot) => store.offer(snapshot, Source::Network).is_err(),
            Err(invalid) => {
                store.report(Part::Snapshot, &invalid.into());
                true
            }
        },
        "change" => match SnapshotChange::from_json(data.as_bytes()) {
            Ok(change) => !matches!(store.change(&change), Ok(Offer::Applied | Offer::Unchanged)),
            Err(invalid) => {
                store.report(Part::Snapshot, &invalid.into());
                true
            }
        },
        "heartbeat" => match Heartbeat::from_json(data) {
            Ok(heartbeat) => store.is_behind(&heartbeat),
            Err(problem) => {
                store.report(Part::Snapshot, &problem);
                true
            }
        },
        // Kinds of event that come later are none of ours.
        _ => false,
    };
    if is_behind {
        store.set_behind(true);
    }
}
