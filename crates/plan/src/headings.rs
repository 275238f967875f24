//! What a heading (or a label, or a list item that has a list under it) announces: a phase, days, or a kind of section.

use jiff::civil::Date;

use crate::dates::{self, Range};
use crate::quantities::{self, UNITS_THAT_MOVE};
use crate::tokens::{Token, Tokens};

/// What plans count by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Week,
    Sprint,
    Month,
    Day,
    /// `phase`, `stage`, `wave` and the like: an order without a length.
    Order(&'static str),
}

/// `Week 1-2`, `Sprint 3`, `Phase II`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Designator {
    pub(crate) unit: Unit,
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// A heading that opens a phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhaseHeading {
    pub(crate) designators: Vec<Designator>,
    pub(crate) dates: Option<(Date, Date)>,
    /// Where the name ends, in bytes, when a range of dates in parentheses closes the heading.
    pub(crate) name_end: Option<usize>,
    pub(crate) length_days: Option<u32>,
    /// It says "phase" without a number, as `Pilot phase` does.
    pub(crate) named: bool,
    /// The designator is followed by the name of a section: `Phase 2 checklist`.
    pub(crate) is_about: bool,
}

impl PhaseHeading {
    /// Whether the heading names a place in time, rather than only an order.
    pub(crate) fn has_time(&self) -> bool {
        self.dates.is_some()
            || self
                .designators
                .iter()
                .any(|d| !matches!(d.unit, Unit::Order(_)))
    }

    /// Whether this opens a phase wherever it stands; a length alone (`Soak (2 days)`) does not.
    pub(crate) fn is_certain(&self) -> bool {
        self.dates.is_some() || self.named || !self.designators.is_empty()
    }
}

/// Days that a heading or an item begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DayReference {
    Numbers(u32, u32),
    Dates(Date, Date),
}

fn unit_word(word: &str) -> Option<Unit> {
    Some(match word {
        "week" | "weeks" | "wk" | "wks" => Unit::Week,
        "sprint" | "sprints" | "iteration" | "iterations" => Unit::Sprint,
        "month" | "months" => Unit::Month,
        "day" | "days" => Unit::Day,
        "phase" | "phases" => Unit::Order("phase"),
        "stage" | "stages" => Unit::Order("stage"),
        "wave" | "waves" => Unit::Order("wave"),
        "milestone" | "milestones" => Unit::Order("milestone"),
        "batch" | "batches" => Unit::Order("batch"),
        "tranche" | "tranches" => Unit::Order("tranche"),
        "increment" | "increments" => Unit::Order("increment"),
        _ => return None,
    })
}

/// A designator at this place, and the place after it.
pub(crate) fn designator_at(tokens: &Tokens, at: usize) -> Option<(Designator, usize)> {
    let word = tokens.word(at)?;
    if let Some(unit) = unit_word(word) {
        let number_at = if tokens.is_sign(at + 1, '#') {
            at + 2
        } else {
            at + 1
        };
        let first = order_number(tokens, number_at, &unit)?;
        let (last, next) = range_end(tokens, number_at + 1, &unit, first);
        return Some((Designator { unit, first, last }, next));
    }
    // `W3`, `W1-W2`, `D5`
    if let Some((unit, first)) = short(word) {
        let (last, next) = range_end(tokens, at + 1, &unit, first);
        return Some((Designator { unit, first, last }, next));
    }
    let first = ordinal_word(word)?;
    let unit = unit_word(tokens.word(at + 1)?)?;
    Some((
        Designator {
            unit,
            first,
            last: first,
        },
        at + 2,
    ))
}

fn short(word: &str) -> Option<(Unit, u32)> {
    let (unit, digits) = if let Some(digits) = word.strip_prefix('w') {
        (Unit::Week, digits)
    } else {
        (Unit::Day, word.strip_prefix('d')?)
    };
    let short =
        !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    short
        .then(|| digits.parse().ok().map(|number| (unit, number)))
        .flatten()
}

fn ordinal_word(word: &str) -> Option<u32> {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    WORDS
        .iter()
        .position(|&known| known == word)
        .and_then(|place| u32::try_from(place + 1).ok())
}

