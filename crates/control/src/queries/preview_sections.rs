//! What was recognised in a plan, by kind, as the preview lists it.

use domain::read::{PreviewItem, PreviewSection};
use domain::schedule::checklist::Due;
use domain::schedule::windows::Scope;
use jiff::civil::DateTime;
use plan::{Command, CriterionKind, DaySpan, Plan};

/// Everything that was recognised, in reading order; kinds without an item are left out.
pub(super) fn sections(plan: &Plan) -> Vec<PreviewSection> {
    [
        section("phases", "Phases", plan.phases.iter().map(phase)),
        section("modules", "Modules", plan.modules.iter().map(module)),
        section(
            "windows",
            "Freezes and change windows",
            plan.windows.iter().map(window),
        ),
        section(
            "milestones",
            "Milestones",
            plan.milestones.iter().map(milestone),
        ),
        section("steps", "Rollout steps", plan.steps.iter().map(step)),
        section(
            "preparation",
            "Preparation",
            plan.preparation.iter().map(check),
        ),
        section("days", "Days", plan.days.iter().map(day)),
        section("checks", "Checks of phases", plan.checks.iter().map(check)),
        section("daily", "Every day", plan.daily.iter().map(check)),
        section(
            "conditional",
            "When something happens",
            plan.conditional.iter().map(conditional),
        ),
        section(
            "thresholds",
            "Thresholds",
            plan.thresholds.iter().map(threshold),
        ),
        section(
            "criteria",
            "Completion criteria",
            plan.criteria.iter().map(criterion),
        ),
        section("runbook", "Runbook", plan.runbook.iter().map(runbook)),
    ]
    .into_iter()
    .filter(|section| !section.items.is_empty())
    .collect()
}

/// Lines nothing was made of.
pub(super) fn unrecognised(plan: &Plan) -> Vec<PreviewItem> {
    plan.unrecognised
        .iter()
        .map(|found| item(found.line, &found.text, "", &[]))
        .collect()
}

/// What to know: repaired text first, then the reader's remarks.
pub(super) fn notes(plan: &Plan) -> Vec<PreviewItem> {
    let repairs = plan.repairs.iter().map(|repair| {
        let title = format!("Repaired wrongly decoded text: {}", repair.after);
        item(
            repair.line,
            &title,
            &format!("it was written {}", repair.before),
            &[],
        )
    });
    let remarks = plan
        .notes
        .iter()
        .map(|note| item(note.line, &note.text, "", &[]));
    repairs.chain(remarks).collect()
}

fn section(kind: &str, heading: &str, items: impl Iterator<Item = PreviewItem>) -> PreviewSection {
    PreviewSection {
        kind: kind.into(),
        heading: heading.into(),
        items: items.collect(),
    }
}

fn item(line: u32, title: &str, detail: &str, commands: &[Command]) -> PreviewItem {
    PreviewItem {
        line,
        title: title.to_owned(),
        detail: detail.to_owned(),
        commands: joined(commands),
    }
}

