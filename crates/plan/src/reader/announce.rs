//! Headings, labels and list items that say what stands under them.

use super::{BOLD, Context, DayDraft, ITEM, LABEL, Reader, number};
use crate::blocks::{Block, Kind, Text};
use crate::headings::{
    DayReference, Designator, PhaseHeading, Section, Unit, day_heading, is_condition, is_preparation, phase_heading, section,
};
use crate::identity::normalised;
use crate::model::{Note, Unrecognised, When};
use crate::modules::{Mention, in_item, may_name_module, mentions};
use crate::plain::{headline, tidy};
use crate::quantities::{durations, module_count};
use crate::steps;
use crate::thresholds;
use crate::tokens::Tokens;
use crate::windows::Draft;

impl Reader {
    pub(super) fn heading(&mut self, text: &Text, level: usize, tops: usize) {
        let tokens = Tokens::of(&text.plain);
        if self.is_title(&tokens, level, tops) {
            self.titled = true;
            self.plan.title = self.plan.title.take().or_else(|| Some(tidy(&text.plain)).filter(|title| !title.is_empty()));
            self.told_modules = self.told_modules.or_else(|| module_count(&tokens));
            self.sprint_length(&tokens);
            return;
        }
        if !self.announce(text, &tokens, level) {
            let context = self.below(level, text);
            let alone = context.section == Section::Plain && context.phase.is_none();
            self.enter(context);
            if alone {
                self.silent.push((level, Unrecognised { text: tidy(&text.plain), line: text.line }));
            }
        }
    }

    /// The first heading is the title, unless it plainly opens a phase or a section and others stand beside it.
    fn is_title(&mut self, tokens: &Tokens, level: usize, tops: usize) -> bool {
        let first = !std::mem::replace(&mut self.titled, true);
        let plain = phase_heading(tokens, self.start).is_none() && section(tokens).is_none();
        first && if level == 1 { tops == 1 || plain } else { tops == 0 && plain }
    }

    /// Opens what a heading announces. `false` when it announces nothing.
    fn announce(&mut self, text: &Text, tokens: &Tokens, level: usize) -> bool {
        let above = self.section();
        if matches!(above, Section::Rollback | Section::Criteria) {
            let mut context = self.below(level, text);
            context.section = above;
            self.enter(context);
            return true;
        }
        // "If something breaks: revert" is a procedure; "If errors exceed 5 %" a condition.
        let procedure = thresholds::speaks_of_rollback(tokens) && !thresholds::mentions_limit(tokens);
        if is_condition(tokens) && !procedure {
            self.enter_condition(text, tokens, level);
            return true;
        }
        let days = day_heading(tokens, self.start);
        // Dates within a phase that has none of its own tell its window instead.
        let timed = self.phase().and_then(|phase| self.drafts.get(phase)).map(|draft| draft.heading.has_time());
        let is_day = |days: &(DayReference, usize)| timed.is_some_and(|timed| timed || matches!(days.0, DayReference::Numbers(..)));
        if let Some((reference, title_at)) = days.filter(is_day) {
            return self.enter_day(text, tokens, level, reference, title_at);
        }
        if let Some(phase) = phase_heading(tokens, self.start).filter(|phase| self.opens_phase(phase, tokens)) {
            return self.enter_phase(text, tokens, level, phase);
        }
        if let Some((reference, title_at)) = days {
            if self.enter_day(text, tokens, level, reference, title_at) {
                return true;
            }
        }
        match section(tokens) {
            Some(section) => {
                let section = if section == Section::Conditional { Section::Rollback } else { section };
                let context = self.section_context(text, level, section);
                self.enter(context);
                self.scan_heading(text, tokens);
                true
            }
            None => self.other_heading(text, tokens, level, above),
        }
    }

