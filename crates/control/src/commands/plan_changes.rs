//! What importing a plan changes: found by comparing, carried out by [`super::ImportPlan`], shown by the preview. Pure.
//!
//! An import moves no flag and deletes nothing. Modules and phases that the plan does not name stay; modules are
//! archived when asked. Steps, criteria and procedures come from plans only, and so do checks unless a person added
//! them: the newest plan's list replaces the one there is, unless the plan has nothing of that kind at all. What a plan does not
//! say (an owner, a path, a number) blanks nothing, unless it says of itself that it is whole, as exports do. A check
//! that somebody ticked or added stays unless it is asked for; what stays is told. Texts that differ in white space only
//! are the same.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::plan_items::{ChecklistItem, ChecklistKind, Criterion, RunbookEntry, Step};
use domain::schedule::checklist::Moment;
use domain::schedule::phases::Broken;
use domain::schedule::windows::Window;
use domain::{Key, Migration, Module, ModuleStatus, Phase, PhaseNumber, Refusal};
use jiff::civil::Date;
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
    /// What the plan does not name and what stays nevertheless, a sentence each; modules are in `absent`.
    pub kept: Vec<String>,
    /// Dependencies between phases that the plan's dates do not keep: an import must override them with a reason.
    pub broken: Vec<Broken>,
    /// Why it cannot be imported as it is.
    pub(super) refused: Vec<Refusal>,
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
    AddWindow(Window),
    EditWindow(i64, Window),
    ArchiveWindow(i64),
    AddMilestone(String, Date),
    EditMilestone(i64, String, Date),
    ArchiveMilestone(i64),
    SetNeeds(PhaseNumber, Vec<PhaseNumber>),
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
    found.windows(existing, &wanted, archive_absent);
    found.milestones(existing, &wanted, archive_absent);
    found.needs(existing, &wanted);
    let whole = archive_absent || wanted.complete;
    found.templates(existing, wanted.steps.clone(), whole);
    found.checks(existing, &wanted, archive_absent);
    found.criteria(existing, wanted.criteria, whole);
    found.runbook(existing, wanted.runbook, whole);
    found
}

