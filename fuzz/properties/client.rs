//! What must hold of all that a server sends and a disk holds. The fuzz targets call it, and the ordinary tests with the
//! inputs that were kept; no other build has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flags::{Flag, FlagSet, Key, Snapshot, SnapshotChange};

use crate::backoff::Backoff;
use crate::builder::take_file;
use crate::disk;
use crate::heartbeat::Heartbeat;
use crate::http::LARGEST;
use crate::sse::{Item, Parser};
use crate::status::{Part, Source};
use crate::store::{Current, Store};
use crate::stream::take_chunk;

/// In force before anything comes: revision 7 of epoch `e`.
const BEFORE: &[u8] = br#"{"format":1,"migration":"arche","environment":"production","epoch":"e","revision":7,"killSwitch":false,"flags":[{"key":"memory","mode":"gradual_rollout","exposure":1000,"retired":false},{"key":"core","mode":"old_only","exposure":0,"retired":false}]}"#;
/// Where the pause is counted from that a stream may change.
const RETRY: Duration = Duration::from_secs(4);
/// Longest pause after a stream that ended well.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A bound small enough to be met, bytes.
const SMALL: usize = 64;

/// Bytes as a stream brings them. Each event is put in force whole or changes nothing; what is in force is valid, never goes
/// back within an epoch, and never becomes that of another migration or environment; what could not be used is asked for.
/// Where the network cuts does not matter.
///
/// # Panics
/// When any of it does not hold.
pub fn stream(input: &[u8]) {
    for before in [
        None,
        Some(Source::CompiledIn),
        Some(Source::Disk),
        Some(Source::Network),
    ] {
        let slowly = Listener::new(before);
        let pause = slowly.events_one_by_one(input);
        for size in [input.len().max(1), 1 + input.len() % 13] {
            let other = Listener::new(before);
            assert_eq!(other.in_pieces(input, size), pause);
            assert_eq!(other.in_force(), slowly.in_force(), "pieces of {size}");
        }
    }
    let whole = bounded(input, input.len().max(1));
    assert_eq!(whole, bounded(input, 1));
    assert_eq!(whole, bounded(input, 5));
}

/// A file as it may lie on the disk, and a file with the first line that belongs to its body. Only what was written so is
/// read; what is read is valid and is written as it was; what is refused changes nothing.
///
/// # Panics
/// When any of it does not hold.
pub fn disk(input: &[u8]) {
    file(input);
    let mut written = disk::head_of(input).into_bytes();
    written.extend_from_slice(input);
    let found = file(&written);
    assert_eq!(found, Snapshot::from_json(input).ok());
    // Any cut, and any one changed byte, is seen.
    let place = input.iter().fold(input.len(), |sum, &byte| {
        sum.wrapping_mul(31) + usize::from(byte)
    }) % written.len();
    let (before, _) = written.split_at(place);
    assert_eq!(file(before), None);
    if let Some(byte) = written.get_mut(place) {
        *byte ^= 1;
    }
    assert_eq!(file(&written), None);
}

/// What a file with these contents is taken for.
fn file(contents: &[u8]) -> Option<Snapshot> {
    let found = disk::parse(contents);
    if let Ok(snapshot) = &found {
        is_whole(snapshot);
        let end = contents
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        let (head, body) = contents.split_at(end);
        assert_eq!(head, disk::head_of(body).as_bytes());
    }
    for before in [None, Some(Source::CompiledIn)] {
        let listener = Listener::new(before);
        let store = &listener.store;
        let old = listener.current();
        take_file(store, found.clone().map(Some));
        match &found {
            Ok(snapshot) => assert_eq!(listener.in_force(), Some((snapshot.clone(), Source::Disk))),
            Err(_) => assert!(is_one(old.as_ref(), listener.current().as_ref())),
        }
        let troubles = store.status().troubles;
        assert_eq!(
            troubles.iter().any(|trouble| trouble.part == Part::Disk),
            found.is_err()
        );
    }
    // Of another migration than wanted.
    if let Ok(snapshot) = &found {
        let wanted = Key::parse("wanted")
            .ok()
            .filter(|key| *key != snapshot.migration);
        let is_foreign = wanted.is_some();
        let store = Store::new(wanted, None, Duration::ZERO);
        take_file(&store, found.clone().map(Some));
        assert_eq!(store.load().is_none(), is_foreign);
    }
    found.ok()
}

