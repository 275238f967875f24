//! List items: what one becomes depends on the section it stands in.

use super::{List, Pending, Reader, Sink};
use crate::blocks::Text;
use crate::checklists::{Task, task};
use crate::criteria::criterion_kind;
use crate::headings::{Section, is_condition};
use crate::model::{ChecklistItem, ConditionalItem, Criterion, Meaning, Note, RunbookEntry, When};
use crate::modules::{Mention, in_item, mentions};
use crate::plain::tidy;
use crate::quantities::module_count;
use crate::steps;
use crate::thresholds;
use crate::tokens::Tokens;

use super::announce::condition;

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
                let condition = self.contexts.last().map(|context| context.condition.clone()).unwrap_or_default();
                self.conditional(condition, &plain, text.line, depth);
            }
            Section::Daily if !self.inline_condition(text, &tokens, depth) => self.check(List::Daily, None, text, depth, checked),
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
    fn plain_item(&mut self, text: &Text, tokens: &Tokens, depth: usize, checked: Option<bool>) {
        let preparing = self.phase().and_then(|phase| self.drafts.get(phase)).is_some_and(|draft| draft.preparation);
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
        draft.notes.push(Note { text: tidy(&text.plain), line: text.line });
    }

    /// Modules, steps and limits that running text tells. True when it told any.
    pub(super) fn scan(&mut self, text: &Text, tokens: &Tokens) -> bool {
        let phase = self.phase_number();
        let mut told = false;
        let preparing = self.phase().and_then(|phase| self.drafts.get(phase)).is_some_and(|draft| draft.preparation);
        if (phase.is_some() || self.section() == Section::Modules) && !preparing {
            let named = mentions(text, tokens);
            let single = named.len() == 1;
            let owner = single.then(|| task(&text.plain, self.start, true).owner).flatten();
            for (name, line) in named {
                let owner = owner.clone();
                told |= self.add_module(Mention { name, line, phase, owner, ..Mention::default() }).is_some();
            }
        }
        let rollout = self.section() == Section::Rollout;
        if phase.is_some() || rollout {
            let events = steps::in_text(tokens, rollout);
            told |= self.steps.feed(self.phase(), &text.plain, text.line, &events);
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
        if !is_condition(tokens) || !thresholds::mentions_limit(tokens) && self.section() != Section::Daily {
            return false;
        }
        let plain = tidy(&text.plain);
        let cut = [": ", ", then ", ", ", " then ", " → ", " -> ", " – ", " — ", " - "]
            .iter()
            .filter_map(|separator| plain.find(separator).map(|at| (at, separator.len())))
            .min();
        let Some((at, length)) = cut else { return false };
        let (head, tail) = (plain.get(..at).unwrap_or_default(), plain.get(at + length..).unwrap_or_default().trim());
        if tail.is_empty() {
            return false;
        }
        self.add_limits(text, tokens);
        self.conditional(condition(head), tail, text.line, depth);
        true
    }

    /// "If errors exceed 5 %: roll back": what is to be done says what crossing the limit above it means.
    fn graver_limits(&mut self, tokens: &Tokens) {
        let hesitates = tokens.has(&["consider", "whether", "maybe", "discuss", "decide", "prepare", "after", "ready"]);
        let Some(context) = self.contexts.last().filter(|_| !hesitates && thresholds::speaks_of_rollback(tokens)) else {
            return;
        };
        let own = self.plan.thresholds.iter_mut().filter(|limit| limit.line == context.line);
        own.for_each(|limit| limit.meaning = Meaning::Rollback);
    }

    pub(super) fn conditional(&mut self, condition: String, text: &str, line: u32, depth: usize) {
        let Task { text, owner, .. } = task(text, self.start, false);
        self.sink = Some((depth, Sink::Conditional(self.plan.conditional.len())));
        self.plan.conditional.push(ConditionalItem { condition, text, owner, commands: Vec::new(), line });
        self.recognised();
    }

    pub(super) fn criterion(&mut self, text: &str, line: u32, depth: usize) {
        if self.append(text, depth) {
            return;
        }
        self.sink = Some((depth, Sink::Criterion(self.plan.criteria.len())));
        self.plan.criteria.push(Criterion { text: text.to_owned(), kind: criterion_kind(text), line });
        self.recognised();
    }

    /// An item of a checklist. Without a box, below another item, it says more about that item.
    pub(super) fn check(&mut self, list: List, when: Option<When>, text: &Text, depth: usize, checked: Option<bool>) {
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
        let Task { text: what, owner, days } = task(plain, self.start, in_phase);
        let reference = days.or_else(|| self.day().and_then(|day| self.days.get(day)).map(|day| day.reference));
        let item = ChecklistItem {
            text: what,
            phase: self.phase_number(),
            when: when.filter(|_| list == List::Checks),
            days: None,
            owner,
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
        let Some((_, sink)) = self.sink.filter(|&(own, _)| own < depth) else { return false };
        let text = match sink {
            Sink::Check(list, place) => self.list(list).get_mut(place).map(|pending| &mut pending.item.text),
            Sink::Conditional(place) => self.plan.conditional.get_mut(place).map(|item| &mut item.text),
            Sink::Criterion(place) => {
                let criterion = self.plan.criteria.get_mut(place);
                criterion.map(|criterion| {
                    criterion.kind = criterion_kind(&format!("{}; {}", criterion.text, tidy(words)));
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

    fn listed_modules(&mut self, text: &Text, tokens: &Tokens, depth: usize, checked: Option<bool>) {
        let open_module = self.contexts.last().and_then(|context| context.module);
        if open_module.is_some() && self.key_values(text) {
            return;
        }
        let task = task(&text.plain, self.start, true);
        let phase = self.phase_number();
        let mut found = in_item(text);
        if text.spans.is_empty() {
            let names = crate::modules::names(&task.text);
            found = names.into_iter().map(|name| Mention { name, line: text.line, ..Mention::default() }).collect();
        }
        let single = found.len() == 1;
        let mut added = false;
        for mention in found {
            let owner = task.owner.clone().filter(|_| single);
            added |= self.add_module(Mention { phase, owner, ..mention }).is_some();
        }
        if checked.is_some() {
            self.check(List::Checks, None, text, depth, checked);
        } else if !added {
            let vague = tokens.has(&["related", "remaining", "other", "rest", "more"]);
            if vague {
                self.note(format!("\"{}\" names no module: add those that are meant", tidy(&text.plain)), text.line);
            }
            self.unrecognised(&text.plain, text.line);
        }
    }

    fn rollout_item(&mut self, text: &Text, tokens: &Tokens, depth: usize, checked: Option<bool>) {
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
        let context = self.contexts.iter().rev().find(|context| context.section == Section::Rollback);
        let (title, line) = context.map_or((String::new(), line), |context| (context.title.clone(), context.line));
        let title = if title.is_empty() { "Rollback".to_owned() } else { title };
        if self.plan.runbook.last().is_none_or(|entry| entry.line != line || entry.title != title) {
            self.plan.runbook.push(RunbookEntry { title, instructions: Vec::new(), commands: Vec::new(), line });
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
