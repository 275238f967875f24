//! Steps gathered from all over a document, brought to one template.

use flags::{Exposure, Mode};

use crate::model::Step;
use crate::plain::tidy;
use crate::steps::Event;

/// A step in the making.
#[derive(Clone, Debug)]
struct Candidate {
    mode: Option<Mode>,
    share: Option<u32>,
    soak: Option<u32>,
    label: String,
    line: u32,
}

/// The steps told in one place: a phase, or the document outside its phases.
#[derive(Clone, Debug)]
struct Group {
    phase: Option<usize>,
    candidates: Vec<Candidate>,
    fresh: bool,
}

/// All steps a document tells.
#[derive(Debug, Default)]
pub(crate) struct StepList {
    groups: Vec<Group>,
}

impl StepList {
    /// The next events begin a step of their own: a heading, a day, a row of a table.
    pub(crate) fn begin(&mut self) {
        if let Some(group) = self.groups.last_mut() {
            group.fresh = true;
        }
    }

    /// Takes in what a text says. True when it told a mode or a share, or a soak that belonged to a step.
    pub(crate) fn feed(
        &mut self,
        phase: Option<usize>,
        label: &str,
        line: u32,
        events: &[Event],
    ) -> bool {
        if events.is_empty() {
            return false;
        }
        if self.groups.last().is_none_or(|group| group.phase != phase) {
            self.groups.push(Group {
                phase,
                candidates: Vec::new(),
                fresh: true,
            });
        }
        let Some(group) = self.groups.last_mut() else {
            return false;
        };
        // One sentence that tells several steps is the name of none.
        let several = events
            .iter()
            .filter(|event| matches!(event, Event::Share(_)))
            .count()
            > 1;
        let label = if several { "" } else { label };
        // `2 days at 10 %`: a soak in front belongs to the step behind it.
        let mut early = None;
        let mut used = false;
        for event in events {
            match *event {
                Event::Soak(hours)
                    if !used && !events.iter().all(|e| matches!(e, Event::Soak(_))) =>
                {
                    early = early.or(Some(hours));
                }
                Event::Soak(hours) => {
                    if let Some(last) = group.candidates.last_mut().filter(|_| used || !group.fresh)
                    {
                        last.soak = last.soak.or(Some(hours));
                        used = true;
                    }
                }
                Event::Mode(_) | Event::Share(_) => {
                    group.apply(*event, label, line);
                    if let Some(last) = group.candidates.last_mut() {
                        last.soak = last.soak.or(early.take());
                    }
                    used = true;
                }
            }
        }
        used
    }

    /// The template: the first place that tells at least two steps, else the first that tells one. And the lines of
    /// later places that tell other steps, with the phase.
    pub(crate) fn template(self) -> (Vec<Step>, Vec<(Option<usize>, u32)>) {
        let told: Vec<(Option<usize>, Vec<Step>)> = self
            .groups
            .into_iter()
            .map(|group| (group.phase, finish(group.candidates)))
            .collect();
        let chosen = told
            .iter()
            .position(|(_, steps)| steps.len() > 1)
            .or_else(|| told.iter().position(|(_, steps)| !steps.is_empty()));
        let Some(chosen) = chosen else {
            return (Vec::new(), Vec::new());
        };
        let template = told
            .get(chosen)
            .map(|(_, steps)| steps.clone())
            .unwrap_or_default();
        let known = |step: &Step| {
            template.iter().any(|t| {
                (t.mode, t.exposure) == (step.mode, step.exposure)
                    && (step.soak_hours.is_none() || t.soak_hours == step.soak_hours)
            })
        };
        let differs = |(phase, steps): &(Option<usize>, Vec<Step>)| {
            steps
                .iter()
                .find(|step| !known(step))
                .map(|step| (*phase, step.line))
        };
        let others = told.iter().filter_map(differs).collect();
        (template, others)
    }
}

