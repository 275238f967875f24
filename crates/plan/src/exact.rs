//! Documents that `export` wrote. Everything has its place there, so everything is read from its place, and nothing is
//! taken from running text: what people named and wrote stays what it was. What stands elsewhere is listed as
//! unrecognised.

use domain::schedule::windows::{Scope, WindowKind};
use flags::{Exposure, Key, Mode};
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::blocks::{Block, Kind, Row};
use crate::calendar::{
    is_milestones, milestone_row, needs, phase_called, squeezed, window_columns, window_kind,
    window_row,
};
use crate::criteria::criterion_kind;
use crate::decode::excerpt;
use crate::details::{self, days};
use crate::identity::normalised;
use crate::model::{
    ChecklistItem, Command, ConditionalItem, Criterion, DayEntry, DaySpan, Meaning, Metric, Module,
    Note, Phase, Plan, RunbookEntry, Step, Threshold, Unrecognised, When,
};
use crate::text::Text;

/// The line that says how a document is to be read.
pub(crate) const FORMAT: &str = "Format: Switchback plan";

/// Whether the document says, before its first section, that it is to be read to the letter.
pub(crate) fn is_exact(text: &str) -> bool {
    text.lines()
        .take_while(|line| !line.starts_with("## "))
        .any(|line| line.trim_end() == FORMAT)
}

/// Reads it.
pub(crate) fn read(start: Date, blocks: &[Block]) -> Plan {
    let mut exact = Exact {
        plan: Plan {
            complete: true,
            ..Plan::empty(start)
        },
        place: Place::Top,
        phase: None,
        sink: Sink::None,
        module_phases: Vec::new(),
        window_phases: Vec::new(),
        needs: Vec::new(),
    };
    for block in blocks {
        exact.block(block);
    }
    exact.finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Preparation,
    Daily,
    Checks(Option<When>),
}

/// What stands under the last heading.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Top,
    Modules,
    Rollout,
    Thresholds,
    Milestones,
    Windows(WindowKind),
    List(List),
    Phase,
    Day,
    Condition(String),
    Criteria,
    Rollback,
    Procedure,
    Unknown,
}

/// The item that a code block in its list belongs to, by place.
#[derive(Clone, Copy, Debug)]
enum Sink {
    None,
    Check(List, usize),
    Conditional(usize),
}

struct Exact {
    plan: Plan,
    place: Place,
    /// The open phase, by place.
    phase: Option<usize>,
    sink: Sink,
    /// Modules, windows and phases that name a phase: resolved when all are known. Each with its line.
    module_phases: Vec<(usize, String, u32)>,
    window_phases: Vec<(usize, String, u32)>,
    needs: Vec<(usize, String, u32)>,
}

/// A row with the table's columns by name.
struct Cells<'a> {
    names: Vec<String>,
    row: &'a Row,
}

impl Cells<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let at = self.names.iter().position(|own| own == name)?;
        let text = squeezed(&self.row.cells.get(at)?.plain);
        (!text.is_empty()).then_some(text)
    }
}

impl Exact {
    fn block(&mut self, block: &Block) {
        let (text, line) = (&block.text, block.text.line);
        if block.depth == 0 {
            self.sink = Sink::None;
        }
        match &block.kind {
            Kind::Heading(1) if self.plan.title.is_none() && self.place == Place::Top => {
                self.plan.title = Some(squeezed(&text.plain)).filter(|title| !title.is_empty());
            }
            Kind::Heading(2) => {
                self.phase = None;
                let heading = squeezed(&text.plain);
                self.place = self.section(&heading, line);
            }
            Kind::Heading(3) => {
                let heading = squeezed(&text.plain);
                self.place = self.part(&heading, line);
            }
            Kind::Heading(_) => {
                self.place = Place::Unknown;
                self.unrecognised(&text.plain, line);
            }
            Kind::Paragraph if block.depth == 0 => self.paragraph(text),
            Kind::Item { checked, .. } if block.depth == 1 => self.item(text, *checked),
            Kind::Code { language } => self.code(text, language.as_deref()),
            Kind::Table(rows) => self.table(rows),
            Kind::Paragraph | Kind::Item { .. } | Kind::Html => {
                self.unrecognised(&text.plain, line);
            }
            Kind::Rule => {}
        }
    }

