//! Percentages, durations and counts within a text.

use crate::tokens::{Token, Tokens};

/// How a percentage is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `> 5 %`, `more than`, `exceeds`.
    Above,
    /// `< 5 %`, `under`, `within`, `at most`.
    Below,
}

/// A percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percent {
    pub(crate) basis_points: u32,
    pub(crate) comparison: Option<Comparison>,
    /// `90 %+`, `at least 90 %`.
    pub(crate) at_least: bool,
    /// Place of the number among the tokens.
    pub(crate) at: usize,
}

/// All percentages of a text.
pub(crate) fn percents(tokens: &Tokens) -> Vec<Percent> {
    let percent = |at: usize| {
        let number = tokens.number(at)?;
        let after = match tokens.get(at + 1)? {
            Token::Sign('%') => at + 2,
            Token::Word(word) if matches!(&**word, "percent" | "pct") => at + 2,
            Token::Word(word) if &**word == "per" && tokens.word(at + 2) == Some("cent") => at + 3,
            _ => return None,
        };
        let basis_points = u32::try_from(number / 100).ok()?;
        let at_least = tokens.is_sign(after, '+')
            || ends_with(tokens, at, &["at least", "minimum", "min", "least"]);
        Some(Percent {
            basis_points,
            comparison: comparison(tokens, at),
            at_least,
            at,
        })
    };
    (0..tokens.len()).filter_map(percent).collect()
}

/// The comparison that stands right before a number.
pub(crate) fn comparison(tokens: &Tokens, at: usize) -> Option<Comparison> {
    const ABOVE: [&str; 16] = [
        "above",
        "over",
        "exceed",
        "exceeds",
        "exceeding",
        "exceeded",
        "more than",
        "greater than",
        "higher than",
        "larger than",
        "beyond",
        "past",
        "reaches",
        "hits",
        "crosses",
        "passes",
    ];
    const BELOW: [&str; 13] = [
        "under",
        "below",
        "within",
        "less than",
        "lower than",
        "fewer than",
        "at most",
        "up to",
        "beneath",
        "not exceed",
        "no more than",
        "max",
        "maximum",
    ];
    for back in 1..=2 {
        let Some(Token::Sign(sign)) = at.checked_sub(back).and_then(|at| tokens.get(at)) else {
            continue;
        };
        match sign {
            '>' => return Some(Comparison::Above),
            '<' => return Some(Comparison::Below),
            '=' | '~' => {}
            _ => break,
        }
    }
    if ends_with(tokens, at, &BELOW) {
        Some(Comparison::Below)
    } else if ends_with(tokens, at, &ABOVE) {
        Some(Comparison::Above)
    } else {
        None
    }
}

