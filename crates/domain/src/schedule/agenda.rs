//! Occurrences as calendar programs are told of them: as one that recurs where every program reads that alike, and one
//! by one where they do not.
//!
//! What recurs is a time on the wall, but RFC 5545 leaves room around a change of clocks: a time that is skipped is left
//! out, one that comes twice may be either, and whether an end moves with the clock or keeps the length in hours is read
//! in both ways. Such occurrences are taken out of the recurring one and told as what they are.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use super::recurrence::Recurrence;
use super::windows::{Window, span};
use crate::Timestamp;

/// Occurrences that are told one by one, at most.
const MOST_SINGLE: usize = 1_000;

/// When something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Whole days, the last inclusive.
    Days {
        /// The first.
        first: Date,
        /// The last.
        last: Date,
    },
    /// Times on the wall in the migration's zone; each is there exactly once.
    Local {
        /// Its begin.
        from: DateTime,
        /// Its end, not included.
        to: DateTime,
    },
    /// Instants, where a time on the wall would not say which.
    Instants {
        /// Its begin.
        from: Timestamp,
        /// Its end, not included.
        to: Timestamp,
    },
}

/// How something recurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The rule as RFC 5545 writes it, without its end.
    pub rule: String,
    /// Begin of the last occurrence, on the wall; midnight for whole days.
    pub last: DateTime,
    /// Begins that the rule names and that are told by themselves.
    pub except: Vec<DateTime>,
}

/// Something that is once, or again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What tells it from others of the same thing: its begin on the wall. `None` for the thing itself.
    pub mark: Option<DateTime>,
    /// When it is, or is first.
    pub when: When,
    /// How it recurs; `None` for once.
    pub again: Option<Again>,
}

/// A freeze or change window. What is told one by one and ended before `since` is left out.
pub fn of_window(window: &Window, zone: &TimeZone, since: Timestamp) -> Vec<Occasion> {
    let length = window.starts().duration_until(window.ends());
    tell(
        window.occurrences(),
        length,
        window.recurrence(),
        zone,
        since,
    )
}

/// Something done every day from `first` to `last` (inclusive) at a time on the wall, for `length`; the whole day where
/// there is no time. What is told one by one and ended before `since` is left out. Nothing for a `last` before `first`.
pub fn of_days(
    (first, last): (Date, Date),
    time: Option<Time>,
    length: SignedDuration,
    zone: &TimeZone,
    since: Timestamp,
) -> Vec<Occasion> {
    if last < first {
        return Vec::new();
    }
    let Some(time) = time else {
        let again = (first < last).then(|| Again {
            rule: "FREQ=DAILY".to_owned(),
            last: last.to_datetime(Time::midnight()),
            except: Vec::new(),
        });
        return vec![Occasion {
            mark: None,
            when: When::Days { first, last: first },
            again,
        }];
    };
    let begins: Vec<DateTime> = first
        .series(1.day())
        .take_while(|day| *day <= last)
        .map(|day| day.to_datetime(time))
        .collect();
    let rule = Recurrence::parse(&format!("FREQ=DAILY;UNTIL={}", last.strftime("%Y%m%d")));
    tell(&begins, length, rule.ok().as_ref(), zone, since)
}

fn tell(
    begins: &[DateTime],
    length: SignedDuration,
    rule: Option<&Recurrence>,
    zone: &TimeZone,
    since: Timestamp,
) -> Vec<Occasion> {
    let single = |mark: Option<DateTime>, begin: DateTime| Occasion {
        mark,
        when: once(begin, length, zone),
        again: None,
    };
    let Some(rule) = rule else {
        return begins.iter().map(|begin| single(None, *begin)).collect();
    };
    let is_steady = |begin: &DateTime| is_steady(*begin, length, zone);
    let head = begins.iter().position(is_steady).unwrap_or(begins.len());
    let (before, series) = begins.split_at_checked(head).unwrap_or((begins, &[]));
    let mut alone = before.to_vec();
    let mut told = Vec::new();
    match (open_ended(rule, series), series) {
        (Some(rule), [first, .., last]) => {
            let except: Vec<DateTime> =
                series.iter().filter(|at| !is_steady(at)).copied().collect();
            alone.extend(&except);
            let last = *last;
            told.push(Occasion {
                mark: None,
                when: once(*first, length, zone),
                again: Some(Again { rule, last, except }),
            });
        }
        (Some(_), [only]) => told.push(single(None, *only)),
        _ => alone.extend(series),
    }
    let lasting = alone
        .into_iter()
        .filter(|begin| span(*begin, length, zone).1 > since)
        .take(MOST_SINGLE);
    told.extend(lasting.map(|begin| single(Some(begin), begin)));
    told
}

