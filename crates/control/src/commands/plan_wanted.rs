//! What a plan asks for, in the store's terms. Pure.
//!
//! | in the plan | stored as |
//! | --- | --- |
//! | preparation, daily, days, conditional, checks | checks of the kinds `preparation`, `daily`, `day`, `conditional`, `phase` |
//! | days of a check, when in its phase | its `when`: `Before the phase`, `Day 2-3`, or both with a comma between |
//! | the condition of a conditional item | its `when`, as written |
//! | details of a day | further lines of its title |
//! | owner, due and evidence of a day, a check, a conditional item | those of the check |
//! | freezes and change windows, milestones, what a phase needs | as they are |
//! | commands under a phase | one check of the kind `phase`, titled [`PHASE_COMMANDS`] |
//! | several code blocks | one text, an empty line between them |

use std::collections::{HashMap, HashSet};

use domain::migration::{MAX_NAME, MAX_TEXT};
use domain::plan_items::{
    ChecklistItem, ChecklistKind, Criterion, CriterionKind, RunbookEntry, Step,
};
use domain::refusal::FieldError;
use domain::schedule::checklist::{Due, Moment};
use domain::schedule::in_calendar;
use domain::schedule::windows::Window;
use domain::{FlagState, Key, Phase, PhaseNumber, Refusal, Thresholds};
use jiff::civil::Date;
use plan::{Command, DaySpan, Meaning, Metric, Plan, When};

use super::create_phase::MAX_PHASE;
use super::create_window::WindowInput;
use super::input::Input;

/// Title of the check that holds a phase's own commands.
pub(crate) const PHASE_COMMANDS: &str = "Commands of the phase";

/// A module as a plan has it: what is `None` was not said, and blanks nothing.
#[derive(Debug, Clone)]
pub(super) struct WantedModule {
    pub(super) key: Key,
    pub(super) name: String,
    pub(super) phase: Option<PhaseNumber>,
    pub(super) owner: Option<String>,
    pub(super) old_path: Option<String>,
    pub(super) new_path: Option<String>,
}

/// Everything a plan asks for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Whether what the plan leaves out of an item is not there, rather than not said.
    pub(super) complete: bool,
    pub(super) start: Date,
    /// The zone it says it is in.
    pub(super) zone: Option<String>,
    pub(super) expected_modules: Option<u32>,
    hold: Option<u16>,
    rollback: Option<u16>,
    pub(super) phases: Vec<Phase>,
    pub(super) modules: Vec<WantedModule>,
    pub(super) steps: Vec<Step>,
    pub(super) checks: Vec<ChecklistItem>,
    pub(super) criteria: Vec<Criterion>,
    pub(super) runbook: Vec<RunbookEntry>,
    pub(super) windows: Vec<Window>,
    /// Name and day.
    pub(super) milestones: Vec<(String, Date)>,
    /// What each phase needs; `None` where the plan does not speak of what phases need.
    pub(super) needs: Option<Vec<(PhaseNumber, Vec<PhaseNumber>)>>,
}

impl Wanted {
    /// Reads a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            complete: plan.complete,
            start: plan.start,
            zone: plan.zone.clone(),
            expected_modules: plan.expected_modules,
            hold: limit(plan, Meaning::Hold),
            rollback: limit(plan, Meaning::Rollback),
            phases: plan.phases.iter().map(phase).collect(),
            modules: plan.modules.iter().map(module).collect(),
            steps: plan.steps.iter().filter_map(step).collect(),
            checks: checks(plan),
            criteria: (1..).zip(&plan.criteria).map(criterion).collect(),
            runbook: (1..).zip(&plan.runbook).map(runbook).collect(),
            windows: plan
                .windows
                .iter()
                .filter_map(|found| window(found).ok())
                .collect(),
            milestones: plan
                .milestones
                .iter()
                .map(|milestone| (shortened(&milestone.name, MAX_NAME), milestone.day))
                .collect(),
            needs: needs(plan),
        }
    }

    /// The limits there are, with what the plan says in their place. Holding never comes after rolling back.
    pub(super) fn thresholds(&self, current: Thresholds) -> Thresholds {
        let rollback = self.rollback.unwrap_or(current.rollback_basis_points);
        let hold = self.hold.unwrap_or(current.hold_basis_points).min(rollback);
        Thresholds {
            hold_basis_points: hold,
            rollback_basis_points: rollback,
        }
    }
}

