//! The file of last known flags, for a start without the server.
//!
//! One line with format, checksum and length, then the snapshot's JSON. Written beside its place and renamed into it, so
//! that a crash leaves the file before or the file after; read with suspicion.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flags::Snapshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::Problem;
use crate::client::Shared;
use crate::http::LARGEST;
use crate::status::{Part, Source};

const FORMAT: &str = "switchback-snapshot 1";
/// Longest first line, bytes.
const LONGEST_HEAD: usize = 64;
/// A file that could not be written is written again after so long, or with the next change.
const AGAIN: Duration = Duration::from_mins(1);

/// Reads the file, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<Snapshot>, Problem> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("cannot be opened", &error)),
    };
    let mut bytes = Vec::new();
    // A larger file than any snapshot is none, and nothing to fill the memory with.
    let limit = u64::try_from(LARGEST + LONGEST_HEAD).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| failed("cannot be read", &error))?;
    parse(&bytes).map(Some)
}

/// Reads the file's contents.
pub(crate) fn parse(bytes: &[u8]) -> Result<Snapshot, Problem> {
    Ok(Snapshot::from_json(checked(bytes)?)?)
}

/// What stands behind the first line, when length and checksum are right.
fn checked(bytes: &[u8]) -> Result<&[u8], Problem> {
    let refused = |message: &str| Problem::Disk(message.to_owned());
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or_else(|| refused("it has no first line"))?;
    let (head, body) = bytes.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let head = std::str::from_utf8(head).unwrap_or_default();
    let sums = head
        .strip_prefix(FORMAT)
        .and_then(|rest| rest.strip_prefix(' ')?.split_once(' '));
    let Some((checksum, length)) = sums else {
        return Err(refused("its first line is not that of this version"));
    };
    // As texts: a first line is taken in the one way it is written.
    if length != body.len().to_string() {
        return Err(refused("it was cut short"));
    }
    if checksum != checksum_of(body) {
        return Err(refused("its checksum is wrong"));
    }
    Ok(body)
}

/// The first line, with its end, of a file with this body.
pub(crate) fn head_of(body: &[u8]) -> String {
    format!("{FORMAT} {} {}\n", checksum_of(body), body.len())
}

fn checksum_of(body: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(body))
}

/// Writes the file anew; whoever reads it sees the one before or this one.
pub(crate) fn write(path: &Path, snapshot: &Snapshot) -> Result<(), Problem> {
    let body = serde_json::to_vec(snapshot).map_err(|error| Problem::Disk(error.to_string()))?;
    let head = head_of(&body);
    // Several processes may share a directory, or by mistake a path.
    let mut name = path.as_os_str().to_owned();
    name.push(format!(
        ".{}-{:08x}.tmp",
        std::process::id(),
        rand::random::<u32>()
    ));
    let beside = PathBuf::from(name);
    let written = write_through(&beside, &[head.as_bytes(), &body])
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| keep_name(path));
    written.map_err(|error| {
        let _gone_already = fs::remove_file(&beside);
        failed("cannot be written", &error)
    })
}

fn write_through(path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    for piece in pieces {
        file.write_all(piece)?;
    }
    file.sync_all()
}

/// A rename lasts once its directory is written.
fn keep_name(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let directory = path.parent().filter(|parent| *parent != Path::new(""));
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn failed(what: &str, error: &io::Error) -> Problem {
    Problem::Disk(format!("it {what}: {error}"))
}

/// Writes what the server gave, newest first and only the newest.
pub(crate) async fn keep(shared: Arc<Shared>, path: PathBuf) {
    let mut health = shared.store.subscribe();
    let mut written = None;
    loop {
        let newer =
            health.wait_for(|health| health.confirmed.is_some() && health.confirmed != written);
        if newer.await.is_err() {
            return;
        }
        let current = shared.store.load().as_ref().map(Arc::clone);
        let Some(current) = current.filter(|current| current.source == Source::Network) else {
            continue;
        };
        let revision = current.flags.revision().clone();
        let path = path.clone();
        let saved = spawn_blocking(move || write(&path, current.flags.snapshot())).await;
        match saved {
            Ok(Ok(())) => {
                shared.store.works(Part::Disk);
                written = Some(revision);
            }
            Ok(Err(problem)) => {
                shared.store.report(Part::Disk, &problem);
                let next = health.wait_for(|health| health.confirmed.as_ref() != Some(&revision));
                let _overtaken = timeout(AGAIN, next).await.is_ok();
            }
            // The runtime is going down.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot::from_json(br#"{"format":1,"migration":"arche","environment":"production","epoch":"e","revision":7,"killSwitch":false,"flags":[{"key":"memory","mode":"new_only","exposure":10000,"retired":false}]}"#).unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flags");
        assert_eq!(read(&path), Ok(None));
        write(&path, &snapshot()).unwrap();
        write(&path, &snapshot()).unwrap();
        assert_eq!(read(&path), Ok(Some(snapshot())));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn any_cut_and_any_changed_byte_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flags");
        write(&path, &snapshot()).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(read(&path).is_err(), "cut to {length}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(read(&path).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn a_first_line_that_is_written_in_another_way_is_refused() {
        let body = serde_json::to_vec(&snapshot()).unwrap();
        let whole = |head: &str| [head.as_bytes(), b"\n", &body].concat();
        let head = head_of(&body);
        let (sums, format) = (head.trim_end().strip_prefix(FORMAT).unwrap(), FORMAT);
        assert_eq!(parse(&whole(&format!("{format}{sums}"))), Ok(snapshot()));
        let (checksum, length) = sums.trim().split_once(' ').unwrap();
        for head in [
            format!("{format}{}", sums.trim()),
            format!("{format}\t{}", sums.trim()),
            format!("{format} {sums}"),
            format!("{format}{sums}\r"),
            format!("{format} {checksum} +{length}"),
            format!("{format} {checksum} 0{length}"),
            format!("{format}0{sums}"),
        ] {
            assert!(parse(&whole(&head)).is_err(), "{head:?}");
        }
    }

    #[test]
    fn the_largest_snapshot_is_read_and_a_larger_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flags");
        for (size, is_read) in [(LARGEST, true), (LARGEST + LONGEST_HEAD, false)] {
            let mut body = serde_json::to_vec(&snapshot()).unwrap();
            body.resize(size, b' ');
            fs::write(&path, [head_of(&body).as_bytes(), &body].concat()).unwrap();
            assert_eq!(read(&path).is_ok(), is_read, "{size}");
        }
    }

    #[test]
    fn a_directory_in_its_place_is_an_error_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flags");
        fs::create_dir(&path).unwrap();
        assert!(read(&path).is_err());
        assert!(write(&path, &snapshot()).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
