//! Paragraphs and code blocks: labelled values, remarks, and commands to copy.

use super::Reader;
use crate::checklists::owner_name;
use crate::criteria::criterion_kind;
use crate::dates;
use crate::model::{CriterionKind, Note};
use crate::modules::{self, Mention};
use crate::plain::{cell, labelled, tidy};
use crate::quantities::{durations, module_count};
use crate::sections::Section;
use crate::steps;
use crate::text::Text;
use crate::tokens::{Tokens, number_word};

/// A text of more tokens than this says more than the one thing that was recognised.
const LONG: usize = 16;

impl Reader {
    pub(super) fn paragraph(&mut self, text: &Text, depth: usize) {
        let tokens = Tokens::of(&text.plain);
        match self.section() {
            Section::Rollback => {
                self.add_limits(text, &tokens);
                self.instruction(&text.plain, text.line);
            }
            Section::Criteria if depth == 0 => {
                for part in sentences(&tidy(&text.plain)) {
                    if criterion_kind(&part) == CriterionKind::Other {
                        self.unrecognised(&part, text.line);
                    } else {
                        self.criterion(&part, text.line, 0);
                        self.sink = None;
                    }
                }
            }
            Section::Criteria => {
                if !self.append(&text.plain, depth) {
                    self.unrecognised(&text.plain, text.line);
                }
            }
            _ if depth > 0 && self.append(&text.plain, depth) => {
                self.scan(text, &tokens);
            }
            _ => self.prose(text, &tokens),
        }
    }

    pub(super) fn prose(&mut self, text: &Text, tokens: &Tokens) {
        if self.key_values(text) || self.bare_date(tokens) {
            return;
        }
        if self.inline_condition(text, tokens, 0) {
            self.sink = None;
            return;
        }
        let told = self.scan(text, tokens);
        if self.day().is_some() {
            self.detail(&text.plain);
        } else if told {
            self.process_and_validation(tokens);
            // What a longer text says beside the items read from it stays with its phase.
            if let Some(draft) = self
                .phase()
                .and_then(|phase| self.drafts.get_mut(phase))
                .filter(|_| tokens.len() > LONG)
            {
                draft.notes.push(Note {
                    text: tidy(&text.plain),
                    line: text.line,
                });
            }
        } else {
            self.remark(text, tokens);
        }
    }

    /// A short paragraph before the first phase that ends with a date tells the document's: `Prepared 3 March 2026`.
    pub(super) fn bare_date(&mut self, tokens: &Tokens) -> bool {
        let date = dates::find_date(tokens, self.start)
            .filter(|&(_, from, to)| from <= 4 && to == tokens.len());
        let alone = self.plan.date.is_none() && self.drafts.is_empty();
        match date.filter(|_| alone) {
            Some((date, ..)) => {
                self.plan.date = Some(date);
                true
            }
            None => false,
        }
    }

    /// `Date: 2026-01-05`, `Expected modules: 12`, line by line. True when every line was one; the rest of a
    /// paragraph with some of them is listed as unrecognised, or noted on its phase.
    pub(super) fn key_values(&mut self, text: &Text) -> bool {
        let (mut any, mut left, mut offset) = (false, Vec::new(), 0);
        for line in text.plain.split('\n') {
            let at = text.line_at(offset);
            let start = offset;
            offset += line.len() + 1;
            let known = labelled(line)
                .is_some_and(|(label, value)| self.key_value(&label, value, line, at));
            any |= known;
            if !known && !line.trim().is_empty() {
                left.push((start, line, at));
            }
        }
        if !any {
            return false;
        }
        for (start, line, at) in left {
            let end = start + line.len();
            let spans = text
                .spans
                .iter()
                .filter(|&&(from, to)| from >= start && to <= end);
            let spans = spans
                .map(|&(from, to)| (from - start, to - start))
                .collect();
            let part = Text::new(line, at).with_spans(spans);
            let tokens = Tokens::of(line);
            if self.day().is_some() {
                self.scan(&part, &tokens);
                self.detail(line);
            } else if !self.scan(&part, &tokens) {
                self.remark(&part, &tokens);
            }
        }
        true
    }

    pub(super) fn key_value(&mut self, label: &str, value: &str, line: &str, at: u32) -> bool {
        let tokens = Tokens::of(value);
        let near = self.start;
        let date = || {
            dates::find_date(&tokens, near)
                .filter(|&(_, from, _)| from == 0)
                .map(|(date, ..)| date)
        };
        if self.day().is_none()
            && self.phase().is_some()
            && let Some(known) = self.phase_value(label, value, &tokens, at)
        {
            return known;
        }
        if self.day().is_some() && label == "soak" {
            let hours = durations(&tokens)
                .first()
                .map(|duration| duration.hours)
                .filter(|&hours| hours > 0);
            let events: Vec<steps::Event> = hours.into_iter().map(steps::Event::Soak).collect();
            self.steps.feed(self.phase(), "", at, &events);
            self.soak(&events);
            return hours.is_some();
        }
        if self.module_value(label, value) {
            return true;
        }
        match label {
            "date" | "dated" | "last updated" | "updated" | "created" | "as of"
                if self.drafts.is_empty() =>
            {
                let date = date();
                self.plan.date = self.plan.date.or(date);
                date.is_some()
            }
            "title" if self.plan.title.is_none() && self.contexts.is_empty() => {
                self.plan.title = cell(value);
                true
            }
            "expected modules" | "total modules" | "modules in total" | "number of modules"
                if self.phase().is_none() =>
            {
                let count = tokens.count(0);
                self.plan.expected_modules = self.plan.expected_modules.or(count);
                count.is_some()
            }
            "time zone" | "timezone" if self.phase().is_none() && is_zone(value) => {
                self.plan.zone = self.plan.zone.take().or_else(|| Some(value.to_owned()));
                true
            }
            "sprint length" | "sprints" | "sprint" => {
                let days = durations(&tokens)
                    .first()
                    .map(|duration| duration.days())
                    .filter(|&days| days > 0);
                self.sprint_days = self.sprint_days.or(days);
                days.is_some()
            }
            _ => self.inline_modules(label, value, line, at),
        }
    }

