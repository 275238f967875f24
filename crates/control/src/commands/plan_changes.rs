//! What importing a plan changes: found by comparing, carried out by [`super::ImportPlan`], shown by the preview. Pure.
//!
//! An import moves no flag and deletes nothing. Modules and phases that the plan does not name stay; modules are
//! archived when asked. Steps, criteria and procedures come from plans only, and so do checks unless a person added
//! them: the newest plan's list replaces the one there is, unless the plan has nothing of that kind at all. What a plan does not say (an owner, a
//! path, a number) blanks nothing.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::plan_items::{ChecklistItem, ChecklistKind, Criterion, RunbookEntry, Step};
use domain::{Key, Migration, Module, ModuleStatus, Phase, PhaseNumber};
use plan::Plan;
use plan::identity::normalised;

use super::plan_existing::Existing;
use super::plan_wanted::{Wanted, WantedModule};

/// Checks of a kind that are named one by one; more are counted.
const NAMED_CHECKS: usize = 3;

/// What an import would change now.
#[derive(Debug, Clone, Default)]
pub struct PlanChanges {
    /// Whether the migration is there already.
    pub migration_exists: bool,
    /// A sentence each; empty when the plan is imported already.
    pub changes: Vec<String>,
    /// Active modules that the plan does not name.
    pub absent: Vec<Key>,
    /// Absent modules that were to be archived, but serve new to somebody.
    pub stuck: Vec<Key>,
    pub(super) operations: Vec<Operation>,
}

/// One write of an import. Edited rows hold all fields, as they are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    EditMigration(Box<Migration>),
    AddPhase(Phase),
    EditPhase(Phase),
    AddModule(Module),
    EditModule(Module),
    ArchiveModule(Key),
    ReplaceSteps(Vec<Step>),
    AddCheck(ChecklistItem),
    EditCheck(i64, ChecklistItem),
    ArchiveCheck(i64),
    ReplaceCriteria(Vec<Criterion>),
    ReplaceRunbook(Vec<RunbookEntry>),
}

/// Compares what there is with what a plan asks for.
pub(crate) fn plan_changes(existing: &Existing, plan: &Plan, archive_absent: bool) -> PlanChanges {
    let wanted = Wanted::of(plan);
    let mut found = PlanChanges {
        migration_exists: existing.migration.is_some(),
        ..PlanChanges::default()
    };
    found.migration(existing, &wanted);
    found.phases(existing, &wanted);
    found.modules(existing, &wanted);
    found.absent_modules(existing, &wanted, archive_absent);
    found.templates(existing, wanted.steps.clone(), archive_absent);
    found.checks(existing, &wanted.checks, archive_absent);
    found.criteria(existing, wanted.criteria, archive_absent);
    found.runbook(existing, wanted.runbook, archive_absent);
    found
}

impl PlanChanges {
    fn push(&mut self, sentence: String, operation: Operation) {
        self.changes.push(sentence);
        self.operations.push(operation);
    }

    fn migration(&mut self, existing: &Existing, wanted: &Wanted) {
        let Some(current) = &existing.migration else {
            self.changes
                .push("Creates the migration, with the environment production.".into());
            return;
        };
        let mut next = current.clone();
        let mut what = Fields::default();
        what.set("first day", &mut next.start, Some(wanted.start));
        if wanted.expected_modules.is_some() {
            what.set(
                "expected modules",
                &mut next.expected_modules,
                wanted.expected_modules,
            );
        }
        what.set(
            "thresholds",
            &mut next.thresholds,
            wanted.thresholds(current.thresholds),
        );
        if let Some(fields) = what.named() {
            next.version += 1;
            let sentence = format!("Changes the {fields} of the migration.");
            self.push(sentence, Operation::EditMigration(Box::new(next)));
        }
    }

    fn phases(&mut self, existing: &Existing, wanted: &Wanted) {
        let current: HashMap<PhaseNumber, &Phase> = existing
            .phases
            .iter()
            .map(|phase| (phase.number, phase))
            .collect();
        for phase in &wanted.phases {
            match current.get(&phase.number) {
                None => {
                    let window = window(phase);
                    let sentence = format!("Adds phase {}, {}{window}.", phase.number, phase.name);
                    self.push(sentence, Operation::AddPhase(phase.clone()));
                }
                Some(there) if there.archived_at.is_some() => self.changes.push(format!(
                    "Skips phase {}, {}: it was archived, and its number is not used again.",
                    phase.number, phase.name
                )),
                Some(there) => self.phase(there, phase),
            }
        }
    }

