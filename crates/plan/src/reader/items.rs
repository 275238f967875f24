//! List items: what one becomes depends on the section it stands in.

use super::{List, Pending, Reader, Sink};
use crate::checklists::{Task, only_days, task};
use crate::criteria::criterion_kind;
use crate::model::{ChecklistItem, ConditionalItem, Criterion, RunbookEntry, When};
use crate::modules::{Mention, in_item};
use crate::plain::tidy;
use crate::sections::Section;
use crate::text::Text;
use crate::tokens::Tokens;

impl Reader {
    pub(super) fn item(&mut self, text: &Text, depth: usize, checked: Option<bool>) {
        let plain = tidy(&text.plain);
        if plain.is_empty() {
            return;
        }
        let tokens = Tokens::of(&text.plain);
        match self.section() {
            Section::Rollback => {
                self.add_limits(text, &tokens);
                self.instruction(&plain, text.line);
            }
            Section::Criteria => self.criterion(&plain, text.line, depth),
            Section::Conditional => {
                if !self.add_limits(text, &tokens) {
                    self.graver_limits(&tokens);
                }
                let condition = self
                    .contexts
                    .last()
                    .map(|context| context.condition.clone())
                    .unwrap_or_default();
                self.conditional(condition, &plain, text.line, depth);
            }
            Section::Daily if !self.inline_condition(text, &tokens, depth) => {
                self.check(List::Daily, None, text, depth, checked);
            }
            Section::Daily => {}
            Section::Thresholds(_) => {
                if !self.inline_condition(text, &tokens, depth) && !self.add_limits(text, &tokens) {
                    self.unrecognised(&text.plain, text.line);
                }
                self.recognised();
            }
            Section::Modules => self.listed_modules(text, &tokens, depth, checked),
            Section::Rollout => self.rollout_item(text, &tokens, depth, checked),
            Section::Preparation => self.check(List::Preparation, None, text, depth, checked),
            Section::Checks(when) => {
                self.scan(text, &tokens);
                self.check(List::Checks, when, text, depth, checked);
            }
            Section::Plain | Section::Phases => self.plain_item(text, &tokens, depth, checked),
        }
    }

    /// An item of a phase, of a day, or of nothing in particular.
    pub(super) fn plain_item(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        depth: usize,
        checked: Option<bool>,
    ) {
        let preparing = self
            .phase()
            .and_then(|phase| self.drafts.get(phase))
            .is_some_and(|draft| draft.preparation);
        if checked.is_none() && self.inline_condition(text, tokens, depth) {
            return;
        }
        if checked.is_some() || preparing && self.day().is_none() {
            if preparing {
                self.check(List::Preparation, None, text, depth, checked);
            } else {
                self.scan(text, tokens);
                self.check(List::Checks, None, text, depth, checked);
            }
            return;
        }
        if self.key_values(text) {
            return;
        }
        let told = self.scan(text, tokens);
        if self.day().is_some() {
            self.detail(&text.plain);
        } else if !told && !self.append(&text.plain, depth) {
            self.remark(text, tokens);
        }
    }

    pub(super) fn conditional(&mut self, condition: String, text: &str, line: u32, depth: usize) {
        let Task { text, owner, .. } = task(text, self.start, false);
        self.add_conditional(condition, text, owner, line, depth);
    }

    pub(super) fn add_conditional(
        &mut self,
        condition: String,
        text: String,
        owner: Option<String>,
        line: u32,
        depth: usize,
    ) {
        self.sink = Some((depth, Sink::Conditional(self.plan.conditional.len())));
        self.plan.conditional.push(ConditionalItem {
            condition,
            text,
            owner,
            threshold: None,
            due: None,
            evidence_required: false,
            commands: Vec::new(),
            line,
        });
        self.recognised();
    }

    pub(super) fn criterion(&mut self, text: &str, line: u32, depth: usize) {
        if self.append(text, depth) {
            return;
        }
        self.sink = Some((depth, Sink::Criterion(self.plan.criteria.len())));
        self.plan.criteria.push(Criterion {
            text: text.to_owned(),
            kind: criterion_kind(text),
            line,
        });
        self.recognised();
    }

    /// An item of a checklist. Without a box, below another item, it says more about that item.
    pub(super) fn check(
        &mut self,
        list: List,
        when: Option<When>,
        text: &Text,
        depth: usize,
        checked: Option<bool>,
    ) {
        if checked.is_none() && self.append(&text.plain, depth) {
            return;
        }
        let plain = text.plain.trim_start();
        let (plain, checked) = match plain.chars().next() {
            Some('☐') => (plain.get(3..).unwrap_or_default(), Some(false)),
            Some('☑' | '☒') => (plain.get(3..).unwrap_or_default(), Some(true)),
            _ => (plain, checked),
        };
        let in_phase = self.phase().is_some();
        let Task {
            text: what,
            owner,
            days,
        } = task(plain, self.start, in_phase);
        let reference = days.or_else(|| {
            self.day()
                .and_then(|day| self.days.get(day))
                .map(|day| day.reference)
        });
        let item = ChecklistItem {
            text: what,
            phase: self.phase_number(),
            when: when.filter(|_| list == List::Checks),
            days: None,
            owner,
            due: None,
            evidence_required: false,
            done: checked == Some(true),
            commands: Vec::new(),
            line: text.line,
        };
        self.add_check(list, Pending { item, reference }, depth);
    }

