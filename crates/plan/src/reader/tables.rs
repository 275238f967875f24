//! Tables: what a row is, from the names of the columns and the section the table stands in.

use super::announce::{PART, designation};
use super::{Context, DayDraft, LABEL, List, Pending, Reader};
use crate::blocks::{Row, Text};
use crate::checklists::{owner_name, task};
use crate::headings::{PhaseHeading, Section, day_heading, phase_heading};
use crate::identity::normalised;
use crate::model::{ChecklistItem, Command, Meaning};
use crate::modules::Mention;
use crate::plain::{cell, headline, tidy};
use crate::quantities::{durations, percents};
use crate::steps::{self, Event};
use crate::thresholds::{self, Limit};
use crate::tokens::Tokens;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Module,
    Key,
    Name,
    Phase,
    Owner,
    OldPath,
    NewPath,
    Mode,
    Share,
    Soak,
    Step,
    Day,
    Window,
    Start,
    End,
    Task,
    Metric,
    Limit,
    Action,
    Done,
    Other,
}

fn column(header: &str) -> Column {
    let words = normalised(header);
    match words.as_str() {
        "key" | "module key" | "flag key" | "id" => Column::Key,
        "name" | "title" | "display name" | "module name" => Column::Name,
        "module" | "modules" | "flag" | "flags" | "component" | "components" | "service" | "services" | "package"
        | "packages" | "library" | "feature" | "feature flag" | "feature flags" | "flag name" | "toggle" => Column::Module,
        "phase" | "week" | "weeks" | "sprint" | "wave" | "stage" | "milestone" | "batch" | "iteration" => Column::Phase,
        "owner" | "owners" | "team" | "lead" | "assignee" | "responsible" | "dri" | "who" => Column::Owner,
        "old path" | "old" | "from" | "source" | "current" | "legacy" | "old code" | "current path" => Column::OldPath,
        "new path" | "new" | "target" | "destination" | "to" | "new code" | "target path" => Column::NewPath,
        "mode" => Column::Mode,
        "share" | "exposure" | "percent" | "percentage" | "traffic" | "%" | "traffic %" | "% traffic" | "users"
        | "% of traffic" | "% users" | "% of users" | "rollout" | "rollout %" | "weight" => Column::Share,
        "soak" | "soak time" | "duration" | "monitor" | "monitoring" | "hold" | "hold for" | "wait" | "watch" | "bake"
        | "bake time" | "minimum soak" | "length" => Column::Soak,
        "step" | "label" => Column::Step,
        "day" | "days" | "date" => Column::Day,
        "dates" | "window" | "when" | "timeline" | "calendar" | "period" | "schedule" => Column::Window,
        "start" | "starts" | "start date" | "begin" => Column::Start,
        "end" | "ends" | "end date" | "finish" | "until" => Column::End,
        "task" | "tasks" | "check" | "checks" | "item" | "activity" | "action item" | "what" | "work" | "deliverable" => Column::Task,
        "metric" | "signal" | "indicator" | "measure" => Column::Metric,
        "limit" | "threshold" | "thresholds" | "trigger" | "value" => Column::Limit,
        "action" | "response" | "meaning" | "consequence" | "then" | "reaction" => Column::Action,
        "done" | "status" => Column::Done,
        _ if Tokens::of(header).has(&["traffic", "exposure", "percent", "percentage", "share of"]) => Column::Share,
        _ => Column::Other,
    }
}

/// A table's columns, so that rows can be asked by meaning.
struct Columns(Vec<Column>);

impl Columns {
    fn has(&self, column: Column) -> bool {
        self.0.contains(&column)
    }

    fn text<'a>(&self, row: &'a Row, column: Column) -> Option<&'a Text> {
        self.0.iter().position(|&own| own == column).and_then(|place| row.cells.get(place))
    }

    fn cell(&self, row: &Row, column: Column) -> Option<String> {
        self.text(row, column).and_then(|text| cell(&text.plain))
    }

    fn owner(&self, row: &Row) -> Option<String> {
        self.cell(row, Column::Owner).and_then(|name| owner_name(&name))
    }

    /// The words of a row: the named column, else the first cell that is no mere number.
    fn task(&self, row: &Row) -> Option<String> {
        let first = || row.cells.iter().filter_map(|text| cell(&text.plain)).find(|words| !words.chars().all(|c| c.is_ascii_digit() || c == '.'));
        self.cell(row, Column::Task).or_else(first)
    }
}

