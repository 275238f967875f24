//! What somebody who comes back to a stream is told: the changes since, while they are known, or the whole.

use std::collections::VecDeque;

use crate::{Revision, Snapshot, SnapshotChange};

/// The last changes that led to the newest snapshot of one environment, each as the event `E` it is sent as.
///
/// Oldest first; each starts where the one before it ended, and the last ends at the newest snapshot.
#[derive(Clone, Debug)]
pub struct Steps<E> {
    most: usize,
    kept: VecDeque<Step<E>>,
}

/// One change, as it is sent.
#[derive(Clone, Debug)]
struct Step<E> {
    previous: u64,
    event: E,
}

/// What a stream sends next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<E> {
    /// What was sent is the newest.
    Nothing,
    /// These changes, in this order: together fewer bytes than the whole.
    Steps(Vec<E>),
    /// The whole snapshot.
    Whole,
}

impl<E: Clone + AsRef<[u8]>> Steps<E> {
    /// No steps yet; at most `most` are kept.
    pub const fn none(most: usize) -> Self {
        Self {
            most,
            kept: VecDeque::new(),
        }
    }

    /// How many are kept now.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The steps once `after` has taken the place of `before`, the snapshot that these lead to. `event` writes the change.
    #[must_use]
    pub fn then(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        event: impl FnOnce(&SnapshotChange) -> Option<E>,
    ) -> Self {
        let none = Self::none(self.most);
        let Some(change) = SnapshotChange::between(before, after) else {
            return none;
        };
        // Only what stands around the flags is different.
        if change.previous == change.revision {
            return self.clone();
        }
        // Further back: nobody can be led there by steps.
        if change.previous > change.revision {
            return none;
        }
        // A step that cannot be written is missing from the way, and so is all before it.
        let Some(event) = event(&change) else {
            return none;
        };
        let mut kept = self.kept.clone();
        kept.push_back(Step {
            previous: change.previous,
            event,
        });
        while kept.len() > self.most {
            kept.pop_front();
        }
        Self { kept, ..none }
    }

    /// What somebody who was last told `sent` has to be told, where `head` is the newest revision and `whole` gives the size
    /// of the whole snapshot's event in bytes.
    pub fn next(
        &self,
        head: &Revision,
        whole: impl FnOnce() -> usize,
        sent: Option<&Revision>,
    ) -> Next<E> {
        let Some(sent) = sent else {
            return Next::Whole;
        };
        if sent == head {
            return Next::Nothing;
        }
        self.since(head, sent)
            .filter(|events| {
                let size: usize = events.iter().map(|event| event.as_ref().len()).sum();
                size < whole()
            })
            .map_or(Next::Whole, Next::Steps)
    }

    /// The steps behind `sent`, when they are all there.
    fn since(&self, head: &Revision, sent: &Revision) -> Option<Vec<E>> {
        if sent.epoch != head.epoch {
            return None;
        }
        let first = self
            .kept
            .iter()
            // Most who listen are one step behind.
            .rposition(|step| step.previous == sent.number)?;
        let behind = self.kept.range(first..);
        Some(behind.map(|step| step.event.clone()).collect())
    }
}

/// The revision that `Last-Event-ID` names, the header's value as it came; `None` when it names none, and then the whole is
/// sent.
pub fn last_event_id(value: &[u8]) -> Option<Revision> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// An event with its id, as it goes over the wire. `json` has no line breaks of its own.
pub fn event_text(name: &str, revision: &Revision, json: &str) -> String {
    format!("event: {name}\nid: {revision}\ndata: {json}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn snapshot(revision: &str) -> Snapshot {
        Snapshot {
            migration: Key::parse("atlas").unwrap(),
            environment: Key::parse("production").unwrap(),
            revision: revision.parse().unwrap(),
            kill_switch: false,
            flags: Vec::new(),
        }
    }

    /// The way over these revisions, each step named after where it leads.
    fn way(most: usize, revisions: &[&str]) -> Steps<String> {
        let snapshots: Vec<Snapshot> = revisions.iter().map(|text| snapshot(text)).collect();
        snapshots.windows(2).fold(Steps::none(most), |steps, pair| {
            steps.then(&pair[0], &pair[1], |change| {
                Some(change.revision.to_string())
            })
        })
    }

    fn next(steps: &Steps<String>, head: &str, sent: &str) -> Next<String> {
        steps.next(
            &head.parse().unwrap(),
            || 1_000,
            Some(&sent.parse().unwrap()),
        )
    }

    fn some(steps: &[&str]) -> Next<String> {
        Next::Steps(steps.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn whoever_is_on_the_way_is_led_to_its_end() {
        let steps = way(8, &["e:4", "e:7", "e:9"]);
        assert_eq!(next(&steps, "e:9", "e:4"), some(&["7", "9"]));
        assert_eq!(next(&steps, "e:9", "e:7"), some(&["9"]));
        assert_eq!(next(&steps, "e:9", "e:9"), Next::Nothing);
        for elsewhere in ["e:5", "e:10", "f:7", "e:0"] {
            assert_eq!(next(&steps, "e:9", elsewhere), Next::Whole, "{elsewhere}");
        }
        assert_eq!(
            steps.next(&"e:9".parse().unwrap(), || 1_000, None),
            Next::Whole
        );
    }

    #[test]
    fn no_more_steps_are_kept_than_wanted_and_none_are_sent_that_are_as_large_as_the_whole() {
        let steps = way(2, &["e:1", "e:2", "e:3", "e:4"]);
        assert_eq!(steps.len(), 2);
        assert_eq!(next(&steps, "e:4", "e:1"), Next::Whole);
        assert_eq!(next(&steps, "e:4", "e:2"), some(&["3", "4"]));
        let (head, sent) = ("e:4".parse().unwrap(), "e:2".parse().unwrap());
        assert_eq!(steps.next(&head, || 2, Some(&sent)), Next::Whole);
        assert_eq!(steps.next(&head, || 3, Some(&sent)), some(&["3", "4"]));
        assert!(way(0, &["e:1", "e:2"]).is_empty());
    }

    #[test]
    fn the_way_begins_anew_with_an_epoch_on_the_way_back_and_behind_a_step_that_is_missing() {
        assert!(way(8, &["e:4", "e:7", "f:8"]).is_empty());
        assert!(way(8, &["e:4", "e:7", "e:5"]).is_empty());
        assert_eq!(way(8, &["e:4", "e:7", "e:7"]).len(), 1);
        let steps = way(8, &["e:4", "e:7"]);
        let steps = steps.then(&snapshot("e:7"), &snapshot("e:8"), |_| None);
        let steps = steps.then(&snapshot("e:8"), &snapshot("e:9"), |_| Some("9".to_owned()));
        assert_eq!(next(&steps, "e:9", "e:4"), Next::Whole);
        assert_eq!(next(&steps, "e:9", "e:8"), some(&["9"]));
    }

    #[test]
    fn an_id_is_read_as_it_was_sent_and_in_no_other_way() {
        let read = |value: &[u8]| last_event_id(value).map(|revision| revision.to_string());
        assert_eq!(read(b"e:7").as_deref(), Some("e:7"));
        for other in [
            &b""[..],
            b"7",
            b" e:7",
            b"e:7 ",
            b"e:07",
            b"\"e:7\"",
            b"e:\xff",
            "e:٧".as_bytes(),
        ] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }
}
