//! What an item of a checklist says beside what to do: its days, its owner, its box.

use jiff::civil::Date;

use crate::headings::{DayReference, day_heading};
use crate::plain::{after_days, tidy};
use crate::tokens::Tokens;

/// An item, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) text: String,
    pub(crate) owner: Option<String>,
    pub(crate) days: Option<DayReference>,
}

/// Takes an item apart. Days in front are read only where they can be placed, so within a phase.
pub(crate) fn task(text: &str, near: Date, in_phase: bool) -> Task {
    let text = tidy(text);
    let days = day_heading(&Tokens::of(&text), near).filter(|_| in_phase);
    let rest = days
        .and_then(|(_, at)| text.get(at..))
        .map(|rest| tidy(after_days(rest)))
        .filter(|rest| !rest.is_empty());
    let (words, days) = match (days, rest) {
        (Some((days, _)), Some(rest)) => (rest, Some(days)),
        _ => (text, None),
    };
    let (words, owner) = owner(&words);
    Task {
        text: tidy(&words),
        owner,
        days,
    }
}

/// The days of a text that holds nothing else.
pub(crate) fn only_days(text: &str, near: Date) -> Option<DayReference> {
    let (days, at) = day_heading(&Tokens::of(text), near)?;
    text.get(at..)
        .map(after_days)
        .is_none_or(str::is_empty)
        .then_some(days)
}

const OWNER_WORDS: [&str; 8] = [
    "owner",
    "owners",
    "assignee",
    "assigned to",
    "responsible",
    "lead",
    "dri",
    "who",
];

/// The owner and the text without it: `(owner: Dana)` last, else `@dana` at either end.
pub(crate) fn owner(text: &str) -> (String, Option<String>) {
    let opening = text
        .rfind(['(', '['])
        .filter(|&at| at > 0 && text.ends_with([')', ']']));
    if let Some(at) = opening {
        let inner = text.get(at + 1..text.len() - 1).unwrap_or_default();
        if let Some(name) = labelled_owner(inner).or_else(|| mention(inner.trim())) {
            return (
                text.get(..at).unwrap_or_default().trim().to_owned(),
                Some(name),
            );
        }
    }
    // `…, owner: Dana` or `… — owner: Dana` at the end.
    for separator in [" - ", " – ", " — ", ", ", "; ", " | "] {
        if let Some((before, after)) = text.rsplit_once(separator)
            && let Some(name) = labelled_owner(after).filter(|_| !before.trim().is_empty())
        {
            return (before.trim().to_owned(), Some(name));
        }
    }
    if let Some((before, last)) = text.rsplit_once(' ')
        && let Some(name) = mention(last)
    {
        let before = before.trim_end_matches([' ', '-', '–', '—', ',', ':']);
        return (before.to_owned(), Some(name));
    }
    if let Some((first, after)) = text.split_once(' ')
        && let Some(name) =
            mention(first.trim_end_matches(':')).filter(|_| !after.trim().is_empty())
    {
        return (after.trim().to_owned(), Some(name));
    }
    (text.to_owned(), None)
}

/// `owner: Dana`, `assigned to Dana`.
fn labelled_owner(text: &str) -> Option<String> {
    let text = text.trim();
    let matches = |word: &&&str| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let word = OWNER_WORDS
        .iter()
        .filter(matches)
        .max_by_key(|word| word.len())?;
    let rest = text.get(word.len()..)?.trim_start();
    let name = if *word == "assigned to" {
        rest.strip_prefix(':').unwrap_or(rest)
    } else {
        rest.strip_prefix(':')?
    };
    owner_name(name)
}

/// An owner as a cell or a label gives it.
pub(crate) fn owner_name(text: &str) -> Option<String> {
    let name = tidy(text.trim().trim_start_matches('@'));
    let fits = name.len() <= 100
        && !name.contains(['(', ')', '[', ']'])
        && name.chars().any(char::is_alphanumeric);
    fits.then_some(name)
}

fn mention(word: &str) -> Option<String> {
    let name = word.strip_prefix('@')?;
    let fits = name
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && name.chars().any(char::is_alphanumeric);
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn owners_are_found_and_taken_out() {
        for (text, rest, name) in [
            ("Build it (owner: Dana Lee)", "Build it", "Dana Lee"),
            ("Build it @dana", "Build it", "dana"),
            ("@dana: build it", "build it", "dana"),
            ("Build it — owner: @ops", "Build it", "ops"),
            ("Build it (@dana)", "Build it", "dana"),
            ("Build it [assigned to Dana]", "Build it", "Dana"),
        ] {
            assert_eq!(
                owner(text),
                (rest.to_owned(), Some(name.to_owned())),
                "{text}"
            );
        }
        for text in [
            "Ask @dana about it",
            "Mail a@b.c",
            "Find the owner: unknown system",
            "Lead the way",
        ] {
            assert_eq!(owner(text), (text.to_owned(), None));
        }
    }

    #[test]
    fn days_in_front_are_taken_off_within_a_phase_only() {
        let near = date(2026, 1, 5);
        let read = task("**", near, true);
        assert_eq!(read.text, "**");
        let read = task("Day 1-2: Test suite (owner: QA)", near, true);
        assert_eq!(
            (read.text.as_str(), read.days),
            ("Test suite", Some(DayReference::Numbers(1, 2)))
        );
        assert_eq!(read.owner.as_deref(), Some("QA"));
        assert_eq!(
            task("Day 1-2: Test suite", near, false).text,
            "Day 1-2: Test suite"
        );
    }
}
