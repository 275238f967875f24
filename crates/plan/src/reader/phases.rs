//! Phases and days: opening them, finding them again, and what a text under them says about their length.

use super::{DayDraft, Reader, number};
use crate::headings::{DayReference, Designator, PhaseHeading, Unit};
use crate::identity::normalised;
use crate::modules::{Mention, mentions};
use crate::plain::headline;
use crate::quantities::{durations, module_count};
use crate::sections::{Section, is_preparation, section};
use crate::steps;
use crate::text::Text;
use crate::tokens::Tokens;
use crate::windows::Draft;

/// Before a part of a phase's name: tables say "Reports" for "Stage 3: Reports".
pub(super) const PART: &str = "~";

/// How the phase is looked up that stands for a whole document; no text normalises to this.
const ONLY: &str = "*";

impl Reader {
    /// A heading that opens a phase, tells the weeks within one, or is about one.
    pub(super) fn enter_phase(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        level: usize,
        heading: PhaseHeading,
    ) -> bool {
        let known = self.known_phase(&heading, text);
        if heading.is_about {
            let mut context =
                self.section_context(text, level, section(tokens).unwrap_or(Section::Plain));
            context.phase = known.or(context.phase);
            self.enter(context);
            return true;
        }
        let within = self.phase().filter(|_| known.is_none());
        let mut context = self.below(level, text);
        context.day = None;
        context.section = Section::Plain;
        if let Some(place) = within {
            if let Some(draft) = self.drafts.get_mut(place) {
                draft.inner.push(heading);
            }
        } else {
            context.phase = Some(known.unwrap_or_else(|| self.add_phase(text, tokens, heading)));
        }
        self.enter(context);
        self.recognised();
        true
    }

    /// A phase that was told before: in a timeline, in a table.
    pub(super) fn known_phase(&self, heading: &PhaseHeading, text: &Text) -> Option<usize> {
        let orders = heading
            .designators
            .iter()
            .filter_map(|d| self.called.get(&designation(d)));
        let known = orders
            .copied()
            .next()
            .or_else(|| self.called.get(&normalised(&name(heading, text))).copied())?;
        let dates = self.drafts.get(known).and_then(|draft| draft.heading.dates);
        let differ = dates
            .zip(heading.dates)
            .is_some_and(|(known, own)| known != own);
        (!differ).then_some(known)
    }

    pub(super) fn add_phase(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        heading: PhaseHeading,
    ) -> usize {
        let place = self.drafts.len();
        let name =
            Some(name(&heading, text)).filter(|name| name.chars().any(char::is_alphanumeric));
        let name = name.unwrap_or_else(|| format!("Phase {}", place + 1));
        for designator in &heading.designators {
            self.called.entry(designation(designator)).or_insert(place);
        }
        for part in name
            .split([':', '–', '—', '|'])
            .flat_map(|part| part.split(" - "))
        {
            self.called
                .entry(format!("{PART}{}", normalised(part)))
                .or_insert(place);
        }
        self.called.entry(normalised(&name)).or_insert(place);
        let zero = heading
            .designators
            .iter()
            .any(|d| d.first == 0 && d.last == 0);
        self.drafts.push(Draft {
            line: text.line,
            expected_modules: module_count(tokens),
            preparation: is_preparation(tokens) || zero,
            name,
            heading,
            ..Draft::default()
        });
        for (name, line) in mentions(text, tokens) {
            self.add_module(Mention {
                name,
                line,
                phase: number(place),
                ..Mention::default()
            });
        }
        place
    }