    pub(super) fn add_check(&mut self, list: List, pending: Pending, depth: usize) {
        let place = self.list(list).len();
        self.list(list).push(pending);
        self.sink = Some((depth, Sink::Check(list, place)));
        self.recognised();
    }

    /// Adds words to the item they stand below. False when there is none.
    pub(super) fn append(&mut self, words: &str, depth: usize) -> bool {
        let Some((_, sink)) = self.sink.filter(|&(own, _)| own < depth) else {
            return false;
        };
        let start = self.start;
        if let Sink::Check(list, place) = sink {
            // "Day 1:" with what to do below it.
            if let Some(pending) = self
                .list(list)
                .get_mut(place)
                .filter(|pending| pending.item.phase.is_some())
                && let Some(days) = only_days(&pending.item.text, start)
            {
                pending.reference = Some(days);
                pending.item.text = tidy(words);
                return true;
            }
        }
        let text = match sink {
            Sink::Check(list, place) => self
                .list(list)
                .get_mut(place)
                .map(|pending| &mut pending.item.text),
            Sink::Conditional(place) => self
                .plan
                .conditional
                .get_mut(place)
                .map(|item| &mut item.text),
            Sink::Criterion(place) => {
                let criterion = self.plan.criteria.get_mut(place);
                criterion.map(|criterion| {
                    criterion.kind =
                        criterion_kind(&format!("{}; {}", criterion.text, tidy(words)));
                    &mut criterion.text
                })
            }
        };
        let Some(text) = text else { return false };
        // A bound on what piles up on one item.
        if text.len() < 2_000 {
            text.push_str("; ");
            text.push_str(&tidy(words));
        }
        true
    }

    pub(super) fn listed_modules(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        depth: usize,
        checked: Option<bool>,
    ) {
        let open_module = self.contexts.last().and_then(|context| context.module);
        if open_module.is_some() && self.key_values(text) {
            return;
        }
        let task = task(&text.plain, self.start, true);
        let phase = self.phase_number();
        let mut found = in_item(text);
        if text.spans.is_empty() {
            let names = crate::modules::names(&task.text);
            found = names
                .into_iter()
                .map(|name| Mention {
                    name,
                    line: text.line,
                    ..Mention::default()
                })
                .collect();
        }
        let single = found.len() == 1;
        let mut added = false;
        for mention in found {
            let owner = task.owner.clone().filter(|_| single);
            added |= self
                .add_module(Mention {
                    phase,
                    owner,
                    ..mention
                })
                .is_some();
        }
        if checked.is_some() {
            self.check(List::Checks, None, text, depth, checked);
        } else if !added {
            let vague = tokens.has(&["related", "remaining", "other", "rest", "more"]);
            if vague {
                self.note(
                    format!(
                        "\"{}\" names no module: add those that are meant",
                        tidy(&text.plain)
                    ),
                    text.line,
                );
            }
            self.unrecognised(&text.plain, text.line);
        }
    }

    pub(super) fn rollout_item(
        &mut self,
        text: &Text,
        tokens: &Tokens,
        depth: usize,
        checked: Option<bool>,
    ) {
        if self.inline_condition(text, tokens, depth) {
            return;
        }
        let told = self.scan(text, tokens);
        if checked.is_some() {
            self.check(List::Checks, None, text, depth, checked);
        } else if !told && !self.append(&text.plain, depth) {
            self.remark(text, tokens);
        }
    }

    /// Adds an instruction to the procedure of the open heading.
    pub(super) fn instruction(&mut self, words: &str, line: u32) {
        let words = tidy(words.trim());
        if let Some(entry) = self.runbook_entry(line) {
            entry.instructions.push(words);
        }
        self.recognised();
    }

    /// The procedure of the open heading, begun where there is none yet.
    pub(super) fn runbook_entry(&mut self, line: u32) -> Option<&mut RunbookEntry> {
        let context = self
            .contexts
            .iter()
            .rev()
            .find(|context| context.section == Section::Rollback);
        let (title, line) = context.map_or((String::new(), line), |context| {
            (context.title.clone(), context.line)
        });
        let title = if title.is_empty() {
            "Rollback".to_owned()
        } else {
            title
        };
        if self
            .plan
            .runbook
            .last()
            .is_none_or(|entry| entry.line != line || entry.title != title)
        {
            self.plan.runbook.push(RunbookEntry {
                title,
                instructions: Vec::new(),
                commands: Vec::new(),
                line,
            });
        }
        self.plan.runbook.last_mut()
    }

    /// Adds a remark to the open day.
    pub(super) fn detail(&mut self, words: &str) {
        let words = tidy(words);
        if let Some(day) = self.day().and_then(|day| self.days.get_mut(day)) {
            day.details.push(words);
        }
    }
}