impl Reader {
    pub(super) fn table(&mut self, rows: &[Row]) {
        let Some((header, rows)) = rows.split_first() else { return };
        let columns = Columns(header.cells.iter().map(|text| column(&text.plain)).collect());
        let section = self.section();
        let modules = columns.has(Column::Module) || columns.has(Column::Key);
        let places = [Column::Phase, Column::Owner, Column::OldPath, Column::NewPath].iter().any(|&place| columns.has(place));
        let windows = [Column::Window, Column::Start, Column::Soak].iter().any(|&column| columns.has(column));
        let read: fn(&mut Self, &Columns, &Row) = match section {
            Section::Criteria => Self::criterion_row,
            Section::Rollback => Self::instruction_row,
            _ if columns.has(Column::Limit) && (columns.has(Column::Metric) || matches!(section, Section::Thresholds(_))) => Self::limit_row,
            Section::Thresholds(_) => Self::limit_row,
            _ if columns.has(Column::Mode) || columns.has(Column::Share) && !columns.has(Column::Module) => Self::step_row,
            Section::Rollout => Self::step_row,
            Section::Daily | Section::Preparation | Section::Conditional => Self::task_row,
            _ if columns.has(Column::Phase) && (windows || section == Section::Phases) && self.phase().is_none() => Self::phase_row,
            Section::Phases if windows => Self::phase_row,
            _ if modules && !columns.has(Column::Task) || columns.has(Column::Name) && (places || section == Section::Modules) => Self::module_row,
            _ if columns.has(Column::Day) && self.phase().is_some() => Self::day_row,
            _ if columns.has(Column::Task) || matches!(section, Section::Checks(_)) => Self::task_row,
            _ => Self::other_row,
        };
        for row in rows {
            read(self, &columns, row);
            self.sink = None;
        }
        if !rows.is_empty() {
            self.recognised();
        }
    }

    fn other_row(&mut self, _: &Columns, row: &Row) {
        self.unrecognised(&joined(row, " | "), row.line);
    }

    fn criterion_row(&mut self, _: &Columns, row: &Row) {
        let words = joined(row, " ");
        if !words.is_empty() {
            self.criterion(&words, row.line, 0);
        }
    }

    fn instruction_row(&mut self, _: &Columns, row: &Row) {
        let text = Text::new(joined(row, " "), row.line);
        self.add_limits(&text, &Tokens::of(&text.plain));
        // A cell that is one code span is a command to copy.
        let (commands, words): (Vec<&Text>, Vec<&Text>) = row.cells.iter().partition(|text| is_code(text));
        let words: Vec<String> = words.iter().filter_map(|text| cell(&text.plain)).filter(|words| !is_number(words)).collect();
        if !words.is_empty() {
            self.instruction(&words.join(" – "), row.line);
        }
        let commands = commands.into_iter().map(|text| Command { language: None, text: text.plain.trim().to_owned(), line: row.line });
        let commands: Vec<Command> = commands.collect();
        if let Some(entry) = self.runbook_entry(row.line) {
            entry.commands.extend(commands);
        }
    }

    fn limit_row(&mut self, columns: &Columns, row: &Row) {
        let words = columns.0.iter().zip(&row.cells).filter(|(column, _)| **column == Column::Other).find_map(|(_, text)| cell(&text.plain));
        let text = words.unwrap_or_else(|| joined(row, " "));
        let metric = columns.text(row, Column::Metric).or(row.cells.first()).and_then(|text| thresholds::metric(&Tokens::of(&text.plain)));
        let limit = columns.text(row, Column::Limit).map(|text| percents(&Tokens::of(&text.plain))).and_then(|found| found.first().copied());
        let action = Tokens::of(&columns.cell(row, Column::Action).unwrap_or_default());
        let default = if self.section() == Section::Thresholds(Meaning::Rollback) { Meaning::Rollback } else { Meaning::Hold };
        let meaning = if thresholds::speaks_of_rollback(&action) { Meaning::Rollback } else { default };
        if let Some((metric, percent)) = metric.zip(limit) {
            let limit = Limit { metric, limit: percent.basis_points, meaning };
            thresholds::add(&mut self.plan.thresholds, limit, text, row.line);
            return;
        }
        // Columns such as "Warn" and "Roll back", each with its limit, or a sentence in one cell.
        let text = Text::new(joined(row, "; "), row.line);
        if !self.add_limits(&text, &Tokens::of(&text.plain)) {
            self.unrecognised(&text.plain, row.line);
        }
    }

    fn step_row(&mut self, columns: &Columns, row: &Row) {
        self.steps.begin();
        let words = |column: Column| columns.cell(row, column);
        let mut events: Vec<Event> = words(Column::Mode).map(|words| steps::in_text(&Tokens::of(&words), true)).unwrap_or_default();
        events.retain(|event| matches!(event, Event::Mode(_)));
        events.extend(words(Column::Share).and_then(|words| steps::share_in_cell(&words)));
        if events.is_empty() {
            let all = Tokens::of(&joined(row, "; "));
            events = steps::in_text(&all, true);
        } else {
            let soak = words(Column::Soak).and_then(|words| durations(&Tokens::of(&words)).first().copied());
            events.extend(soak.map(|soak| Event::Soak(soak.hours)));
        }
        let label = words(Column::Step).or_else(|| words(Column::Name)).unwrap_or_else(|| joined(row, " "));
        if !self.steps.feed(self.phase(), &label, row.line, &events) {
            self.other_row(columns, row);
        }
        self.steps.begin();
    }

