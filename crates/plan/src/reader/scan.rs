//! Running text, wherever it stands: the modules, steps, limits and conditions that it tells.

use super::Reader;
use crate::checklists::{owner, task};
use crate::model::{Meaning, Note};
use crate::modules::{Mention, mentions};
use crate::plain::{headline, tidy};
use crate::quantities::module_count;
use crate::sections::{Section, is_condition};
use crate::steps;
use crate::text::Text;
use crate::thresholds;
use crate::tokens::Tokens;

impl Reader {
    /// Text that is left: a note of its phase, or unrecognised. A count of modules is taken from it.
    pub(super) fn remark(&mut self, text: &Text, tokens: &Tokens) {
        let count = module_count(tokens);
        self.process_and_validation(tokens);
        let Some(draft) = self.phase().and_then(|phase| self.drafts.get_mut(phase)) else {
            let sprints = self.sprint_length(tokens);
            match count.filter(|_| self.told_modules.is_none()) {
                Some(count) => self.told_modules = Some(count),
                None if !sprints => self.unrecognised(&text.plain, text.line),
                None => {}
            }
            return;
        };
        draft.expected_modules = draft.expected_modules.or(count);
        draft.notes.push(Note {
            text: tidy(&text.plain),
            line: text.line,
        });
    }

    /// Modules, steps and limits that running text tells. True when it told any.
    pub(super) fn scan(&mut self, text: &Text, tokens: &Tokens) -> bool {
        let phase = self.phase_number();
        let mut told = false;
        let preparing = self
            .phase()
            .and_then(|phase| self.drafts.get(phase))
            .is_some_and(|draft| draft.preparation);
        if (phase.is_some() || self.section() == Section::Modules) && !preparing {
            let named = mentions(text, tokens);
            let single = named.len() == 1;
            let owner = single
                .then(|| task(&text.plain, self.start, true).owner)
                .flatten();
            for (name, line) in named {
                let owner = owner.clone();
                told |= self
                    .add_module(Mention {
                        name,
                        phase,
                        owner,
                        line,
                        ..Mention::default()
                    })
                    .is_some();
            }
        }
        let rollout = self.section() == Section::Rollout;
        if phase.is_some() || rollout {
            let events = steps::in_text(tokens, rollout);
            told |= self
                .steps
                .feed(self.phase(), &text.plain, text.line, &events);
            self.soak(&events);
        }
        told |= self.add_limits(text, tokens);
        if told {
            self.recognised();
        }
        told
    }

    /// `If errors exceed 5 %, roll back`: an item that carries its own condition and a limit.
    pub(super) fn inline_condition(&mut self, text: &Text, tokens: &Tokens, depth: usize) -> bool {
        if !is_condition(tokens) || !thresholds::mentions_limit(tokens) {
            return false;
        }
        let (plain, owner) = owner(&tidy(&text.plain));
        let cut = [
            ": ", ", then ", ", ", " then ", " → ", " -> ", " – ", " — ", " - ",
        ]
        .iter()
        .filter_map(|separator| plain.find(separator).map(|at| (at, separator.len())))
        .min();
        let Some((at, length)) = cut else {
            return false;
        };
        let (head, tail) = (
            plain.get(..at).unwrap_or_default(),
            plain.get(at + length..).unwrap_or_default().trim(),
        );
        if tail.is_empty() {
            return false;
        }
        self.add_limits(text, tokens);
        self.add_conditional(condition(head), tail.to_owned(), owner, text.line, depth);
        true
    }

    /// "If errors exceed 5 %: roll back": what is to be done says what crossing the limit above it means.
    pub(super) fn graver_limits(&mut self, tokens: &Tokens) {
        let hesitates = tokens.has(&[
            "consider", "whether", "maybe", "discuss", "decide", "prepare", "after", "ready",
        ]);
        let Some(context) = self
            .contexts
            .last()
            .filter(|_| !hesitates && thresholds::speaks_of_rollback(tokens))
        else {
            return;
        };
        let own = self
            .plan
            .thresholds
            .iter_mut()
            .filter(|limit| limit.line == context.line);
        own.for_each(|limit| limit.meaning = Meaning::Rollback);
    }
}

/// The condition without "if" and without the colon.
pub(super) fn condition(text: &str) -> String {
    let text = headline(text);
    let lower = text.to_ascii_lowercase();
    for word in [
        "in case of ",
        "in case ",
        "if ",
        "whenever ",
        "when ",
        "upon ",
        "once ",
        "on ",
    ] {
        if lower.starts_with(word) {
            return text.get(word.len()..).unwrap_or_default().trim().to_owned();
        }
    }
    text
}
