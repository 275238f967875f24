//! A plan as Markdown that reads back as the same plan.
//!
//! Everything has one place: modules, steps, limits, milestones and windows as tables in front, then each phase with its
//! own dates in its heading, then daily checks, conditions, criteria and procedures. `exact` reads it.

use std::collections::HashMap;
use std::fmt::{self, Write};

use domain::schedule::checklist::Due;
use domain::schedule::windows::{Scope, WindowKind};
use jiff::civil::DateTime;

use crate::calendar::phase_called;
use crate::details::{self, Details};
use crate::exact::{FORMAT, PHASE};
use crate::model::{ChecklistItem, Command, DayEntry, DaySpan, Meaning, Metric, Phase, Plan, When};

/// The plan as Markdown. [`parse_markdown`](crate::parse_markdown) with the same `start` gives back the same
/// [`content`](Plan::content); what belongs to one file (lines, repairs, the reader's notes, what it did not
/// recognise) is not written.
pub fn to_markdown(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = document(&mut out, plan);
    out
}

fn document(out: &mut String, plan: &Plan) -> fmt::Result {
    if let Some(title) = &plan.title {
        writeln!(out, "# {}\n", Plain(title))?;
    }
    writeln!(out, "{FORMAT}\n")?;
    if let Some(date) = plan.date {
        writeln!(out, "Date: {date}\n")?;
    }
    if let Some(zone) = &plan.zone {
        writeln!(out, "Time zone: {}\n", Plain(zone))?;
    }
    if let Some(expected) = plan.expected_modules {
        writeln!(out, "Expected modules: {expected}\n")?;
    }
    modules(out, plan)?;
    steps(out, plan)?;
    thresholds(out, plan)?;
    milestones(out, plan)?;
    windows(out, plan, WindowKind::Freeze)?;
    windows(out, plan, WindowKind::Change)?;
    checks(out, 2, "Preparation", &of_phase(&plan.preparation, None))?;
    for (title, when) in CHECKS {
        checks(out, 2, title, &worked(&plan.checks, None, when))?;
    }
    for (place, found) in (1..).zip(&plan.phases) {
        phase(out, plan, place, found)?;
    }
    checks(out, 2, "Daily checklist", &of_phase(&plan.daily, None))?;
    conditional(out, plan)?;
    criteria(out, plan)?;
    runbook(out, plan)
}

const CHECKS: [(&str, Option<When>); 4] = [
    ("Checklist", None),
    ("Before", Some(When::Before)),
    ("During", Some(When::During)),
    ("After", Some(When::After)),
];

fn of_phase(items: &[ChecklistItem], phase: Option<u32>) -> Vec<&ChecklistItem> {
    items.iter().filter(|item| item.phase == phase).collect()
}

fn worked(items: &[ChecklistItem], phase: Option<u32>, when: Option<When>) -> Vec<&ChecklistItem> {
    items
        .iter()
        .filter(|item| item.phase == phase && item.when == when)
        .collect()
}

fn modules(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.modules.is_empty() {
        return Ok(());
    }
    let phases = phase_words(&plan.phases);
    writeln!(
        out,
        "## Modules\n\n| Key | Name | Phase | Owner | Old path | New path |\n|---|---|---|---|---|---|"
    )?;
    for module in &plan.modules {
        let phase = module
            .phase
            .and_then(|number| phases.get(&number))
            .map_or("", String::as_str);
        let text = |text: &Option<String>| Plain(text.as_deref().unwrap_or_default()).to_string();
        let (owner, old, new) = (
            text(&module.owner),
            text(&module.old_path),
            text(&module.new_path),
        );
        let (key, name) = (Plain(module.key.as_str()), Plain(&module.name));
        writeln!(
            out,
            "| {key} | {name} | {} | {owner} | {old} | {new} |",
            Plain(phase)
        )?;
    }
    writeln!(out)
}

/// How each phase is named elsewhere: by its name where that is clear, else by its number.
fn phase_words(phases: &[Phase]) -> HashMap<u32, String> {
    let word = |phase: &Phase| {
        let name = crate::calendar::squeezed(&phase.name);
        let clear = phase_called(phases, &name) == Some(phase.number)
            && name.chars().any(char::is_alphabetic)
            && !name.contains(", ")
            && !name.ends_with(',')
            && !name.eq_ignore_ascii_case("nothing");
        let words = if clear {
            name
        } else {
            format!("#{}", phase.number)
        };
        (phase.number, words)
    };
    phases.iter().map(word).collect()
}

fn milestones(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.milestones.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Milestones\n\n| Day | Milestone |\n|---|---|")?;
    for milestone in &plan.milestones {
        writeln!(out, "| {} | {} |", milestone.day, Plain(&milestone.name))?;
    }
    writeln!(out)
}