    fn section(&mut self, heading: &str, line: u32) -> Place {
        if let Some(kind) = window_kind(heading) {
            return Place::Windows(kind);
        }
        if let Some(condition) = heading.strip_prefix("If ") {
            return Place::Condition(condition.to_owned());
        }
        if let Some((name, start, end)) = phase_heading(heading) {
            return self.open_phase(name, start, end, line);
        }
        match heading {
            "Modules" => Place::Modules,
            "Rollout" => Place::Rollout,
            "Thresholds" => Place::Thresholds,
            "Milestones" => Place::Milestones,
            "Completion criteria" => Place::Criteria,
            "Rollback procedures" => Place::Rollback,
            _ => self.list_or_unknown(heading, line),
        }
    }

    /// A heading below a phase or the procedures.
    fn part(&mut self, heading: &str, line: u32) -> Place {
        if matches!(self.place, Place::Rollback | Place::Procedure) {
            self.plan.runbook.push(RunbookEntry {
                title: heading.to_owned(),
                instructions: Vec::new(),
                commands: Vec::new(),
                line,
            });
            return Place::Procedure;
        }
        let phase = self.phase.and_then(|place| self.plan.phases.get(place));
        if let (Some(phase), Some((first, last, title))) = (phase, days(heading))
            && let Some(span) = span(phase.start, first, last)
        {
            self.plan.days.push(DayEntry {
                phase: phase.number,
                days: span,
                title: title.to_owned(),
                details: Vec::new(),
                soak_hours: None,
                owner: None,
                due: None,
                evidence_required: false,
                commands: Vec::new(),
                line,
            });
            return Place::Day;
        }
        if self.phase.is_some() {
            return self.list_or_unknown(heading, line);
        }
        self.unrecognised(heading, line);
        Place::Unknown
    }

    fn list_or_unknown(&mut self, heading: &str, line: u32) -> Place {
        Place::List(match heading {
            "Preparation" => List::Preparation,
            "Daily checklist" => List::Daily,
            "Checklist" => List::Checks(None),
            "Before" => List::Checks(Some(When::Before)),
            "During" => List::Checks(Some(When::During)),
            "After" => List::Checks(Some(When::After)),
            _ => {
                self.unrecognised(heading, line);
                return Place::Unknown;
            }
        })
    }

    fn open_phase(&mut self, name: &str, start: Date, end: Date, line: u32) -> Place {
        let place = self.plan.phases.len();
        let number = u32::try_from(place + 1).unwrap_or(u32::MAX);
        self.phase = Some(place);
        self.plan.phases.push(Phase {
            number,
            name: if name.is_empty() {
                format!("Phase {number}")
            } else {
                name.to_owned()
            },
            start,
            end,
            expected_modules: None,
            validation_days: None,
            same_process: false,
            overrun_days: 0,
            needs: None,
            notes: Vec::new(),
            commands: Vec::new(),
            line,
        });
        Place::Phase
    }

    /// `Label: value`, line by line.
    fn paragraph(&mut self, text: &Text) {
        let mut offset = 0;
        for line in text.plain.split('\n') {
            let at = text.line_at(offset);
            offset += line.len() + 1;
            let known = line
                .split_once(": ")
                .is_some_and(|(label, value)| self.value(label.trim(), &squeezed(value), at));
            if !known {
                self.unrecognised(line, at);
            }
        }
    }

    fn value(&mut self, label: &str, value: &str, line: u32) -> bool {
        match self.place {
            Place::Top => self.value_of_plan(label, value),
            Place::Phase => self.value_of_phase(label, value, line),
            Place::Day => self.value_of_day(label, value),
            _ => false,
        }
    }

    fn value_of_plan(&mut self, label: &str, value: &str) -> bool {
        match label {
            "Format" => FORMAT.ends_with(value),
            "Date" => set(&mut self.plan.date, value.parse().ok()),
            "Time zone" => set(&mut self.plan.zone, Some(value.to_owned())),
            "Expected modules" => set(&mut self.plan.expected_modules, value.parse().ok()),
            _ => false,
        }
    }

