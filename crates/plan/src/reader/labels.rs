//! Bold lines, labels over lists, and list items with lists below them: what announces without being a heading.

use super::{BOLD, ITEM, LABEL, Reader};
use crate::blocks::{Block, Kind};
use crate::headings::{PhaseHeading, day_heading, phase_heading};
use crate::modules::mentions;
use crate::sections::{Section, is_condition, section};
use crate::text::Text;
use crate::tokens::Tokens;

impl Reader {
    /// A bold line that acts as a heading, or a label over a list. `false` when the paragraph is neither.
    pub(super) fn label(&mut self, text: &Text, next: Option<&Block>) -> bool {
        let words = text.plain.trim();
        let leads = next.is_some_and(|next| {
            next.depth > 0 || matches!(next.kind, Kind::Table(_) | Kind::Code { .. })
        });
        let colon = words.ends_with(':');
        let single = !words.contains('\n');
        if single && text.is_strong() && !(colon && leads) {
            let level = BOLD;
            let tokens = Tokens::of(words);
            let opens = phase_heading(&tokens, self.start)
                .is_some_and(|phase| phase.is_certain() && self.opens_phase(&phase, &tokens))
                || day_heading(&tokens, self.start).is_some()
                || leads && section(&tokens).is_some();
            return opens && {
                self.leave(level);
                self.announce(text, &tokens, level)
            };
        }
        let list = next.is_some_and(|next| next.depth > 0);
        let short = single
            && list
            && !words.ends_with(['.', ',', ';', '!', '?'])
            && Tokens::of(words).len() <= 6;
        if !leads || !colon && !short {
            return false;
        }
        // Only the last sentence is the label: "Same process. Applied to:".
        let tokens = Tokens::of(words);
        self.process_and_validation(&tokens);
        let Some(section) = section(&tokens)
            .filter(|_| !matches!(self.section(), Section::Rollback | Section::Criteria))
        else {
            return matches!(self.section(), Section::Rollback | Section::Criteria)
                && self.label_within(text);
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
    pub(super) fn label_within(&mut self, text: &Text) -> bool {
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
        if matches!(
            above,
            Section::Rollback | Section::Criteria | Section::Daily | Section::Conditional
        ) && !(parent && above == Section::Daily)
        {
            return false;
        }
        let tokens = Tokens::of(&text.plain);
        if let Some(phase) = phase_heading(&tokens, self.start).filter(|_| !is_condition(&tokens)) {
            let listed = above == Section::Phases && self.phase().is_none();
            let nested = self.phase().is_none()
                && above == Section::Plain
                && phase.is_certain()
                && !phase.is_about;
            if listed || nested && (parent || phase.has_time()) {
                let opened = self.enter_phase(text, &tokens, level, phase);
                self.scan_heading(text, &tokens);
                return opened;
            }
        } else if above == Section::Phases && self.phase().is_none() {
            return self.enter_phase(
                text,
                &tokens,
                level,
                PhaseHeading {
                    named: true,
                    ..PhaseHeading::default()
                },
            );
        }
        if let Some((reference, title_at)) = day_heading(&tokens, self.start)
            .filter(|_| matches!(above, Section::Plain | Section::Phases) && self.day().is_none())
            && (self.phase().is_some() || self.drafts.is_empty())
            && self.enter_day(text, &tokens, level, reference, title_at)
        {
            return true;
        }
        let heading_like = parent && (text.plain.trim().ends_with(':') || tokens.len() <= 5);
        if !heading_like {
            return false;
        }
        if is_condition(&tokens) {
            self.enter_condition(text, &tokens, level);
            return true;
        }
        let Some(section) = section(&tokens).filter(|_| mentions(text, &tokens).is_empty()) else {
            return false;
        };
        let context = self.section_context(text, level, section);
        self.enter(context);
        self.process_and_validation(&tokens);
        self.scan_heading(text, &tokens);
        true
    }
}