/// Whether one of the phrases ends right before this place, an article aside.
fn ends_with(tokens: &Tokens, at: usize, phrases: &[&str]) -> bool {
    let end = match at.checked_sub(1).and_then(|before| tokens.word(before)) {
        Some("a" | "the" | "of" | "about") => at - 1,
        _ => at,
    };
    let ends = |phrase: &&str| {
        let words = phrase.split(' ').count();
        end.checked_sub(words)
            .is_some_and(|start| tokens.phrase_at(start, phrase) == Some(end))
    };
    phrases.iter().any(ends)
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration {
    /// Whole hours, minutes rounded up.
    pub(crate) hours: u32,
    /// Place of the number among the tokens.
    pub(crate) at: usize,
}

impl Duration {
    /// Whole days, rounded up.
    pub(crate) const fn days(self) -> u32 {
        self.hours.div_ceil(24)
    }
}

/// All lengths of time in a text: `2 days`, `48h`, `a week`, `3-week`. Not `every 2 hours`, and not `day 2`.
pub(crate) fn durations(tokens: &Tokens) -> Vec<Duration> {
    let duration = |at: usize| {
        let unit_at = if tokens.is_sign(at + 1, '-') {
            at + 2
        } else {
            at + 1
        };
        let glued = tokens.is_glued(unit_at) && unit_at == at + 1;
        let minutes = unit(tokens.word(unit_at)?, glued)?;
        let ten_thousandths = match tokens.get(at)? {
            Token::Number(number) => *number,
            Token::Word(word) if matches!(&**word, "a" | "an") => 10_000,
            Token::Word(_) => u64::from(tokens.count(at)?) * 10_000,
            _ => return None,
        };
        let before = at.checked_sub(1).and_then(|before| tokens.word(before));
        if matches!(
            before,
            Some("every" | "each" | "per" | "day" | "days" | "week" | "weeks" | "last" | "sprint")
        ) {
            return None;
        }
        let hours = ten_thousandths.saturating_mul(minutes).div_ceil(600_000);
        Some(Duration {
            hours: u32::try_from(hours).ok()?,
            at,
        })
    };
    (0..tokens.len()).filter_map(duration).collect()
}

/// Minutes in a unit. Letters alone count only right behind their number: `48h`, not `48 h of work` as `48 H`.
fn unit(word: &str, glued: bool) -> Option<u64> {
    match word {
        "min" | "mins" | "minute" | "minutes" => Some(1),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(60),
        "d" if glued => Some(24 * 60),
        "day" | "days" => Some(24 * 60),
        "w" if glued => Some(7 * 24 * 60),
        "wk" | "wks" | "week" | "weeks" => Some(7 * 24 * 60),
        "fortnight" | "fortnights" => Some(14 * 24 * 60),
        "month" | "months" => Some(30 * 24 * 60),
        _ => None,
    }
}

/// Words for the unit that moves.
pub(crate) const UNITS_THAT_MOVE: [&str; 16] = [
    "module",
    "modules",
    "component",
    "components",
    "service",
    "services",
    "package",
    "packages",
    "flag",
    "flags",
    "library",
    "libraries",
    "feature",
    "features",
    "endpoints",
    "jobs",
];

/// A number of modules: `79 modules`, `all 12 old services`, `modules: 12`.
pub(crate) fn module_count(tokens: &Tokens) -> Option<u32> {
    let is_unit = |at: usize| {
        tokens
            .word(at)
            .is_some_and(|word| UNITS_THAT_MOVE.contains(&word))
    };
    let count = |at: usize| {
        let number = tokens.count(at).filter(|&number| number > 0)?;
        let labelled =
            at >= 2 && tokens.is_sign(at - 1, ':') && is_unit(at - 2) && at + 1 == tokens.len();
        // Up to two adjectives may stand between the number and its noun.
        let followed =
            (1..=3).find(|&ahead| tokens.word(at + ahead).is_none_or(|_| is_unit(at + ahead)));
        (labelled || followed.is_some_and(|ahead| is_unit(at + ahead))).then_some(number)
    };
    (0..tokens.len()).find_map(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_know_how_they_are_compared() {
        let first = |text: &str| {
            let percent = percents(&Tokens::of(text)).remove(0);
            (percent.basis_points, percent.comparison, percent.at_least)
        };
        assert_eq!(
            first("error rate > 5 %"),
            (500, Some(Comparison::Above), false)
        );
        assert_eq!(
            first("errors exceed 0.1%"),
            (10, Some(Comparison::Above), false)
        );
        assert_eq!(
            first("(<0.1% error rate)"),
            (10, Some(Comparison::Below), false)
        );
        assert_eq!(
            first("within 5 percent of baseline"),
            (500, Some(Comparison::Below), false)
        );
        assert_eq!(first("90%+ coverage"), (9_000, None, true));
        assert_eq!(first("≥ 12.5%"), (1_250, Some(Comparison::Above), false));
        assert_eq!(first("0,5 % of users"), (50, None, false));
    }

    #[test]
    fn durations_are_hours() {
        let hours = |text: &str| {
            durations(&Tokens::of(text))
                .iter()
                .map(|d| d.hours)
                .collect::<Vec<_>>()
        };
        assert_eq!(hours("Monitor for 2 days"), [48]);
        assert_eq!(hours("soak 48h, then a week"), [48, 168]);
        assert_eq!(hours("2-week stability period"), [336]);
        assert_eq!(hours("wait 2-3 days"), [72]);
        assert_eq!(hours("30 minutes"), [1]);
        assert_eq!(hours("check every 2 hours on day 3"), [0_u32; 0]);
        assert_eq!(hours("3 weeks instead of 2"), [504]);
    }

    #[test]
    fn counts_of_modules_are_told_from_other_numbers() {
        let count = |text: &str| module_count(&Tokens::of(text));
        assert_eq!(count("All 79 modules migrated"), Some(79));
        assert_eq!(count("Moves three legacy services in 2 weeks"), Some(3));
        assert_eq!(count("Expected modules: 12"), Some(12));
        assert_eq!(count("2 weeks for all modules"), None);
        assert_eq!(count("Node 20, modules follow"), None);
    }
}
