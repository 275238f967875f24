//! What the columns of a table hold, from their names.

use crate::blocks::Row;
use crate::checklists::owner_name;
use crate::identity::normalised;
use crate::plain::{cell, tidy};
use crate::text::Text;
use crate::tokens::Tokens;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Module,
    Key,
    Name,
    Phase,
    Owner,
    OldPath,
    NewPath,
    Mode,
    Share,
    Soak,
    Step,
    Day,
    Window,
    Start,
    End,
    Task,
    Metric,
    Limit,
    Action,
    Done,
    Other,
}

pub(super) fn column(header: &str) -> Column {
    let words = normalised(header);
    match words.as_str() {
        "key" | "module key" | "flag key" | "id" => Column::Key,
        "name" | "title" | "display name" | "module name" => Column::Name,
        "module" | "modules" | "flag" | "flags" | "component" | "components" | "service"
        | "services" | "package" | "packages" | "library" | "feature" | "feature flag"
        | "feature flags" | "flag name" | "toggle" => Column::Module,
        "phase" | "week" | "weeks" | "sprint" | "wave" | "stage" | "milestone" | "batch"
        | "iteration" => Column::Phase,
        "owner" | "owners" | "team" | "lead" | "assignee" | "responsible" | "dri" | "who" => {
            Column::Owner
        }
        "old path" | "old" | "from" | "source" | "current" | "legacy" | "old code"
        | "current path" => Column::OldPath,
        "new path" | "new" | "target" | "destination" | "to" | "new code" | "target path" => {
            Column::NewPath
        }
        "mode" => Column::Mode,
        "share" | "exposure" | "percent" | "percentage" | "traffic" | "%" | "traffic %"
        | "% traffic" | "users" | "% of traffic" | "% users" | "% of users" | "rollout"
        | "rollout %" | "weight" => Column::Share,
        "soak" | "soak time" | "duration" | "monitor" | "monitoring" | "hold" | "hold for"
        | "wait" | "watch" | "bake" | "bake time" | "minimum soak" | "length" => Column::Soak,
        "step" | "label" => Column::Step,
        "day" | "days" | "date" => Column::Day,
        "dates" | "window" | "when" | "timeline" | "calendar" | "period" | "schedule" => {
            Column::Window
        }
        "start" | "starts" | "start date" | "begin" => Column::Start,
        "end" | "ends" | "end date" | "finish" | "until" => Column::End,
        "task" | "tasks" | "check" | "checks" | "item" | "activity" | "action item" | "what"
        | "work" | "deliverable" => Column::Task,
        "metric" | "signal" | "indicator" | "measure" => Column::Metric,
        "limit" | "threshold" | "thresholds" | "trigger" | "value" => Column::Limit,
        "action" | "response" | "meaning" | "consequence" | "then" | "reaction" => Column::Action,
        "done" | "status" => Column::Done,
        _ if Tokens::of(header).has(&[
            "traffic",
            "exposure",
            "percent",
            "percentage",
            "share of",
        ]) =>
        {
            Column::Share
        }
        _ => Column::Other,
    }
}

/// A table's columns, so that rows can be asked by meaning.
pub(super) struct Columns(pub(super) Vec<Column>);

impl Columns {
    pub(super) fn has(&self, column: Column) -> bool {
        self.0.contains(&column)
    }

    pub(super) fn text<'a>(&self, row: &'a Row, column: Column) -> Option<&'a Text> {
        self.0
            .iter()
            .position(|&own| own == column)
            .and_then(|place| row.cells.get(place))
    }

    pub(super) fn cell(&self, row: &Row, column: Column) -> Option<String> {
        self.text(row, column).and_then(|text| cell(&text.plain))
    }

    pub(super) fn owner(&self, row: &Row) -> Option<String> {
        self.cell(row, Column::Owner)
            .and_then(|name| owner_name(&name))
    }

    /// The words of a row: the named column, else the first cell that is no mere number.
    pub(super) fn task(&self, row: &Row) -> Option<String> {
        let first = || {
            row.cells
                .iter()
                .filter_map(|text| cell(&text.plain))
                .find(|words| !words.chars().all(|c| c.is_ascii_digit() || c == '.'))
        };
        self.cell(row, Column::Task).or_else(first)
    }
}

pub(super) fn joined(row: &Row, separator: &str) -> String {
    let cells = row
        .cells
        .iter()
        .filter_map(|text| cell(&text.plain))
        .map(|words| tidy(&words));
    let words: Vec<String> = cells.filter(|words| !is_number(words)).collect();
    words.join(separator)
}

/// `1`, `2`: the number of a row, not its words.
pub(super) fn is_number(words: &str) -> bool {
    words.chars().all(|c| c.is_ascii_digit())
}

pub(super) fn is_code(text: &Text) -> bool {
    matches!(text.spans.as_slice(), [(start, end)] if end - start >= text.plain.trim().len() && end > start)
}