fn windows(out: &mut String, plan: &Plan, kind: WindowKind) -> fmt::Result {
    let mut of_kind = plan
        .windows
        .iter()
        .filter(|window| window.kind == kind)
        .peekable();
    if of_kind.peek().is_none() {
        return Ok(());
    }
    let (heading, column) = match kind {
        WindowKind::Freeze => ("Freezes", "Freeze"),
        WindowKind::Change => ("Change windows", "Change window"),
    };
    writeln!(
        out,
        "## {heading}\n\n| {column} | Starts | Ends | For | Again |\n|---|---|---|---|---|"
    )?;
    let phases = phase_words(&plan.phases);
    for window in of_kind {
        let scope = match &window.scope {
            Scope::Migration => "everything".to_owned(),
            Scope::Phase(number) => {
                let word = phases.get(number);
                let word = word.map_or_else(|| format!("#{number}"), Clone::clone);
                Plain(&format!("phase {word}")).to_string()
            }
            Scope::Module(key) => format!("module `{key}`"),
        };
        let again = window
            .recurrence
            .as_ref()
            .map(|rule| format!("`{rule}`"))
            .unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {scope} | {again} |",
            Plain(&window.name),
            Minute(window.starts),
            Minute(window.ends)
        )?;
    }
    writeln!(out)
}

/// `2026-11-27 18:00`, with seconds only where there are any.
struct Minute(DateTime);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.second() == 0 && self.0.subsec_nanosecond() == 0;
        if whole {
            write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M"))
        } else {
            write!(f, "{} {}", self.0.date(), self.0.time())
        }
    }
}

fn steps(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.steps.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## Rollout\n\n| Step | Mode | Exposure | Soak |\n|---|---|---|---|"
    )?;
    for step in &plan.steps {
        let soak = step
            .soak_hours
            .map(|hours| Counted(hours, "hour").to_string())
            .unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {soak} |",
            Plain(&step.label),
            Plain(step.mode.as_str()),
            step.exposure
        )?;
    }
    writeln!(out)
}

fn thresholds(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.thresholds.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## Thresholds\n\n| Metric | Limit | Action | As written |\n|---|---|---|---|"
    )?;
    for threshold in &plan.thresholds {
        let metric = match threshold.metric {
            Metric::ErrorRate => "Error rate",
            Metric::MismatchRate => "Mismatches",
            Metric::Latency => "Latency",
        };
        let action = match threshold.meaning {
            Meaning::Hold => "Hold",
            Meaning::Rollback => "Roll back",
        };
        let (whole, hundredths) = (threshold.limit / 100, threshold.limit % 100);
        writeln!(
            out,
            "| {metric} | > {whole}.{hundredths:02} % | {action} | {} |",
            Plain(&threshold.text)
        )?;
    }
    writeln!(out)
}

fn phase(out: &mut String, plan: &Plan, place: usize, phase: &Phase) -> fmt::Result {
    let opening = if phase.name.starts_with(PHASE) || phase.name.starts_with("If") {
        PHASE
    } else {
        ""
    };
    writeln!(
        out,
        "## {opening}{} ({} to {})\n",
        Plain(&phase.name),
        phase.start,
        phase.end
    )?;
    if usize::try_from(phase.number) != Ok(place) {
        writeln!(out, "Number: {}\n", phase.number)?;
    }
    if let Some(needs) = &phase.needs {
        let words = phase_words(&plan.phases);
        let names: Vec<String> = needs
            .iter()
            .map(|number| match words.get(number) {
                Some(word) => Plain(word).to_string(),
                None => format!("\\#{number}"),
            })
            .collect();
        let names = if names.is_empty() {
            "nothing".to_owned()
        } else {
            names.join(", ")
        };
        writeln!(out, "Needs: {names}\n")?;
    }
    commands(out, "", &phase.commands)?;
    if let Some(expected) = phase.expected_modules {
        writeln!(out, "Expected modules: {expected}\n")?;
    }
    if let Some(days) = phase.validation_days {
        writeln!(out, "Validation: {}\n", Counted(days, "day"))?;
    }
    if phase.same_process {
        writeln!(out, "Process: the same as before\n")?;
    }
    if phase.overrun_days > 0 {
        writeln!(out, "Overrun: {}\n", Counted(phase.overrun_days, "day"))?;
    }
    for note in &phase.notes {
        writeln!(out, "Note: {}\n", Plain(&note.text))?;
    }
    let number = Some(phase.number);
    checks(out, 3, "Preparation", &of_phase(&plan.preparation, number))?;
    for (title, when) in CHECKS {
        checks(out, 3, title, &worked(&plan.checks, number, when))?;
    }
    checks(out, 3, "Daily checklist", &of_phase(&plan.daily, number))?;
    let mut days = plan.days.iter().filter(|day| day.phase == phase.number);
    days.try_for_each(|entry| day(out, entry))
}

fn day(out: &mut String, day: &DayEntry) -> fmt::Result {
    writeln!(out, "### {}: {}\n", Days(day.days), Plain(&day.title))?;
    if let Some(hours) = day.soak_hours {
        writeln!(out, "Soak: {}\n", Counted(hours, "hour"))?;
    }
    if let Some(owner) = &day.owner {
        writeln!(out, "Owner: {}\n", Plain(owner))?;
    }
    if let Some(due) = day.due {
        match due {
            Due::Time(time) => writeln!(out, "Due: {}\n", time.strftime("%H:%M"))?,
            Due::Day(day) => writeln!(out, "Due: {day}\n")?,
        }
    }
    if day.evidence_required {
        writeln!(out, "Evidence: required\n")?;
    }
    for detail in &day.details {
        writeln!(out, "- {}", Plain(detail))?;
    }
    if !day.details.is_empty() {
        writeln!(out)?;
    }
    commands(out, "", &day.commands)
}