/// Somebody who is sent a stream.
struct Listener {
    store: Store,
}

impl Listener {
    fn new(before: Option<Source>) -> Self {
        let store = Store::new(None, None, Duration::ZERO);
        let begin = before.map(|source| (Snapshot::from_json(BEFORE), source));
        if let Some((Ok(snapshot), source)) = begin {
            assert!(store.offer(snapshot, source).is_ok());
        }
        Self { store }
    }

    fn current(&self) -> Option<Arc<Current>> {
        self.store.load().as_ref().map(Arc::clone)
    }

    fn in_force(&self) -> Option<(Snapshot, Source)> {
        let current = self.current()?;
        Some((current.flags.snapshot().clone(), current.source))
    }

    /// Gives the pause that was asked for at last.
    fn in_pieces(&self, input: &[u8], size: usize) -> Duration {
        let (mut parser, mut items, mut retry) = (Parser::new(LARGEST), Vec::new(), RETRY);
        for piece in input.chunks(size) {
            let taken = take_chunk(&self.store, &mut parser, &mut items, piece, &mut retry);
            assert_eq!(taken, Ok(()));
            assert_eq!(items, []);
        }
        retry
    }

    /// The same in pieces that complete one line each, and so one event at most, looked at one by one.
    fn events_one_by_one(&self, input: &[u8]) -> Duration {
        let (mut parser, mut items, mut retry) = (Parser::new(LARGEST), Vec::new(), RETRY);
        let (mut beside, mut heard) = (Parser::new(LARGEST), Vec::new());
        for piece in input.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            assert_eq!(beside.feed(piece, &mut heard), Ok(()));
            assert!(heard.len() < 2);
            let before = self.current();
            self.store.set_behind(false);
            let taken = take_chunk(&self.store, &mut parser, &mut items, piece, &mut retry);
            assert_eq!(taken, Ok(()));
            match heard.pop() {
                Some(Item::Event { name, data }) => self.took(before.as_ref(), &name, &data),
                nothing => {
                    assert!(is_one(before.as_ref(), self.current().as_ref()));
                    if let Some(Item::Retry(asked)) = nothing {
                        assert_eq!(retry, asked);
                        assert!(Backoff::after_end(asked) <= LONGEST_PAUSE);
                    }
                }
            }
        }
        retry
    }

    /// An event came; `before` was in force.
    fn took(&self, before: Option<&Arc<Current>>, name: &str, data: &str) {
        let after = self.current();
        let is_behind = self.store.subscribe().borrow().behind;
        if is_one(before, after.as_ref()) {
            let confirmed = before.filter(|current| current.source == Source::Network);
            let known = confirmed.map(|current| current.flags.snapshot());
            assert_eq!(is_behind, !is_known(known, name, data), "{name}: {data}");
            return;
        }
        let (Some(after), false) = (&after, is_behind) else {
            panic!("{name} took the flags away, or they are wanted although they came: {data}");
        };
        let after_it = after.flags.snapshot();
        assert_eq!(after.source, Source::Network);
        is_whole(after_it);
        if let Some(before) = before {
            follows(before, after_it);
        }
        if name == "snapshot" {
            assert_eq!(Snapshot::from_json(data.as_bytes()).as_ref(), Ok(after_it));
            return;
        }
        assert_eq!(name, "change");
        let Ok(change) = SnapshotChange::from_json(data.as_bytes()) else {
            panic!("applied and cannot be read: {data}");
        };
        let before = before.filter(|current| current.source == Source::Network);
        let Some(before) = before.map(|current| current.flags.snapshot()) else {
            panic!("a change of nothing that the server gave: {data}");
        };
        is_step(before, &change, after_it);
    }
}