impl Group {
    fn apply(&mut self, event: Event, label: &str, line: u32) {
        let fresh = std::mem::take(&mut self.fresh);
        let fits = !fresh && self.candidates.last().is_some_and(|last| last.takes(event));
        if !fits {
            self.candidates.push(Candidate {
                mode: None,
                share: None,
                soak: None,
                label: tidy(label),
                line,
            });
        }
        if let Some(last) = self.candidates.last_mut() {
            match event {
                Event::Mode(mode) => last.mode = Some(mode),
                Event::Share(share) => last.share = Some(share),
                Event::Soak(_) => {}
            }
        }
    }
}

impl Candidate {
    /// Whether an event tells more about this step, rather than the next one.
    fn takes(&self, event: Event) -> bool {
        let (mode, share) = match event {
            Event::Mode(mode) => (Some(mode), self.share),
            Event::Share(share) => (self.mode, Some(share)),
            Event::Soak(_) => return true,
        };
        let same_mode = self.mode.is_none() || self.mode == mode;
        let same_share = self.share.is_none() || self.share == share;
        let together = match (mode, share) {
            (Some(Mode::NewOnly), Some(share)) => share == 10_000,
            (Some(Mode::OldOnly | Mode::BothValidate), Some(share)) => share == 0,
            _ => true,
        };
        same_mode && same_share && together
    }

    fn state(&self) -> Option<(Mode, Exposure)> {
        Some(match (self.mode, self.share) {
            (Some(Mode::OldOnly), _) => (Mode::OldOnly, Exposure::ZERO),
            (Some(Mode::NewOnly), _) | (_, Some(10_000)) => (Mode::NewOnly, Exposure::FULL),
            (Some(Mode::BothValidate), _) | (_, Some(0)) => (Mode::BothValidate, Exposure::ZERO),
            (_, share) => (
                Mode::GradualRollout,
                Exposure::from_basis_points(u16::try_from(share?).ok()?).ok()?,
            ),
        })
    }
}

fn finish(candidates: Vec<Candidate>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for candidate in candidates {
        let Some((mode, exposure)) = candidate.state() else {
            continue;
        };
        if let Some(step) = steps
            .iter_mut()
            .find(|step| step.mode == mode && step.exposure == exposure)
        {
            step.soak_hours = step.soak_hours.or(candidate.soak);
            continue;
        }
        let position = u32::try_from(steps.len() + 1).unwrap_or(u32::MAX);
        let label = if candidate.label.is_empty() {
            exposure.to_string()
        } else {
            candidate.label
        };
        steps.push(Step {
            position,
            mode,
            exposure,
            soak_hours: candidate.soak,
            label,
            line: candidate.line,
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::in_text;
    use crate::tokens::Tokens;

    fn told(lines: &[&str]) -> Vec<(Mode, u16, Option<u32>)> {
        let mut list = StepList::default();
        for line in lines {
            list.feed(None, line, 1, &in_text(&Tokens::of(line), true));
        }
        let steps = list.template().0;
        steps
            .iter()
            .map(|step| (step.mode, step.exposure.basis_points(), step.soak_hours))
            .collect()
    }

    #[test]
    fn shares_and_soaks_are_paired_however_they_are_told() {
        let expected = [
            (Mode::BothValidate, 0, None),
            (Mode::GradualRollout, 1_000, Some(48)),
            (Mode::GradualRollout, 5_000, Some(24)),
            (Mode::NewOnly, 10_000, None),
        ];
        assert_eq!(
            told(&["0 %", "10 % for 2 days", "50 %, soak 24h", "100 %"]),
            expected
        );
        assert_eq!(
            told(&["0 % → 10 % (2 days) → 50 % (1 day) → 100 %"]),
            expected
        );
        assert_eq!(
            told(&[
                "shadow",
                "10 %",
                "Monitor for 2 days",
                "50 %",
                "Monitor for 1 day",
                "everyone"
            ]),
            expected
        );
        assert_eq!(
            told(&["0 %", "2 days at 10 %", "24 hours at 50 %", "100 %"]),
            expected
        );
    }
}