    fn value_of_phase(&mut self, label: &str, value: &str, line: u32) -> bool {
        let Some(place) = self.phase else {
            return false;
        };
        let Some(phase) = self.plan.phases.get_mut(place) else {
            return false;
        };
        match label {
            "Number" => value
                .parse()
                .is_ok_and(|number| set(&mut phase.number, number)),
            "Expected modules" => set(&mut phase.expected_modules, value.parse().ok()),
            "Validation" => set(&mut phase.validation_days, counted(value, "day")),
            "Overrun" => {
                counted(value, "day").is_some_and(|days| set(&mut phase.overrun_days, days))
            }
            "Process" => value == "the same as before" && set(&mut phase.same_process, true),
            "Note" => {
                let text = value.to_owned();
                phase.notes.push(Note { text, line });
                true
            }
            "Needs" => {
                phase.needs = Some(Vec::new());
                let named = needs(value).into_iter().map(|words| (place, words, line));
                self.needs.extend(named);
                true
            }
            _ => false,
        }
    }

    fn value_of_day(&mut self, label: &str, value: &str) -> bool {
        let Some(day) = self.plan.days.last_mut() else {
            return false;
        };
        match label {
            "Soak" => set(&mut day.soak_hours, counted(value, "hour")),
            "Owner" => set(&mut day.owner, Some(value.to_owned())),
            "Due" => domain::schedule::checklist::Due::parse(value)
                .is_ok_and(|due| set(&mut day.due, due)),
            "Evidence" => value == "required" && set(&mut day.evidence_required, true),
            _ => false,
        }
    }

    fn item(&mut self, text: &Text, checked: Option<bool>) {
        let (words, line) = (squeezed(&text.plain), text.line);
        if words.is_empty() {
            return;
        }
        match self.place.clone() {
            Place::List(list) => self.check(list, &words, checked == Some(true), line),
            Place::Condition(condition) => {
                let (text, said) = details::take(&words);
                self.sink = Sink::Conditional(self.plan.conditional.len());
                self.plan.conditional.push(ConditionalItem {
                    condition,
                    text,
                    owner: said.owner,
                    threshold: said.threshold,
                    due: said.due,
                    evidence_required: said.evidence_required,
                    commands: Vec::new(),
                    line,
                });
            }
            Place::Criteria => self.plan.criteria.push(Criterion {
                kind: criterion_kind(&words),
                text: words,
                line,
            }),
            Place::Day => {
                if let Some(day) = self.plan.days.last_mut() {
                    day.details.push(words);
                }
            }
            Place::Procedure => {
                if let Some(entry) = self.plan.runbook.last_mut() {
                    entry.instructions.push(words);
                }
            }
            _ => self.unrecognised(&words, line),
        }
    }

    fn check(&mut self, list: List, words: &str, done: bool, line: u32) {
        let (text, said) = details::take(words);
        let phase = self.phase.and_then(|place| self.plan.phases.get(place));
        let base = phase.map_or(self.plan.start, |phase| phase.start);
        let dated = days(&text)
            .filter(|_| !said.any_day)
            .and_then(|(first, last, rest)| Some((span(base, first, last)?, rest.to_owned())));
        let (days, text) = match dated {
            Some((span, rest)) => (Some(span), rest),
            None => (None, text),
        };
        let item = ChecklistItem {
            text,
            phase: phase.map(|phase| phase.number),
            when: match list {
                List::Checks(when) => when,
                List::Preparation | List::Daily => None,
            },
            days,
            owner: said.owner,
            due: said.due,
            evidence_required: said.evidence_required,
            done,
            commands: Vec::new(),
            line,
        };
        let items = self.items(list);
        items.push(item);
        self.sink = Sink::Check(list, items.len() - 1);
    }

    fn items(&mut self, list: List) -> &mut Vec<ChecklistItem> {
        match list {
            List::Preparation => &mut self.plan.preparation,
            List::Daily => &mut self.plan.daily,
            List::Checks(_) => &mut self.plan.checks,
        }
    }

