//! Dates and date ranges within a text.

use jiff::civil::Date;

use crate::tokens::{Token, Tokens};

/// A range of dates, both inclusive, and the tokens it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Date,
    pub(crate) end: Date,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// The first range of dates: `2026-01-05 to 2026-01-16`, `Jan 5 – 16, 2026`, `5 – 16 January`. A year that is not
/// written is the one that brings the date nearest to `near`.
pub(crate) fn find_range(tokens: &Tokens, near: Date) -> Option<Range> {
    (0..tokens.len()).find_map(|at| range_at(tokens, at, near))
}

/// The last range of dates.
pub(crate) fn find_last_range(tokens: &Tokens, near: Date) -> Option<Range> {
    (0..tokens.len())
        .rev()
        .find_map(|at| range_at(tokens, at, near))
}

/// The first date.
pub(crate) fn find_date(tokens: &Tokens, near: Date) -> Option<(Date, usize, usize)> {
    (0..tokens.len()).find_map(|at| date_at(tokens, at, near).map(|(date, to)| (date, at, to)))
}

/// A date that begins at this place, and the place after it.
pub(crate) fn date_at(tokens: &Tokens, at: usize, near: Date) -> Option<(Date, usize)> {
    let (partial, to) = partial_at(tokens, at)?;
    Some((partial.resolve(near)?, to))
}

/// A range of dates that begins at this place.
pub(crate) fn range_at(tokens: &Tokens, from: usize, near: Date) -> Option<Range> {
    let build = |first: Partial, last: Partial, to: usize| {
        let last_date = last.resolve(
            first
                .year
                .map_or(near, |year| Date::new(year, last.month, 1).unwrap_or(near)),
        )?;
        let first = Partial {
            year: first.year.or(last.year),
            ..first
        };
        let start = first.resolve(last_date)?;
        (start <= last_date).then_some(Range {
            start,
            end: last_date,
            from,
            to,
        })
    };
    // `5 – 16 January`: the first day has no month of its own.
    if let Some(day) = day_number(tokens, from) {
        let next = skip_ordinal(tokens, from + 1);
        if let Some(second_at) = joint(tokens, next)
            && let Some((last, to)) =
                partial_at(tokens, second_at).filter(|_| day_number(tokens, second_at).is_some())
        {
            return build(Partial { day, ..last }, last, to);
        }
    }
    let (first, next) = partial_at(tokens, from)?;
    let second_at = joint(tokens, next)?;
    if let Some((last, to)) = partial_at(tokens, second_at) {
        return build(first, last, to);
    }
    // `Jan 5 – 16, 2026`
    let day = day_number(tokens, second_at)?;
    let (year, to) = year_after(tokens, skip_ordinal(tokens, second_at + 1));
    build(
        first,
        Partial {
            day,
            month: first.month,
            year: year.or(first.year),
        },
        to,
    )
}

/// Where the second half of a range begins, when a joining word or sign stands here.
fn joint(tokens: &Tokens, at: usize) -> Option<usize> {
    let joins = match tokens.get(at)? {
        Token::Sign('-' | '→' | '…') => true,
        Token::Word(word) => matches!(&**word, "to" | "until" | "till" | "through" | "thru"),
        _ => false,
    };
    let weekday = tokens.word(at + 1).is_some_and(is_weekday);
    joins.then_some(if weekday { at + 2 } else { at + 1 })
}

/// `Mon`, `Tuesday`.
pub(crate) fn is_weekday(word: &str) -> bool {
    const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    WEEKDAYS.iter().any(|day| word.starts_with(day)) && (word.len() == 3 || word.ends_with("day"))
}

/// A date that may lack its year.
#[derive(Clone, Copy)]
struct Partial {
    year: Option<i16>,
    month: i8,
    day: i8,
}

impl Partial {
    fn resolve(self, near: Date) -> Option<Date> {
        if let Some(year) = self.year {
            return Date::new(year, self.month, self.day).ok();
        }
        let distance =
            |date: &Date| (near.until(*date).map_or(i32::MAX, |span| span.get_days())).abs();
        let years = (-1..=1).filter_map(|offset| near.year().checked_add(offset));
        years
            .filter_map(|year| Date::new(year, self.month, self.day).ok())
            .min_by_key(distance)
    }
}

