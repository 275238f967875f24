//! One pass over the blocks of a document. What a block means depends on what stands above it, so the reader keeps a
//! stack of contexts: headings, labels ("Every day:") and list items that have lists under them.

mod announce;
mod columns;
mod commands;
mod finish;
mod items;
mod labels;
mod paragraphs;
mod phases;
mod rows;
mod scan;
mod tables;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::blocks::{Block, Kind};
use crate::calendar::WindowDraft;
use crate::decode::excerpt;
use crate::headings::DayReference;
use crate::model::{ChecklistItem, Command, Meaning, Metric, Plan, Unrecognised};
use crate::modules::{Mention, ModuleList};
use crate::plain::{headline, tidy};
use crate::sections::Section;
use crate::step_list::StepList;
use crate::text::Text;
use crate::thresholds;
use crate::tokens::Tokens;
use crate::windows::Draft;

/// Levels of contexts that are no headings: a bold line, a label, and behind these list items by depth.
const BOLD: usize = 7;
const LABEL: usize = 8;
const ITEM: usize = 9;

/// What a block stands under.
#[derive(Clone, Debug)]
struct Context {
    level: usize,
    section: Section,
    phase: Option<usize>,
    day: Option<usize>,
    module: Option<usize>,
    /// The words after "if".
    condition: String,
    metric: Option<Metric>,
    title: String,
    line: u32,
}

/// A checklist item whose days are not on the calendar yet.
#[derive(Debug)]
struct Pending {
    item: ChecklistItem,
    reference: Option<DayReference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Preparation,
    Daily,
    Checks,
}

/// A day entry whose days are not on the calendar yet.
#[derive(Debug)]
struct DayDraft {
    phase: usize,
    reference: DayReference,
    title: String,
    details: Vec<String>,
    soak_hours: Option<u32>,
    commands: Vec<Command>,
    line: u32,
}

/// The item that nested text and code belong to.
#[derive(Clone, Copy, Debug)]
enum Sink {
    Check(List, usize),
    Conditional(usize),
    Criterion(usize),
}

pub(crate) struct Reader {
    start: Date,
    plan: Plan,
    contexts: Vec<Context>,
    drafts: Vec<Draft>,
    /// Phases by what they are called: `week 1-2`, `phase 1`, their name.
    called: HashMap<String, usize>,
    modules: ModuleList,
    /// Modules whose phase a table names in words.
    references: Vec<(usize, String, u32)>,
    steps: StepList,
    /// Freezes and change windows, some of phases that are words yet.
    freezes: Vec<WindowDraft>,
    lists: [Vec<Pending>; 3],
    days: Vec<DayDraft>,
    sink: Option<(usize, Sink)>,
    /// Headings under which nothing was recognised so far.
    silent: Vec<(usize, Unrecognised)>,
    sprint_days: Option<u32>,
    /// Expected modules as prose tells them, where no criterion does.
    told_modules: Option<u32>,
    titled: bool,
    /// HTML by line.
    html: BTreeMap<u32, String>,
}

impl Reader {
    /// A reader of a document whose front matter told this title and date.
    pub(crate) fn new(start: Date, title: Option<String>, date: Option<Date>) -> Self {
        Self {
            start,
            plan: Plan {
                title,
                date,
                ..Plan::empty(start)
            },
            contexts: Vec::new(),
            drafts: Vec::new(),
            called: HashMap::new(),
            modules: ModuleList::default(),
            references: Vec::new(),
            steps: StepList::default(),
            freezes: Vec::new(),
            lists: [Vec::new(), Vec::new(), Vec::new()],
            days: Vec::new(),
            sink: None,
            silent: Vec::new(),
            sprint_days: None,
            told_modules: None,
            titled: false,
            html: BTreeMap::new(),
        }
    }

    /// Reads all blocks into a plan.
    pub(crate) fn read(mut self, blocks: &[Block]) -> Plan {
        let tops = blocks
            .iter()
            .filter(|block| matches!(block.kind, Kind::Heading(1)))
            .count();
        let mut rest = blocks;
        let mut before: Option<&Block> = None;
        while let [block, tail @ ..] = rest {
            self.block(block, before, tail.first(), tops);
            (before, rest) = (Some(block), tail);
        }
        self.finish()
    }