    fn task_row(&mut self, columns: &Columns, row: &Row) {
        let Some(words) = columns.task(row) else { return };
        let text = Text::new(words.clone(), row.line);
        let tokens = Tokens::of(&words);
        let list = match self.section() {
            Section::Conditional => {
                self.add_limits(&text, &tokens);
                let condition = self.contexts.last().map(|context| context.condition.clone()).unwrap_or_default();
                return self.conditional(condition, &words, row.line, 0);
            }
            Section::Daily if self.inline_condition(&text, &tokens, 0) => return,
            Section::Daily => List::Daily,
            Section::Preparation => List::Preparation,
            _ if self.phase().and_then(|phase| self.drafts.get(phase)).is_some_and(|draft| draft.preparation) => List::Preparation,
            _ => List::Checks,
        };
        let when = if let Section::Checks(when) = self.section() { when } else { None };
        let task = task(&words, self.start, self.phase().is_some());
        let day = columns.cell(row, Column::Day).and_then(|words| day_cell(&words, self.start)).filter(|_| self.phase().is_some());
        let status = Tokens::of(&columns.cell(row, Column::Done).unwrap_or_default());
        let item = ChecklistItem {
            text: task.text,
            phase: self.phase_number(),
            when: when.filter(|_| list == List::Checks),
            days: None,
            owner: columns.owner(row).or(task.owner),
            done: status.has(&["done", "yes", "x", "complete", "completed"]),
            commands: Vec::new(),
            line: row.line,
        };
        self.add_check(list, Pending { item, reference: day.or(task.days) }, 0);
    }

