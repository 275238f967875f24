//! What importing a plan changes of freezes, change windows, milestones and dependencies between phases. Pure.
//!
//! Where a plan has any of a kind, or says that it is whole, it is compared with what there is. What it does not name
//! stays, and is told; windows and milestones are archived when asked, but never a window that is on.

use std::collections::{BTreeMap, HashSet};

use domain::schedule::phases::{Dependency, PhaseDates, check_new_dependency, newly_broken};
use domain::schedule::recurrence::Recurrence;
use domain::schedule::windows::{Scope, Window};
use domain::{ModuleStatus, Phase, PhaseNumber, Refusal};
use jiff::civil::DateTime;

use super::plan_changes::{Operation, PlanChanges, open_phases, squeezed};
use super::plan_existing::Existing;
use super::plan_wanted::Wanted;

/// Pairs of what there is and what is wanted, what is wanted beside, and what there is beside; all by place.
struct Pairs {
    same: Vec<(usize, usize)>,
    added: Vec<usize>,
    gone: Vec<usize>,
}

/// Whether one that there is and one that is wanted are the same one.
type Same<'a, A, B> = &'a dyn Fn(&A, &B) -> bool;

/// Finds the same ones: first by the first rule, what is left by the second, and so on.
fn pair<A, B>(there: &[A], wanted: &[B], rules: &[Same<'_, A, B>]) -> Pairs {
    let mut gone: Vec<usize> = (0..there.len()).collect();
    let mut added: Vec<usize> = (0..wanted.len()).collect();
    let mut known = Vec::new();
    for rule in rules {
        added.retain(|new| {
            let fits = |old: &&usize| {
                there
                    .get(**old)
                    .zip(wanted.get(*new))
                    .is_some_and(|(old, new)| rule(old, new))
            };
            let Some(old) = gone.iter().find(fits).copied() else {
                return true;
            };
            gone.retain(|other| *other != old);
            known.push((old, *new));
            false
        });
    }
    Pairs {
        same: known,
        added,
        gone,
    }
}

impl PlanChanges {
    pub(super) fn windows(&mut self, existing: &Existing, wanted: &Wanted, archive: bool) {
        if wanted.windows.is_empty() && !wanted.complete {
            return;
        }
        let named = |a: &Window, b: &Window| {
            a.kind() == b.kind() && squeezed(a.name()) == squeezed(b.name())
        };
        let timed = |a: &Window, b: &Window| {
            (a.kind(), a.starts(), a.ends(), a.scope(), a.recurrence())
                == (b.kind(), b.starts(), b.ends(), b.scope(), b.recurrence())
        };
        let there: Vec<&Window> = existing.windows.iter().map(|one| &one.window).collect();
        let new: Vec<&Window> = wanted.windows.iter().collect();
        let found = pair(
            &there,
            &new,
            &[
                &|a, b| named(a, b) && timed(a, b),
                &|a, b| named(a, b),
                &|a, b| timed(a, b),
            ],
        );
        for (old, new) in found.same {
            if let Some((old, new)) = existing.windows.get(old).zip(wanted.windows.get(new)) {
                let what = differences(&old.window, new);
                if !what.is_empty() && self.is_placed(existing, wanted, new) {
                    let sentence = format!(
                        "Changes the {} of the {} “{}”: {}.",
                        list(&what),
                        new.kind().words(),
                        new.name(),
                        told(new)
                    );
                    self.push(sentence, Operation::EditWindow(old.id, new.clone()));
                }
            }
        }
        for new in found
            .added
            .iter()
            .filter_map(|place| wanted.windows.get(*place))
        {
            if self.is_placed(existing, wanted, new) {
                let sentence = format!(
                    "Adds the {} “{}”: {}.",
                    new.kind().words(),
                    new.name(),
                    told(new)
                );
                self.push(sentence, Operation::AddWindow(new.clone()));
            }
        }
        for old in found
            .gone
            .iter()
            .filter_map(|place| existing.windows.get(*place))
        {
            let what = format!("the {} “{}”", old.window.kind().words(), old.window.name());
            if !archive {
                self.stays(&what);
            } else if existing.on_now.contains(&old.id) {
                let why =
                    "it is on now. Archive it by itself and say why, or wait until it has ended.";
                self.changes.push(format!("Cannot archive {what}: {why}"));
                self.refused.push(Refusal::InUse {
                    what: capital(&what),
                    why: why.into(),
                });
            } else {
                self.push(
                    format!("Archives {what}."),
                    Operation::ArchiveWindow(old.id),
                );
            }
        }
    }

    /// Whether the phase or module that a window is about is there, or will be; says so where it is not.
    fn is_placed(&mut self, existing: &Existing, wanted: &Wanted, window: &Window) -> bool {
        let place = match window.scope() {
            Scope::Migration => return true,
            Scope::Phase(number) if open_phases(existing, wanted).contains(number) => return true,
            Scope::Phase(number) => format!("phase {number}"),
            Scope::Module(key) => {
                let there = existing.modules.iter().find(|module| module.key == *key);
                let open = match there {
                    Some(module) => module.status != ModuleStatus::Archived,
                    None => wanted.modules.iter().any(|module| module.key == *key),
                };
                if open {
                    return true;
                }
                format!("module {key}")
            }
        };
        self.changes.push(format!(
            "Skips the {} “{}”: there is no open {place}.",
            window.kind().words(),
            window.name()
        ));
        false
    }

    pub(super) fn milestones(&mut self, existing: &Existing, wanted: &Wanted, archive: bool) {
        if wanted.milestones.is_empty() && !wanted.complete {
            return;
        }
        let found = pair(
            &existing.milestones,
            &wanted.milestones,
            &[
                &|old, (name, day)| squeezed(&old.name) == squeezed(name) && old.day == *day,
                &|old, (name, _)| squeezed(&old.name) == squeezed(name),
                &|old, (_, day)| old.day == *day,
            ],
        );
        for (old, new) in found.same {
            let pair = existing.milestones.get(old).zip(wanted.milestones.get(new));
            let Some((old, (name, day))) = pair else {
                continue;
            };
            let sentence = match (squeezed(&old.name) == squeezed(name), old.day == *day) {
                (true, true) => continue,
                (true, false) => {
                    format!("Moves the milestone “{name}” from {} to {day}.", old.day)
                }
                (false, _) => format!("Renames the milestone “{}” to “{name}”.", old.name),
            };
            let id = old.id;
            self.push(sentence, Operation::EditMilestone(id, name.clone(), *day));
        }
        let added = found
            .added
            .iter()
            .filter_map(|place| wanted.milestones.get(*place));
        for (name, day) in added {
            let sentence = format!("Adds the milestone “{name}” on {day}.");
            self.push(sentence, Operation::AddMilestone(name.clone(), *day));
        }
        for old in found
            .gone
            .iter()
            .filter_map(|place| existing.milestones.get(*place))
        {
            let what = format!("the milestone “{}”", old.name);
            if archive {
                self.push(
                    format!("Archives {what}."),
                    Operation::ArchiveMilestone(old.id),
                );
            } else {
                self.stays(&what);
            }
        }
    }

    /// Something that the plan does not name, and that is not put away without being asked.
    pub(super) fn stays(&mut self, what: &str) {
        self.kept.push(format!(
            "The plan does not name {what}: it stays. Archive it where it is kept, or import again and archive what is absent."
        ));
    }

    /// What phases need, and which dependencies their new dates do not keep.
    pub(super) fn needs(&mut self, existing: &Existing, wanted: &Wanted) {
        let open = open_phases(existing, wanted);
        let mut needs: BTreeMap<PhaseNumber, Vec<PhaseNumber>> = BTreeMap::new();
        for one in &existing.needs {
            needs.entry(one.phase).or_default().push(one.needs);
        }
        for (phase, named) in wanted.needs.iter().flatten() {
            if !open.contains(phase) {
                continue;
            }
            let mut kept = Vec::new();
            for number in named {
                if open.contains(number) {
                    kept.push(*number);
                } else {
                    self.changes.push(format!(
                        "Skips that phase {phase} needs phase {number}: there is no open phase {number}."
                    ));
                }
            }
            kept.sort_unstable();
            kept.dedup();
            let before = needs.get(phase).cloned().unwrap_or_default();
            if before != kept {
                let sentence = if kept.is_empty() {
                    format!(
                        "Phase {phase} waits for nothing any more, before for {}.",
                        phases(&before)
                    )
                } else if before.is_empty() {
                    format!("Phase {phase} waits for {}.", phases(&kept))
                } else {
                    format!(
                        "Phase {phase} waits for {}, before for {}.",
                        phases(&kept),
                        phases(&before)
                    )
                };
                self.push(sentence, Operation::SetNeeds(*phase, kept.clone()));
                needs.insert(*phase, kept);
            }
        }
        let mut after: Vec<Dependency> = Vec::new();
        for (phase, needed) in needs {
            for needs in needed {
                let new = Dependency { phase, needs };
                match check_new_dependency(&after, new) {
                    Ok(()) => after.push(new),
                    Err(refused) => {
                        self.changes.push(format!("Cannot be imported: {refused}"));
                        self.refused.push(refused.into());
                    }
                }
            }
        }
        let (before, dates) = self.dates(existing);
        self.broken = newly_broken((&before, &existing.needs), (&dates, &after));
    }

    /// The dates of open phases, as they are and as they will be.
    fn dates(&self, existing: &Existing) -> (Vec<PhaseDates>, Vec<PhaseDates>) {
        let open = |phase: &&Phase| phase.archived_at.is_none();
        let before: Vec<PhaseDates> = existing
            .phases
            .iter()
            .filter(open)
            .filter_map(PhaseDates::of)
            .collect();
        let changed: Vec<PhaseDates> = self
            .operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::AddPhase(phase) | Operation::EditPhase(phase) => PhaseDates::of(phase),
                _ => None,
            })
            .collect();
        let numbers: HashSet<PhaseNumber> = changed.iter().map(|dates| dates.phase).collect();
        let mut after: Vec<PhaseDates> = before
            .iter()
            .filter(|dates| !numbers.contains(&dates.phase))
            .copied()
            .collect();
        after.extend(changed);
        (before, after)
    }
}

