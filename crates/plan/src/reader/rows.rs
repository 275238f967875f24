//! Rows that tell phases and modules.

use super::columns::{Column, Columns};
use super::phases::{PART, designation};
use super::{Reader, number};
use crate::blocks::Row;
use crate::headings::{PhaseHeading, phase_heading};
use crate::identity::normalised;
use crate::modules::Mention;
use crate::plain::cell;
use crate::quantities::durations;
use crate::text::Text;
use crate::tokens::Tokens;

impl Reader {
    /// A row that tells a phase: its name, its window, how many modules it moves or which.
    pub(super) fn phase_row(&mut self, columns: &Columns, row: &Row) {
        let Some(mut called) = columns
            .cell(row, Column::Phase)
            .or_else(|| columns.task(row))
        else {
            return;
        };
        if called.chars().all(|c| c.is_ascii_digit()) {
            let header = columns
                .cell(row, Column::Name)
                .map(|name| format!(": {name}"))
                .unwrap_or_default();
            called = format!("Phase {called}{header}");
        }
        let text = Text::new(called.clone(), row.line);
        let tokens = Tokens::of(&called);
        let mut heading = phase_heading(&tokens, self.start).unwrap_or_default();
        heading.named = true;
        for column in [Column::Window, Column::Soak, Column::Day] {
            let Some(words) = columns.cell(row, column) else {
                continue;
            };
            let tokens = Tokens::of(&words);
            let window = phase_heading(&tokens, self.start).unwrap_or_default();
            heading.dates = heading.dates.or(window.dates);
            heading.designators.extend(window.designators);
            let days = durations(&tokens)
                .first()
                .map(|duration| duration.days())
                .filter(|&days| days > 0);
            heading.length_days = heading.length_days.or(window.length_days).or(days);
        }
        let known = self.phase_called(&called).or_else(|| {
            heading
                .designators
                .iter()
                .find_map(|d| self.called.get(&designation(d)).copied())
        });
        let place = known.unwrap_or_else(|| {
            self.add_phase(
                &text,
                &tokens,
                PhaseHeading {
                    name_end: None,
                    ..heading
                },
            )
        });
        let date = |column: Column| {
            columns
                .cell(row, column)
                .and_then(|words| crate::dates::find_date(&Tokens::of(&words), self.start))
                .map(|(date, ..)| date)
        };
        let (starts, ends) = (date(Column::Start), date(Column::End));
        if let Some(draft) = self.drafts.get_mut(place) {
            draft.starts = draft.starts.or(starts);
            draft.ends = draft.ends.or(ends);
        }
        if let Some(cell) = columns.text(row, Column::Module) {
            self.modules_of_cell(cell, place, row.line);
        }
    }

    pub(super) fn modules_of_cell(&mut self, text: &Text, place: usize, line: u32) {
        let tokens = Tokens::of(&text.plain);
        if let Some(count) = tokens.count(0).filter(|_| tokens.len() <= 2) {
            if let Some(draft) = self.drafts.get_mut(place) {
                draft.expected_modules = draft.expected_modules.or(Some(count));
            }
            return;
        }
        let phase = number(place);
        for mention in cell_modules(text) {
            self.add_module(Mention {
                phase,
                line,
                ..mention
            });
        }
    }

    pub(super) fn module_row(&mut self, columns: &Columns, row: &Row) {
        let named = columns
            .text(row, Column::Module)
            .or_else(|| columns.text(row, Column::Name))
            .or_else(|| columns.text(row, Column::Key));
        let key = columns.cell(row, Column::Key);
        let Some(text) = named else { return };
        let mut found = if columns.has(Column::Key) {
            Vec::new()
        } else {
            cell_modules(text)
        };
        if found.is_empty() {
            let name = columns
                .cell(row, Column::Name)
                .or_else(|| columns.cell(row, Column::Module))
                .or_else(|| key.clone());
            let Some(name) = name else {
                return self.other_row(columns, row);
            };
            found.push(Mention {
                name,
                key,
                ..Mention::default()
            });
        } else if let ([only], Some(name)) = (
            found.as_mut_slice(),
            columns
                .cell(row, Column::Name)
                .filter(|_| columns.has(Column::Module)),
        ) {
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
        if let Some(number) = words
            .strip_prefix('#')
            .and_then(|number| number.parse::<usize>().ok())
        {
            return number
                .checked_sub(1)
                .filter(|&place| place < self.drafts.len());
        }
        let plain = normalised(words);
        if let Some(&place) = self
            .called
            .get(&plain)
            .or_else(|| self.called.get(&format!("{PART}{plain}")))
        {
            return Some(place);
        }
        let heading = phase_heading(&Tokens::of(words), self.start).unwrap_or_default();
        heading
            .designators
            .iter()
            .find_map(|designator| self.called.get(&designation(designator)).copied())
    }
}

/// Modules in a cell: code spans, else names between commas and line breaks, else the cell as one name.
pub(super) fn cell_modules(text: &Text) -> Vec<Mention> {
    let name = |name: &str| Mention {
        name: name.to_owned(),
        ..Mention::default()
    };
    if !text.spans.is_empty() {
        return text
            .code()
            .filter(|span| !span.contains(['/', ' ', '=']))
            .map(name)
            .collect();
    }
    let parts = text.plain.split([',', '\n', ';']).filter_map(cell);
    parts
        .filter(|part| !part.starts_with('('))
        .map(|part| name(&part))
        .collect()
}
