//! What an item asks for, and when it is due.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::List;
use crate::Refusal;
use crate::migration::{MAX_NAME, MAX_TEXT};
use crate::refusal::FieldError;
use crate::schedule::in_calendar;

/// When an item is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// At this time of each day: daily items.
    Time(Time),
    /// On this day: all others.
    Day(Date),
}

impl Due {
    /// Reads `09:00` or `2026-12-01`; nothing is no due. Which of them an item may have is for [`Item::check`].
    ///
    /// # Errors
    /// [`Refusal::Invalid`] about `due` for any other text.
    pub fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let time = || text.parse::<Time>().ok().map(Self::Time);
        let due = if text.contains(':') {
            time()
        } else {
            text.parse::<Date>().ok().map(Self::Day)
        };
        due.map(Some).ok_or_else(|| {
            Refusal::field(
                "due",
                "Write a time of day as 09:00, or a day as 2026-12-01.",
            )
        })
    }
}

/// Something to be checked or done by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id, never reused.
    pub id: String,
    /// The list it stands on.
    pub list: List,
    /// What to do.
    pub title: String,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// When it is due, if it is.
    pub due: Option<Due>,
    /// Whether a tick as done must carry a link to evidence.
    pub evidence_required: bool,
    /// The first day on which it is worked.
    pub created: Date,
    /// The first day on which it no longer is.
    pub archived: Option<Date>,
}

impl Item {
    /// Whether it is worked on that day.
    pub fn is_worked_on(&self, day: Date) -> bool {
        self.created <= day && self.archived.is_none_or(|archived| day < archived)
    }

    /// Judges an item as a person wrote it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every wrong field: `title` (1 to 200 characters), `owner` (at most 4,000), `due` (a
    /// time for daily items, a day of 1970 to 2200 for all others).
    pub fn check(&self) -> Result<(), Refusal> {
        let mut fields = Vec::new();
        let mut wrong = |field: &str, message: String| {
            fields.push(FieldError {
                field: field.into(),
                message,
            });
        };
        let length = self.title.trim().chars().count();
        if length == 0 {
            wrong("title", "Say what is to be done.".into());
        } else if length > MAX_NAME {
            wrong(
                "title",
                format!("A title has at most {MAX_NAME} characters."),
            );
        }
        if self.owner.chars().count() > MAX_TEXT {
            wrong(
                "owner",
                format!("An owner has at most {MAX_TEXT} characters."),
            );
        }
        match (self.list, self.due) {
            (List::Daily, Some(Due::Day(_))) => {
                wrong(
                    "due",
                    "A daily item is due at a time of day, like 09:00.".into(),
                );
            }
            (List::Once | List::Phase { .. } | List::Conditional(_), Some(Due::Time(_))) => {
                wrong("due", "This item is due on a day, like 2026-12-01.".into());
            }
            (_, Some(Due::Day(day))) if !in_calendar(day) => {
                wrong(
                    "due",
                    format!("{day} is outside of 1970-01-01 to 2200-12-31."),
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
}
