//! A `Last-Event-ID` that is accepted prints back to itself, and whoever comes back with the id of any event is led to the
//! newest flags: by the steps since, where they are kept and smaller, by the whole otherwise.
//!
//! An input is the header's value up to the first line feed; behind it a byte for how many steps are kept, and one for each
//! change of the flags.

use std::collections::BTreeMap;

use flags::replay::{Next, Steps, event_text, last_event_id};
use flags::{Epoch, Flag, FlagState, Key, Revision, Snapshot, SnapshotChange};

/// More changes than steps that are kept, and few enough to look at the whole way after each.
const MOST_CHANGES: usize = 24;

/// What must hold of every input.
pub fn holds(input: &[u8]) {
    let mut halves = input.splitn(2, |&byte| byte == b'\n');
    let header = halves.next().unwrap_or_default();
    let sent = last_event_id(header);
    if let Some(revision) = &sent {
        assert_eq!(revision.to_string().as_bytes(), header);
    }
    let rest = halves.next().unwrap_or_default();
    let (&kept, changes) = rest.split_first().unwrap_or((&0, &[]));
    // What somebody names was the newest once, or never.
    let begin = sent.clone().filter(|_| kept & 16 != 0);
    let mut way = Way::new(
        usize::from(kept % 9),
        begin.unwrap_or_else(|| revision("e", 4)),
    );
    way.check(sent.as_ref());
    for &change in changes.iter().take(MOST_CHANGES) {
        way.go_on(change);
        way.check(sent.as_ref());
    }
}

/// Snapshots as they followed each other, since the last one that no step leads away from.
struct Way {
    most: usize,
    been: Vec<Snapshot>,
    steps: Steps<String>,
}

impl Way {
    fn new(most: usize, revision: Revision) -> Self {
        let first = Snapshot {
            migration: key("atlas"),
            environment: key("production"),
            revision,
            kill_switch: false,
            flags: (0..6).map(flag).collect(),
        };
        Self {
            most,
            been: vec![first],
            steps: Steps::none(most),
        }
    }

    fn head(&self) -> &Snapshot {
        self.been.last().expect("never empty")
    }

    fn go_on(&mut self, change: u8) {
        let (kind, argument) = (change & 7, change >> 3);
        let mut after = self.head().clone();
        let number = after.revision.number;
        let (ahead, behind) = match kind {
            0..=4 => (u64::from(argument % 3) + 1, 0),
            // The same once more.
            5 => (0, 0),
            // Another epoch.
            6 => {
                let length = after.revision.epoch.as_str().len() % 60 + 1;
                after.revision.epoch = Epoch::parse(&"f".repeat(length)).expect("an epoch");
                (u64::from(argument), 0)
            }
            _ => (0, u64::from(argument)),
        };
        match kind {
            0..=2 => after
                .flags
                .iter_mut()
                .skip(argument.into())
                .take(kind.into())
                .for_each(|flag| {
                    flag.state = if flag.state == FlagState::NEW_ONLY {
                        FlagState::OLD_ONLY
                    } else {
                        FlagState::NEW_ONLY
                    };
                }),
            3 => match after
                .flags
                .iter()
                .position(|known| known.module == flag(argument).module)
            {
                Some(place) => drop(after.flags.remove(place)),
                None => after.flags.insert(after.flags.len() / 2, flag(argument)),
            },
            4 => after.kill_switch = !after.kill_switch,
            _ => {}
        }
        // No revision comes after the last one.
        let Some(number) = number.checked_add(ahead) else {
            return;
        };
        after.revision.number = number.saturating_sub(behind);
        let before = self.head();
        let on = after.revision.epoch == before.revision.epoch
            && after.revision.number >= before.revision.number;
        let is_same = after.revision == before.revision;
        self.steps = self.steps.then(before, &after, |change| {
            let json = serde_json::to_string(change).ok()?;
            Some(event_text("change", &after.revision, &json))
        });
        if !on {
            self.been.clear();
        }
        if is_same {
            self.been.pop();
        }
        self.been.push(after);
    }

    /// Looks at everybody who may come back now.
    fn check(&self, named: Option<&Revision>) {
        let head = &self.head().revision;
        let whole = self.whole();
        assert_eq!(self.steps.len(), (self.been.len() - 1).min(self.most));
        let next = |sent: Option<&Revision>| self.steps.next(head, || whole, sent);
        assert_eq!(next(None), Next::Whole);
        for (behind, from) in self.been.iter().rev().enumerate() {
            match &next(Some(&from.revision)) {
                Next::Nothing => assert_eq!(behind, 0),
                Next::Steps(events) => {
                    assert_eq!(events.len(), behind);
                    self.leads(from, events);
                    assert!(events.iter().map(String::len).sum::<usize>() < whole);
                    // A whole of that very size is sent instead.
                    let size = events.iter().map(String::len).sum::<usize>();
                    assert_eq!(
                        self.steps.next(head, || size, Some(&from.revision)),
                        Next::Whole
                    );
                }
                Next::Whole => assert!(behind > 0),
            }
            let kept = behind <= self.most;
            let unlimited = self.steps.next(head, || usize::MAX, Some(&from.revision));
            assert_eq!(matches!(unlimited, Next::Whole), !kept, "{behind} behind");
        }
        // Between and beside the revisions of the way: the whole.
        let known = |revision: &Revision| {
            self.been
                .iter()
                .any(|snapshot| snapshot.revision == *revision)
        };
        let numbers = self.been.iter().map(|snapshot| snapshot.revision.number);
        let beside = numbers.flat_map(|number| [number.wrapping_sub(1), number.wrapping_add(1)]);
        let beside = beside.map(|number| Revision {
            number,
            epoch: head.epoch.clone(),
        });
        let elsewhere = self
            .been
            .iter()
            .map(|snapshot| revision("elsewhere", snapshot.revision.number));
        for revision in beside.chain(elsewhere).chain(named.cloned()) {
            if !known(&revision) {
                assert_eq!(next(Some(&revision)), Next::Whole, "{revision}");
            }
        }
    }

    /// The size of the whole, as an event.
    fn whole(&self) -> usize {
        let json = serde_json::to_string(self.head()).expect("JSON");
        event_text("snapshot", &self.head().revision, &json).len()
    }

    /// These events, read as a client reads them, make the newest of `from`.
    fn leads(&self, from: &Snapshot, events: &[String]) {
        let mut here = from.clone();
        for event in events {
            let field = |name: &str| {
                let mut lines = event.lines();
                lines
                    .find_map(|line| line.strip_prefix(name))
                    .expect("a field")
            };
            let change = SnapshotChange::from_json(field("data: ").as_bytes()).expect("a change");
            here = change.apply(&here).expect("a step that fits");
            assert_eq!(
                last_event_id(field("id: ").as_bytes()).as_ref(),
                Some(&here.revision)
            );
        }
        assert_eq!(unordered(&here), unordered(self.head()));
    }
}

/// The order of flags has no meaning.
fn unordered(snapshot: &Snapshot) -> (&Revision, bool, BTreeMap<&Key, &Flag>) {
    let flags = snapshot.flags.iter().map(|flag| (&flag.module, flag));
    (&snapshot.revision, snapshot.kill_switch, flags.collect())
}

fn flag(number: u8) -> Flag {
    Flag {
        module: key(&format!("module-{number}")),
        state: FlagState::OLD_ONLY,
        retired: false,
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn revision(epoch: &str, number: u64) -> Revision {
    Revision {
        epoch: Epoch::parse(epoch).expect("an epoch"),
        number,
    }
}