    /// Headings that say nothing about what stands below: a module of its own, a step, or only a title.
    fn other_heading(&mut self, text: &Text, tokens: &Tokens, level: usize, above: Section) -> bool {
        if above == Section::Phases {
            return self.enter_phase(text, tokens, level, PhaseHeading { named: true, ..PhaseHeading::default() });
        }
        let mut context = self.below(level, text);
        let phase = self.phase_number();
        let names: Vec<Mention> = match above {
            Section::Modules if text.code().any(may_name_module) || module_like(&text.plain) => in_item(text),
            _ => mentions(text, tokens).into_iter().map(|(name, line)| Mention { name, line, ..Mention::default() }).collect(),
        };
        let named = !names.is_empty();
        for mention in names {
            context.module = self.add_module(Mention { phase, ..mention });
        }
        let announces = named || above != Section::Plain || self.phase().is_some();
        if announces {
            self.enter(context);
            self.scan_heading(text, tokens);
        }
        announces
    }

    /// Steps and counts that a heading tells beside what it announces.
    fn scan_heading(&mut self, text: &Text, tokens: &Tokens) {
        let rollout = self.section() == Section::Rollout;
        if rollout || self.phase().is_some() {
            let events = steps::in_text(tokens, rollout);
            if self.steps.feed(self.phase(), &text.plain, text.line, &events) {
                self.recognised();
            }
        }
        if matches!(self.section(), Section::Thresholds(_)) {
            self.add_limits(text, tokens);
        }
    }

    fn opens_phase(&self, phase: &PhaseHeading, tokens: &Tokens) -> bool {
        match self.section() {
            Section::Phases => true,
            Section::Plain | Section::Preparation | Section::Checks(_) => {
                let lone_length = !phase.is_certain();
                !lone_length || self.phase().is_none() && section(tokens).is_none_or(|section| section == Section::Preparation)
            }
            Section::Rollout => phase.has_time(),
            _ => false,
        }
    }

    fn section_context(&self, text: &Text, level: usize, section: Section) -> Context {
        let mut context = self.below(level, text);
        // Within a phase, exit criteria are checks of that phase; those of the migration stand outside.
        context.section = match section {
            Section::Criteria if context.phase.is_some() => Section::Checks(Some(When::After)),
            Section::Preparation if context.phase.is_some_and(|phase| phase > 0) && !Tokens::of(&text.plain).has(&["preparation"]) => Section::Checks(Some(When::Before)),
            Section::Phases if context.phase.is_some() => Section::Plain,
            section => section,
        };
        if !matches!(context.section, Section::Checks(_)) {
            context.day = None;
        }
        context
    }

    fn enter_condition(&mut self, text: &Text, tokens: &Tokens, level: usize) {
        let mut context = self.below(level, text);
        context.section = Section::Conditional;
        context.condition = condition(&text.plain);
        context.metric = thresholds::metric(tokens);
        let inherited = self.contexts.last().and_then(|context| context.metric);
        for limit in thresholds::read(tokens, inherited, None) {
            thresholds::add(&mut self.plan.thresholds, limit, headline(&text.plain), text.line);
        }
        self.enter(context);
        self.recognised();
    }