    fn phase(&mut self, current: &Phase, wanted: &Phase) {
        let mut next = current.clone();
        let mut what = Fields::default();
        what.set("name", &mut next.name, wanted.name.clone());
        what.set("first day", &mut next.start, wanted.start);
        what.set("last day", &mut next.end, wanted.end);
        if wanted.expected_modules.is_some() {
            what.set(
                "expected modules",
                &mut next.expected_modules,
                wanted.expected_modules,
            );
        }
        if wanted.validation_days.is_some() {
            what.set(
                "validation",
                &mut next.validation_days,
                wanted.validation_days,
            );
        }
        what.set("overrun", &mut next.overrun_days, wanted.overrun_days);
        what.set("process", &mut next.same_process, wanted.same_process);
        if !wanted.notes.is_empty() {
            what.set("notes", &mut next.notes, wanted.notes.clone());
        }
        if let Some(fields) = what.named() {
            next.version += 1;
            let window = if fields.contains("day") {
                window(&next)
            } else {
                String::new()
            };
            let sentence = format!(
                "Changes the {fields} of phase {}, {}{window}.",
                next.number, next.name
            );
            self.push(sentence, Operation::EditPhase(next));
        }
    }

    fn modules(&mut self, existing: &Existing, wanted: &Wanted) {
        let current: HashMap<String, &Module> = existing
            .modules
            .iter()
            .map(|module| (module.key.folded(), module))
            .collect();
        let open = open_phases(existing, wanted);
        for module in &wanted.modules {
            let phase = module.phase.filter(|number| open.contains(number));
            match current.get(&module.key.folded()) {
                None => {
                    let place = phase
                        .map(|number| format!(" to phase {number}"))
                        .unwrap_or_default();
                    let sentence = format!(
                        "Adds the module {}{place}, old_only everywhere.",
                        module.key
                    );
                    self.push(sentence, Operation::AddModule(new_module(module, phase)));
                }
                Some(there) if there.status == ModuleStatus::Archived => {
                    self.changes.push(format!(
                        "Skips the module {}: it was archived, and its key is not used again.",
                        there.key
                    ));
                }
                Some(there) => self.module(there, module, phase),
            }
        }
    }

    fn module(&mut self, current: &Module, wanted: &WantedModule, phase: Option<PhaseNumber>) {
        let mut next = current.clone();
        let mut what = Fields::default();
        what.set("name", &mut next.name, wanted.name.clone());
        if phase.is_some() {
            what.set("phase", &mut next.phase, phase);
        }
        let texts = [
            ("owner", &mut next.owner, &wanted.owner),
            ("old path", &mut next.old_path, &wanted.old_path),
            ("new path", &mut next.new_path, &wanted.new_path),
        ];
        for (field, text, said) in texts {
            if let Some(said) = said {
                what.set(field, text, said.clone());
            }
        }
        if let Some(fields) = what.named() {
            next.version += 1;
            let sentence = format!("Changes the {fields} of the module {}.", next.key);
            self.push(sentence, Operation::EditModule(next));
        }
    }

    fn absent_modules(&mut self, existing: &Existing, wanted: &Wanted, archive: bool) {
        let named: HashSet<String> = wanted
            .modules
            .iter()
            .map(|module| module.key.folded())
            .collect();
        for module in &existing.modules {
            if module.status != ModuleStatus::Active || named.contains(&module.key.folded()) {
                continue;
            }
            let key = module.key.clone();
            self.absent.push(key.clone());
            if !archive {
                continue;
            }
            if existing.serving_new.contains(&key) {
                self.changes.push(format!(
                    "Cannot archive the module {key}: it serves new to somebody. Roll it back first, or retire it."
                ));
                self.stuck.push(key);
            } else {
                self.push(
                    format!("Archives the module {key}."),
                    Operation::ArchiveModule(key),
                );
            }
        }
    }

    fn templates(&mut self, existing: &Existing, steps: Vec<Step>, archive: bool) {
        if let Some(sentence) = replacement("rollout steps", &existing.steps, &steps, archive) {
            self.push(sentence, Operation::ReplaceSteps(steps));
        }
    }

    fn criteria(&mut self, existing: &Existing, criteria: Vec<Criterion>, archive: bool) {
        if let Some(sentence) = replacement(
            "completion criteria",
            &existing.criteria,
            &criteria,
            archive,
        ) {
            self.push(sentence, Operation::ReplaceCriteria(criteria));
        }
    }

    fn runbook(&mut self, existing: &Existing, runbook: Vec<RunbookEntry>, archive: bool) {
        if let Some(sentence) = replacement(
            "procedures of the runbook",
            &existing.runbook,
            &runbook,
            archive,
        ) {
            self.push(sentence, Operation::ReplaceRunbook(runbook));
        }
    }

