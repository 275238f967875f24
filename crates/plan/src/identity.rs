//! What makes an item of one reading the same item in another, so that importing a file again finds what is there.

use std::collections::HashMap;

use crate::model::{
    ChecklistItem, ConditionalItem, Criterion, CriterionKind, DayEntry, Module, Phase, Plan,
    RunbookEntry, Step, Threshold,
};

/// An item with a name that stays when its other fields or its line change.
pub trait Identified {
    /// The name within its list. Two items of a list may share it; [`identities`] tells them apart.
    fn identity(&self) -> String;
}

/// The identities of a list, in order. The second bearer of an identity gets `#2`, the third `#3`.
pub fn identities<T: Identified>(items: &[T]) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let number = |item: &T| {
        let identity = item.identity();
        let times = seen.entry(identity.clone()).or_insert(0);
        *times += 1;
        if *times == 1 {
            identity
        } else {
            format!("{identity}#{times}")
        }
    };
    items.iter().map(number).collect()
}

/// Text for comparing: letters and digits in lower case, everything else as one space.
pub fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if matches!(c, '%' | '<' | '>' | '.') {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn phase_part(phase: Option<u32>) -> String {
    phase.map_or_else(String::new, |number| number.to_string())
}

impl Identified for Phase {
    /// Its number.
    fn identity(&self) -> String {
        self.number.to_string()
    }
}

impl Identified for Module {
    /// Its folded key.
    fn identity(&self) -> String {
        self.key.folded()
    }
}

impl Identified for Step {
    /// Its position.
    fn identity(&self) -> String {
        self.position.to_string()
    }
}

impl Identified for ChecklistItem {
    /// Phase, days and normalised text.
    fn identity(&self) -> String {
        let days = self.days.map_or_else(String::new, |days| {
            format!("{}-{}", days.first_day, days.last_day)
        });
        format!(
            "{}/{days}/{}",
            phase_part(self.phase),
            normalised(&self.text)
        )
    }
}

impl Identified for DayEntry {
    /// Phase, days and normalised title.
    fn identity(&self) -> String {
        format!(
            "{}/{}-{}/{}",
            self.phase,
            self.days.first_day,
            self.days.last_day,
            normalised(&self.title)
        )
    }
}

impl Identified for ConditionalItem {
    /// Normalised condition and text.
    fn identity(&self) -> String {
        format!("{}/{}", normalised(&self.condition), normalised(&self.text))
    }
}

impl Identified for Criterion {
    /// Its kind, and for [`CriterionKind::Other`] the normalised text.
    fn identity(&self) -> String {
        match self.kind {
            CriterionKind::Other => format!("other/{}", normalised(&self.text)),
            kind => kind.as_str().to_owned(),
        }
    }
}

impl Identified for Threshold {
    /// What it looks at and what crossing it means.
    fn identity(&self) -> String {
        format!("{:?}/{:?}", self.metric, self.meaning).to_lowercase()
    }
}

impl Identified for RunbookEntry {
    /// Its normalised title.
    fn identity(&self) -> String {
        normalised(&self.title)
    }
}

impl CriterionKind {
    /// The word in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModulesMigrated { .. } => "modules_migrated",
            Self::TrafficShare { .. } => "traffic_share",
            Self::ErrorRate { .. } => "error_rate",
            Self::Performance { .. } => "performance",
            Self::Tests { .. } => "tests",
            Self::Documentation => "documentation",
            Self::OldCodeRemoved => "old_code_removed",
            Self::Pipeline => "pipeline",
            Self::Other => "other",
        }
    }

    /// Its number: modules for `modules_migrated`, basis points otherwise; `None` where it has none.
    pub const fn limit(self) -> Option<u32> {
        match self {
            Self::ModulesMigrated { modules: number }
            | Self::TrafficShare { share: number }
            | Self::ErrorRate { limit: number, .. }
            | Self::Performance { within: number }
            | Self::Tests { coverage: number } => number,
            Self::Documentation | Self::OldCodeRemoved | Self::Pipeline | Self::Other => None,
        }
    }

    /// For how many days it must hold, where it says so.
    pub const fn days(self) -> Option<u32> {
        match self {
            Self::ErrorRate { days, .. } => days,
            _ => None,
        }
    }
}

impl Plan {
    /// A plan that says nothing yet.
    pub const fn empty(start: jiff::civil::Date) -> Self {
        Self {
            title: None,
            date: None,
            complete: false,
            zone: None,
            start,
            repaired: false,
            repairs: Vec::new(),
            expected_modules: None,
            phases: Vec::new(),
            modules: Vec::new(),
            steps: Vec::new(),
            windows: Vec::new(),
            milestones: Vec::new(),
            preparation: Vec::new(),
            daily: Vec::new(),
            days: Vec::new(),
            conditional: Vec::new(),
            checks: Vec::new(),
            criteria: Vec::new(),
            thresholds: Vec::new(),
            runbook: Vec::new(),
            notes: Vec::new(),
            unrecognised: Vec::new(),
        }
    }

    /// The plan without what belongs to one file: lines, repairs, the reader's notes, what it did not recognise, and
    /// whether it is said to be whole.
    /// Two readings of the same plan are equal in this form.
    #[must_use]
    pub fn content(&self) -> Self {
        let mut plan = self.clone();
        plan.repaired = false;
        plan.complete = false;
        plan.repairs.clear();
        plan.notes.clear();
        plan.unrecognised.clear();
        let clear = |commands: &mut Vec<crate::model::Command>| {
            for command in commands {
                command.line = 0;
            }
        };
        for phase in &mut plan.phases {
            phase.line = 0;
            phase.notes.iter_mut().for_each(|note| note.line = 0);
            clear(&mut phase.commands);
        }
        for item in plan
            .preparation
            .iter_mut()
            .chain(&mut plan.daily)
            .chain(&mut plan.checks)
        {
            item.line = 0;
            clear(&mut item.commands);
        }
        for day in &mut plan.days {
            day.line = 0;
            clear(&mut day.commands);
        }
        for item in &mut plan.conditional {
            item.line = 0;
            clear(&mut item.commands);
        }
        for entry in &mut plan.runbook {
            entry.line = 0;
            clear(&mut entry.commands);
        }
        plan.modules.iter_mut().for_each(|item| item.line = 0);
        plan.windows.iter_mut().for_each(|item| item.line = 0);
        plan.milestones.iter_mut().for_each(|item| item.line = 0);
        plan.steps.iter_mut().for_each(|item| item.line = 0);
        plan.criteria.iter_mut().for_each(|item| item.line = 0);
        plan.thresholds.iter_mut().for_each(|item| item.line = 0);
        plan
    }
}