fn partial_at(tokens: &Tokens, at: usize) -> Option<(Partial, usize)> {
    match tokens.get(at)? {
        Token::Date(date) => Some((
            Partial {
                year: Some(date.year()),
                month: date.month(),
                day: date.day(),
            },
            at + 1,
        )),
        Token::Word(word) => {
            let month = month(word)?;
            let day_at = if tokens.is_sign(at + 1, '.') {
                at + 2
            } else {
                at + 1
            };
            let day = day_number(tokens, day_at)?;
            let (year, to) = year_after(tokens, skip_ordinal(tokens, day_at + 1));
            Some((Partial { year, month, day }, to))
        }
        Token::Number(_) => {
            let day = day_number(tokens, at)?;
            let mut next = skip_ordinal(tokens, at + 1);
            if tokens.is_sign(next, '.') || tokens.word(next) == Some("of") {
                next += 1;
            }
            let month = month(tokens.word(next)?)?;
            let (year, to) = year_after(tokens, next + 1);
            Some((Partial { year, month, day }, to))
        }
        Token::Sign(_) => None,
    }
}

fn day_number(tokens: &Tokens, at: usize) -> Option<i8> {
    tokens.number(at)?;
    let day = tokens.count(at).filter(|day| (1..=31).contains(day))?;
    i8::try_from(day).ok()
}

fn skip_ordinal(tokens: &Tokens, at: usize) -> usize {
    let ordinal = tokens.is_glued(at) && matches!(tokens.word(at), Some("st" | "nd" | "rd" | "th"));
    if ordinal { at + 1 } else { at }
}

fn year_after(tokens: &Tokens, at: usize) -> (Option<i16>, usize) {
    let year_at = if tokens.is_sign(at, ',') || tokens.is_sign(at, '.') {
        at + 1
    } else {
        at
    };
    match tokens.number(year_at).and_then(|_| tokens.count(year_at)) {
        Some(year @ 1970..=2999) => (i16::try_from(year).ok(), year_at + 1),
        _ => (None, at),
    }
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let long = MONTHS
        .iter()
        .position(|&month| month == word || word.len() == 3 && month.starts_with(word));
    let place = if word == "sept" { Some(8) } else { long }?;
    i8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ranges_are_read_in_many_spellings() {
        for text in [
            "2026-01-05 to 2026-01-16",
            "5 – 16 January 2026",
            "Jan 5-16, 2026",
            "January 5th - January 16th",
            "5 Jan → 16 Jan",
            "05.01.2026 – 16.01.2026",
            "1/5/2026 through 1/16/2026",
            "Mon 5 Jan to Fri 16 Jan",
        ] {
            let range = find_range(&Tokens::of(text), date(2026, 1, 1)).expect(text);
            assert_eq!(
                (range.start, range.end),
                (date(2026, 1, 5), date(2026, 1, 16)),
                "{text}"
            );
        }
        let range = find_range(&Tokens::of("Dec 28 - Jan 8"), date(2026, 1, 1)).unwrap();
        assert_eq!(
            (range.start, range.end),
            (date(2025, 12, 28), date(2026, 1, 8))
        );
    }

    #[test]
    fn what_is_no_range_of_dates_is_left_alone() {
        for text in [
            "Week 1-2",
            "5 - 16",
            "2026-01-16 to 2026-01-05",
            "may 3 of us - or 4",
            "31 February",
        ] {
            assert_eq!(
                find_range(&Tokens::of(text), date(2026, 1, 1)),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn single_dates_are_read() {
        for text in [
            "November 12, 2025",
            "12 Nov 2025",
            "12th of November 2025",
            "2025-11-12",
            "12. November 2025",
        ] {
            assert_eq!(
                find_date(&Tokens::of(text), date(2026, 1, 1)).unwrap().0,
                date(2025, 11, 12),
                "{text}"
            );
        }
        assert_eq!(
            find_date(&Tokens::of("nothing in 2025"), date(2026, 1, 1)),
            None
        );
    }
}