fn order_number(tokens: &Tokens, at: usize, unit: &Unit) -> Option<u32> {
    const ROMAN: [&str; 12] = [
        "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii",
    ];
    if let Some(number) = tokens.count(at) {
        return Some(number);
    }
    let word = tokens.word(at).filter(|_| matches!(unit, Unit::Order(_)))?;
    if let Some(place) = ROMAN.iter().position(|&roman| roman == word) {
        return u32::try_from(place + 1).ok();
    }
    // `Phase A`, when a sign or nothing follows; otherwise it may be the article.
    let letter = word
        .bytes()
        .next()
        .filter(|b| word.len() == 1 && b.is_ascii_lowercase())?;
    let alone = tokens
        .get(at + 1)
        .is_none_or(|next| matches!(next, Token::Sign(_)));
    alone.then(|| u32::from(letter - b'a') + 1)
}

fn range_end(tokens: &Tokens, at: usize, unit: &Unit, first: u32) -> (u32, usize) {
    let (mut last, mut next) = (first, at);
    loop {
        let joint = match tokens.get(next) {
            Some(Token::Sign('-' | '&' | '/' | '+' | ',' | '→')) => true,
            Some(Token::Word(word)) => {
                matches!(&**word, "to" | "and" | "through" | "thru" | "until")
            }
            _ => false,
        };
        if !joint {
            return (last, next);
        }
        let mut number_at = next + 1;
        let shortened = tokens
            .word(number_at)
            .and_then(short)
            .filter(|(other, _)| other == unit);
        if tokens.word(number_at).and_then(unit_word).as_ref() == Some(unit) {
            number_at += 1;
        }
        let number = shortened
            .map(|(_, number)| number)
            .or_else(|| tokens.count(number_at));
        // `Week 3 - 2 services`, `Phase 1 - 10 %`: that number counts something else.
        let other = match tokens.get(number_at + 1) {
            Some(Token::Sign(sign)) => matches!(sign, '%' | '.'),
            Some(Token::Word(word)) => {
                UNITS_THAT_MOVE.contains(&&**word)
                    || unit_word(word).is_some()
                    || tokens.is_glued(number_at + 1)
            }
            _ => false,
        };
        match number {
            Some(number) if number > last && !other && number - first <= 400 => {
                (last, next) = (number, number_at + 1);
            }
            _ => return (last, next),
        }
    }
}

/// Behind emoji and numbering such as `2.` or `3)`.
pub(crate) fn first_token(tokens: &Tokens) -> usize {
    let mut at = 0;
    while matches!(tokens.get(at), Some(Token::Sign(sign)) if *sign != '(' && *sign != '<') {
        at += 1;
    }
    if tokens.number(at).is_some() && (tokens.is_sign(at + 1, '.') || tokens.is_sign(at + 1, ')')) {
        at += 2;
    } else if tokens.number(at).is_some() && designator_at(tokens, at + 1).is_some() {
        at += 1;
    }
    at
}

const ABOUT: [&str; 32] = [
    "checklist",
    "checks",
    "criteria",
    "rollback",
    "risks",
    "risk",
    "retro",
    "retrospective",
    "review",
    "notes",
    "modules",
    "services",
    "flags",
    "components",
    "tasks",
    "goals",
    "goal",
    "exit",
    "entry",
    "owners",
    "status",
    "summary",
    "overview",
    "steps",
    "daily",
    "is",
    "are",
    "needs",
    "must",
    "should",
    "depends",
    "deliverables",
];

