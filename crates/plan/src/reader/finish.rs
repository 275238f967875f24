//! The end of a reading: windows, days on the calendar, overruns, references between items.

use domain::schedule::windows::Scope;

use super::{Pending, Reader, number};
use crate::decode::excerpt;
use crate::headings::{DayReference, PhaseHeading};
use crate::model::{ChecklistItem, CriterionKind, DayEntry, Note, Phase, Plan, Unrecognised};
use crate::plain::{after_days, cell, tidy};
use crate::text::Text;
use crate::thresholds;
use crate::tokens::Tokens;
use crate::windows::{self, Draft, Work, hours_in_words, plural};

/// Length of a sprint where nothing tells it, in days.
const SPRINT_DAYS: u32 = 14;

type Window = (jiff::civil::Date, jiff::civil::Date);

impl Reader {
    pub(super) fn finish(mut self) -> Plan {
        self.leave(0);
        self.resolve_references();
        self.resolve_windows();
        let needs = self.resolve_needs();
        let windows = self.windows();
        let offsets = self.offsets(&windows);
        self.place_days(&windows, &offsets);
        self.place_checks(&windows, &offsets);
        let (steps, others) = std::mem::take(&mut self.steps).template();
        self.plan.steps = steps;
        for (phase, line) in others {
            let place = phase.and_then(|phase| self.drafts.get(phase)).map_or_else(
                || "another place".to_owned(),
                |draft| format!("\"{}\"", draft.name),
            );
            self.note(format!("{place} tells other rollout steps than the template: the template is kept, change the phase after the import"), line);
        }
        self.plan.phases = self.phases(&windows, &offsets);
        for (phase, needs) in self.plan.phases.iter_mut().zip(needs) {
            phase.needs = needs;
        }
        self.name_phases();
        self.expected_modules();
        thresholds::sort(&mut self.plan.thresholds);
        for (line, html) in std::mem::take(&mut self.html) {
            self.plan.unrecognised.push(Unrecognised {
                text: excerpt(&html),
                line,
            });
        }
        self.plan.unrecognised.sort_by_key(|entry| entry.line);
        self.plan.notes.sort_by_key(|note| note.line);
        self.plan
    }

    /// Phases that tables name in words. In a document without any phase they make the phases.
    pub(super) fn resolve_references(&mut self) {
        let create = self.drafts.is_empty();
        for (module, words, line) in std::mem::take(&mut self.references) {
            let order = words
                .chars()
                .all(|c| c.is_ascii_digit())
                .then(|| format!("Phase {words}"));
            let by_order = order.as_deref().and_then(|order| self.phase_called(order));
            let by_place = || {
                words
                    .parse::<usize>()
                    .ok()
                    .filter(|_| !create)?
                    .checked_sub(1)
                    .filter(|&place| place < self.drafts.len())
            };
            let mut place = self.phase_called(&words).or(by_order).or_else(by_place);
            if place.is_none() && create {
                let plain = order.unwrap_or_else(|| words.clone());
                let tokens = Tokens::of(&plain);
                let heading =
                    crate::headings::phase_heading(&tokens, self.start).unwrap_or_default();
                let text = Text::new(plain, line);
                place = Some(self.add_phase(
                    &text,
                    &tokens,
                    PhaseHeading {
                        is_about: false,
                        ..heading
                    },
                ));
            }
            match (place, self.modules.modules.get_mut(module)) {
                (Some(place), Some(module)) => module.phase = number(place),
                (None, Some(module)) => {
                    let text = format!("{}: no phase is called \"{words}\"", module.key);
                    self.note(text, line);
                }
                _ => {}
            }
        }
    }

    /// Phases that windows are about. A window of none that is known is left out.
    fn resolve_windows(&mut self) {
        for draft in std::mem::take(&mut self.freezes) {
            let mut window = draft.window;
            if let Some(words) = draft.phase {
                let Some(number) = self
                    .phase_called(&words)
                    .or_else(|| self.phase_called(&format!("phase {words}")))
                    .and_then(number)
                else {
                    let text = format!("{}: no phase is called \"{words}\"", window.name);
                    self.unrecognised(&text, window.line);
                    continue;
                };
                window.scope = Scope::Phase(number);
            }
            self.plan.windows.push(window);
        }
    }