    fn checks(&mut self, existing: &Existing, wanted: &[ChecklistItem], archive: bool) {
        let mut there: HashMap<CheckIdentity, VecDeque<&(i64, ChecklistItem)>> = HashMap::new();
        for row in &existing.checks {
            there.entry(identity(&row.1)).or_default().push_back(row);
        }
        for kind in ChecklistKind::ALL {
            let (mut added, mut changed, mut moved) = (Vec::new(), Vec::new(), false);
            let mut kept: HashSet<i64> = HashSet::new();
            let of_kind: Vec<&ChecklistItem> =
                wanted.iter().filter(|item| item.kind == kind).collect();
            for item in &of_kind {
                let Some((id, old)) = there.get_mut(&identity(item)).and_then(VecDeque::pop_front)
                else {
                    added.push(item.title.as_str());
                    self.operations.push(Operation::AddCheck((*item).clone()));
                    continue;
                };
                kept.insert(*id);
                if old == *item {
                    continue;
                }
                if (ChecklistItem {
                    position: item.position,
                    ..old.clone()
                }) == **item
                {
                    moved = true;
                } else {
                    changed.push(item.title.as_str());
                }
                self.operations
                    .push(Operation::EditCheck(*id, (*item).clone()));
            }
            let words = words(kind);
            self.changes.extend(sentences("Adds", words, &added));
            self.changes.extend(sentences("Changes", words, &changed));
            if moved {
                self.changes
                    .push(format!("Puts the {} in the plan’s order.", words.1));
            }
            if of_kind.is_empty() && !archive {
                continue;
            }
            let gone: Vec<&(i64, ChecklistItem)> = existing
                .checks
                .iter()
                .filter(|(id, item)| item.kind == kind && !kept.contains(id))
                .filter(|(id, _)| !existing.checks_by_hand.contains(id))
                .collect();
            self.operations
                .extend(gone.iter().map(|(id, _)| Operation::ArchiveCheck(*id)));
            let titles: Vec<&str> = gone.iter().map(|(_, item)| item.title.as_str()).collect();
            self.changes.extend(sentences("Archives", words, &titles));
        }
    }
}

/// Names of the fields that differ.
#[derive(Default)]
struct Fields(Vec<&'static str>);

impl Fields {
    fn set<T: PartialEq>(&mut self, name: &'static str, current: &mut T, wanted: T) {
        if *current != wanted {
            *current = wanted;
            self.0.push(name);
        }
    }

    fn named(&self) -> Option<String> {
        match self.0.split_last() {
            None => None,
            Some((last, [])) => Some((*last).to_owned()),
            Some((last, others)) => Some(format!("{} and {last}", others.join(", "))),
        }
    }
}

/// What makes a check of one import the same check in the next: kind, phase, first line and when.
type CheckIdentity = (ChecklistKind, Option<PhaseNumber>, String, String);

fn identity(item: &ChecklistItem) -> CheckIdentity {
    let first_line = item.title.lines().next().unwrap_or_default();
    (
        item.kind,
        item.phase,
        normalised(first_line),
        normalised(&item.when),
    )
}

fn open_phases(existing: &Existing, wanted: &Wanted) -> HashSet<PhaseNumber> {
    let archived: HashSet<PhaseNumber> = existing
        .phases
        .iter()
        .filter(|phase| phase.archived_at.is_some())
        .map(|phase| phase.number)
        .collect();
    let all = existing
        .phases
        .iter()
        .chain(&wanted.phases)
        .map(|phase| phase.number);
    all.filter(|number| !archived.contains(number)).collect()
}

fn new_module(module: &WantedModule, phase: Option<PhaseNumber>) -> Module {
    Module {
        key: module.key.clone(),
        name: module.name.clone(),
        phase,
        owner: module.owner.clone().unwrap_or_default(),
        old_path: module.old_path.clone().unwrap_or_default(),
        new_path: module.new_path.clone().unwrap_or_default(),
        status: ModuleStatus::Active,
        version: 1,
    }
}

fn window(phase: &Phase) -> String {
    match (phase.start, phase.end) {
        (Some(start), Some(end)) => format!(", {start} to {end}"),
        _ => String::new(),
    }
}

/// The sentence about a list that is replaced as a whole; `None` when it stays.
fn replacement<T: PartialEq>(
    what: &str,
    current: &[T],
    wanted: &[T],
    archive: bool,
) -> Option<String> {
    if current == wanted || (wanted.is_empty() && !archive) {
        return None;
    }
    Some(match (current.len(), wanted.len()) {
        (0, new) => format!("Adds {new} {what}."),
        (old, new) => format!("Replaces the {old} {what} by the {new} of the plan."),
    })
}

/// What one check of a kind is called, and several.
fn words(kind: ChecklistKind) -> (&'static str, &'static str) {
    match kind {
        ChecklistKind::Preparation => ("preparation check", "preparation checks"),
        ChecklistKind::Daily => ("daily check", "daily checks"),
        ChecklistKind::Day => ("check of a day", "checks of days"),
        ChecklistKind::Conditional => ("conditional check", "conditional checks"),
        ChecklistKind::Phase => ("check of a phase", "checks of phases"),
    }
}

fn sentences(verb: &str, (one, several): (&str, &str), titles: &[&str]) -> Vec<String> {
    if titles.len() > NAMED_CHECKS {
        return vec![format!("{verb} {} {several}.", titles.len())];
    }
    let first_line = |title: &&str| title.lines().next().unwrap_or_default().to_owned();
    titles
        .iter()
        .map(|title| format!("{verb} the {one} “{}”.", first_line(title)))
        .collect()
}