/// Reads a heading as that of a phase; `near` helps dates without a year.
pub(crate) fn phase_heading(tokens: &Tokens, near: Date) -> Option<PhaseHeading> {
    let mut heading = PhaseHeading::default();
    let start = first_token(tokens);
    let mut at = start;
    while at < tokens.len() {
        let opens =
            at == start || matches!(tokens.get(at - 1), Some(Token::Sign(sign)) if *sign != '%');
        let found = designator_at(tokens, at)
            .filter(|(designator, _)| opens && designator.unit != Unit::Day);
        let Some((designator, next)) = found else {
            at += 1;
            continue;
        };
        let closes = !matches!(tokens.get(next), Some(Token::Word(_) | Token::Number(_)));
        if at == start {
            heading.is_about = tokens.word(next).is_some_and(|word| ABOUT.contains(&word));
        }
        if at == start || closes {
            heading.designators.push(designator);
        }
        at = next;
    }
    if let Some(Range {
        start,
        end,
        from,
        to,
    }) = dates::find_last_range(tokens, near).or_else(|| dates::find_range(tokens, near))
    {
        // `find_last_range` may begin within a longer spelling of the same range.
        let whole = dates::find_range(tokens, near).filter(|range| range.to == to);
        let from = whole.map_or(from, |range| range.from);
        let (start, end) = whole.map_or((start, end), |range| (range.start, range.end));
        heading.dates = Some((start, end));
        let closed = tokens.is_sign(to, ')') && to + 1 == tokens.len();
        if let Some(paren) = from
            .checked_sub(1)
            .filter(|&paren| paren > 0 && closed && tokens.is_sign(paren, '('))
        {
            heading.name_end = tokens.0.get(paren).map(|placed| placed.start);
            heading.is_about = false;
        }
    }
    heading.length_days = length(tokens);
    let last = tokens
        .len()
        .checked_sub(1)
        .and_then(|last| tokens.word(last))
        .unwrap_or_default();
    let opening = tokens
        .word(start)
        .and_then(unit_word)
        .is_some_and(|unit| matches!(unit, Unit::Order(_)));
    heading.named = matches!(last, "phase" | "stage" | "wave") && tokens.len() > start + 1
        || opening && (tokens.is_sign(start + 1, ':') || tokens.is_sign(start + 1, '-'));
    (heading.is_certain() || heading.length_days.is_some()).then_some(heading)
}

/// A length of time that stands alone: `(2 weeks)`, `— 10 days`.
fn length(tokens: &Tokens) -> Option<u32> {
    let alone = |duration: &&quantities::Duration| {
        let opens = duration.at.checked_sub(1).is_some_and(|at| {
            matches!(
                tokens.get(at),
                Some(Token::Sign('(' | '-' | ':' | ',' | '|' | '~'))
            )
        });
        let unit = if tokens.is_sign(duration.at + 1, '-') {
            3
        } else {
            2
        };
        let after = duration.at + unit;
        opens
            && (after == tokens.len()
                || matches!(tokens.get(after), Some(Token::Sign(')' | ',' | ';'))))
    };
    quantities::durations(tokens)
        .iter()
        .find(alone)
        .map(|duration| duration.days())
        .filter(|&days| days > 0)
}

/// Days at the beginning: `Day 8-10: …`, `Mon 5 Jan — …`, `2026-01-05: …`; and where the words after them begin.
pub(crate) fn day_heading(tokens: &Tokens, near: Date) -> Option<(DayReference, usize)> {
    let mut at = first_token(tokens);
    let after = |next: usize| {
        let mut next = next;
        while matches!(
            tokens.get(next),
            Some(Token::Sign(':' | '-' | '.' | ')' | ',' | '|' | '→'))
        ) {
            next += 1;
        }
        tokens.0.get(next).map_or(usize::MAX, |placed| placed.start)
    };
    if let Some((
        Designator {
            unit: Unit::Day,
            first,
            last,
        },
        next,
    )) = designator_at(tokens, at)
    {
        return (first > 0).then(|| (DayReference::Numbers(first, last), after(next)));
    }
    if tokens.word(at).is_some_and(dates::is_weekday) {
        at += 1;
        while matches!(tokens.get(at), Some(Token::Sign(',' | '.'))) {
            at += 1;
        }
    }
    if let Some(range) = dates::range_at(tokens, at, near) {
        return Some((DayReference::Dates(range.start, range.end), after(range.to)));
    }
    let (date, next) = dates::date_at(tokens, at, near)?;
    Some((DayReference::Dates(date, date), after(next)))
}