    /// What each phase needs. Words that name no phase stay with it as a remark.
    fn resolve_needs(&mut self) -> Vec<Option<Vec<u32>>> {
        let told: Vec<Option<(String, u32)>> = self
            .drafts
            .iter_mut()
            .map(|draft| draft.needs.take())
            .collect();
        let mut all = Vec::with_capacity(told.len());
        for (place, told) in told.into_iter().enumerate() {
            let Some((words, line)) = told else {
                all.push(None);
                continue;
            };
            let parts = words.split([',', ';']).flat_map(|part| part.split(" and "));
            let parts: Vec<&str> = parts
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            let nothing = matches!(parts.as_slice(), [word] if cell(word).is_none() || word.eq_ignore_ascii_case("nothing"));
            let named = parts
                .iter()
                .map(|part| self.phase_called(part).and_then(number));
            let named: Option<Vec<u32>> = if nothing {
                Some(Vec::new())
            } else {
                named.collect()
            };
            if let (None, Some(draft)) = (&named, self.drafts.get_mut(place)) {
                let text = format!("Needs: {}", tidy(&words));
                draft.notes.push(Note { text, line });
            }
            all.push(named.map(|mut numbers| {
                numbers.sort_unstable();
                numbers.dedup();
                numbers
            }));
        }
        all
    }

    pub(super) fn windows(&mut self) -> Vec<Window> {
        let mut last_days = vec![0; self.drafts.len()];
        let references = self.days.iter().map(|day| (day.phase, day.reference));
        let checks = self.lists.iter().flatten().filter_map(|pending| {
            Some((
                pending.item.phase?.checked_sub(1)? as usize,
                pending.reference?,
            ))
        });
        for (phase, reference) in references.chain(checks) {
            if let (Some(last), DayReference::Numbers(_, day)) =
                (last_days.get_mut(phase), reference)
            {
                *last = day.min(400).max(*last);
            }
        }
        let sprint_days = self.sprint_days.unwrap_or(SPRINT_DAYS);
        let mut notes = Vec::new();
        let windows = windows::place(
            &self.drafts,
            &last_days,
            self.start,
            sprint_days,
            &mut notes,
        );
        self.plan.notes.append(&mut notes);
        if let Some((first, line)) = windows
            .iter()
            .zip(&self.drafts)
            .map(|(window, draft)| (window.0, draft.line))
            .min()
            .filter(|(first, _)| *first != self.start)
        {
            self.note(format!("the document's own dates are kept: the first phase begins on {first}, not on {}", self.start), line);
        }
        windows
    }

    pub(super) fn offsets(&self, windows: &[Window]) -> Vec<u32> {
        let mut numbers: Vec<Vec<(u32, u32)>> = vec![Vec::new(); windows.len()];
        let days = self.days.iter().map(|day| (day.phase, Some(day.reference)));
        let checks = self.lists.iter().flatten().filter_map(|pending| {
            Some((
                pending.item.phase?.checked_sub(1)? as usize,
                pending.reference,
            ))
        });
        for (phase, reference) in days.chain(checks) {
            if let (Some(list), Some(DayReference::Numbers(first, last))) =
                (numbers.get_mut(phase), reference)
            {
                list.push((first, last));
            }
        }
        let first = windows
            .iter()
            .map(|window| window.0)
            .min()
            .unwrap_or(self.start);
        numbers
            .iter()
            .zip(windows)
            .map(|(numbers, &window)| windows::offset(numbers, window, first))
            .collect()
    }

    pub(super) fn place_days(&mut self, windows: &[Window], offsets: &[u32]) {
        for day in std::mem::take(&mut self.days) {
            let window = windows
                .get(day.phase)
                .copied()
                .zip(offsets.get(day.phase).copied());
            let span =
                window.and_then(|(window, offset)| windows::span(day.reference, window, offset));
            let (Some(days), Some(phase)) = (span, number(day.phase)) else {
                self.note(
                    format!(
                        "\"{}\" lies before its phase begins: it is left out",
                        day.title
                    ),
                    day.line,
                );
                self.unrecognised(&day.title, day.line);
                continue;
            };
            let super::DayDraft {
                title,
                details,
                soak_hours,
                commands,
                line,
                ..
            } = day;
            let title = Some(tidy(after_days(&title)))
                .filter(|title| !title.is_empty())
                .unwrap_or_else(|| "Day".to_owned());
            self.plan.days.push(DayEntry {
                phase,
                days,
                title,
                details,
                soak_hours,
                owner: None,
                due: None,
                evidence_required: false,
                commands,
                line,
            });
        }
        self.plan.days.sort_by_key(|day| day.phase);
    }

    pub(super) fn place_checks(&mut self, windows: &[Window], offsets: &[u32]) {
        let place = |pending: Pending| {
            let phase = pending
                .item
                .phase
                .and_then(|phase| (phase as usize).checked_sub(1));
            let window = phase
                .and_then(|phase| windows.get(phase).copied().zip(offsets.get(phase).copied()));
            let days = window
                .zip(pending.reference)
                .and_then(|((window, offset), reference)| windows::span(reference, window, offset));
            let words = tidy(after_days(&pending.item.text));
            match days.filter(|_| !words.is_empty()) {
                Some(days) => ChecklistItem {
                    text: words,
                    days: Some(days),
                    ..pending.item
                },
                None => pending.item,
            }
        };
        let lists = std::mem::take(&mut self.lists);
        let [preparation, daily, checks] = lists.map(|list| {
            let mut items: Vec<ChecklistItem> = list.into_iter().map(place).collect();
            items.sort_by_key(|item| (item.phase, item.when));
            items
        });
        (self.plan.preparation, self.plan.daily, self.plan.checks) = (preparation, daily, checks);
    }

