//! Headings, labels and list items that say what stands under them.

use super::scan::condition;
use super::{Context, Reader};
use crate::headings::{DayReference, PhaseHeading, day_heading, phase_heading};
use crate::model::{Note, Unrecognised, When};
use crate::modules::{Mention, in_item, may_name_module, mentions};
use crate::plain::{headline, tidy};
use crate::quantities::module_count;
use crate::sections::{Section, is_condition, section};
use crate::steps;
use crate::text::Text;
use crate::thresholds;
use crate::tokens::Tokens;

impl Reader {
    pub(super) fn heading(&mut self, text: &Text, level: usize, tops: usize) {
        let tokens = Tokens::of(&text.plain);
        if self.is_title(&tokens, level, tops) {
            self.titled = true;
            self.plan.title = self.plan.title.take().or_else(|| {
                Some(headline(&text.plain)).filter(|title| title.chars().any(char::is_alphanumeric))
            });
            self.told_modules = self.told_modules.or_else(|| module_count(&tokens));
            self.sprint_length(&tokens);
            return;
        }
        if !self.announce(text, &tokens, level) {
            let context = self.below(level, text);
            let alone = context.section == Section::Plain && context.phase.is_none();
            self.enter(context);
            if alone {
                self.silent.push((
                    level,
                    Unrecognised {
                        text: tidy(&text.plain),
                        line: text.line,
                    },
                ));
            }
        }
    }

    /// The first heading is the title, unless it plainly opens a phase or a section and others stand beside it.
    pub(super) fn is_title(&mut self, tokens: &Tokens, level: usize, tops: usize) -> bool {
        let first = !std::mem::replace(&mut self.titled, true);
        let plain = phase_heading(tokens, self.start).is_none() && section(tokens).is_none();
        first
            && if level == 1 {
                tops == 1 || plain
            } else {
                tops == 0 && plain
            }
    }

    /// Opens what a heading announces. `false` when it announces nothing.
    pub(super) fn announce(&mut self, text: &Text, tokens: &Tokens, level: usize) -> bool {
        let above = self.section();
        if matches!(above, Section::Rollback | Section::Criteria) {
            let mut context = self.below(level, text);
            context.section = above;
            self.enter(context);
            return true;
        }
        // "If something breaks: revert" is a procedure; "If errors exceed 5 %" a condition.
        let procedure =
            thresholds::speaks_of_rollback(tokens) && !thresholds::mentions_limit(tokens);
        if is_condition(tokens) && !procedure {
            self.enter_condition(text, tokens, level);
            return true;
        }
        let days = day_heading(tokens, self.start);
        // Dates within a phase that has none of its own tell its window instead.
        let timed = self
            .phase()
            .and_then(|phase| self.drafts.get(phase))
            .map(|draft| draft.heading.has_time());
        let is_day = |days: &(DayReference, usize)| {
            timed.is_some_and(|timed| timed || matches!(days.0, DayReference::Numbers(..)))
        };
        if let Some((reference, title_at)) = days.filter(is_day) {
            return self.enter_day(text, tokens, level, reference, title_at);
        }
        if let Some(phase) =
            phase_heading(tokens, self.start).filter(|phase| self.opens_phase(phase, tokens))
        {
            return self.enter_phase(text, tokens, level, phase);
        }
        if let Some((reference, title_at)) = days
            && self.enter_day(text, tokens, level, reference, title_at)
        {
            return true;
        }
        match section(tokens) {
            Some(section) => {
                let section = if section == Section::Conditional {
                    Section::Rollback
                } else {
                    section
                };
                let context = self.section_context(text, level, section);
                self.enter(context);
                self.scan_heading(text, tokens);
                true
            }
            None => self.other_heading(text, tokens, level, above),
        }
    }

    /// Headings that say nothing about what stands below: a module of its own, a step, or only a title.
    pub(super) fn other_heading(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        level: usize,
        above: Section,
    ) -> bool {
        if above == Section::Phases {
            return self.enter_phase(
                text,
                tokens,
                level,
                PhaseHeading {
                    named: true,
                    ..PhaseHeading::default()
                },
            );
        }
        let mut context = self.below(level, text);
        let phase = self.phase_number();
        let names: Vec<Mention> = match above {
            Section::Modules if text.code().any(may_name_module) || module_like(&text.plain) => {
                in_item(text)
            }
            _ => mentions(text, tokens)
                .into_iter()
                .map(|(name, line)| Mention {
                    name,
                    line,
                    ..Mention::default()
                })
                .collect(),
        };
        let names_modules = !names.is_empty();
        for mention in names {
            context.module = self.add_module(Mention { phase, ..mention });
        }
        let announces = names_modules || above != Section::Plain || self.phase().is_some();
        if announces {
            self.enter(context);
            self.scan_heading(text, tokens);
        }
        announces
    }

    /// Steps and counts that a heading tells beside what it announces.
    pub(super) fn scan_heading(&mut self, text: &Text, tokens: &Tokens) {
        let rollout = self.section() == Section::Rollout;
        if rollout || self.phase().is_some() {
            let events = steps::in_text(tokens, rollout);
            if self
                .steps
                .feed(self.phase(), &text.plain, text.line, &events)
            {
                self.recognised();
            }
        }
        if matches!(self.section(), Section::Thresholds(_)) {
            self.add_limits(text, tokens);
        }
    }

    pub(super) fn opens_phase(&self, phase: &PhaseHeading, tokens: &Tokens) -> bool {
        match self.section() {
            Section::Phases => true,
            Section::Plain | Section::Preparation | Section::Checks(_) => {
                let lone_length = !phase.is_certain();
                !lone_length
                    || self.phase().is_none()
                        && section(tokens).is_none_or(|section| section == Section::Preparation)
            }
            Section::Rollout => phase.has_time(),
            _ => false,
        }
    }

    pub(super) fn section_context(&self, text: &Text, level: usize, section: Section) -> Context {
        let mut context = self.below(level, text);
        // Within a phase, exit criteria are checks of that phase; those of the migration stand outside.
        context.section = match section {
            Section::Criteria if context.phase.is_some() => Section::Checks(Some(When::After)),
            Section::Preparation
                if context.phase.is_some_and(|phase| phase > 0)
                    && !Tokens::of(&text.plain).has(&["preparation"]) =>
            {
                Section::Checks(Some(When::Before))
            }
            Section::Phases if context.phase.is_some() => Section::Plain,
            section => section,
        };
        if !matches!(context.section, Section::Checks(_)) {
            context.day = None;
        }
        context
    }

    pub(super) fn enter_condition(&mut self, text: &Text, tokens: &Tokens, level: usize) {
        let mut context = self.below(level, text);
        context.section = Section::Conditional;
        context.condition = condition(&text.plain);
        context.metric = thresholds::metric(tokens);
        let inherited = self.contexts.last().and_then(|context| context.metric);
        for limit in thresholds::read(tokens, inherited, None) {
            thresholds::add(
                &mut self.plan.thresholds,
                limit,
                headline(&text.plain),
                text.line,
            );
        }
        self.enter(context);
        self.recognised();
    }

    pub(super) fn note(&mut self, text: impl Into<String>, line: u32) {
        self.plan.notes.push(Note {
            text: text.into(),
            line,
        });
    }
}

/// A heading that is one word may name a module; a longer one groups some.
fn module_like(text: &str) -> bool {
    let text = tidy(text);
    !text.contains(' ')
        && (text.contains(['_', '-', '.'])
            || text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}
