//! What streams of one environment are told: its newest flags, and the last changes that led to them.
//!
//! A stream has no queue here. It remembers the revision it sent last and asks for [`Broadcast::news`] whenever its reader
//! can take more: a slow one misses revisions in between and never the newest.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use flags::replay::{Next, Steps, event_text};
use flags::{Revision, SnapshotChange};
use tokio::sync::watch;

use crate::snapshots::Published;

/// Changes kept for those who come back.
const KEPT: usize = 1_024;

/// An environment's flags and the way to them, all of one moment.
#[derive(Debug)]
struct Told {
    published: Arc<Published>,
    /// The last ends at `published`.
    steps: Steps<Bytes>,
}

/// What a stream sends next.
#[derive(Debug, Clone)]
pub struct News {
    /// Events, ready to be sent in this order.
    pub events: Vec<Bytes>,
    /// The revision they lead to.
    pub revision: Revision,
}

/// The flags of one environment for everybody who listens.
#[derive(Debug)]
pub struct Broadcast {
    told: ArcSwap<Told>,
    /// Counts publications; closed when the environment is gone.
    bell: watch::Sender<u64>,
}

impl Broadcast {
    pub(crate) fn new(published: Arc<Published>) -> Self {
        Self {
            told: ArcSwap::from_pointee(Told {
                published,
                steps: Steps::none(KEPT),
            }),
            bell: watch::Sender::new(0),
        }
    }

    /// The newest flags.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.told.load().published)
    }

    /// Rings whenever [`Broadcast::news`] may have something new. Subscribe first, then ask: nothing falls between.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// What somebody who was last told `sent` has to be told; `None` when that is the newest.
    pub fn news(&self, sent: Option<&Revision>) -> Option<News> {
        let told = self.told.load();
        let head = told.published.set.revision();
        let whole = || told.published.event();
        let events = match told.steps.next(head, || whole().len(), sent) {
            Next::Nothing => return None,
            Next::Steps(events) => events,
            Next::Whole => vec![whole()],
        };
        Some(News {
            events,
            revision: head.clone(),
        })
    }

    /// Makes `published` the newest. Only the writer's task calls this, in commit order.
    pub(crate) fn publish(&self, published: Arc<Published>) {
        let told = self.told.load();
        let (before, after) = (told.published.set.snapshot(), published.set.snapshot());
        let moved = before.revision != after.revision;
        let steps = told
            .steps
            .then(before, after, |change| event_of(change, &after.revision));
        self.told.store(Arc::new(Told { published, steps }));
        if moved {
            self.bell.send_modify(|count| *count += 1);
        }
    }
}

fn event_of(change: &SnapshotChange, revision: &Revision) -> Option<Bytes> {
    let json = serde_json::to_string(change).ok()?;
    Some(event_text("change", revision, &json).into())
}

#[cfg(test)]
mod tests {
    use flags::{Flag, FlagState, Key, Snapshot};

    use super::*;

    fn published(revision: &str, state: FlagState) -> Arc<Published> {
        let flags = (0..20)
            .map(|number| Flag {
                module: Key::parse(&format!("module_{number}")).unwrap(),
                state: if number == 0 {
                    state
                } else {
                    FlagState::OLD_ONLY
                },
                retired: false,
            })
            .collect();
        let snapshot = Snapshot {
            migration: Key::parse("atlas").unwrap(),
            environment: Key::parse("production").unwrap(),
            revision: revision.parse().unwrap(),
            kill_switch: false,
            flags,
        };
        Arc::new(Published::new(snapshot, true, std::collections::HashMap::new()).unwrap())
    }

    fn names(news: &News) -> Vec<String> {
        news.events
            .iter()
            .map(|event| {
                let text = String::from_utf8(event.to_vec()).unwrap();
                let mut lines = text.lines();
                let name = lines
                    .next()
                    .unwrap()
                    .trim_start_matches("event: ")
                    .to_owned();
                format!(
                    "{name} {}",
                    lines.next().unwrap().trim_start_matches("id: ")
                )
            })
            .collect()
    }

    #[test]
    fn who_knows_nothing_gets_the_whole_and_who_knows_all_gets_nothing() {
        let broadcast = Broadcast::new(published("e:4", FlagState::OLD_ONLY));
        let news = broadcast.news(None).unwrap();
        assert_eq!(names(&news), ["snapshot e:4"]);
        assert!(broadcast.news(Some(&news.revision)).is_none());
    }

    #[test]
    fn who_comes_back_is_led_by_steps_as_far_as_they_are_kept() {
        let broadcast = Broadcast::new(published("e:4", FlagState::OLD_ONLY));
        let mut bell = broadcast.subscribe();
        broadcast.publish(published("e:7", FlagState::BOTH_VALIDATE));
        assert!(bell.has_changed().unwrap());
        bell.mark_unchanged();
        broadcast.publish(published("e:9", FlagState::NEW_ONLY));
        let seen = |revision: &str| broadcast.news(Some(&revision.parse().unwrap()));
        assert_eq!(names(&seen("e:4").unwrap()), ["change e:7", "change e:9"]);
        assert_eq!(names(&seen("e:7").unwrap()), ["change e:9"]);
        // Between two revisions of this environment, ahead of it, of another life: the whole.
        for revision in ["e:5", "e:10", "f:7", "e:0"] {
            assert_eq!(names(&seen(revision).unwrap()), ["snapshot e:9"]);
        }
    }

    #[test]
    fn far_behind_the_whole_is_less_than_the_steps() {
        let broadcast = Broadcast::new(published("e:1", FlagState::OLD_ONLY));
        for number in 2..2_000 {
            let state = if number % 2 == 0 {
                FlagState::NEW_ONLY
            } else {
                FlagState::OLD_ONLY
            };
            broadcast.publish(published(&format!("e:{number}"), state));
        }
        assert_eq!(broadcast.told.load().steps.len(), KEPT);
        let news = broadcast.news(Some(&"e:1500".parse().unwrap())).unwrap();
        assert_eq!(names(&news), ["snapshot e:1999"]);
        let news = broadcast.news(Some(&"e:1997".parse().unwrap())).unwrap();
        assert_eq!(names(&news), ["change e:1998", "change e:1999"]);
    }

    #[test]
    fn a_new_epoch_starts_from_the_whole_and_what_changes_no_flag_rings_no_bell() {
        let broadcast = Broadcast::new(published("e:4", FlagState::OLD_ONLY));
        let bell = broadcast.subscribe();
        broadcast.publish(published("e:4", FlagState::OLD_ONLY));
        assert!(!bell.has_changed().unwrap());
        broadcast.publish(published("f:2", FlagState::OLD_ONLY));
        assert!(bell.has_changed().unwrap());
        let news = broadcast.news(Some(&"e:4".parse().unwrap())).unwrap();
        assert_eq!(names(&news), ["snapshot f:2"]);
    }
}