    fn code(&mut self, text: &Text, language: Option<&str>) {
        let command = Command {
            language: language.map(str::to_owned),
            text: text.plain.clone(),
            line: text.line,
        };
        let commands = match (self.sink, &self.place) {
            (Sink::Check(list, place), _) => self
                .items(list)
                .get_mut(place)
                .map(|item| &mut item.commands),
            (Sink::Conditional(place), _) => self
                .plan
                .conditional
                .get_mut(place)
                .map(|item| &mut item.commands),
            (Sink::None, Place::Phase) => self
                .phase
                .and_then(|place| self.plan.phases.get_mut(place))
                .map(|phase| &mut phase.commands),
            (Sink::None, Place::Day) => self.plan.days.last_mut().map(|day| &mut day.commands),
            (Sink::None, Place::Procedure) => self
                .plan
                .runbook
                .last_mut()
                .map(|entry| &mut entry.commands),
            (Sink::None, _) => None,
        };
        match commands {
            Some(commands) => commands.push(command),
            None => self.unrecognised(&text.plain, text.line),
        }
    }

    fn table(&mut self, rows: &[Row]) {
        let Some((header, rows)) = rows.split_first() else {
            return;
        };
        let names: Vec<String> = header
            .cells
            .iter()
            .map(|text| normalised(&text.plain))
            .collect();
        for row in rows {
            let cells = Cells {
                names: names.clone(),
                row,
            };
            let read = match self.place {
                Place::Modules => self.module(&cells),
                Place::Rollout => self.step(&cells),
                Place::Thresholds => self.threshold(&cells),
                Place::Milestones if is_milestones("Milestones", header) => {
                    milestone_row(row).map(|milestone| self.plan.milestones.push(milestone))
                }
                Place::Windows(kind) => self.window(kind, header, row),
                _ => None,
            };
            if read.is_none() {
                let words: Vec<String> =
                    row.cells.iter().map(|text| squeezed(&text.plain)).collect();
                self.unrecognised(&words.join(" | "), row.line);
            }
        }
    }

    fn module(&mut self, cells: &Cells<'_>) -> Option<()> {
        let line = cells.row.line;
        let key = Key::parse(&cells.get("key")?).ok()?;
        if let Some(phase) = cells.get("phase") {
            self.module_phases
                .push((self.plan.modules.len(), phase, line));
        }
        self.plan.modules.push(Module {
            name: cells.get("name").unwrap_or_else(|| key.to_string()),
            key,
            phase: None,
            phase_name: None,
            owner: cells.get("owner"),
            old_path: cells.get("old path"),
            new_path: cells.get("new path"),
            line,
        });
        Some(())
    }

    fn step(&mut self, cells: &Cells<'_>) -> Option<()> {
        let mode: Mode = cells.get("mode")?.parse().ok()?;
        let share = u16::try_from(basis_points(&cells.get("exposure")?)?).ok()?;
        let soak_hours = match cells.get("soak") {
            Some(soak) => Some(counted(&soak, "hour")?),
            None => None,
        };
        self.plan.steps.push(Step {
            position: u32::try_from(self.plan.steps.len() + 1).unwrap_or(u32::MAX),
            mode,
            exposure: Exposure::from_basis_points(share).ok()?,
            soak_hours,
            label: cells.get("step").unwrap_or_default(),
            line: cells.row.line,
        });
        Some(())
    }

    fn threshold(&mut self, cells: &Cells<'_>) -> Option<()> {
        let metric = match cells.get("metric")?.as_str() {
            "Error rate" => Metric::ErrorRate,
            "Mismatches" => Metric::MismatchRate,
            "Latency" => Metric::Latency,
            _ => return None,
        };
        let meaning = match cells.get("action")?.as_str() {
            "Hold" => Meaning::Hold,
            "Roll back" => Meaning::Rollback,
            _ => return None,
        };
        self.plan.thresholds.push(Threshold {
            metric,
            limit: basis_points(cells.get("limit")?.trim_start_matches(['>', ' ']))?,
            meaning,
            text: cells.get("as written").unwrap_or_default(),
            line: cells.row.line,
        });
        Some(())
    }

    fn window(&mut self, kind: WindowKind, header: &Row, row: &Row) -> Option<()> {
        let draft = window_row(kind, window_columns(header)?, row)?;
        if let Some(phase) = draft.phase {
            self.window_phases
                .push((self.plan.windows.len(), phase, row.line));
        }
        self.plan.windows.push(draft.window);
        Some(())
    }

    fn unrecognised(&mut self, text: &str, line: u32) {
        let text = excerpt(text);
        if !text.is_empty() {
            self.plan.unrecognised.push(Unrecognised { text, line });
        }
    }