impl PlanChanges {
    pub(super) fn push(&mut self, sentence: String, operation: Operation) {
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
        if let Some(zone) = &wanted.zone {
            what.set("time zone", &mut next.zone, zone.clone());
        }
        if wanted.expected_modules.is_some() || wanted.complete {
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
                Some(there) => self.phase(there, phase, wanted.complete),
            }
        }
    }

    fn phase(&mut self, current: &Phase, wanted: &Phase, complete: bool) {
        let mut next = current.clone();
        let mut what = Fields::default();
        what.text("name", &mut next.name, &wanted.name);
        what.set("first day", &mut next.start, wanted.start);
        what.set("last day", &mut next.end, wanted.end);
        if wanted.expected_modules.is_some() || complete {
            what.set(
                "expected modules",
                &mut next.expected_modules,
                wanted.expected_modules,
            );
        }
        if wanted.validation_days.is_some() || complete {
            what.set(
                "validation",
                &mut next.validation_days,
                wanted.validation_days,
            );
        }
        what.set("overrun", &mut next.overrun_days, wanted.overrun_days);
        what.set("process", &mut next.same_process, wanted.same_process);
        if !wanted.notes.is_empty() || complete {
            what.text("notes", &mut next.notes, &wanted.notes);
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
                Some(there) => self.module(there, module, phase, wanted.complete),
            }
        }
    }

    fn module(
        &mut self,
        current: &Module,
        wanted: &WantedModule,
        phase: Option<PhaseNumber>,
        complete: bool,
    ) {
        let mut next = current.clone();
        let mut what = Fields::default();
        what.text("name", &mut next.name, &wanted.name);
        if phase.is_some() || complete && wanted.phase.is_none() {
            what.set("phase", &mut next.phase, phase);
        }
        let texts = [
            ("owner", &mut next.owner, &wanted.owner),
            ("old path", &mut next.old_path, &wanted.old_path),
            ("new path", &mut next.new_path, &wanted.new_path),
        ];
        for (field, text, said) in texts {
            match said {
                Some(said) => what.text(field, text, said),
                None if complete => what.text(field, text, ""),
                None => {}
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
        let same = |old: &Step, new: &Step| {
            squeezed(&old.label) == squeezed(&new.label)
                && (old.state, old.soak_hours) == (new.state, new.soak_hours)
        };
        let what = "rollout steps";
        if let Some(sentence) = replacement(what, &existing.steps, &steps, archive, same) {
            self.push(sentence, Operation::ReplaceSteps(steps));
        }
    }

    fn criteria(&mut self, existing: &Existing, criteria: Vec<Criterion>, archive: bool) {
        let same = |old: &Criterion, new: &Criterion| {
            squeezed(&old.text) == squeezed(&new.text)
                && (old.kind, old.limit, old.days) == (new.kind, new.limit, new.days)
        };
        let what = "completion criteria";
        if let Some(sentence) = replacement(what, &existing.criteria, &criteria, archive, same) {
            self.push(sentence, Operation::ReplaceCriteria(criteria));
        }
    }

    fn runbook(&mut self, existing: &Existing, runbook: Vec<RunbookEntry>, archive: bool) {
        let same = |old: &RunbookEntry, new: &RunbookEntry| {
            squeezed(&old.title) == squeezed(&new.title)
                && squeezed(&old.text) == squeezed(&new.text)
                && lines(&old.commands).eq(lines(&new.commands))
        };
        let what = "procedures of the runbook";
        if let Some(sentence) = replacement(what, &existing.runbook, &runbook, archive, same) {
            self.push(sentence, Operation::ReplaceRunbook(runbook));
        }
    }

    fn checks(&mut self, existing: &Existing, wanted: &Wanted, archive: bool) {
        let mut there: HashMap<CheckIdentity, VecDeque<&(i64, ChecklistItem)>> = HashMap::new();
        for row in &existing.checks {
            there.entry(identity(&row.1)).or_default().push_back(row);
        }
        for kind in ChecklistKind::ALL {
            let mut found: Vec<FoundCheck<'_>> = wanted
                .checks
                .iter()
                .filter(|item| item.kind == kind)
                .map(|item| {
                    let old = there.get_mut(&identity(item)).and_then(VecDeque::pop_front);
                    (old, said(old.map(|(_, old)| old), item, wanted.complete))
                })
                .collect();
            let moved = place(&mut found);
            let (mut added, mut changed) = (Vec::new(), Vec::new());
            let mut kept: HashSet<i64> = HashSet::new();
            for (old, item) in &found {
                let Some((id, old)) = old else {
                    added.push(item.title.as_str());
                    self.operations.push(Operation::AddCheck(item.clone()));
                    continue;
                };
                kept.insert(*id);
                let same = same_check(old, item);
                if !same {
                    changed.push(item.title.as_str());
                }
                if !same || old.position != item.position {
                    self.operations
                        .push(Operation::EditCheck(*id, item.clone()));
                }
            }
            let words = words(kind);
            self.changes.extend(sentences("Adds", words, &added));
            self.changes.extend(sentences("Changes", words, &changed));
            if moved {
                self.changes
                    .push(format!("Puts the {} in the plan’s order.", words.1));
            }
            if found.is_empty() && !archive && !wanted.complete {
                continue;
            }
            self.absent_checks(existing, kind, &kept, wanted.complete, archive);
        }
    }

    /// Checks that the plan does not name: those that a plan brought go, those that people added or ticked when asked.
    fn absent_checks(
        &mut self,
        existing: &Existing,
        kind: ChecklistKind,
        kept: &HashSet<i64>,
        complete: bool,
        archive: bool,
    ) {
        let words = words(kind);
        let mut titles = Vec::new();
        for (id, item) in &existing.checks {
            let by_hand = existing.checks_by_hand.contains(id);
            // A plan from elsewhere says nothing about what people added here.
            if item.kind != kind || kept.contains(id) || by_hand && !complete {
                continue;
            }
            let ticked = existing.ticked.contains(id);
            if archive || !by_hand && !ticked {
                self.operations.push(Operation::ArchiveCheck(*id));
                titles.push(item.title.as_str());
                continue;
            }
            let ticked = if ticked {
                ", which somebody ticked"
            } else {
                ""
            };
            let first_line = item.title.lines().next().unwrap_or_default();
            self.stays(&format!("the {} “{first_line}”{ticked}", words.0));
        }
        self.changes.extend(sentences("Archives", words, &titles));
    }
}

/// A check as a plan wants it, and the one that is there with its row.
type FoundCheck<'a> = (Option<&'a (i64, ChecklistItem)>, ChecklistItem);