fn checks(out: &mut String, level: usize, title: &str, items: &[&ChecklistItem]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} {title}\n", "#".repeat(level))?;
    for item in items {
        write!(out, "- [{}] ", if item.done { 'x' } else { ' ' })?;
        let days = item.days.map(|days| format!("{}: ", Days(days)));
        let said = Details {
            owner: item.owner.clone(),
            due: item.due,
            evidence_required: item.evidence_required,
            any_day: days.is_none() && details::days(&item.text).is_some(),
            ..Details::default()
        };
        let text = format!("{}{}", days.unwrap_or_default(), item.text);
        task(out, &text, said, &item.commands)?;
    }
    writeln!(out)
}

fn task(out: &mut String, text: &str, mut said: Details, list: &[Command]) -> fmt::Result {
    // Words that end as details would are followed by some that say there are none.
    said.no_owner = said == Details::default() && details::take(text).1 != said;
    if said == Details::default() {
        writeln!(out, "{}", Plain(text))?;
    } else {
        writeln!(out, "{} ({})", Plain(text), Plain(&said.to_string()))?;
    }
    if !list.is_empty() {
        writeln!(out)?;
    }
    commands(out, "  ", list)
}

fn conditional(out: &mut String, plan: &Plan) -> fmt::Result {
    let mut open: Option<&str> = None;
    for item in &plan.conditional {
        if open != Some(&item.condition) {
            let gap = if open.is_some() { "\n" } else { "" };
            writeln!(out, "{gap}## If {}\n", Plain(&item.condition))?;
            open = Some(&item.condition);
        }
        write!(out, "- [ ] ")?;
        let said = Details {
            owner: item.owner.clone(),
            due: item.due,
            evidence_required: item.evidence_required,
            threshold: item.threshold,
            ..Details::default()
        };
        task(out, &item.text, said, &item.commands)?;
    }
    if open.is_some() {
        writeln!(out)
    } else {
        Ok(())
    }
}

fn criteria(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.criteria.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Completion criteria\n")?;
    for (number, criterion) in (1..).zip(&plan.criteria) {
        writeln!(out, "{number}. {}", Plain(&criterion.text))?;
    }
    writeln!(out)
}

fn runbook(out: &mut String, plan: &Plan) -> fmt::Result {
    if plan.runbook.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Rollback procedures\n")?;
    for entry in &plan.runbook {
        writeln!(out, "### {}\n", Plain(&entry.title))?;
        for instruction in &entry.instructions {
            writeln!(out, "- {}", Plain(instruction))?;
        }
        if !entry.instructions.is_empty() {
            writeln!(out)?;
        }
        commands(out, "", &entry.commands)?;
    }
    Ok(())
}

/// Code blocks, in fences longer than any run of backticks within.
fn commands(out: &mut String, indent: &str, commands: &[Command]) -> fmt::Result {
    for command in commands {
        let fence = "`".repeat(longest_run(&command.text).max(2) + 1);
        writeln!(
            out,
            "{indent}{fence}{}",
            command.language.as_deref().unwrap_or_default()
        )?;
        for line in command.text.lines() {
            let indent = if line.is_empty() { "" } else { indent };
            writeln!(out, "{indent}{line}")?;
        }
        writeln!(out, "{indent}{fence}\n")?;
    }
    Ok(())
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// `1 day`, `3 days`.
struct Counted(u32, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, unit) = self;
        write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
    }
}

/// `Day 8-10`.
struct Days(DaySpan);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DaySpan {
            first_day,
            last_day,
            ..
        } = self.0;
        if first_day == last_day {
            write!(f, "Day {first_day}")
        } else {
            write!(f, "Day {first_day}-{last_day}")
        }
    }
}

/// Text of one line, with what Markdown would take for markup escaped.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let mut before: Option<char> = None;
        let mut characters = self.0.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let after = characters.peek().map(|&(_, next)| next);
            let first = at == 0;
            let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let escaped = match c {
                '\\' | '`' | '*' | '[' | ']' | '~' | '|' => true,
                '_' => !(inner(before) && inner(after)),
                // Digits too may begin what reads as an address.
                '<' => after != Some(' '),
                '&' => after.is_some_and(|next| next == '#' || next.is_ascii_alphanumeric()),
                '#' => first || before == Some(' ') || before == Some('#'),
                '-' | '+' | '=' | ':' | '>' => first,
                '.' | ')' => at == digits && !first,
                _ => false,
            };
            match c {
                '\n' | '\r' => f.write_char(' ')?,
                c if escaped => write!(f, "\\{c}")?,
                c => f.write_char(c)?,
            }
            before = Some(c);
        }
        Ok(())
    }
}
