//! Why a command was not carried out, and what to do about it.

use flags::Key;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::schedule::checklist::first_line;
use crate::schedule::windows::WindowKind;
use crate::{PhaseNumber, Role, Timestamp};

/// Items of a list that a refusal names; more are counted.
const NAMED_ITEMS: usize = 5;

/// Who changed something last, and how: shown to whoever came second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherChange {
    /// Sequence of its audit entry.
    pub sequence: u64,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The entry's action.
    pub action: String,
    /// What it did, in a sentence.
    pub summary: String,
}

/// An input that cannot be taken: which field, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in JSON and in the form.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Why a command was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such thing, or the actor may not know of it.
    #[error("There is no {what} {name:?} here.")]
    NotFound {
        /// `migration`, `module`, ...
        what: String,
        /// What was asked for.
        name: String,
    },
    /// The actor's role is too weak.
    #[error("This needs the role {needs}. Ask an admin of this migration for it.", needs = needs.as_str())]
    Forbidden {
        /// The role it needs.
        needs: Role,
    },
    /// Input that cannot be taken.
    #[error("{}", describe_fields(fields))]
    Invalid {
        /// Every field that is wrong.
        fields: Vec<FieldError>,
    },
    /// The key is taken, also by something archived: keys are never reused.
    #[error("The {what} key {key} is taken, or was once. Keys are never reused: choose another.")]
    KeyTaken {
        /// What kind of thing.
        what: String,
        /// The key asked for.
        key: Key,
    },
    /// It already is as asked.
    #[error("Nothing to change: {summary}")]
    NoChange {
        /// What it is, in a sentence.
        summary: String,
        /// Who made it so; `None` if it has been so from the start.
        other: Option<OtherChange>,
    },
    /// No version was given for an edit.
    #[error("Say which version you saw: send If-Match or expected_version.")]
    VersionRequired,
    /// Somebody else changed it since it was read.
    #[error("{what} was changed since {}. Look at the change, then try again.", seen(*expected, *current))]
    Stale {
        /// What was changed.
        what: String,
        /// The version given; `None` for an undo, which asks for what one entry left.
        expected: Option<i64>,
        /// The version it has.
        current: i64,
        /// The change that came between.
        other: Option<Box<OtherChange>>,
    },
    /// Promotions wait while the kill switch is on.
    #[error(
        "The kill switch of {environment} is on: nothing is promoted until it is resumed. Rollbacks stay possible."
    )]
    KillSwitchOn {
        /// Where.
        environment: Key,
        /// Who pressed it.
        other: Option<OtherChange>,
    },
    /// Promotions wait: a freeze is on, or no change window is open.
    #[error("Not promoted: {}. Rollbacks stay possible.", closed_by(module, *window_kind, window, opens.as_deref()))]
    Closed {
        /// The first module that waits.
        module: Key,
        /// What keeps promotions closed.
        window_kind: WindowKind,
        /// Its name.
        window: String,
        /// When promotions are open again; `None` when that is not to be foreseen.
        until: Option<Timestamp>,
        /// The same in words, in the migration's zone: `Mon 30 Nov 2026 08:00 Europe/Berlin`.
        opens: Option<String>,
    },
    /// New dates would have a phase begin before what it needs has ended.
    #[error("{why} Move it later, move what follows along, or override with a reason.")]
    BreaksDependency {
        /// Every dependency that would be broken, each a sentence.
        why: String,
        /// The first day that is allowed, ISO.
        earliest: Option<String>,
    },
    /// A critical issue of the module is not resolved.
    #[error(
        "Issue {number}, {title:?}, is critical and not resolved: {module} is not promoted until it is. Resolve the issue, or lower its severity if it is not that bad. Rollbacks stay possible."
    )]
    BlockedByIssue {
        /// Which module.
        module: Key,
        /// The issue's number.
        number: u32,
        /// Its title.
        title: String,
    },
    /// The list before a phase is not worked through, and what is promoted would be the first of it.
    #[error(
        "Not promoted: the list before phase {phase} has {} left: {}. Tick or skip them under Checklists, phase {phase}. Rollbacks stay possible.",
        items(left.len()),
        named(left)
    )]
    ChecklistOpen {
        /// Which.
        phase: PhaseNumber,
        /// Titles of the items that are neither done nor skipped.
        left: Vec<String>,
    },
    /// The module is retired or archived.
    #[error("{module} is {status}: its flag does not move any more{}.", nor_others(*others))]
    NotActive {
        /// Which.
        module: Key,
        /// `retired` or `archived`.
        status: String,
        /// How many more modules of the batch are retired or archived.
        #[serde(default)]
        others: u32,
    },
    /// A retirement that is not due.
    #[error(
        "{module} cannot be retired: it is {state} in {environment}. Bring it to new_only everywhere first."
    )]
    NotOnNew {
        /// Which.
        module: Key,
        /// Where it is not.
        environment: Key,
        /// What it is there.
        state: String,
    },
    /// Archiving something that services still read.
    #[error("{what} is still in use: {why}")]
    InUse {
        /// What.
        what: String,
        /// How, and what to do first.
        why: String,
    },
    /// What the person confirmed is not what would happen now.
    #[error(
        "What would come back has changed since you looked. Look at the list again and confirm it."
    )]
    Drift,
    /// The migration, environment or phase is archived.
    #[error("{what} is archived. Nothing changes in it any more.")]
    Archived {
        /// What.
        what: String,
    },
    /// The same `Idempotency-Key` came with another body.
    #[error("This Idempotency-Key was used for another request. Use a new key.")]
    KeyReused,
    /// A sign-in link that cannot be used.
    #[error(
        "This sign-in link was used or is older than 15 minutes. Ask for a new one: switchback user sign-in-link NAME"
    )]
    LinkSpent,
}