    fn day_row(&mut self, columns: &Columns, row: &Row) {
        let reference = columns.cell(row, Column::Day).and_then(|words| day_cell(&words, self.start));
        let Some((reference, phase)) = reference.zip(self.phase()) else {
            return self.other_row(columns, row);
        };
        let title = columns.0.iter().zip(&row.cells).filter(|(column, _)| !matches!(column, Column::Day | Column::Owner)).find_map(|(_, text)| cell(&text.plain));
        let title = title.map(|title| headline(&title)).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| "Day".to_owned());
        let place = self.days.len();
        self.days.push(DayDraft { phase, reference, title, details: Vec::new(), soak_hours: None, commands: Vec::new(), line: row.line });
        // The rest of the row is read as if it stood under the day.
        let above = self.below(LABEL, &Text::new("", row.line));
        self.enter(Context { day: Some(place), ..above });
        let text = Text::new(joined(row, "; "), row.line);
        self.scan(&text, &Tokens::of(&text.plain));
        self.cells_with_code(row);
        self.contexts.pop();
    }

    /// Modules that cells name by code spans.
    fn cells_with_code(&mut self, row: &Row) {
        let phase = self.phase_number();
        for text in row.cells.iter().filter(|text| !text.spans.is_empty()) {
            for (name, _) in crate::modules::mentions(text, &Tokens::of(&text.plain)) {
                self.add_module(Mention { name, phase, line: row.line, ..Mention::default() });
            }
        }
    }

    /// A row that tells a phase: its name, its window, how many modules it moves or which.
    fn phase_row(&mut self, columns: &Columns, row: &Row) {
        let Some(mut called) = columns.cell(row, Column::Phase).or_else(|| columns.task(row)) else { return };
        if called.chars().all(|c| c.is_ascii_digit()) {
            let header = columns.cell(row, Column::Name).map(|name| format!(": {name}")).unwrap_or_default();
            called = format!("Phase {called}{header}");
        }
        let text = Text::new(called.clone(), row.line);
        let tokens = Tokens::of(&called);
        let mut heading = phase_heading(&tokens, self.start).unwrap_or_default();
        heading.named = true;
        for column in [Column::Window, Column::Soak, Column::Day] {
            let Some(words) = columns.cell(row, column) else { continue };
            let tokens = Tokens::of(&words);
            let window = phase_heading(&tokens, self.start).unwrap_or_default();
            heading.dates = heading.dates.or(window.dates);
            heading.designators.extend(window.designators);
            let days = durations(&tokens).first().map(|duration| duration.days()).filter(|&days| days > 0);
            heading.length_days = heading.length_days.or(window.length_days).or(days);
        }
        let known = self.phase_called(&called).or_else(|| heading.designators.iter().find_map(|d| self.called.get(&designation(d)).copied()));
        let place = known.unwrap_or_else(|| self.add_phase(&text, &tokens, PhaseHeading { name_end: None, ..heading }));
        let date = |column: Column| columns.cell(row, column).and_then(|words| crate::dates::find_date(&Tokens::of(&words), self.start)).map(|(date, ..)| date);
        let (starts, ends) = (date(Column::Start), date(Column::End));
        if let Some(draft) = self.drafts.get_mut(place) {
            draft.starts = draft.starts.or(starts);
            draft.ends = draft.ends.or(ends);
        }
        if let Some(cell) = columns.text(row, Column::Module) {
            self.modules_of_cell(cell, place, row.line);
        }
    }

    fn modules_of_cell(&mut self, text: &Text, place: usize, line: u32) {
        let tokens = Tokens::of(&text.plain);
        if let Some(count) = tokens.count(0).filter(|_| tokens.len() <= 2) {
            if let Some(draft) = self.drafts.get_mut(place) {
                draft.expected_modules = draft.expected_modules.or(Some(count));
            }
            return;
        }
        let phase = super::number(place);
        for mention in cell_modules(text) {
            self.add_module(Mention { phase, line, ..mention });
        }
    }

    fn module_row(&mut self, columns: &Columns, row: &Row) {
        let named = columns.text(row, Column::Module).or_else(|| columns.text(row, Column::Name)).or_else(|| columns.text(row, Column::Key));
        let key = columns.cell(row, Column::Key);
        let Some(text) = named else { return };
        let mut found = if columns.has(Column::Key) { Vec::new() } else { cell_modules(text) };
        if found.is_empty() {
            let name = columns.cell(row, Column::Name).or_else(|| columns.cell(row, Column::Module)).or_else(|| key.clone());
            let Some(name) = name else { return self.other_row(columns, row) };
            found.push(Mention { name, key, ..Mention::default() });
        } else if let ([only], Some(name)) = (found.as_mut_slice(), columns.cell(row, Column::Name).filter(|_| columns.has(Column::Module))) {
            only.key = Some(std::mem::replace(&mut only.name, name));
        }
        for mention in found {
            let mention = Mention {
                phase: self.phase_number(),
                owner: columns.owner(row),
                old_path: columns.cell(row, Column::OldPath),
                new_path: columns.cell(row, Column::NewPath),
                line: row.line,
                ..mention
            };
            let place = self.add_module(mention);
            let phase = columns.cell(row, Column::Phase);
            if let Some((place, phase)) = place.zip(phase) {
                self.references.push((place, phase, row.line));
            }
        }
    }

    /// A phase by its name, its designator, or `#` and its number.
    pub(super) fn phase_called(&self, words: &str) -> Option<usize> {
        if let Some(number) = words.strip_prefix('#').and_then(|number| number.parse::<usize>().ok()) {
            return number.checked_sub(1).filter(|&place| place < self.drafts.len());
        }
        let plain = normalised(words);
        if let Some(&place) = self.called.get(&plain).or_else(|| self.called.get(&format!("{PART}{plain}"))) {
            return Some(place);
        }
        let heading = phase_heading(&Tokens::of(words), self.start).unwrap_or_default();
        heading.designators.iter().find_map(|designator| self.called.get(&designation(designator)).copied())
    }
}

/// `1`, `1-2`, `Day 3`, a date.
fn day_cell(words: &str, near: jiff::civil::Date) -> Option<crate::headings::DayReference> {
    let digits = words.starts_with(|c: char| c.is_ascii_digit());
    let direct = day_heading(&Tokens::of(words), near);
    let counted = || day_heading(&Tokens::of(&format!("Day {words}")), near).filter(|_| digits);
    direct.or_else(counted).map(|(reference, _)| reference)
}

/// Modules in a cell: code spans, else names between commas and line breaks, else the cell as one name.
fn cell_modules(text: &Text) -> Vec<Mention> {
    let name = |name: &str| Mention { name: name.to_owned(), ..Mention::default() };
    if !text.spans.is_empty() {
        return text.code().filter(|span| !span.contains(['/', ' ', '='])).map(name).collect();
    }
    let parts = text.plain.split([',', '\n', ';']).filter_map(cell);
    parts.filter(|part| !part.starts_with('(')).map(|part| name(&part)).collect()
}

fn joined(row: &Row, separator: &str) -> String {
    let cells = row.cells.iter().filter_map(|text| cell(&text.plain)).map(|words| tidy(&words));
    let words: Vec<String> = cells.filter(|words| !is_number(words)).collect();
    words.join(separator)
}

/// `1`, `2`: the number of a row, not its words.
fn is_number(words: &str) -> bool {
    words.chars().all(|c| c.is_ascii_digit())
}

fn is_code(text: &Text) -> bool {
    matches!(text.spans.as_slice(), [(start, end)] if end - start >= text.plain.trim().len() && end > start)
}