/// What in a plan cannot be stored, with the line it was read from.
pub(super) fn problems(plan: &Plan) -> Vec<FieldError> {
    let mut problems = Vec::new();
    let mut at = |line: u32, message: String| {
        problems.push(FieldError {
            field: format!("line {line}"),
            message: format!("Line {line}: {message}"),
        });
    };
    let mut numbers = HashSet::new();
    for phase in &plan.phases {
        if !(1..=MAX_PHASE).contains(&phase.number) || !numbers.insert(phase.number) {
            at(
                phase.line,
                format!(
                    "{} cannot be phase {}: numbers are 1 to {MAX_PHASE}, each once.",
                    phase.name, phase.number
                ),
            );
        }
        let mut window = Input::default();
        window.window(Some(phase.start), Some(phase.end));
        window.expected_modules(phase.expected_modules);
        window.validation_days(phase.validation_days);
        if let Err(refusal) = window.finish() {
            at(phase.line, format!("{}: {refusal}", phase.name));
        }
    }
    let mut keys = HashSet::new();
    for module in plan
        .modules
        .iter()
        .filter(|module| !keys.insert(module.key.folded()))
    {
        at(
            module.line,
            format!("{} is a module already: keep one of them.", module.key),
        );
    }
    for step in plan
        .steps
        .iter()
        .filter(|step| FlagState::new(step.mode, Some(step.exposure)).is_err())
    {
        at(
            step.line,
            format!("{} and {} do not go together.", step.mode, step.exposure),
        );
    }
    for (found, line) in plan.windows.iter().map(|found| (window(found), found.line)) {
        if let Err(refusal) = found {
            at(line, refusal.to_string());
        }
    }
    for milestone in &plan.milestones {
        let mut day = Input::default();
        day.date("day", Some(milestone.day));
        if let Err(refusal) = day.finish() {
            at(milestone.line, refusal.to_string());
        }
    }
    for (due, daily, line) in dues(plan) {
        let fits = match due {
            Due::Time(_) => daily,
            Due::Day(day) => !daily && in_calendar(day),
        };
        if !fits {
            let message = "What is done every day is due at a time, like 09:00; all else on a day, like 2026-12-01.";
            at(line, message.into());
        }
    }
    let mut whole = Input::default();
    if let Some(zone) = &plan.zone {
        whole.zone(zone);
    }
    whole.expected_modules(plan.expected_modules);
    whole.date("start", Some(plan.start));
    if let Err(domain::Refusal::Invalid { fields }) = whole.finish() {
        problems.extend(fields);
    }
    problems
}

/// When items are due, whether they are worked every day, and their lines.
fn dues(plan: &Plan) -> Vec<(Due, bool, u32)> {
    let checks = |items: &[plan::ChecklistItem], daily: bool| -> Vec<(Option<Due>, bool, u32)> {
        items
            .iter()
            .map(|item| (item.due, daily, item.line))
            .collect()
    };
    let mut all = checks(&plan.preparation, false);
    all.extend(checks(&plan.daily, true));
    all.extend(checks(&plan.checks, false));
    all.extend(plan.days.iter().map(|day| (day.due, false, day.line)));
    let conditional = plan.conditional.iter();
    all.extend(conditional.map(|item| (item.due, false, item.line)));
    all.into_iter()
        .filter_map(|(due, daily, line)| Some((due?, daily, line)))
        .collect()
}

/// A freeze or change window, when everything about it can be taken.
fn window(found: &plan::Window) -> Result<Window, Refusal> {
    let input = WindowInput {
        name: found.name.clone(),
        kind: found.kind,
        scope: found.scope.clone(),
        starts: found.starts,
        ends: found.ends,
        recurrence: found.recurrence.clone().unwrap_or_default(),
    };
    input.check()
}

/// A plan that says of one phase what it needs says it of all.
fn needs(plan: &Plan) -> Option<Vec<(PhaseNumber, Vec<PhaseNumber>)>> {
    let speaks = plan.complete || plan.phases.iter().any(|phase| phase.needs.is_some());
    let all = plan
        .phases
        .iter()
        .map(|phase| (phase.number, phase.needs.clone().unwrap_or_default()));
    speaks.then(|| all.collect())
}

/// A text that fits, with an ellipsis where it was cut.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn limit(plan: &Plan, meaning: Meaning) -> Option<u16> {
    plan.thresholds
        .iter()
        .filter(|threshold| threshold.metric == Metric::ErrorRate && threshold.meaning == meaning)
        .map(|threshold| u16::try_from(threshold.limit.min(10_000)).unwrap_or(10_000))
        .min()
}

fn phase(phase: &plan::Phase) -> Phase {
    let notes: Vec<&str> = phase.notes.iter().map(|note| note.text.as_str()).collect();
    let name = shortened(&phase.name, MAX_NAME);
    Phase {
        number: phase.number,
        name: if name.is_empty() {
            format!("Phase {}", phase.number)
        } else {
            name
        },
        start: Some(phase.start),
        end: Some(phase.end),
        expected_modules: phase.expected_modules,
        validation_days: phase.validation_days,
        overrun_days: phase.overrun_days,
        same_process: phase.same_process,
        notes: shortened(&notes.join("\n"), MAX_TEXT),
        archived_at: None,
        version: 1,
    }
}