impl Refusal {
    /// One wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            fields: vec![FieldError {
                field: field.into(),
                message: message.into(),
            }],
        }
    }

    /// There is no such thing.
    pub fn not_found(what: &str, name: impl Into<String>) -> Self {
        Self::NotFound {
            what: what.into(),
            name: name.into(),
        }
    }

    /// Dependencies that a move would break.
    pub fn breaks_dependency(broken: &[crate::schedule::phases::Broken]) -> Self {
        let sentences: Vec<String> = broken.iter().map(ToString::to_string).collect();
        let earliest = broken.iter().map(|broken| broken.earliest).max();
        Self::BreaksDependency {
            why: sentences.join(" "),
            earliest: earliest.map(|day| day.to_string()),
        }
    }

    /// The machine's word for it: the serde tag, also the last part of a problem's `type`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::Forbidden { .. } => "forbidden",
            Self::Invalid { .. } => "invalid",
            Self::KeyTaken { .. } => "key-taken",
            Self::NoChange { .. } => "no-change",
            Self::VersionRequired => "version-required",
            Self::Stale { .. } => "stale",
            Self::KillSwitchOn { .. } => "kill-switch-on",
            Self::Closed { .. } => "closed",
            Self::BreaksDependency { .. } => "breaks-dependency",
            Self::BlockedByIssue { .. } => "blocked-by-issue",
            Self::ChecklistOpen { .. } => "checklist-open",
            Self::NotActive { .. } => "not-active",
            Self::NotOnNew { .. } => "not-on-new",
            Self::InUse { .. } => "in-use",
            Self::Drift => "drift",
            Self::Archived { .. } => "archived",
            Self::KeyReused => "key-reused",
            Self::LinkSpent => "link-spent",
        }
    }

    /// The HTTP status it is answered with.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Forbidden { .. } => 403,
            Self::Invalid { .. } => 400,
            Self::VersionRequired => 428,
            Self::KeyReused => 422,
            Self::LinkSpent => 410,
            Self::KeyTaken { .. }
            | Self::NoChange { .. }
            | Self::Stale { .. }
            | Self::KillSwitchOn { .. }
            | Self::Closed { .. }
            | Self::BreaksDependency { .. }
            | Self::BlockedByIssue { .. }
            | Self::ChecklistOpen { .. }
            | Self::NotActive { .. }
            | Self::NotOnNew { .. }
            | Self::InUse { .. }
            | Self::Drift
            | Self::Archived { .. } => 409,
        }
    }

    /// Whether it belongs in the audit log: 403 and 409 do; what was simply wrong or absent does not.
    pub fn is_audited(&self) -> bool {
        matches!(self.status(), 403 | 409)
    }

    /// The change that came first, where there is one.
    pub fn other_change(&self) -> Option<&OtherChange> {
        match self {
            Self::NoChange { other, .. } | Self::KillSwitchOn { other, .. } => other.as_ref(),
            Self::Stale { other, .. } => other.as_deref(),
            _ => None,
        }
    }
}

fn seen(expected: Option<i64>, current: i64) -> String {
    match expected {
        Some(expected) => {
            format!("you read it (you saw version {expected}, it is {current})")
        }
        None => format!("that entry (it is version {current} now)"),
    }
}

fn closed_by(module: &Key, kind: WindowKind, window: &str, opens: Option<&str>) -> String {
    match (kind, opens) {
        (WindowKind::Freeze, Some(opens)) => {
            format!("freeze {window:?} is on for {module} until {opens}")
        }
        (WindowKind::Freeze, None) => {
            format!("freeze {window:?} is on for {module}, and no end of it is in sight")
        }
        (WindowKind::Change, Some(opens)) => {
            format!("{module} moves in its change windows only; {window:?} opens on {opens}")
        }
        (WindowKind::Change, None) => {
            format!(
                "{module} moves in its change windows only, and none opens any more; {window:?} was the last"
            )
        }
    }
}

fn items(count: usize) -> String {
    match count {
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    }
}

/// The first items of a list by their names.
fn named(left: &[String]) -> String {
    let names: Vec<String> = left
        .iter()
        .take(NAMED_ITEMS)
        .map(|title| format!("\u{201c}{}\u{201d}", first_line(title)))
        .collect();
    let more = match left.len().saturating_sub(NAMED_ITEMS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.join(", "))
}

fn nor_others(others: u32) -> String {
    match others {
        0 => String::new(),
        1 => ", nor does that of 1 more module".to_owned(),
        others => format!(", nor do those of {others} more modules"),
    }
}

fn describe_fields(fields: &[FieldError]) -> String {
    fields
        .iter()
        .map(|error| error.message.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_list_names_what_is_left_and_where() {
        let open = |count: usize| Refusal::ChecklistOpen {
            phase: 2,
            left: (1..=count)
                .map(|item| format!("Item {item}\nmore of it"))
                .collect(),
        };
        assert_eq!(
            open(1).to_string(),
            "Not promoted: the list before phase 2 has 1 item left: “Item 1”. Tick or skip them under Checklists, \
             phase 2. Rollbacks stay possible."
        );
        assert!(open(7).to_string().contains("7 items left: “Item 1”, "));
        assert!(open(7).to_string().contains("“Item 5” and 2 more."));
        assert_eq!((open(1).code(), open(1).status()), ("checklist-open", 409));
        assert!(open(1).is_audited());
    }
}