    fn block(&mut self, block: &Block, before: Option<&Block>, next: Option<&Block>, tops: usize) {
        if block.depth == 0 && !matches!(block.kind, Kind::Code { .. }) {
            self.sink = None;
        }
        match &block.kind {
            Kind::Heading(level) => {
                self.leave(usize::from(*level));
                self.heading(&block.text, usize::from(*level), tops);
            }
            Kind::Paragraph if block.depth == 0 => {
                self.leave(LABEL);
                if !self.label(&block.text, next) {
                    self.paragraph(&block.text, 0);
                }
            }
            Kind::Paragraph => self.paragraph(&block.text, block.depth),
            Kind::Item { checked, parent } => {
                self.leave(ITEM + block.depth);
                if self.sink.is_some_and(|(depth, _)| depth >= block.depth) {
                    self.sink = None;
                }
                let announced =
                    checked.is_none() && self.announcing_item(&block.text, block.depth, *parent);
                if !announced {
                    self.item(&block.text, block.depth, *checked);
                }
            }
            Kind::Code { language } => {
                if block.depth == 0 && before.is_none_or(|before| before.depth == 0) {
                    self.sink = None;
                }
                self.code(&block.text, language.as_deref());
            }
            Kind::Table(rows) => self.table(rows),
            Kind::Html => {
                let words = self.html.entry(block.text.line).or_default();
                words.push_str(&block.text.plain);
            }
            Kind::Rule => self.leave(BOLD),
        }
    }

    /// Closes the contexts of this level and deeper.
    fn leave(&mut self, level: usize) {
        while self
            .contexts
            .last()
            .is_some_and(|context| context.level >= level)
        {
            self.contexts.pop();
        }
        while self.silent.last().is_some_and(|(own, _)| *own >= level) {
            if let Some((_, heading)) = self.silent.pop() {
                self.plan.unrecognised.push(heading);
            }
        }
    }

    fn section(&self) -> Section {
        self.contexts
            .last()
            .map_or(Section::Plain, |context| context.section)
    }

    fn phase(&self) -> Option<usize> {
        self.contexts.last().and_then(|context| context.phase)
    }

    fn phase_number(&self) -> Option<u32> {
        self.phase().and_then(number)
    }

    fn day(&self) -> Option<usize> {
        self.contexts.last().and_then(|context| context.day)
    }

    /// A context below the current one, with what it inherits.
    fn below(&self, level: usize, text: &Text) -> Context {
        let title = headline(&text.plain);
        match self.contexts.last() {
            Some(above) => Context {
                level,
                title,
                line: text.line,
                module: None,
                ..above.clone()
            },
            None => Context {
                level,
                section: Section::Plain,
                phase: None,
                day: None,
                module: None,
                condition: String::new(),
                metric: None,
                title,
                line: text.line,
            },
        }
    }

    fn enter(&mut self, context: Context) {
        self.steps.begin();
        self.contexts.push(context);
    }

    /// Something under the open headings was recognised.
    fn recognised(&mut self) {
        self.silent.clear();
    }

    fn unrecognised(&mut self, text: &str, line: u32) {
        let text = excerpt(text);
        if !text.is_empty() {
            self.plan.unrecognised.push(Unrecognised { text, line });
        }
    }

    /// Adds a module; a name that makes no key is listed as unrecognised with the reason.
    fn add_module(&mut self, mention: Mention) -> Option<usize> {
        let (name, line) = (mention.name.clone(), mention.line);
        match self.modules.add(mention) {
            Ok(place) => {
                self.recognised();
                Some(place)
            }
            Err(error) => {
                self.unrecognised(&format!("{name} ({error})"), line);
                None
            }
        }
    }

    /// Adds the limits of a text. True when there were any.
    fn add_limits(&mut self, text: &Text, tokens: &Tokens) -> bool {
        let meaning = match self.section() {
            Section::Thresholds(meaning) => Some(meaning),
            Section::Rollback => Some(Meaning::Rollback),
            _ => None,
        };
        let inherited = self.contexts.last().and_then(|context| context.metric);
        let limits = thresholds::read(
            tokens,
            inherited,
            meaning.filter(|_| self.section() != Section::Rollback),
        );
        for limit in &limits {
            let limit = match meaning {
                Some(Meaning::Rollback) => thresholds::Limit {
                    meaning: Meaning::Rollback,
                    ..*limit
                },
                _ => *limit,
            };
            thresholds::add(
                &mut self.plan.thresholds,
                limit,
                tidy(&text.plain),
                text.line,
            );
        }
        !limits.is_empty()
    }

    fn list(&mut self, list: List) -> &mut Vec<Pending> {
        let [preparation, daily, checks] = &mut self.lists;
        match list {
            List::Preparation => preparation,
            List::Daily => daily,
            List::Checks => checks,
        }
    }
}

/// A phase's number from its place.
fn number(place: usize) -> Option<u32> {
    u32::try_from(place + 1).ok()
}