    /// Labels under a phase. `None` leaves the line to other readers.
    pub(super) fn phase_value(
        &mut self,
        label: &str,
        value: &str,
        tokens: &Tokens,
        at: u32,
    ) -> Option<bool> {
        let near = self.start;
        let draft = self.phase().and_then(|phase| self.drafts.get_mut(phase))?;
        let days = durations(tokens)
            .first()
            .map(|duration| duration.days())
            .filter(|&days| days > 0);
        let date = dates::find_date(tokens, near).map(|(date, ..)| date);
        match label {
            "expected modules" | "modules" | "number of modules" | "module count" | "services"
            | "flags" => {
                let words =
                    tokens.len() == 1 || tokens.len() == 2 && module_count(tokens).is_some();
                let count = tokens.count(0).filter(|_| words)?;
                draft.expected_modules = Some(count);
            }
            "duration" | "length" | "takes" => draft.heading.length_days = Some(days?),
            "validation" | "validation period" => draft.validation_days = Some(days?),
            "start" | "starts" | "from" | "start date" | "begins" => draft.starts = Some(date?),
            "end" | "ends" | "until" | "to" | "end date" | "due" | "finish" => {
                draft.ends = Some(date?);
            }
            "dates" | "window" | "when" | "timeline" | "schedule" | "period" => {
                if let Some(range) = dates::find_range(tokens, near) {
                    draft.heading.dates = Some((range.start, range.end));
                } else {
                    let inner = crate::headings::phase_heading(tokens, near)
                        .filter(|inner| inner.has_time() || inner.length_days.is_some())?;
                    draft.heading.length_days = draft.heading.length_days.or(inner.length_days);
                    draft.inner.push(inner);
                }
            }
            "process" if tokens.has(&["same"]) => draft.same_process = true,
            "needs" | "depends on" | "waits for" => {
                draft.needs = Some((value.to_owned(), at));
            }
            "note" if value.is_empty() => {}
            "note" => draft.notes.push(Note {
                text: tidy(value),
                line: at,
            }),
            _ => return None,
        }
        if label == "note" {
            self.process_and_validation(tokens);
        }
        self.recognised();
        Some(true)
    }

    /// Labels under a heading that names a module.
    pub(super) fn module_value(&mut self, label: &str, value: &str) -> bool {
        let place = self.contexts.last().and_then(|context| context.module);
        let Some(module) = place.and_then(|place| self.modules.modules.get_mut(place)) else {
            return false;
        };
        let slot = match label {
            "owner" | "team" | "lead" => &mut module.owner,
            "old path" | "old" | "from" | "legacy" | "current" | "old code" => &mut module.old_path,
            "new path" | "new" | "to" | "target" | "new code" => &mut module.new_path,
            _ => return false,
        };
        let value = if label == "owner" {
            owner_name(value)
        } else {
            cell(value)
        };
        *slot = slot.take().or(value);
        true
    }

    /// `Modules: auth, billing` on one line, also `Applied to: auth`.
    pub(super) fn inline_modules(&mut self, label: &str, value: &str, line: &str, at: u32) -> bool {
        let label_tokens = Tokens::of(label);
        let section = crate::sections::section(&label_tokens);
        if section != Some(Section::Modules) || value.is_empty() || number_word(value).is_some() {
            return false;
        }
        let quiet = matches!(
            self.section(),
            Section::Plain | Section::Phases | Section::Modules
        );
        let names = modules::names(&tidy(value));
        let count = Tokens::of(value).count(0).is_some();
        // Prose after a label ("Services: we keep them as they are") is no list of names.
        let listed = names.iter().all(|name| name.split(' ').count() <= 2);
        if !quiet || names.is_empty() || !listed || count {
            return false;
        }
        let phase = self.phase_number();
        let mut added = false;
        for name in names {
            added |= self
                .add_module(Mention {
                    name,
                    phase,
                    line: at,
                    ..Mention::default()
                })
                .is_some();
        }
        let tokens = Tokens::of(line);
        self.process_and_validation(&tokens);
        added
    }
}

/// `UTC`, `Europe/Berlin`: the shape of the name of a zone.
fn is_zone(value: &str) -> bool {
    let shape = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    value == "UTC" || value.contains('/') && value.chars().all(shape)
}

/// A paragraph as criteria: its clauses, when each of them measures something, else the whole.
fn sentences(text: &str) -> Vec<String> {
    let parts: Vec<String> = text
        .split([';', ','])
        .flat_map(|part| part.split(" and "))
        .map(|part| tidy(part.trim().trim_start_matches("and ").trim_end_matches('.')))
        .filter(|part| !part.is_empty())
        .collect();
    let all = parts.len() > 1
        && parts
            .iter()
            .all(|part| criterion_kind(part) != CriterionKind::Other);
    if all { parts } else { vec![text.to_owned()] }
}