    fn finish(mut self) -> Plan {
        self.resolve();
        let plan = &mut self.plan;
        plan.preparation.sort_by_key(|item| (item.phase, item.when));
        plan.daily.sort_by_key(|item| (item.phase, item.when));
        plan.checks.sort_by_key(|item| (item.phase, item.when));
        plan.days.sort_by_key(|day| day.phase);
        plan.unrecognised.sort_by_key(|entry| entry.line);
        plan.notes.sort_by_key(|note| note.line);
        self.plan
    }

    fn resolve(&mut self) {
        let phases = self.plan.phases.clone();
        let mut unknown = Vec::new();
        let mut find = |words: &str, line: u32| {
            let found = phase_called(&phases, words);
            if found.is_none() {
                unknown.push((words.to_owned(), line));
            }
            found
        };
        for (place, words, line) in std::mem::take(&mut self.module_phases) {
            if let (Some(number), Some(module)) =
                (find(&words, line), self.plan.modules.get_mut(place))
            {
                let named = phases.iter().find(|phase| phase.number == number);
                module.phase = Some(number);
                module.phase_name = named.map(|phase| phase.name.clone());
            }
        }
        let mut nowhere = Vec::new();
        for (place, words, line) in std::mem::take(&mut self.window_phases) {
            match (find(&words, line), self.plan.windows.get_mut(place)) {
                (Some(number), Some(window)) => window.scope = Scope::Phase(number),
                _ => nowhere.push(place),
            }
        }
        // A window of a phase that is not there must not become one of everything.
        let mut place = 0..;
        self.plan
            .windows
            .retain(|_| place.next().is_none_or(|place| !nowhere.contains(&place)));
        for (place, words, line) in std::mem::take(&mut self.needs) {
            if let (Some(number), Some(phase)) =
                (find(&words, line), self.plan.phases.get_mut(place))
            {
                let needs = phase.needs.get_or_insert_default();
                if !needs.contains(&number) {
                    needs.push(number);
                    needs.sort_unstable();
                }
            }
        }
        for (words, line) in unknown {
            let text =
                format!("No phase is called “{words}”: write its name, or # and its number.");
            self.unrecognised(&text, line);
        }
    }
}

fn set<T>(slot: &mut T, value: T) -> bool
where
    T: PartialEq + Default,
{
    let said = value != T::default();
    if said {
        *slot = value;
    }
    said
}

/// `Core (2026-11-30 to 2026-12-13)`; in front of a name that would read as something else stands `Phase: `.
fn phase_heading(heading: &str) -> Option<(&str, Date, Date)> {
    let (name, dates) = heading.strip_suffix(')')?.rsplit_once('(')?;
    let (start, end) = dates.split_once(" to ")?;
    let name = name.trim_end();
    let name = name.strip_prefix(PHASE).unwrap_or(name);
    Some((name, start.parse().ok()?, end.parse().ok()?))
}

/// In front of a phase's name that would read as something else: one that begins with it, or as a condition does.
pub(crate) const PHASE: &str = "Phase: ";

/// `3 days`, `1 day`.
fn counted(words: &str, unit: &str) -> Option<u32> {
    let (number, rest) = words.split_once(' ')?;
    (rest.strip_suffix('s').unwrap_or(rest) == unit).then_some(number.parse().ok()?)
}

/// `12.5 %` as hundredths of a percent.
fn basis_points(words: &str) -> Option<u32> {
    let number = words.trim().strip_suffix('%')?.trim_end();
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || !(1..=2).contains(&part.len()) {
        return None;
    }
    let hundredths = part.parse::<u32>().ok()? * if part.len() == 1 { 10 } else { 1 };
    whole
        .parse::<u32>()
        .ok()?
        .checked_mul(100)?
        .checked_add(hundredths)
}

/// Days of a phase on the calendar.
pub(crate) fn span(start: Date, first_day: u32, last_day: u32) -> Option<DaySpan> {
    let date = |day: u32| {
        start
            .checked_add(i64::from(day.checked_sub(1)?).days())
            .ok()
    };
    Some(DaySpan {
        first_day,
        last_day,
        start: date(first_day)?,
        end: date(last_day)?,
    })
}