/// Which fields of a window differ.
fn differences(old: &Window, new: &Window) -> Vec<&'static str> {
    [
        ("name", squeezed(old.name()) != squeezed(new.name())),
        (
            "times",
            (old.starts(), old.ends()) != (new.starts(), new.ends()),
        ),
        ("scope", old.scope() != new.scope()),
        ("rule", old.recurrence() != new.recurrence()),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

fn list(names: &[&str]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `2026-11-27 18:00 to 2026-11-30 08:00, phase 2, again by FREQ=...`.
fn told(window: &Window) -> String {
    let written = |at: DateTime| at.strftime("%Y-%m-%d %H:%M").to_string();
    let scope = match window.scope() {
        Scope::Migration => String::new(),
        Scope::Phase(number) => format!(", phase {number}"),
        Scope::Module(key) => format!(", module {key}"),
    };
    let rule = window.recurrence().map(Recurrence::as_str);
    let again = rule
        .map(|rule| format!(", again by {rule}"))
        .unwrap_or_default();
    format!(
        "{} to {}{scope}{again}",
        written(window.starts()),
        written(window.ends())
    )
}

/// `phase 1 and phase 2`.
fn phases(numbers: &[PhaseNumber]) -> String {
    let names: Vec<String> = numbers
        .iter()
        .map(|number| format!("phase {number}"))
        .collect();
    names.join(" and ")
}

fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}
