//! Ticks: what became of an item, and which of them are refused.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Item, first_line};
use crate::migration::{MAX_REASON, MAX_TEXT};
use crate::refusal::FieldError;
use crate::{Refusal, Timestamp};

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TickState {
    /// It was done.
    Done,
    /// It was left out on purpose.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// Somebody's word that an item was done or skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The item's id.
    pub item: String,
    /// The day it is for; of items that are not daily, the day it was made.
    pub day: Date,
    /// What became of it.
    pub state: TickState,
    /// Who says so.
    pub by: String,
    /// When they said so.
    pub at: Timestamp,
    /// Where the evidence is.
    pub evidence: Option<String>,
}

/// Judges a tick on the day `today`.
///
/// # Errors
/// [`Refusal::Archived`] for an item that is put away; [`Refusal::Invalid`] with every wrong field: `day` (before the
/// item was made, or to come), `reason` (1 to 1,000 characters for a skip), `evidence` (an address of http or https of
/// at most 4,000 characters; needed to be done where the item says so).
pub fn check_tick(item: &Item, tick: &Tick, today: Date) -> Result<(), Refusal> {
    if item.archived.is_some_and(|archived| archived <= tick.day) {
        return Err(Refusal::Archived {
            what: format!("The item {:?}", item.title),
        });
    }
    let mut fields = Vec::new();
    let mut wrong = |field: &str, message: String| {
        fields.push(FieldError {
            field: field.into(),
            message,
        });
    };
    if tick.day < item.created {
        wrong(
            "day",
            format!("There was no such item before {}.", item.created),
        );
    } else if tick.day > today {
        wrong(
            "day",
            format!("{} is still to come. Tick it then.", tick.day),
        );
    }
    match &tick.state {
        TickState::Skipped { reason } if reason.trim().is_empty() => {
            wrong("reason", "Say why it is skipped.".into());
        }
        TickState::Skipped { reason } if reason.chars().count() > MAX_REASON => {
            wrong(
                "reason",
                format!("A reason has at most {MAX_REASON} characters."),
            );
        }
        TickState::Done | TickState::Skipped { .. } => {}
    }
    let link = tick
        .evidence
        .as_deref()
        .map(str::trim)
        .filter(|link| !link.is_empty());
    match link {
        None if item.evidence_required && tick.state == TickState::Done => wrong(
            "evidence",
            "This item asks for evidence: give the address where it is.".into(),
        ),
        Some(link) if link.chars().count() > MAX_TEXT => {
            wrong(
                "evidence",
                format!("An address has at most {MAX_TEXT} characters."),
            );
        }
        // Nothing else becomes a link on a page.
        Some(link) if !is_address(link) => {
            wrong(
                "evidence",
                "Write an address that begins with https:// or http://.".into(),
            );
        }
        _ => {}
    }
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid { fields })
    }
}

/// Refuses a tick of an item that has one for that day: both people meant the same, and the first one's word stays.
///
/// # Errors
/// [`Refusal::NoChange`] (the change that came first is for the caller to fill in).
pub fn refuse_second(item: &Item, said: Option<&Tick>) -> Result<(), Refusal> {
    let Some(said) = said else {
        return Ok(());
    };
    let day = if item.list.by_day() {
        format!(" for {}", said.day)
    } else {
        String::new()
    };
    let state = match &said.state {
        TickState::Done => "done".to_owned(),
        TickState::Skipped { reason } => format!("skipped (\u{201c}{reason}\u{201d})"),
    };
    Err(Refusal::NoChange {
        summary: format!(
            "\u{201c}{}\u{201d} was already {state}{day} by {} at {} UTC. Take that back first to say otherwise.",
            first_line(&item.title),
            said.by,
            said.at.utc_precise(),
        ),
        other: None,
    })
}

fn is_address(link: &str) -> bool {
    let rest = link
        .strip_prefix("https://")
        .or_else(|| link.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}