/// Whether an event that changed nothing had nothing to change.
fn is_known(known: Option<&Snapshot>, name: &str, data: &str) -> bool {
    if !matches!(name, "snapshot" | "change" | "heartbeat") {
        return true;
    }
    let Some(known) = known else {
        return false;
    };
    let here = |migration: &Key, environment: &Key| {
        known.migration == *migration && known.environment == *environment
    };
    match name {
        "snapshot" => Snapshot::from_json(data.as_bytes()).is_ok_and(|snapshot| {
            here(&snapshot.migration, &snapshot.environment) && snapshot.revision == known.revision
        }),
        "change" => SnapshotChange::from_json(data.as_bytes()).is_ok_and(|change| {
            here(&change.migration, &change.environment)
                && change.epoch == known.revision.epoch
                && change.revision <= known.revision.number
        }),
        _ => Heartbeat::from_json(data).is_ok_and(|heartbeat| {
            heartbeat.epoch == known.revision.epoch && heartbeat.revision <= known.revision.number
        }),
    }
}

/// A snapshot came into force after another.
fn follows(before: &Current, after: &Snapshot) {
    let known = before.flags.snapshot();
    if before.source == Source::Network {
        assert_eq!(
            (&known.migration, &known.environment),
            (&after.migration, &after.environment)
        );
        assert_ne!(known.revision, after.revision);
    }
    let is_one_place = known.migration == after.migration && known.environment == after.environment;
    if before.source != Source::CompiledIn
        && is_one_place
        && known.revision.epoch == after.revision.epoch
    {
        assert!(known.revision.number <= after.revision.number);
    }
}

/// `after` is what `change` says of `before`.
fn is_step(before: &Snapshot, change: &SnapshotChange, after: &Snapshot) {
    assert_eq!(change.previous, before.revision.number);
    assert_eq!(
        (&change.epoch, change.revision),
        (&after.revision.epoch, after.revision.number)
    );
    assert_eq!(before.revision.epoch, after.revision.epoch);
    assert_eq!(change.kill_switch, after.kill_switch);
    let by_module = |flag: &Flag| (flag.module.clone(), flag.clone());
    let mut expected: BTreeMap<Key, Flag> = before.flags.iter().map(by_module).collect();
    for module in &change.removed {
        expected.remove(module);
    }
    expected.extend(change.flags.iter().map(by_module));
    assert_eq!(
        after
            .flags
            .iter()
            .map(by_module)
            .collect::<BTreeMap<_, _>>(),
        expected
    );
}

/// A snapshot in force is valid, is written and read as itself, and answers for each of its flags.
fn is_whole(snapshot: &Snapshot) {
    assert_eq!(snapshot.validate(), Ok(()));
    let written = serde_json::to_vec(snapshot).unwrap_or_default();
    assert_eq!(Snapshot::from_json(&written).as_ref(), Ok(snapshot));
    let set = FlagSet::compile(snapshot.clone());
    for flag in &snapshot.flags {
        let found = set
            .get(flag.module.as_str())
            .map(flags::CompiledFlag::module);
        assert_eq!(found, Some(&flag.module));
    }
}

fn is_one(before: Option<&Arc<Current>>, after: Option<&Arc<Current>>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => Arc::ptr_eq(before, after),
        (None, None) => true,
        _ => false,
    }
}

/// What a parser makes of the input that keeps little, and whether it could go on to the end.
fn bounded(input: &[u8], size: usize) -> (Vec<Item>, bool) {
    let (mut parser, mut items) = (Parser::new(SMALL), Vec::new());
    let fed = input
        .chunks(size)
        .try_for_each(|piece| parser.feed(piece, &mut items));
    for item in &items {
        if let Item::Event { name, data } = item {
            // What is not UTF-8 takes three bytes for one.
            assert!(name.len().max(data.len()) <= 3 * SMALL);
        }
    }
    (items, fed.is_ok())
}

#[cfg(test)]
#[path = "corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn whatever_a_stream_brings_the_flags_stay_whole() {
        corpus::each("client_stream", super::stream);
    }

    #[test]
    fn whatever_lies_on_the_disk_the_flags_stay_whole() {
        corpus::each("client_disk", super::disk);
    }
}
