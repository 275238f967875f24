//! Rollout steps: modes, shares and soaks wherever a document tells them, brought to one template.

use flags::Mode;

use crate::quantities::{durations, percents};
use crate::tokens::{Token, Tokens};

/// Something said about a rollout, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Mode(Mode),
    /// Basis points.
    Share(u32),
    /// Hours.
    Soak(u32),
}

const EXPOSURE_WORDS: [&str; 32] = [
    "rollout",
    "roll out",
    "rolled out",
    "traffic",
    "users",
    "requests",
    "customers",
    "exposure",
    "canary",
    "ramp",
    "enable",
    "enabled",
    "increase",
    "increase to",
    "gradual",
    "migration",
    "cohort",
    "fleet",
    "share",
    "sessions",
    "tenants",
    "subjects",
    "audience",
    "expose",
    "serve",
    "shift",
    "bump",
    "dial",
    "flag",
    "stores",
    "instances",
    "population",
];
const SOAK_WORDS: [&str; 13] = [
    "monitor",
    "monitoring",
    "soak",
    "hold",
    "watch",
    "wait",
    "bake",
    "observe",
    "dwell",
    "stay",
    "keep",
    "leave",
    "run",
];

/// What running text says. Within a section about the rollout every share counts; elsewhere only where the words
/// speak of exposure, so that "90 % coverage" is no step.
pub(crate) fn in_text(tokens: &Tokens, rollout: bool) -> Vec<Event> {
    let mut out: Vec<(usize, Event)> = Vec::new();
    if rollout || tokens.has(&EXPOSURE_WORDS) {
        let share = |p: &crate::quantities::Percent| {
            p.comparison.is_none()
                && !p.at_least
                && p.basis_points <= 10_000
                && !measures(tokens, p.at)
        };
        out.extend(
            percents(tokens)
                .iter()
                .filter(|p| share(p))
                .map(|p| (p.at, Event::Share(p.basis_points))),
        );
    }
    out.extend(
        (0..tokens.len())
            .filter_map(|at| mode_at(tokens, at, rollout).map(|mode| (at, Event::Mode(mode)))),
    );
    if rollout || !out.is_empty() || tokens.has(&SOAK_WORDS) && !tokens.has(&["error", "errors"]) {
        out.extend(
            durations(tokens)
                .iter()
                .filter(|d| d.hours > 0)
                .map(|d| (d.at, Event::Soak(d.hours))),
        );
    }
    out.sort_by_key(|&(at, _)| at);
    out.into_iter().map(|(_, event)| event).collect()
}

/// Whether a percentage measures something other than exposure: `90 % coverage`, `5 % errors`.
fn measures(tokens: &Tokens, at: usize) -> bool {
    const NOUNS: [&str; 18] = [
        "coverage",
        "error",
        "errors",
        "failures",
        "cpu",
        "memory",
        "disk",
        "faster",
        "slower",
        "latency",
        "complete",
        "budget",
        "uptime",
        "availability",
        "baseline",
        "done",
        "mismatches",
        "tests",
    ];
    (at + 1..at + 4).any(|place| tokens.word(place).is_some_and(|word| NOUNS.contains(&word)))
        || at.checked_sub(1).and_then(|before| tokens.word(before)) == Some("coverage")
}

fn mode_at(tokens: &Tokens, at: usize, rollout: bool) -> Option<Mode> {
    if let Some(mode) = tokens.word(at).and_then(|word| word.parse().ok()) {
        return Some(mode);
    }
    let dashed = |first: &str, second: &str| {
        tokens.word(at) == Some(first)
            && tokens.is_sign(at + 1, '-')
            && tokens.word(at + 2) == Some(second)
    };
    let spelled = [
        ("old", "only", Mode::OldOnly),
        ("both", "validate", Mode::BothValidate),
        ("new", "only", Mode::NewOnly),
    ];
    if let Some(&(_, _, mode)) = spelled
        .iter()
        .find(|(first, second, _)| dashed(first, second))
    {
        return Some(mode);
    }
    let phrase = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| tokens.phrase_at(at, phrase).is_some())
    };
    if !rollout {
        return phrase(&["full rollout", "full migration"]).then_some(Mode::NewOnly);
    }
    if phrase(&[
        "shadow",
        "dark launch",
        "compare only",
        "validation only",
        "dual run",
        "mirror",
        "both validate",
    ]) {
        Some(Mode::BothValidate)
    } else if phrase(&[
        "full rollout",
        "full migration",
        "everyone",
        "all users",
        "all traffic",
        "general availability",
        "new only",
    ]) {
        Some(Mode::NewOnly)
    } else if phrase(&["old only"]) {
        Some(Mode::OldOnly)
    } else {
        None
    }
}