    pub(super) fn phases(&mut self, windows: &[Window], offsets: &[u32]) -> Vec<Phase> {
        let mut work: Vec<Vec<Work>> = vec![Vec::new(); windows.len()];
        for day in &self.plan.days {
            let place = (day.phase as usize).saturating_sub(1);
            if let (Some(list), Some(&offset)) = (work.get_mut(place), offsets.get(place)) {
                let relative = |number: u32| number.saturating_sub(offset);
                list.push(Work {
                    first_day: relative(day.days.first_day),
                    last_day: relative(day.days.last_day),
                    soak_hours: day.soak_hours,
                });
            }
        }
        let soaks: u32 = self
            .plan
            .steps
            .iter()
            .filter_map(|step| step.soak_hours)
            .fold(0, u32::saturating_add);
        let first = work.iter().find(|work| !work.is_empty());
        let template = first
            .into_iter()
            .flatten()
            .map(|work| work.end())
            .max()
            .unwrap_or(0)
            .max(soaks.div_ceil(24));
        let mut phases = Vec::with_capacity(self.drafts.len());
        let drafts = std::mem::take(&mut self.drafts);
        for (((place, draft), &(start, end)), work) in
            drafts.into_iter().enumerate().zip(windows).zip(&work)
        {
            let overrun = overrun(&draft, windows::length(start, end), work, template);
            if let Some((days, why)) = &overrun {
                let text = format!(
                    "\"{}\" ends on {end}; {why}: {} past its end",
                    draft.name,
                    plural(*days, "day")
                );
                self.note(text, draft.line);
            }
            phases.push(Phase {
                number: number(place).unwrap_or(u32::MAX),
                name: draft.name,
                start,
                end,
                expected_modules: draft.expected_modules,
                validation_days: draft.validation_days,
                same_process: draft.same_process,
                overrun_days: overrun.map_or(0, |(days, _)| days),
                needs: None,
                notes: draft.notes,
                commands: draft.commands,
                line: draft.line,
            });
        }
        phases
    }

    pub(super) fn name_phases(&mut self) {
        self.plan.modules = std::mem::take(&mut self.modules.modules);
        for module in &mut self.plan.modules {
            let phase = module
                .phase
                .and_then(|number| self.plan.phases.get((number as usize).checked_sub(1)?));
            module.phase_name = phase.map(|phase| phase.name.clone());
        }
    }

    pub(super) fn expected_modules(&mut self) {
        let criterion = self
            .plan
            .criteria
            .iter()
            .find_map(|criterion| match criterion.kind {
                CriterionKind::ModulesMigrated { modules } => modules,
                _ => None,
            });
        self.plan.expected_modules = self
            .plan
            .expected_modules
            .or(criterion)
            .or(self.told_modules);
        let named = u32::try_from(self.plan.modules.len()).unwrap_or(u32::MAX);
        if let Some(expected) = self
            .plan
            .expected_modules
            .filter(|&expected| expected != named)
        {
            let line = self
                .plan
                .criteria
                .iter()
                .find(|c| matches!(c.kind, CriterionKind::ModulesMigrated { .. }))
                .map_or(1, |c| c.line);
            self.plan.notes.push(Note {
                text: format!("{expected} modules are expected, {named} are named"),
                line,
            });
        }
    }
}

/// By how many days a phase's work runs past its window, and all work that does.
fn overrun(draft: &Draft, days: u32, work: &[Work], template: u32) -> Option<(u32, String)> {
    let own = work.iter().max_by_key(|work| work.end()).map(|work| {
        let end = work.end();
        let soak = work
            .soak_hours
            .filter(|_| end > work.last_day)
            .map(|hours| format!(" and {} of monitoring", hours_in_words(hours)));
        (
            end,
            format!(
                "the work of day {}{} ends on day {end}",
                work.last_day,
                soak.unwrap_or_default()
            ),
        )
    });
    let validation = draft.validation_days.map(|days| {
        (
            days,
            format!("its validation takes {}", plural(days, "day")),
        )
    });
    let same = (draft.same_process && work.is_empty()).then(|| {
        (
            template,
            format!("the same process takes {}", plural(template, "day")),
        )
    });
    let late: Vec<(u32, String)> = [own, validation, same]
        .into_iter()
        .flatten()
        .filter(|&(end, _)| end > days)
        .collect();
    let longest = late.iter().map(|&(end, _)| end).max()?;
    let reasons: Vec<String> = late.into_iter().map(|(_, why)| why).collect();
    Some((longest - days, reasons.join(", ")))
}
