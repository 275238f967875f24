//! What one change made of a snapshot: sent to streams, which then need not read the whole again.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::snapshot::FORMAT;
use crate::{Epoch, Flag, InvalidSnapshot, Key, Revision, Snapshot};

/// The step from one snapshot to the next: every flag that is new or different as a whole, and the keys that are gone.
///
/// It holds only on the snapshot it was made from. JSON:
/// `{"format":1,"migration","environment","epoch","previous","revision","killSwitch","flags":[as in a snapshot],"removed":[keys]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotChange {
    format: u32,
    /// The migration.
    pub migration: Key,
    /// The environment.
    pub environment: Key,
    /// The epoch of both revisions.
    pub epoch: Epoch,
    /// The revision it starts from.
    pub previous: u64,
    /// The revision it leads to.
    pub revision: u64,
    /// The kill switch afterwards.
    pub kill_switch: bool,
    /// Flags that are new or different.
    pub flags: Vec<Flag>,
    /// Flags that are gone.
    pub removed: Vec<Key>,
}

/// Why a change cannot be applied to a snapshot. The snapshot stays as it is; the whole has to be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotApply {
    /// It cannot be read, or its result would be no valid snapshot.
    #[error(transparent)]
    Invalid(#[from] InvalidSnapshot),
    /// It is about another migration, environment or epoch.
    #[error("the change is about another migration, environment or epoch")]
    Elsewhere,
    /// Changes before it are missing, or it was applied before.
    #[error("the change leads from revision {previous}, this is {here}")]
    NotNext {
        /// Where it starts.
        previous: u64,
        /// Where the snapshot is.
        here: u64,
    },
}

impl SnapshotChange {
    /// What leads from `before` to `after`; `None` when they are not of one environment and epoch.
    pub fn between(before: &Snapshot, after: &Snapshot) -> Option<Self> {
        let related = before.migration == after.migration
            && before.environment == after.environment
            && before.revision.epoch == after.revision.epoch;
        if !related {
            return None;
        }
        let mut gone: HashMap<&Key, &Flag> = before
            .flags
            .iter()
            .map(|flag| (&flag.module, flag))
            .collect();
        let flags = after
            .flags
            .iter()
            .filter(|flag| gone.remove(&flag.module) != Some(*flag))
            .cloned()
            .collect();
        let mut removed: Vec<Key> = gone.into_keys().cloned().collect();
        removed.sort();
        Some(Self {
            format: FORMAT,
            migration: after.migration.clone(),
            environment: after.environment.clone(),
            epoch: after.revision.epoch.clone(),
            previous: before.revision.number,
            revision: after.revision.number,
            kill_switch: after.kill_switch,
            flags,
            removed,
        })
    }