    /// A heading that opens a phase, tells the weeks within one, or is about one.
    fn enter_phase(&mut self, text: &Text, tokens: &Tokens, level: usize, heading: PhaseHeading) -> bool {
        let known = self.known_phase(&heading, text);
        if heading.is_about {
            let mut context = self.section_context(text, level, section(tokens).unwrap_or(Section::Plain));
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
    fn known_phase(&self, heading: &PhaseHeading, text: &Text) -> Option<usize> {
        let orders = heading.designators.iter().filter_map(|d| self.called.get(&designation(d)));
        let known = orders.copied().next().or_else(|| self.called.get(&normalised(&name(heading, text))).copied())?;
        let dates = self.drafts.get(known).and_then(|draft| draft.heading.dates);
        let differ = dates.zip(heading.dates).is_some_and(|(known, own)| known != own);
        (!differ).then_some(known)
    }

    pub(super) fn add_phase(&mut self, text: &Text, tokens: &Tokens, heading: PhaseHeading) -> usize {
        let place = self.drafts.len();
        let name = name(&heading, text);
        for designator in &heading.designators {
            self.called.entry(designation(designator)).or_insert(place);
        }
        for part in name.split([':', '–', '—', '|']).flat_map(|part| part.split(" - ")) {
            self.called.entry(format!("{PART}{}", normalised(part))).or_insert(place);
        }
        self.called.entry(normalised(&name)).or_insert(place);
        let zero = heading.designators.iter().any(|d| d.first == 0 && d.last == 0);
        self.drafts.push(Draft {
            line: text.line,
            expected_modules: module_count(tokens),
            preparation: is_preparation(tokens) || zero,
            name,
            heading,
            ..Draft::default()
        });
        for (name, line) in mentions(text, tokens) {
            self.add_module(Mention { name, line, phase: number(place), ..Mention::default() });
        }
        place
    }

    /// Days of a phase. Where a document has days and no phases, they make one phase.
    fn enter_day(&mut self, text: &Text, tokens: &Tokens, level: usize, reference: DayReference, title_at: usize) -> bool {
        let phase = match self.phase() {
            Some(phase) => phase,
            None if self.drafts.is_empty() => self.only_phase(text),
            None if self.called.get(ONLY) == Some(&0) => 0,
            None => return false,
        };
        let rest = text.plain.get(title_at..).unwrap_or_default();
        let title = headline(rest);
        let title = if title.is_empty() { headline(&text.plain) } else { title };
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

    fn scan_day(&mut self, text: &Text, tokens: &Tokens, title: &str) {
        let events = steps::in_text(&Tokens::of(title), false);
        self.steps.feed(self.phase(), title, text.line, &events);
        self.soak(&events);
        let phase = self.phase_number();
        for (name, line) in mentions(text, tokens) {
            self.add_module(Mention { name, line, phase, ..Mention::default() });
        }
    }

    /// The open day lasts at least as long as it is to be watched.
    pub(super) fn soak(&mut self, events: &[steps::Event]) {
        let day = self.day().and_then(|day| self.days.get_mut(day));
        if let Some((day, hours)) = day.zip(steps::longest_soak(events)) {
            day.soak_hours = Some(day.soak_hours.map_or(hours, |known| known.max(hours)));
        }
    }

    fn only_phase(&mut self, text: &Text) -> usize {
        let name = self.plan.title.clone().unwrap_or_else(|| "Migration".to_owned());
        self.called.insert(ONLY.to_owned(), 0);
        self.drafts.push(Draft { name, line: text.line, ..Draft::default() });
        0
    }

    /// A bold line that acts as a heading, or a label over a list. `false` when the paragraph is neither.
    pub(super) fn label(&mut self, text: &Text, next: Option<&Block>) -> bool {
        let words = text.plain.trim();
        let leads = next.is_some_and(|next| next.depth > 0 || matches!(next.kind, Kind::Table(_) | Kind::Code { .. }));
        let colon = words.ends_with(':');
        let single = !words.contains('\n');
        if single && text.is_strong() && !(colon && leads) {
            let level = BOLD;
            let tokens = Tokens::of(words);
            let opens = phase_heading(&tokens, self.start).is_some_and(|phase| phase.is_certain() && self.opens_phase(&phase, &tokens))
                || day_heading(&tokens, self.start).is_some()
                || leads && section(&tokens).is_some();
            return opens && {
                self.leave(level);
                self.announce(text, &tokens, level)
            };
        }
        let list = next.is_some_and(|next| next.depth > 0);
        let short = single && list && !words.ends_with(['.', ',', ';', '!', '?']) && Tokens::of(words).len() <= 6;
        if !leads || !colon && !short {
            return false;
        }
        // Only the last sentence is the label: "Same process. Applied to:".
        let tokens = Tokens::of(words);
        self.process_and_validation(&tokens);
        let Some(section) = section(&tokens).filter(|_| !matches!(self.section(), Section::Rollback | Section::Criteria)) else {
            return matches!(self.section(), Section::Rollback | Section::Criteria) && self.label_within(text);
        };
        if section == Section::Conditional {
            self.enter_condition(text, &tokens, LABEL);
        } else {
            let context = self.section_context(text, LABEL, section);
            self.enter(context);
            self.scan_heading(text, &tokens);
        }
        true
    }

    /// Labels within rollback procedures are instructions; within criteria they only introduce.
    fn label_within(&mut self, text: &Text) -> bool {
        if self.section() == Section::Rollback {
            self.add_limits(text, &Tokens::of(&text.plain));
            self.instruction(&text.plain, text.line);
        }
        true
    }

    /// A list item that opens a context: a phase, days, or a label over a nested list.
    pub(super) fn announcing_item(&mut self, text: &Text, depth: usize, parent: bool) -> bool {
        let level = ITEM + depth;
        let above = self.section();
        if matches!(above, Section::Rollback | Section::Criteria | Section::Daily | Section::Conditional) && !(parent && above == Section::Daily) {
            return false;
        }
        let tokens = Tokens::of(&text.plain);
        if let Some(phase) = phase_heading(&tokens, self.start) {
            let listed = above == Section::Phases && self.phase().is_none();
            let nested = self.phase().is_none() && above == Section::Plain && phase.is_certain() && !phase.is_about;
            if listed || nested && (parent || phase.has_time()) {
                let opened = self.enter_phase(text, &tokens, level, phase);
                self.scan_heading(text, &tokens);
                return opened;
            }
        } else if above == Section::Phases && self.phase().is_none() {
            return self.enter_phase(text, &tokens, level, PhaseHeading { named: true, ..PhaseHeading::default() });
        }
        if let Some((reference, title_at)) = day_heading(&tokens, self.start).filter(|_| matches!(above, Section::Plain | Section::Phases) && self.day().is_none()) {
            if (self.phase().is_some() || self.drafts.is_empty()) && self.enter_day(text, &tokens, level, reference, title_at) {
                return true;
            }
        }
        let heading_like = parent && (text.plain.trim().ends_with(':') || tokens.len() <= 5);
        if !heading_like {
            return false;
        }
        if is_condition(&tokens) {
            self.enter_condition(text, &tokens, level);
            return true;
        }
        let Some(section) = section(&tokens).filter(|_| mentions(text, &tokens).is_empty()) else { return false };
        let context = self.section_context(text, level, section);
        self.enter(context);
        self.process_and_validation(&tokens);
        self.scan_heading(text, &tokens);
        true
    }

    /// "Same process" and "validation period of 3 weeks", wherever a phase says so. True when it tells a validation.
    pub(super) fn process_and_validation(&mut self, tokens: &Tokens) -> bool {
        let Some(draft) = self.phase().and_then(|phase| self.drafts.get_mut(phase)) else { return false };
        draft.same_process |= tokens.has(&["same process", "same procedure", "same steps", "same schedule", "as in phase", "as above"]);
        let speaks = tokens.has(&["validation", "stabilisation", "stabilization", "stability", "observation"]);
        let days = durations(tokens).first().map(|duration| duration.days()).filter(|_| speaks);
        draft.validation_days = draft.validation_days.or(days);
        days.is_some()
    }

    /// "2-week sprints". True when the text tells their length.
    pub(super) fn sprint_length(&mut self, tokens: &Tokens) -> bool {
        let sprints = tokens.has(&["sprint", "sprints"]);
        let days = durations(tokens).first().map(|duration| duration.days()).filter(|&days| days > 0 && sprints);
        self.sprint_days = self.sprint_days.or(days);
        days.is_some()
    }

    pub(super) fn note(&mut self, text: impl Into<String>, line: u32) {
        self.plan.notes.push(Note { text: text.into(), line });
    }
}

/// Before a part of a phase's name: tables say "Reports" for "Stage 3: Reports".
pub(super) const PART: &str = "~";

/// How the phase is looked up that stands for a whole document; no text normalises to this.
const ONLY: &str = "*";

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

/// The condition without "if" and without the colon.
pub(super) fn condition(text: &str) -> String {
    let text = headline(text);
    let lower = text.to_ascii_lowercase();
    for word in ["in case of ", "in case ", "if ", "whenever ", "when ", "upon ", "once ", "on "] {
        if lower.starts_with(word) {
            return text.get(word.len()..).unwrap_or_default().trim().to_owned();
        }
    }
    text
}

/// A heading that is one word may name a module; a longer one groups some.
fn module_like(text: &str) -> bool {
    let text = tidy(text);
    !text.contains(' ') && (text.contains(['_', '-', '.']) || text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}
