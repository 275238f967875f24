//! A plan as Markdown that reads back as the same plan.
//!
//! Everything has one place: modules, steps and limits as tables in front, then each phase with its own dates in its
//! heading, then daily checks, conditions, criteria and procedures.

use std::collections::HashMap;
use std::fmt::{self, Write};

use crate::identity::normalised;
use crate::model::{ChecklistItem, Command, DaySpan, Meaning, Metric, Phase, Plan, When};
use crate::plain::cell;

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
    if let Some(date) = plan.date {
        writeln!(out, "Date: {date}\n")?;
    }
    if let Some(expected) = plan.expected_modules {
        writeln!(out, "Expected modules: {expected}\n")?;
    }
    modules(out, plan)?;
    steps(out, plan)?;
    thresholds(out, plan)?;
    checks(out, 2, "Preparation", &of_phase(&plan.preparation, None))?;
    for (title, when) in CHECKS {
        checks(out, 2, title, &worked(&plan.checks, None, when))?;
    }
    for place in &plan.phases {
        phase(out, plan, place)?;
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

/// How the table of modules names each phase: by its name where that is clear, else by its number.
fn phase_words(phases: &[Phase]) -> HashMap<u32, String> {
    let mut bearers: HashMap<String, u32> = HashMap::new();
    for phase in phases {
        *bearers.entry(normalised(&phase.name)).or_default() += 1;
    }
    let word = |phase: &Phase| {
        let plain = normalised(&phase.name);
        let clear = bearers.get(&plain) == Some(&1) && plain.chars().any(char::is_alphabetic);
        let kept = cell(&phase.name).as_deref() == Some(phase.name.as_str())
            && !phase.name.starts_with('#');
        (
            phase.number,
            if clear && kept {
                phase.name.clone()
            } else {
                format!("#{}", phase.number)
            },
        )
    };
    phases.iter().map(word).collect()
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
            .map(|hours| format!("{hours} hours"))
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

fn phase(out: &mut String, plan: &Plan, phase: &Phase) -> fmt::Result {
    writeln!(
        out,
        "## {} ({} to {})\n",
        Plain(&phase.name),
        phase.start,
        phase.end
    )?;
    commands(out, "", &phase.commands)?;
    if let Some(expected) = phase.expected_modules {
        writeln!(out, "Expected modules: {expected}\n")?;
    }
    if let Some(days) = phase.validation_days {
        writeln!(out, "Validation: {days} days\n")?;
    }
    if phase.same_process {
        writeln!(out, "Process: the same as before\n")?;
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
    for day in plan.days.iter().filter(|day| day.phase == phase.number) {
        writeln!(out, "### {}: {}\n", Days(day.days), Plain(&day.title))?;
        if let Some(hours) = day.soak_hours {
            writeln!(out, "Soak: {hours} hours\n")?;
        }
        for detail in &day.details {
            writeln!(out, "- {}", Plain(detail))?;
        }
        if !day.details.is_empty() {
            writeln!(out)?;
        }
        commands(out, "", &day.commands)?;
    }
    Ok(())
}

fn checks(out: &mut String, level: usize, title: &str, items: &[&ChecklistItem]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} {title}\n", "#".repeat(level))?;
    for item in items {
        write!(out, "- [{}] ", if item.done { 'x' } else { ' ' })?;
        if let Some(days) = item.days {
            write!(out, "{}: ", Days(days))?;
        }
        task(out, &item.text, item.owner.as_deref(), &item.commands)?;
    }
    writeln!(out)
}

fn task(out: &mut String, text: &str, owner: Option<&str>, list: &[Command]) -> fmt::Result {
    match owner {
        Some(owner) => writeln!(out, "{} (owner: {})", Plain(text), Plain(owner))?,
        None => writeln!(out, "{}", Plain(text))?,
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
        task(out, &item.text, item.owner.as_deref(), &item.commands)?;
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
                '<' => !after.is_some_and(|next| next == ' ' || next.is_ascii_digit()),
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