    /// Reads a change.
    ///
    /// # Errors
    /// [`InvalidSnapshot`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, InvalidSnapshot> {
        let change: Self =
            serde_json::from_slice(bytes).map_err(|error| InvalidSnapshot::Json {
                message: error.to_string(),
            })?;
        crate::snapshot::check_format(change.format)?;
        if change.revision <= change.previous {
            let (from, to) = (change.previous, change.revision);
            return Err(InvalidSnapshot::Json {
                message: format!("a change that leads from revision {from} to {to}"),
            });
        }
        Ok(change)
    }

    /// The snapshot after this change.
    ///
    /// # Errors
    /// [`CannotApply`]; nothing of the change may be used then.
    pub fn apply(&self, before: &Snapshot) -> Result<Snapshot, CannotApply> {
        let here = &before.revision;
        if before.migration != self.migration
            || before.environment != self.environment
            || here.epoch != self.epoch
        {
            return Err(CannotApply::Elsewhere);
        }
        if here.number != self.previous {
            return Err(CannotApply::NotNext {
                previous: self.previous,
                here: here.number,
            });
        }
        let removed: HashSet<&Key> = self.removed.iter().collect();
        let mut changed: HashMap<&Key, &Flag> = HashMap::with_capacity(self.flags.len());
        for flag in &self.flags {
            let twice = changed.insert(&flag.module, flag).is_some();
            // Which of both holds, nobody knows.
            if twice || removed.contains(&flag.module) {
                return Err(InvalidSnapshot::Duplicate {
                    first: flag.module.clone(),
                    second: flag.module.clone(),
                }
                .into());
            }
        }
        let kept = before
            .flags
            .iter()
            .filter(|flag| !removed.contains(&flag.module))
            .map(|flag| changed.remove(&flag.module).unwrap_or(flag).clone());
        let mut flags: Vec<Flag> = kept.collect();
        let new = self
            .flags
            .iter()
            .filter(|flag| changed.contains_key(&flag.module));
        let before_growth = flags.len();
        flags.extend(new.cloned());
        // What was valid stays so while no key is added.
        let grows = flags.len() > before_growth;
        let after = Snapshot {
            migration: self.migration.clone(),
            environment: self.environment.clone(),
            revision: Revision {
                epoch: self.epoch.clone(),
                number: self.revision,
            },
            kill_switch: self.kill_switch,
            flags,
        };
        if grows {
            after.validate()?;
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::FlagState;

    fn snapshot(revision: u64, kill_switch: bool, flags: &[(u8, FlagState)]) -> Snapshot {
        Snapshot {
            migration: Key::parse("atlas").unwrap(),
            environment: Key::parse("production").unwrap(),
            revision: format!("e:{revision}").parse().unwrap(),
            kill_switch,
            flags: flags
                .iter()
                .map(|(module, state)| Flag {
                    module: Key::parse(&format!("m{module}")).unwrap(),
                    state: *state,
                    retired: false,
                })
                .collect(),
        }
    }

    fn some_flags() -> impl Strategy<Value = Vec<(u8, FlagState)>> {
        let state = prop_oneof![
            Just(FlagState::OLD_ONLY),
            Just(FlagState::BOTH_VALIDATE),
            Just(FlagState::NEW_ONLY)
        ];
        proptest::collection::btree_map(0u8..20, state, 0..20)
            .prop_map(|flags| flags.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_change_leads_from_one_snapshot_to_the_next(
            before in some_flags(), after in some_flags(), kill in any::<bool>()
        ) {
            let (before, after) = (snapshot(4, false, &before), snapshot(9, kill, &after));
            let change = SnapshotChange::between(&before, &after).unwrap();
            let read = SnapshotChange::from_json(&serde_json::to_vec(&change).unwrap()).unwrap();
            let mut made = read.apply(&before).unwrap();
            // The order of flags has no meaning.
            made.flags.sort_by(|a, b| a.module.cmp(&b.module));
            let mut after = after;
            after.flags.sort_by(|a, b| a.module.cmp(&b.module));
            prop_assert_eq!(made, after);
        }
    }

    #[test]
    fn a_module_that_a_change_tells_twice_is_refused() {
        let before = snapshot(4, false, &[(1, FlagState::OLD_ONLY)]);
        let after = snapshot(5, false, &[(1, FlagState::NEW_ONLY)]);
        let change = SnapshotChange::between(&before, &after).unwrap();
        let other = Flag {
            state: FlagState::BOTH_VALIDATE,
            ..change.flags[0].clone()
        };
        let key = other.module.clone();
        let twice = SnapshotChange {
            flags: vec![change.flags[0].clone(), other],
            ..change.clone()
        };
        let gone_too = SnapshotChange {
            removed: vec![key.clone()],
            ..change
        };
        for change in [twice, gone_too] {
            assert_eq!(
                change.apply(&before),
                Err(CannotApply::Invalid(InvalidSnapshot::Duplicate {
                    first: key.clone(),
                    second: key.clone(),
                }))
            );
        }
    }

    #[test]
    fn a_change_holds_only_on_the_snapshot_it_was_made_from() {
        let (before, after) = (snapshot(4, false, &[]), snapshot(5, true, &[]));
        let change = SnapshotChange::between(&before, &after).unwrap();
        assert_eq!(
            change.apply(&snapshot(3, false, &[])),
            Err(CannotApply::NotNext {
                previous: 4,
                here: 3
            })
        );
        assert_eq!(
            change.apply(&after),
            Err(CannotApply::NotNext {
                previous: 4,
                here: 5
            })
        );
        let mut elsewhere = before.clone();
        elsewhere.revision = "f:4".parse().unwrap();
        assert_eq!(change.apply(&elsewhere), Err(CannotApply::Elsewhere));
        assert_eq!(SnapshotChange::between(&elsewhere, &after), None);
    }

    #[test]
    fn a_change_that_would_make_an_invalid_snapshot_is_refused() {
        let before = snapshot(4, false, &[(1, FlagState::OLD_ONLY)]);
        let mut after = snapshot(5, false, &[(1, FlagState::OLD_ONLY)]);
        for key in ["a-b", "a_b"] {
            after.flags.push(Flag {
                module: Key::parse(key).unwrap(),
                state: FlagState::OLD_ONLY,
                retired: false,
            });
        }
        let change = SnapshotChange::between(&before, &after).unwrap();
        assert!(matches!(
            change.apply(&before),
            Err(CannotApply::Invalid(_))
        ));
        let backwards = serde_json::to_string(&SnapshotChange {
            revision: 4,
            ..change.clone()
        });
        for text in ["", "{}", "null", r#"{"format":2}"#, &backwards.unwrap()] {
            assert!(
                SnapshotChange::from_json(text.as_bytes()).is_err(),
                "{text}"
            );
        }
    }
}