/// Several code blocks as one text to copy.
fn joined(commands: &[Command]) -> String {
    commands
        .iter()
        .map(|command| command.text.as_str())
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn details(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn percent(basis_points: u32) -> String {
    format!("{} %", f64::from(basis_points) / 100.0)
}

fn phase(phase: &plan::Phase) -> PreviewItem {
    let detail = details([
        Some(format!("{} to {}", phase.start, phase.end)),
        phase
            .expected_modules
            .map(|count| format!("{count} modules expected")),
        phase
            .validation_days
            .map(|days| format!("validated for {days} days")),
        phase
            .same_process
            .then(|| "the same process as before".to_owned()),
        phase
            .needs
            .as_ref()
            .filter(|needs| !needs.is_empty())
            .map(|needs| {
                let names: Vec<String> = needs
                    .iter()
                    .map(|number| format!("phase {number}"))
                    .collect();
                format!("needs {}", names.join(" and "))
            }),
        (phase.overrun_days > 0)
            .then(|| format!("its work runs {} days past its window", phase.overrun_days)),
    ]);
    item(phase.line, &phase.name, &detail, &phase.commands)
}

fn window(window: &plan::Window) -> PreviewItem {
    let written = |at: DateTime| at.strftime("%Y-%m-%d %H:%M").to_string();
    let scope = (window.scope != Scope::Migration).then(|| window.scope.to_string());
    let again = window.recurrence.as_ref();
    let detail = details([
        Some(window.kind.words().to_owned()),
        Some(format!(
            "{} to {}",
            written(window.starts),
            written(window.ends)
        )),
        scope,
        again.map(|rule| format!("again by {rule}")),
    ]);
    item(window.line, &window.name, &detail, &[])
}

fn milestone(milestone: &plan::Milestone) -> PreviewItem {
    item(
        milestone.line,
        &milestone.name,
        &milestone.day.to_string(),
        &[],
    )
}

fn due(due: Option<Due>) -> Option<String> {
    due.map(|due| match due {
        Due::Time(time) => format!("due at {}", time.strftime("%H:%M")),
        Due::Day(day) => format!("due on {day}"),
    })
}

fn evidence(required: bool) -> Option<String> {
    required.then(|| "evidence required".to_owned())
}

fn module(module: &plan::Module) -> PreviewItem {
    let detail = details([
        module.phase_name.clone(),
        module.owner.as_ref().map(|owner| format!("owner {owner}")),
        module
            .old_path
            .clone()
            .zip(module.new_path.clone())
            .map(|(old, new)| format!("{old} → {new}")),
    ]);
    item(module.line, module.key.as_str(), &detail, &[])
}

fn step(step: &plan::Step) -> PreviewItem {
    let title = format!("{}. {} {}", step.position, step.mode, step.exposure);
    let soak = step.soak_hours.map(|hours| format!("soaks for {hours} h"));
    item(
        step.line,
        &title,
        &details([soak, Some(step.label.clone())]),
        &[],
    )
}

fn check(check: &plan::ChecklistItem) -> PreviewItem {
    let detail = details([
        check.days.as_ref().map(days),
        check.owner.as_ref().map(|owner| format!("owner {owner}")),
        due(check.due),
        evidence(check.evidence_required),
    ]);
    item(check.line, &check.text, &detail, &check.commands)
}

fn days(span: &DaySpan) -> String {
    if span.first_day == span.last_day {
        format!("day {} ({})", span.first_day, span.start)
    } else {
        format!(
            "days {}-{} ({} to {})",
            span.first_day, span.last_day, span.start, span.end
        )
    }
}

fn day(entry: &plan::DayEntry) -> PreviewItem {
    let soak = entry
        .soak_hours
        .map(|hours| format!("watched for {hours} h"));
    let owner = entry.owner.as_ref().map(|owner| format!("owner {owner}"));
    let detail = details([
        Some(days(&entry.days)),
        soak,
        owner,
        due(entry.due),
        evidence(entry.evidence_required),
    ]);
    item(entry.line, &entry.title, &detail, &entry.commands)
}

fn conditional(conditional: &plan::ConditionalItem) -> PreviewItem {
    let owner = conditional.owner.as_ref();
    let detail = details([
        Some(format!("if {}", conditional.condition)),
        owner.map(|owner| format!("owner {owner}")),
        due(conditional.due),
        evidence(conditional.evidence_required),
    ]);
    item(
        conditional.line,
        &conditional.text,
        &detail,
        &conditional.commands,
    )
}

fn threshold(threshold: &plan::Threshold) -> PreviewItem {
    let meaning = match threshold.meaning {
        plan::Meaning::Hold => "hold and look",
        plan::Meaning::Rollback => "roll back",
    };
    let title = format!("above {}: {meaning}", percent(threshold.limit));
    item(threshold.line, &title, &threshold.text, &[])
}

fn criterion(criterion: &plan::Criterion) -> PreviewItem {
    let detail = match criterion.kind {
        CriterionKind::ModulesMigrated {
            modules: Some(modules),
        } => format!("{modules} modules"),
        CriterionKind::ModulesMigrated { modules: None } => "all modules".into(),
        CriterionKind::TrafficShare { share } => share
            .map(|share| format!("{} of traffic", percent(share)))
            .unwrap_or_default(),
        CriterionKind::ErrorRate { limit, days } => details([
            limit.map(|limit| format!("under {} errors", percent(limit))),
            days.map(|days| format!("for {days} days")),
        ]),
        CriterionKind::Performance { within } => within
            .map(|within| format!("within {}", percent(within)))
            .unwrap_or_default(),
        CriterionKind::Tests { coverage } => coverage
            .map(|coverage| format!("coverage at least {}", percent(coverage)))
            .unwrap_or_default(),
        CriterionKind::Documentation
        | CriterionKind::OldCodeRemoved
        | CriterionKind::Pipeline
        | CriterionKind::Other => String::new(),
    };
    item(criterion.line, &criterion.text, &detail, &[])
}

fn runbook(entry: &plan::RunbookEntry) -> PreviewItem {
    item(
        entry.line,
        &entry.title,
        &entry.instructions.join(" "),
        &entry.commands,
    )
}