/// A check as it is to be. What a plan from elsewhere does not say stays as it is.
fn said(old: Option<&ChecklistItem>, item: &ChecklistItem, complete: bool) -> ChecklistItem {
    let mut item = item.clone();
    if let (Some(old), false) = (old, complete) {
        if item.owner.is_empty() {
            item.owner.clone_from(&old.owner);
        }
        item.due = item.due.or(old.due);
        item.evidence_required |= old.evidence_required;
        item.threshold = item.threshold.or(old.threshold);
    }
    item
}

/// Gives checks of one kind their places. Those that are there keep them while none is added and the plan has them in
/// the same order, list by list. Answers whether that order changes.
fn place(found: &mut [FoundCheck<'_>]) -> bool {
    let mut last: HashMap<(Option<PhaseNumber>, Option<Moment>), u32> = HashMap::new();
    let (mut moved, mut added) = (false, false);
    for (old, item) in found.iter() {
        let Some((_, old)) = old else {
            added = true;
            continue;
        };
        let before = last.insert((item.phase, item.moment()), old.position);
        moved |= before.is_some_and(|before| before >= old.position);
    }
    if !moved && !added {
        for (old, item) in found.iter_mut() {
            item.position = old.map_or(item.position, |(_, old)| old.position);
        }
    }
    moved
}

/// White space as single spaces, none at either end.
pub(super) fn squeezed(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Lines of commands, without white space at their ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_end().lines().map(str::trim_end)
}

/// Whether a check is the same but for its place.
fn same_check(old: &ChecklistItem, new: &ChecklistItem) -> bool {
    let texts =
        |item: &ChecklistItem| [&item.title, &item.when, &item.owner].map(|text| squeezed(text));
    texts(old) == texts(new)
        && lines(&old.commands).eq(lines(&new.commands))
        && (
            old.soak_hours,
            old.due,
            old.evidence_required,
            old.threshold,
        ) == (
            new.soak_hours,
            new.due,
            new.evidence_required,
            new.threshold,
        )
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

    /// A text that differs in more than white space.
    fn text(&mut self, name: &'static str, current: &mut String, wanted: &str) {
        if squeezed(current) != squeezed(wanted) {
            wanted.clone_into(current);
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

pub(super) fn open_phases(existing: &Existing, wanted: &Wanted) -> HashSet<PhaseNumber> {
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
fn replacement<T>(
    what: &str,
    current: &[T],
    wanted: &[T],
    archive: bool,
    same: impl Fn(&T, &T) -> bool,
) -> Option<String> {
    let all = || current.iter().zip(wanted).all(|(old, new)| same(old, new));
    if current.len() == wanted.len() && all() || (wanted.is_empty() && !archive) {
        return None;
    }
    Some(match (current.len(), wanted.len()) {
        (0, new) => format!("Adds {new} {what}."),
        (old, 0) => format!("Archives the {old} {what}."),
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