fn module(module: &plan::Module) -> WantedModule {
    let said = |text: &Option<String>| {
        text.as_deref()
            .map(|text| shortened(text, MAX_TEXT))
            .filter(|text| !text.is_empty())
    };
    let name = shortened(&module.name, MAX_NAME);
    WantedModule {
        key: module.key.clone(),
        name: if name.is_empty() {
            module.key.to_string()
        } else {
            name
        },
        phase: module.phase,
        owner: said(&module.owner),
        old_path: said(&module.old_path),
        new_path: said(&module.new_path),
    }
}

fn step(step: &plan::Step) -> Option<Step> {
    Some(Step {
        position: step.position,
        phase: None,
        state: FlagState::new(step.mode, Some(step.exposure)).ok()?,
        soak_hours: step.soak_hours.unwrap_or(0),
        label: step.label.clone(),
    })
}

fn criterion((position, criterion): (u32, &plan::Criterion)) -> Criterion {
    Criterion {
        position,
        kind: CriterionKind::parse(criterion.kind.as_str()).unwrap_or(CriterionKind::Other),
        text: criterion.text.clone(),
        limit: criterion.kind.limit().map(i64::from),
        days: criterion.kind.days(),
    }
}

fn runbook((position, entry): (u32, &plan::RunbookEntry)) -> RunbookEntry {
    RunbookEntry {
        position,
        title: entry.title.clone(),
        text: entry.instructions.join("\n"),
        commands: joined(&entry.commands),
    }
}

fn checks(plan: &Plan) -> Vec<ChecklistItem> {
    let mut checks = Vec::new();
    checks.extend(
        plan.preparation
            .iter()
            .map(|item| check(ChecklistKind::Preparation, item)),
    );
    checks.extend(
        plan.daily
            .iter()
            .map(|item| check(ChecklistKind::Daily, item)),
    );
    checks.extend(plan.days.iter().map(day));
    checks.extend(plan.conditional.iter().map(conditional));
    checks.extend(
        plan.phases
            .iter()
            .filter(|phase| !phase.commands.is_empty())
            .map(phase_commands),
    );
    checks.extend(
        plan.checks
            .iter()
            .map(|item| check(ChecklistKind::Phase, item)),
    );
    let mut last: HashMap<(ChecklistKind, Option<PhaseNumber>), u32> = HashMap::new();
    for check in &mut checks {
        let position = last.entry((check.kind, check.phase)).or_insert(0);
        *position += 1;
        check.position = *position;
    }
    checks
}

fn check(kind: ChecklistKind, item: &plan::ChecklistItem) -> ChecklistItem {
    let part = item.when.map(|when| {
        let moment = match when {
            When::Before => Moment::Before,
            When::During => Moment::During,
            When::After => Moment::After,
        };
        moment.words().to_owned()
    });
    let when: Vec<String> = part.into_iter().chain(item.days.map(days)).collect();
    ChecklistItem {
        kind,
        position: 0,
        phase: item.phase,
        title: item.text.clone(),
        when: when.join(", "),
        owner: item.owner.clone().unwrap_or_default(),
        commands: joined(&item.commands),
        soak_hours: None,
        due: item.due,
        evidence_required: item.evidence_required,
        threshold: None,
    }
}

fn day(entry: &plan::DayEntry) -> ChecklistItem {
    let lines: Vec<&str> = std::iter::once(entry.title.as_str())
        .chain(entry.details.iter().map(String::as_str))
        .collect();
    ChecklistItem {
        kind: ChecklistKind::Day,
        position: 0,
        phase: Some(entry.phase),
        title: lines.join("\n"),
        when: days(entry.days),
        owner: entry.owner.clone().unwrap_or_default(),
        commands: joined(&entry.commands),
        soak_hours: entry.soak_hours,
        due: entry.due,
        evidence_required: entry.evidence_required,
        threshold: None,
    }
}

fn conditional(item: &plan::ConditionalItem) -> ChecklistItem {
    ChecklistItem {
        kind: ChecklistKind::Conditional,
        position: 0,
        phase: None,
        title: item.text.clone(),
        when: item.condition.clone(),
        owner: item.owner.clone().unwrap_or_default(),
        commands: joined(&item.commands),
        soak_hours: None,
        due: item.due,
        evidence_required: item.evidence_required,
        threshold: item.threshold,
    }
}

fn phase_commands(phase: &plan::Phase) -> ChecklistItem {
    ChecklistItem {
        kind: ChecklistKind::Phase,
        position: 0,
        phase: Some(phase.number),
        title: PHASE_COMMANDS.to_owned(),
        when: String::new(),
        owner: String::new(),
        commands: joined(&phase.commands),
        soak_hours: None,
        due: None,
        evidence_required: false,
        threshold: None,
    }
}

fn days(span: DaySpan) -> String {
    if span.first_day == span.last_day {
        format!("Day {}", span.first_day)
    } else {
        format!("Day {}-{}", span.first_day, span.last_day)
    }
}

fn joined(commands: &[Command]) -> String {
    commands
        .iter()
        .map(|command| command.text.as_str())
        .collect::<Vec<_>>()
        .join("\n\n")
}
