//! What a checklist item says in parentheses at its end: `(owner: Dana; due: 2026-12-01; evidence required)`.

use std::fmt;

use domain::schedule::checklist::{Due, Threshold};

use crate::calendar::squeezed;

/// The details of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) owner: Option<String>,
    pub(crate) due: Option<Due>,
    pub(crate) evidence_required: bool,
    pub(crate) threshold: Option<Threshold>,
    /// Nobody owns it, says the text; written where its words end as details would.
    pub(crate) no_owner: bool,
    /// Its words begin as days would, and are none.
    pub(crate) any_day: bool,
}

impl Details {
    fn parse(inner: &str) -> Option<Self> {
        let mut details = Self::default();
        for part in inner.split("; ") {
            let part = part.trim();
            if let Some(owner) = part.strip_prefix("owner: ") {
                details.owner = Some(owner.to_owned());
            } else if let Some(due) = part.strip_prefix("due: ") {
                details.due = Some(Due::parse(due).ok()??);
            } else {
                match part {
                    "evidence required" => details.evidence_required = true,
                    "at the limit to hold" => details.threshold = Some(Threshold::Hold),
                    "at the limit to roll back" => details.threshold = Some(Threshold::Rollback),
                    "no owner" => details.no_owner = true,
                    "any day" => details.any_day = true,
                    _ => return None,
                }
            }
        }
        Some(details)
    }
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = self.owner.as_ref().map(|owner| format!("owner: {owner}"));
        let due = self.due.map(|due| match due {
            Due::Time(time) => format!("due: {}", time.strftime("%H:%M")),
            Due::Day(day) => format!("due: {day}"),
        });
        let said = |yes: bool, words: &str| yes.then(|| words.to_owned());
        let parts: Vec<String> = [
            owner,
            due,
            said(self.evidence_required, "evidence required"),
            self.threshold.map(|threshold| match threshold {
                Threshold::Hold => "at the limit to hold".to_owned(),
                Threshold::Rollback => "at the limit to roll back".to_owned(),
            }),
            said(self.no_owner, "no owner"),
            said(self.any_day, "any day"),
        ]
        .into_iter()
        .flatten()
        .collect();
        f.write_str(&parts.join("; "))
    }
}

/// The words of an item and its details: the last parentheses, where they hold nothing else.
pub(crate) fn take(text: &str) -> (String, Details) {
    let text = squeezed(text);
    let found = opening(&text).and_then(|at| {
        let inner = text.get(at + 1..text.len() - 1)?;
        let words = text.get(..at)?.trim_end();
        (!words.is_empty()).then_some((words.to_owned(), Details::parse(inner)?))
    });
    found.unwrap_or((text, Details::default()))
}

/// Where the parenthesis opens that the text's last character closes.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    if !text.ends_with(')') {
        return None;
    }
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// `Day 2` or `Day 2-3` in front, and the words behind the colon.
pub(crate) fn days(text: &str) -> Option<(u32, u32, &str)> {
    let (front, rest) = text.strip_prefix("Day ")?.split_once(": ")?;
    let (first, last) = front.split_once('-').unwrap_or((front, front));
    let number = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|&day| plain && day > 0)
    };
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_the_last_parentheses_where_they_are_nothing_else() {
        let (words, details) =
            take("Test it (owner: Dana (ops); due: 2026-12-01; evidence required)");
        assert_eq!(words, "Test it");
        assert_eq!(details.owner.as_deref(), Some("Dana (ops)"));
        assert!(details.evidence_required && details.due.is_some());
        assert_eq!(
            details.to_string(),
            "owner: Dana (ops); due: 2026-12-01; evidence required"
        );
        for plain in [
            "Test it (twice)",
            "Test it (owner: Dana) now",
            "(due: 09:00)",
            "a) b)",
        ] {
            assert_eq!(
                take(plain),
                (plain.to_owned(), Details::default()),
                "{plain}"
            );
        }
    }

    #[test]
    fn days_stand_in_front() {
        assert_eq!(days("Day 2-3: Copy it"), Some((2, 3, "Copy it")));
        assert_eq!(days("Day 2: Copy: it"), Some((2, 2, "Copy: it")));
        for other in [
            "Day two: Copy it",
            "Day 3-2: Copy it",
            "Day 0: Copy it",
            "Day 2",
        ] {
            assert_eq!(days(other), None, "{other}");
        }
    }
}