    /// Days of a phase. Where a document has days and no phases, they make one phase.
    pub(super) fn enter_day(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        level: usize,
        reference: DayReference,
        title_at: usize,
    ) -> bool {
        let phase = match self.phase() {
            Some(phase) => phase,
            None if self.drafts.is_empty() => self.only_phase(text),
            None if self.called.get(ONLY) == Some(&0) => 0,
            None => return false,
        };
        let rest = text.plain.get(title_at..).unwrap_or_default();
        let title = headline(rest);
        let title = if title.is_empty() {
            headline(&text.plain)
        } else {
            title
        };
        let mut context = self.below(level, text);
        context.phase = Some(phase);
        context.day = Some(self.days.len());
        context.section = Section::Plain;
        self.days.push(DayDraft {
            phase,
            reference,
            title,
            details: Vec::new(),
            soak_hours: None,
            commands: Vec::new(),
            line: text.line,
        });
        self.enter(context);
        self.recognised();
        self.scan_day(text, tokens, rest);
        true
    }

    pub(super) fn scan_day(&mut self, text: &Text, tokens: &Tokens, title: &str) {
        let events = steps::in_text(&Tokens::of(title), false);
        self.steps.feed(self.phase(), title, text.line, &events);
        self.soak(&events);
        let phase = self.phase_number();
        for (name, line) in mentions(text, tokens) {
            self.add_module(Mention {
                name,
                phase,
                line,
                ..Mention::default()
            });
        }
    }

    /// The open day lasts at least as long as it is to be watched.
    pub(super) fn soak(&mut self, events: &[steps::Event]) {
        let day = self.day().and_then(|day| self.days.get_mut(day));
        if let Some((day, hours)) = day.zip(steps::longest_soak(events)) {
            day.soak_hours = Some(day.soak_hours.map_or(hours, |known| known.max(hours)));
        }
    }

    pub(super) fn only_phase(&mut self, text: &Text) -> usize {
        let name = self
            .plan
            .title
            .clone()
            .unwrap_or_else(|| "Migration".to_owned());
        self.called.insert(ONLY.to_owned(), 0);
        self.drafts.push(Draft {
            name,
            line: text.line,
            ..Draft::default()
        });
        0
    }

    /// "Same process" and "validation period of 3 weeks", wherever a phase says so. True when it tells a validation.
    pub(super) fn process_and_validation(&mut self, tokens: &Tokens) -> bool {
        let Some(draft) = self.phase().and_then(|phase| self.drafts.get_mut(phase)) else {
            return false;
        };
        draft.same_process |= tokens.has(&[
            "same process",
            "same procedure",
            "same steps",
            "same schedule",
            "as in phase",
            "as above",
        ]);
        let speaks = tokens.has(&[
            "validation",
            "stabilisation",
            "stabilization",
            "stability",
            "observation",
        ]);
        let days = durations(tokens)
            .first()
            .map(|duration| duration.days())
            .filter(|_| speaks);
        draft.validation_days = draft.validation_days.or(days);
        days.is_some()
    }

    /// "2-week sprints". True when the text tells their length.
    pub(super) fn sprint_length(&mut self, tokens: &Tokens) -> bool {
        let sprints = tokens.has(&["sprint", "sprints"]);
        let days = durations(tokens)
            .first()
            .map(|duration| duration.days())
            .filter(|&days| days > 0 && sprints);
        self.sprint_days = self.sprint_days.or(days);
        days.is_some()
    }
}

/// `week 1-2`, `phase 1`: how a designator is looked up.
pub(super) fn designation(designator: &Designator) -> String {
    let unit = match designator.unit {
        Unit::Week => "week",
        Unit::Sprint => "sprint",
        Unit::Month => "month",
        Unit::Day => "day",
        Unit::Order(word) => word,
    };
    if designator.first == designator.last {
        format!("{unit} {}", designator.first)
    } else {
        format!("{unit} {}-{}", designator.first, designator.last)
    }
}

/// A phase's name: the heading without a range of dates in parentheses at its end.
fn name(heading: &PhaseHeading, text: &Text) -> String {
    let end = heading.name_end.unwrap_or(text.plain.len());
    headline(text.plain.get(..end).unwrap_or(&text.plain))
}
