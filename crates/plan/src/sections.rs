//! What kind of section stands under a heading or label, from its words.

use crate::headings::first_token;
use crate::model::{Meaning, When};
use crate::quantities::UNITS_THAT_MOVE;
use crate::thresholds;
use crate::tokens::Tokens;

/// What stands under a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Plain,
    /// Each heading or item below is a phase: `Timeline`, `Phases`.
    Phases,
    Preparation,
    Daily,
    Conditional,
    Criteria,
    Rollback,
    Rollout,
    Modules,
    /// Limits; what crossing means unless a line says otherwise.
    Thresholds(Meaning),
    Checks(Option<When>),
}

/// What stands under a heading or label with these words. `None` leaves it to what stands above.
pub(crate) fn section(tokens: &Tokens) -> Option<Section> {
    let start = first_token(tokens);
    if is_condition(tokens) {
        return Some(Section::Conditional);
    }
    if tokens.has(&[
        "roll back when",
        "roll back if",
        "rollback when",
        "rollback if",
        "revert if",
        "revert when",
        "abort when",
        "abort if",
        "rollback criteria",
        "rollback conditions",
        "back out if",
        "back out when",
    ]) {
        return Some(Section::Thresholds(Meaning::Rollback));
    }
    let rollback = tokens.has(&[
        "rollback",
        "rollbacks",
        "roll back",
        "rolling back",
        "back out",
        "backout",
        "revert",
        "reverting",
        "undo",
        "fallback",
        "fall back",
        "abort",
    ]);
    if tokens.has(&[
        "threshold",
        "thresholds",
        "limits",
        "guardrails",
        "guardrail",
        "triggers",
        "trigger",
        "tripwires",
    ]) {
        return Some(Section::Thresholds(if rollback {
            Meaning::Rollback
        } else {
            Meaning::Hold
        }));
    }
    if rollback {
        return Some(Section::Rollback);
    }
    if tokens.has(&[
        "daily",
        "every day",
        "each day",
        "everyday",
        "every morning",
        "each morning",
        "once a day",
    ]) {
        return Some(Section::Daily);
    }
    if tokens.has(&[
        "criteria",
        "criterion",
        "definition of done",
        "done when",
        "complete when",
        "completed when",
        "finished when",
        "completion",
        "acceptance",
        "are done",
    ]) {
        return Some(Section::Criteria);
    }
    if tokens.has(&[
        "applied to",
        "applies to",
        "apply to",
        "in scope",
        "inventory",
    ]) || is_list_of_units(tokens, start)
    {
        return Some(Section::Modules);
    }
    if tokens.has(&[
        "rollout",
        "roll out",
        "ramp",
        "ramp up",
        "exposure",
        "canary",
        "traffic",
        "percentages",
        "progressive delivery",
    ]) {
        return Some(Section::Rollout);
    }
    if is_preparation(tokens) {
        return Some(Section::Preparation);
    }
    if tokens.has(&[
        "phases",
        "timeline",
        "schedule",
        "roadmap",
        "stages",
        "calendar",
        "waves",
        "sprints",
        "milestones",
    ]) {
        return Some(Section::Phases);
    }
    checks(tokens, start)
}

fn checks(tokens: &Tokens, start: usize) -> Option<Section> {
    let when = match tokens.word(start)? {
        "before" | "pre" | "entry" | "beforehand" => Some(When::Before),
        "during" | "while" | "meanwhile" => Some(When::During),
        "after" | "post" | "exit" | "afterwards" => Some(When::After),
        _ => None,
    };
    let listed = tokens.has(&[
        "checklist",
        "tasks",
        "to do",
        "todo",
        "todos",
        "checks",
        "deliverables",
        "action items",
        "work items",
    ]);
    (when.is_some() || listed).then_some(Section::Checks(when))
}

/// `Modules`, `Services to move`, `Affected feature flags`: the plural opens or closes the words.
fn is_list_of_units(tokens: &Tokens, start: usize) -> bool {
    let plural = |at: usize| {
        tokens
            .word(at)
            .is_some_and(|word| word.ends_with('s') && UNITS_THAT_MOVE.contains(&word))
    };
    let words = (start..tokens.len()).take_while(|&at| tokens.word(at).is_some());
    let end = words.last().unwrap_or(start);
    plural(start) || plural(end) || tokens.word(start) == Some("scope")
}

/// Whether the words speak of getting ready.
pub(crate) fn is_preparation(tokens: &Tokens) -> bool {
    tokens.has(&[
        "preparation",
        "preparations",
        "prepare",
        "preparing",
        "prerequisite",
        "prerequisites",
        "pre migration",
        "pre flight",
        "preflight",
        "before you start",
        "before we start",
        "before migration",
        "before the migration",
        "before starting",
        "setup",
        "set up",
        "groundwork",
        "kick off",
        "kickoff",
        "readiness",
        "getting ready",
    ])
}

/// `If …`, `In case of …`, and `When …`, `On …` where a limit follows.
pub(crate) fn is_condition(tokens: &Tokens) -> bool {
    let start = first_token(tokens);
    match tokens.word(start) {
        Some("if") => true,
        Some("in") => tokens.word(start + 1) == Some("case"),
        Some("when" | "whenever" | "on" | "upon" | "once" | "should") => {
            thresholds::mentions_limit(tokens)
        }
        _ => false,
    }
}
