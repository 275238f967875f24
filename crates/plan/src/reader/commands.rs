//! Code blocks: commands to copy, and the modules and steps that they tell.

use super::{List, Reader, Sink};
use crate::model::Command;
use crate::modules::{self, Mention};
use crate::sections::Section;
use crate::steps;
use crate::text::Text;

impl Reader {
    pub(super) fn code(&mut self, text: &Text, language: Option<&str>) {
        let command = Command {
            language: language.map(str::to_owned),
            text: text.plain.clone(),
            line: text.line,
        };
        let told = self.scan_commands(text);
        if self.section() == Section::Rollback {
            if let Some(entry) = self.runbook_entry(text.line) {
                entry.commands.push(command);
            }
            self.recognised();
            return;
        }
        let Some(command) = self.attach(command) else {
            return;
        };
        let list = match self.section() {
            Section::Daily => Some((List::Daily, None)),
            Section::Preparation => Some((List::Preparation, None)),
            Section::Checks(when) if self.day().is_none() => Some((List::Checks, when)),
            Section::Conditional | Section::Criteria | Section::Thresholds(_) => {
                return self.unrecognised(&text.plain, text.line);
            }
            _ => None,
        };
        if let Some((list, when)) = list {
            // Commands without an item: the heading above names what they are for.
            let title = self
                .contexts
                .last()
                .map(|context| context.title.clone())
                .unwrap_or_default();
            self.check(list, when, &Text::new(title, text.line), 0, Some(false));
            self.attach(command);
            return;
        }
        if let Some(day) = self.day().and_then(|day| self.days.get_mut(day)) {
            day.commands.push(command);
        } else if let Some(draft) = self.phase().and_then(|phase| self.drafts.get_mut(phase)) {
            draft.commands.push(command);
        } else if !told {
            self.unrecognised(&text.plain, text.line);
        }
    }

    /// Gives a command to the item it stands below; hands it back where there is none.
    pub(super) fn attach(&mut self, command: Command) -> Option<Command> {
        let commands = match self.sink {
            Some((_, Sink::Check(list, place))) => self
                .list(list)
                .get_mut(place)
                .map(|pending| &mut pending.item.commands),
            Some((_, Sink::Conditional(place))) => self
                .plan
                .conditional
                .get_mut(place)
                .map(|item| &mut item.commands),
            Some((_, Sink::Criterion(_))) | None => None,
        };
        match commands {
            Some(commands) => {
                commands.push(command);
                None
            }
            None => Some(command),
        }
    }

    /// Modules, steps and soaks that the lines of a code block tell.
    pub(super) fn scan_commands(&mut self, text: &Text) -> bool {
        let preparing = self
            .phase()
            .and_then(|phase| self.drafts.get(phase))
            .is_some_and(|draft| draft.preparation);
        let section = self.section();
        if preparing
            || !matches!(
                section,
                Section::Plain
                    | Section::Phases
                    | Section::Rollout
                    | Section::Modules
                    | Section::Checks(_)
            )
        {
            return false;
        }
        let (phase, rollout) = (self.phase_number(), section == Section::Rollout);
        let (mut named, mut paths, mut told) = (Vec::new(), None, false);
        for (at, line) in (text.line..).zip(text.plain.lines()) {
            for name in modules::in_command(line) {
                named.extend(self.add_module(Mention {
                    name,
                    phase,
                    line: at,
                    ..Mention::default()
                }));
            }
            paths = paths.or_else(|| modules::paths_in_command(line));
            if phase.is_some() || rollout {
                let events = steps::in_command(line);
                let label = self.step_label(line);
                told |= self.steps.feed(self.phase(), &label, at, &events);
                self.soak(&events);
            }
        }
        // One module and one copy in the same block: these are its paths.
        named.dedup();
        if let ([place], Some((old, new))) = (named.as_slice(), paths)
            && let Some(module) = self.modules.modules.get_mut(*place)
        {
            module.old_path = module.old_path.take().or(Some(old));
            module.new_path = module.new_path.take().or(Some(new));
        }
        if told {
            self.recognised();
        }
        told || !named.is_empty()
    }

    /// A comment names its step; a command is named by the day or heading it stands under.
    pub(super) fn step_label(&self, line: &str) -> String {
        let comment = line.trim().trim_start_matches(['#', '/']).trim();
        if comment.len() < line.trim().len() {
            return comment.to_owned();
        }
        let day = self
            .day()
            .and_then(|day| self.days.get(day))
            .map(|day| day.title.clone());
        day.or_else(|| self.contexts.last().map(|context| context.title.clone()))
            .unwrap_or_default()
    }
}
