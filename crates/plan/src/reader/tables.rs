//! Tables: what a row is, from the names of the columns and the section the table stands in.

use super::columns::{Column, Columns, column, is_code, is_number, joined};
use super::{Context, DayDraft, LABEL, List, Pending, Reader};
use crate::blocks::Row;
use crate::calendar::{is_milestones, milestone_row, window_columns, window_kind, window_row};
use crate::checklists::task;
use crate::headings::day_heading;
use crate::model::{ChecklistItem, Command, Meaning};
use crate::modules::Mention;
use crate::plain::{cell, headline};
use crate::quantities::{durations, percents};
use crate::sections::Section;
use crate::steps::{self, Event};
use crate::text::Text;
use crate::thresholds::{self, Limit};
use crate::tokens::Tokens;

impl Reader {
    pub(super) fn table(&mut self, rows: &[Row]) {
        let Some((header, rows)) = rows.split_first() else {
            return;
        };
        if self.calendar_table(header, rows) {
            return self.recognised();
        }
        let columns = Columns(
            header
                .cells
                .iter()
                .map(|text| column(&text.plain))
                .collect(),
        );
        let section = self.section();
        let modules = columns.has(Column::Module) || columns.has(Column::Key);
        let places = [
            Column::Phase,
            Column::Owner,
            Column::OldPath,
            Column::NewPath,
        ]
        .iter()
        .any(|&place| columns.has(place));
        let windows = [Column::Window, Column::Start, Column::Soak]
            .iter()
            .any(|&column| columns.has(column));
        let read: fn(&mut Self, &Columns, &Row) = match section {
            Section::Criteria => Self::criterion_row,
            Section::Rollback => Self::instruction_row,
            _ if columns.has(Column::Limit)
                && (columns.has(Column::Metric) || matches!(section, Section::Thresholds(_))) =>
            {
                Self::limit_row
            }
            Section::Thresholds(_) => Self::limit_row,
            _ if columns.has(Column::Mode)
                || columns.has(Column::Share) && !columns.has(Column::Module) =>
            {
                Self::step_row
            }
            Section::Rollout => Self::step_row,
            Section::Daily | Section::Preparation | Section::Conditional => Self::task_row,
            _ if columns.has(Column::Phase)
                && (windows || section == Section::Phases)
                && self.phase().is_none() =>
            {
                Self::phase_row
            }
            Section::Phases if windows => Self::phase_row,
            _ if modules && !columns.has(Column::Task)
                || columns.has(Column::Name) && (places || section == Section::Modules) =>
            {
                Self::module_row
            }
            _ if columns.has(Column::Day) && self.phase().is_some() => Self::day_row,
            _ if columns.has(Column::Task) || matches!(section, Section::Checks(_)) => {
                Self::task_row
            }
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

    /// Freezes, change windows and milestones under headings of these names. `false` for any other table.
    fn calendar_table(&mut self, header: &Row, rows: &[Row]) -> bool {
        let heading = self.contexts.last().map(|context| context.title.clone());
        let heading = heading.unwrap_or_default();
        if let Some((kind, columns)) = window_kind(&heading).zip(window_columns(header)) {
            for row in rows {
                match window_row(kind, columns, row) {
                    Some(draft) => self.freezes.push(draft),
                    None => self.unrecognised(&joined(row, " | "), row.line),
                }
            }
            return true;
        }
        let milestones = is_milestones(&heading, header);
        for row in rows.iter().filter(|_| milestones) {
            match milestone_row(row) {
                Some(milestone) => self.plan.milestones.push(milestone),
                None => self.unrecognised(&joined(row, " | "), row.line),
            }
        }
        milestones
    }

    pub(super) fn other_row(&mut self, _: &Columns, row: &Row) {
        self.unrecognised(&joined(row, " | "), row.line);
    }

    pub(super) fn criterion_row(&mut self, _: &Columns, row: &Row) {
        let words = joined(row, " ");
        if !words.is_empty() {
            self.criterion(&words, row.line, 0);
        }
    }

    pub(super) fn instruction_row(&mut self, _: &Columns, row: &Row) {
        let text = Text::new(joined(row, " "), row.line);
        self.add_limits(&text, &Tokens::of(&text.plain));
        // A cell that is one code span is a command to copy.
        let (commands, words): (Vec<&Text>, Vec<&Text>) =
            row.cells.iter().partition(|text| is_code(text));
        let words: Vec<String> = words
            .iter()
            .filter_map(|text| cell(&text.plain))
            .filter(|words| !is_number(words))
            .collect();
        if !words.is_empty() {
            self.instruction(&words.join(" – "), row.line);
        }
        let commands = commands.into_iter().map(|text| Command {
            language: None,
            text: text.plain.trim().to_owned(),
            line: row.line,
        });
        let commands: Vec<Command> = commands.collect();
        if let Some(entry) = self.runbook_entry(row.line) {
            entry.commands.extend(commands);
        }
    }

    pub(super) fn limit_row(&mut self, columns: &Columns, row: &Row) {
        let words = columns
            .0
            .iter()
            .zip(&row.cells)
            .filter(|(column, _)| **column == Column::Other)
            .find_map(|(_, text)| cell(&text.plain));
        let text = words.unwrap_or_else(|| joined(row, " "));
        let metric = columns
            .text(row, Column::Metric)
            .or(row.cells.first())
            .and_then(|text| thresholds::metric(&Tokens::of(&text.plain)));
        let limit = columns
            .text(row, Column::Limit)
            .map(|text| percents(&Tokens::of(&text.plain)))
            .and_then(|found| found.first().copied());
        let action = Tokens::of(&columns.cell(row, Column::Action).unwrap_or_default());
        let default = if self.section() == Section::Thresholds(Meaning::Rollback) {
            Meaning::Rollback
        } else {
            Meaning::Hold
        };
        let meaning = if thresholds::speaks_of_rollback(&action) {
            Meaning::Rollback
        } else {
            default
        };
        if let Some((metric, percent)) = metric.zip(limit) {
            let limit = Limit {
                metric,
                basis_points: percent.basis_points,
                meaning,
            };
            thresholds::add(&mut self.plan.thresholds, limit, text, row.line);
            return;
        }
        // Columns such as "Warn" and "Roll back", each with its limit, or a sentence in one cell.
        let text = Text::new(joined(row, "; "), row.line);
        if !self.add_limits(&text, &Tokens::of(&text.plain)) {
            self.unrecognised(&text.plain, row.line);
        }
    }

    pub(super) fn step_row(&mut self, columns: &Columns, row: &Row) {
        self.steps.begin();
        let words = |column: Column| columns.cell(row, column);
        let mut events: Vec<Event> = words(Column::Mode)
            .map(|words| steps::in_text(&Tokens::of(&words), true))
            .unwrap_or_default();
        events.retain(|event| matches!(event, Event::Mode(_)));
        events.extend(words(Column::Share).and_then(|words| steps::share_in_cell(&words)));
        if events.is_empty() {
            let all = Tokens::of(&joined(row, "; "));
            events = steps::in_text(&all, true);
        } else {
            let soak = words(Column::Soak)
                .and_then(|words| durations(&Tokens::of(&words)).first().copied());
            events.extend(soak.map(|soak| Event::Soak(soak.hours)));
        }
        let label = words(Column::Step)
            .or_else(|| words(Column::Name))
            .unwrap_or_else(|| joined(row, " "));
        if !self.steps.feed(self.phase(), &label, row.line, &events) {
            self.other_row(columns, row);
        }
        self.steps.begin();
    }

    pub(super) fn task_row(&mut self, columns: &Columns, row: &Row) {
        let Some(words) = columns.task(row) else {
            return;
        };
        let text = Text::new(words.clone(), row.line);
        let tokens = Tokens::of(&words);
        let list = match self.section() {
            Section::Conditional => {
                self.add_limits(&text, &tokens);
                let condition = self
                    .contexts
                    .last()
                    .map(|context| context.condition.clone())
                    .unwrap_or_default();
                return self.conditional(condition, &words, row.line, 0);
            }
            Section::Daily if self.inline_condition(&text, &tokens, 0) => return,
            Section::Daily => List::Daily,
            Section::Preparation => List::Preparation,
            _ if self
                .phase()
                .and_then(|phase| self.drafts.get(phase))
                .is_some_and(|draft| draft.preparation) =>
            {
                List::Preparation
            }
            _ => List::Checks,
        };
        let when = if let Section::Checks(when) = self.section() {
            when
        } else {
            None
        };
        let task = task(&words, self.start, self.phase().is_some());
        let day = columns
            .cell(row, Column::Day)
            .and_then(|words| day_cell(&words, self.start))
            .filter(|_| self.phase().is_some());
        let status = Tokens::of(&columns.cell(row, Column::Done).unwrap_or_default());
        let item = ChecklistItem {
            text: task.text,
            phase: self.phase_number(),
            when: when.filter(|_| list == List::Checks),
            days: None,
            owner: columns.owner(row).or(task.owner),
            due: None,
            evidence_required: false,
            done: status.has(&["done", "yes", "x", "complete", "completed"]),
            commands: Vec::new(),
            line: row.line,
        };
        self.add_check(
            list,
            Pending {
                item,
                reference: day.or(task.days),
            },
            0,
        );
    }

    pub(super) fn day_row(&mut self, columns: &Columns, row: &Row) {
        let reference = columns
            .cell(row, Column::Day)
            .and_then(|words| day_cell(&words, self.start));
        let Some((reference, phase)) = reference.zip(self.phase()) else {
            return self.other_row(columns, row);
        };
        let title = columns
            .0
            .iter()
            .zip(&row.cells)
            .filter(|(column, _)| !matches!(column, Column::Day | Column::Owner))
            .find_map(|(_, text)| cell(&text.plain));
        let title = title
            .map(|title| headline(&title))
            .filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| "Day".to_owned());
        let place = self.days.len();
        self.days.push(DayDraft {
            phase,
            reference,
            title,
            details: Vec::new(),
            soak_hours: None,
            commands: Vec::new(),
            line: row.line,
        });
        // The rest of the row is read as if it stood under the day.
        let above = self.below(LABEL, &Text::new("", row.line));
        self.enter(Context {
            day: Some(place),
            ..above
        });
        let text = Text::new(joined(row, "; "), row.line);
        self.scan(&text, &Tokens::of(&text.plain));
        self.cells_with_code(row);
        self.contexts.pop();
    }

    /// Modules that cells name by code spans.
    pub(super) fn cells_with_code(&mut self, row: &Row) {
        let phase = self.phase_number();
        for text in row.cells.iter().filter(|text| !text.spans.is_empty()) {
            for (name, _) in crate::modules::mentions(text, &Tokens::of(&text.plain)) {
                self.add_module(Mention {
                    name,
                    phase,
                    line: row.line,
                    ..Mention::default()
                });
            }
        }
    }
}

/// `1`, `1-2`, `Day 3`, a date.
fn day_cell(words: &str, near: jiff::civil::Date) -> Option<crate::headings::DayReference> {
    let digits = words.starts_with(|c: char| c.is_ascii_digit());
    let direct = day_heading(&Tokens::of(words), near);
    let counted = || day_heading(&Tokens::of(&format!("Day {words}")), near).filter(|_| digits);
    direct.or_else(counted).map(|(reference, _)| reference)
}