/// What one line of a code block says: exposure and mode variables and options, then its comment.
pub(crate) fn in_command(line: &str) -> Vec<Event> {
    let trimmed = line.trim();
    let comment_at = if trimmed.starts_with('#') || trimmed.starts_with("//") {
        Some(0)
    } else {
        trimmed.find(" #")
    };
    let (code, comment) = trimmed.split_at(comment_at.unwrap_or(trimmed.len()));
    let clean = |c: char| matches!(c, '"' | '\'' | ';' | ',' | '{' | '}' | '(' | ')');
    let mut out = Vec::new();
    let words: Vec<&str> = code
        .split_whitespace()
        .map(|word| word.trim_matches(clean))
        .collect();
    for (place, word) in words.iter().enumerate() {
        let pair = word.split_once('=').or_else(|| {
            let label = word
                .strip_suffix(':')
                .map(|label| label.trim_matches(clean));
            let option = word.strip_prefix("--").map(|_| *word);
            label.or(option).zip(words.get(place + 1).copied())
        });
        if let Some((name, value)) = pair {
            out.extend(variable(name, value.trim_matches(clean)));
        }
    }
    out.extend(in_text(&Tokens::of(comment), false));
    out
}

/// `ARCHE_MIGRATION_PERCENTAGE=0.1`, `--percent 10`, `mode: new_only`. A number up to 1 is a share, above a
/// percentage; a `%` sign settles it.
fn variable(name: &str, value: &str) -> Option<Event> {
    const NAMES: [&str; 10] = [
        "percent", "pct", "exposure", "rollout", "traffic", "weight", "share", "ratio", "canary",
        "fraction",
    ];
    if let Ok(mode) = value.replace('-', "_").to_lowercase().parse() {
        return Some(Event::Mode(mode));
    }
    let name = name.to_lowercase();
    if !NAMES.iter().any(|known| name.contains(known)) {
        return None;
    }
    let tokens = Tokens::of(value);
    let number = tokens.number(0)?;
    let percentage = tokens.is_sign(1, '%');
    if tokens.len() > 1 && !percentage {
        return None;
    }
    let basis_points = if percentage || number > 10_000 {
        number / 100
    } else {
        number
    };
    u32::try_from(basis_points)
        .ok()
        .filter(|&share| share <= 10_000)
        .map(Event::Share)
}

/// The longest soak among events.
pub(crate) fn longest_soak(events: &[Event]) -> Option<u32> {
    let hours = |event: &Event| {
        if let Event::Soak(hours) = event {
            Some(*hours)
        } else {
            None
        }
    };
    events.iter().filter_map(hours).max()
}

/// A cell of a table with a header such as "Traffic" or "%": `10`, `10 %`, `0.1`.
pub(crate) fn share_in_cell(text: &str) -> Option<Event> {
    let tokens = Tokens::of(text);
    if let Some(percent) = percents(&tokens).first() {
        return (percent.basis_points <= 10_000).then_some(Event::Share(percent.basis_points));
    }
    match (tokens.get(0)?, tokens.len()) {
        (Token::Number(_), 1) => variable("share", text.trim()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_options_are_understood_in_any_notation() {
        for line in [
            "export X_PERCENTAGE=0.1",
            "X_PERCENT=.1",
            "ctl set --percent 10",
            "percentage: 10",
            "EXPOSURE=\"10%\"",
            "export SHARE='10 %'",
        ] {
            assert_eq!(
                in_command(line).first(),
                Some(&Event::Share(1_000)),
                "{line}"
            );
        }
        assert_eq!(
            in_command("export A_MODE=new_only  # watch for 3 days"),
            [Event::Mode(Mode::NewOnly), Event::Soak(72)]
        );
        assert_eq!(in_command("X_PERCENTAGE=1"), [Event::Share(10_000)]);
        assert_eq!(in_command("X_PERCENTAGE=1%"), [Event::Share(100)]);
        assert!(in_command("pytest --cov-fail-under=90 -n 4").is_empty());
    }

    #[test]
    fn percentages_that_measure_something_else_are_no_steps() {
        for text in [
            "Enable 90 % coverage",
            "users see errors > 5 %",
            "within 5 % of baseline traffic",
            "migration is 40 % done",
        ] {
            assert!(in_text(&Tokens::of(text), false).is_empty(), "{text}");
        }
    }
}