fn once(begin: DateTime, length: SignedDuration, zone: &TimeZone) -> When {
    let end = begin.saturating_add(length);
    let clear = |civil: DateTime| !zone.to_ambiguous_timestamp(civil).is_ambiguous();
    if clear(begin) && clear(end) {
        return When::Local {
            from: begin,
            to: end,
        };
    }
    let (from, to) = span(begin, length, zone);
    When::Instants { from, to }
}

/// Whether an occurrence is where the clocks do not change.
fn is_steady(begin: DateTime, length: SignedDuration, zone: &TimeZone) -> bool {
    let When::Local { from, to } = once(begin, length, zone) else {
        return false;
    };
    let offset = |civil: DateTime| {
        let instant = zone.to_ambiguous_timestamp(civil).compatible();
        instant.ok().map(|instant| zone.to_offset(instant))
    };
    offset(from) == offset(to)
}

/// The rule without its end, if it names exactly `series` when it begins with the first of them. A rule by the hour is
/// told one by one: programs do not agree on whether it counts hours on the wall.
fn open_ended(rule: &Recurrence, series: &[DateTime]) -> Option<String> {
    let parts: Vec<&str> = rule
        .as_str()
        .split(';')
        .filter(|part| !part.starts_with("UNTIL=") && !part.starts_with("COUNT="))
        .collect();
    if parts.contains(&"FREQ=HOURLY") {
        return None;
    }
    let (open, last) = (parts.join(";"), series.last()?);
    let until = last.strftime("%Y%m%dT%H%M%S");
    let again = Recurrence::parse(&format!("{open};UNTIL={until}")).ok()?;
    let same = again.all(*series.first()?).is_ok_and(|all| all == series);
    same.then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::windows::{Scope, WindowKind};
    use crate::schedule::{instant, instant_of_end};
    use jiff::civil::date;

    const ALWAYS: Timestamp = Timestamp(i64::MIN);

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn window(starts: DateTime, ends: DateTime, rule: &str) -> Window {
        let rule = (!rule.is_empty()).then(|| Recurrence::parse(rule).unwrap());
        Window::new(
            "w",
            WindowKind::Freeze,
            Scope::Migration,
            starts,
            ends,
            rule,
        )
        .unwrap()
    }

    fn told(starts: DateTime, ends: DateTime, rule: &str) -> Vec<Occasion> {
        of_window(&window(starts, ends, rule), &berlin(), ALWAYS)
    }

    #[test]
    fn once_is_told_on_the_wall_unless_the_wall_does_not_say_which() {
        let (from, to) = (
            date(2027, 3, 27).at(18, 0, 0, 0),
            date(2027, 3, 29).at(6, 0, 0, 0),
        );
        let plain = told(from, to, "");
        assert_eq!(
            plain,
            [Occasion {
                mark: None,
                when: When::Local { from, to },
                again: None
            }]
        );
        // 02:30 comes twice on the last Sunday of October: the end is the second.
        let (from, to) = (
            date(2027, 10, 31).at(1, 0, 0, 0),
            date(2027, 10, 31).at(2, 30, 0, 0),
        );
        let twice = told(from, to, "");
        let instants = When::Instants {
            from: instant(from, &berlin()),
            to: instant_of_end(to, &berlin()),
        };
        assert_eq!(twice[0].when, instants);
    }

    #[test]
    fn nights_over_a_change_of_clocks_are_taken_out_of_the_rule() {
        // Every Saturday 22:00 to Sunday 06:00, over the last weekend of March.
        let (from, to) = (
            date(2027, 3, 13).at(22, 0, 0, 0),
            date(2027, 3, 14).at(6, 0, 0, 0),
        );
        let all = told(from, to, "FREQ=WEEKLY;COUNT=4");
        let odd = date(2027, 3, 27).at(22, 0, 0, 0);
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0],
            Occasion {
                mark: None,
                when: When::Local { from, to },
                again: Some(Again {
                    rule: "FREQ=WEEKLY".into(),
                    last: date(2027, 4, 3).at(22, 0, 0, 0),
                    except: vec![odd],
                }),
            }
        );
        let by_itself = When::Local {
            from: odd,
            to: date(2027, 3, 28).at(6, 0, 0, 0),
        };
        assert_eq!((all[1].mark, all[1].when), (Some(odd), by_itself));
    }

    #[test]
    fn a_rule_that_begins_over_a_change_of_clocks_begins_a_time_later() {
        let (from, to) = (
            date(2027, 3, 27).at(22, 0, 0, 0),
            date(2027, 3, 28).at(6, 0, 0, 0),
        );
        let all = told(from, to, "FREQ=WEEKLY;COUNT=3");
        let again = all[0].again.as_ref().unwrap();
        assert_eq!(all[0].mark, None);
        assert_eq!(
            all[0].when,
            When::Local {
                from: date(2027, 4, 3).at(22, 0, 0, 0),
                to: date(2027, 4, 4).at(6, 0, 0, 0)
            }
        );
        assert_eq!(
            (again.last, &again.except),
            (date(2027, 4, 10).at(22, 0, 0, 0), &Vec::new())
        );
        assert_eq!((all[1].mark, all.len()), (Some(from), 2));
    }

    #[test]
    fn every_occurrence_is_told_exactly_once_whatever_the_rule() {
        let rules = [
            "FREQ=DAILY;INTERVAL=3;UNTIL=20280101",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=60;WKST=SU",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20290101",
            "FREQ=YEARLY;COUNT=10",
            "FREQ=HOURLY;INTERVAL=5;COUNT=700",
        ];
        let zone = berlin();
        for rule in rules {
            let parsed = Recurrence::parse(rule).unwrap();
            // Times that are skipped, that come twice, and that are as any other.
            for (hour, hours) in [(2, 1_i64), (1, 2), (12, 4), (20, 40)] {
                let early = date(2027, 1, 1).at(hour, 30, 0, 0);
                let begin = parsed.occurrences(early, early, date(2029, 1, 1).at(0, 0, 0, 0))[0];
                let window = window(begin, begin.saturating_add(hours.hours()), rule);
                let mut seen = Vec::new();
                for one in of_window(&window, &zone, ALWAYS) {
                    match (&one.again, one.when) {
                        (Some(again), When::Local { from, .. }) => {
                            let until = again.last.strftime("%Y%m%dT%H%M%S");
                            let whole = format!("{};UNTIL={until}", again.rule);
                            let all = Recurrence::parse(&whole).unwrap().all(from).unwrap();
                            seen.extend(all.into_iter().filter(|at| !again.except.contains(at)));
                        }
                        (None, When::Local { from, .. }) => seen.push(from),
                        (None, When::Instants { from, .. }) => {
                            assert_eq!(one.mark.map(|at| instant(at, &zone)), Some(from));
                            seen.extend(one.mark);
                        }
                        other => panic!("{other:?}"),
                    }
                }
                seen.sort_unstable();
                assert_eq!(seen, window.occurrences(), "{rule} at {hour}:30");
            }
        }
    }

    #[test]
    fn daily_checks_recur_at_their_time_and_not_when_it_is_skipped() {
        let (first, last) = (date(2027, 3, 1), date(2027, 4, 30));
        let minutes = SignedDuration::from_mins(15);
        let days = |time| of_days((first, last), time, minutes, &berlin(), ALWAYS);
        let morning = days(Some(Time::constant(9, 0, 0, 0)));
        assert_eq!(morning.len(), 1);
        assert_eq!(morning[0].again.as_ref().unwrap().rule, "FREQ=DAILY");
        let night = days(Some(Time::constant(2, 30, 0, 0)));
        let skipped = date(2027, 3, 28).at(2, 30, 0, 0);
        assert_eq!(night[0].again.as_ref().unwrap().except, [skipped]);
        let from = instant(skipped, &berlin());
        let to = from.plus(15 * 60_000);
        assert_eq!(
            (night[1].mark, night[1].when),
            (Some(skipped), When::Instants { from, to })
        );
        let whole = days(None);
        assert_eq!(whole[0].when, When::Days { first, last: first });
        assert_eq!(whole[0].again.as_ref().unwrap().last, last.at(0, 0, 0, 0));
        assert!(of_days((last, first), None, minutes, &berlin(), ALWAYS).is_empty());
    }
}
