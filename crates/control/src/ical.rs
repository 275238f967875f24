//! Calendars as documents: RFC 5545 with what calendar programs have added to it. Lines end with CRLF and are folded at
//! 75 octets; texts are escaped.

use domain::Timestamp;
use domain::schedule::agenda::{Again, Occasion, When};
use domain::schedule::observances::observances;
use domain::schedule::{civil, instant};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// How long a program may keep what it read before it asks again.
const REFRESH: &str = "PT1H";
/// Longest summary and description, in characters.
const LONGEST: (usize, usize) = (250, 1_000);

/// Something on a calendar.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Stays as long as the thing itself: a program that reads it again moves what it has.
    pub(crate) uid: String,
    /// The audit entry that changed it last: the later, the newer.
    pub(crate) sequence: u64,
    /// When that was.
    pub(crate) changed_at: Timestamp,
    pub(crate) category: &'static str,
    pub(crate) summary: String,
    pub(crate) description: String,
    /// Its page.
    pub(crate) url: String,
    /// Whether it is expected, and not planned.
    pub(crate) expected: bool,
    pub(crate) occasion: Occasion,
}

/// A calendar to be written.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) name: &'a str,
    pub(crate) zone: &'a TimeZone,
    pub(crate) entries: Vec<Entry>,
}

/// The document. The same calendar is always the same text.
pub(crate) fn write(document: &Document<'_>) -> String {
    let zone = Zone::of(document.zone);
    let mut calendar = Calendar::empty();
    for (name, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Switchback//Calendar//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("X-PUBLISHED-TTL", REFRESH),
        ("X-WR-TIMEZONE", zone.name),
    ] {
        calendar.append_property(Property::new(name, value));
    }
    let name = clean(document.name, LONGEST.0);
    calendar.append_property(Property::new("X-WR-CALNAME", &name));
    calendar.append_property(with("NAME", &name, "VALUE", "TEXT"));
    calendar.append_property(with("REFRESH-INTERVAL", REFRESH, "VALUE", "DURATION"));
    calendar.extend(document.entries.iter().map(|entry| event(entry, &zone)));
    let text = calendar.to_string();
    // The library writes no time zones. Programs want them before the first event: before the line that begins it, since
    // a name may say the same.
    let zones = zone.component(&document.entries);
    let place = ["\r\nBEGIN:VEVENT\r\n", "\r\nEND:VCALENDAR"]
        .iter()
        .find_map(|line| text.find(line))
        .map_or(text.len(), |end| end + 2);
    let (head, rest) = text.split_at_checked(place).unwrap_or((&text, ""));
    [head, &zones, rest].concat()
}

fn event(entry: &Entry, zone: &Zone<'_>) -> Event {
    let mut event = Event::new();
    let changed = utc(entry.changed_at);
    event
        .uid(&entry.uid)
        .summary(&clean(&entry.summary, LONGEST.0))
        .url(&entry.url)
        .categories([entry.category])
        .status(if entry.expected {
            EventStatus::Tentative
        } else {
            EventStatus::Confirmed
        })
        // A number of RFC 5545 has 31 bits.
        .sequence(u32::try_from(entry.sequence.min(0x7fff_ffff)).unwrap_or_default())
        .add_property("DTSTAMP", &changed)
        .add_property("LAST-MODIFIED", &changed)
        // It takes nobody's time: people stay free for meetings in a phase of weeks.
        .add_property("TRANSP", "TRANSPARENT");
    let description = clean(&entry.description, LONGEST.1);
    if !description.is_empty() {
        event.description(&description);
    }
    for property in times(&entry.occasion, zone) {
        event.append_multi_property(property);
    }
    event.done()
}

/// Begin, end and recurrence.
fn times(occasion: &Occasion, zone: &Zone<'_>) -> Vec<Property> {
    let mut times = match occasion.when {
        When::Days { first, last } => vec![
            with("DTSTART", &day(first), "VALUE", "DATE"),
            with("DTEND", &day(last.saturating_add(1.day())), "VALUE", "DATE"),
        ],
        When::Local { from, to } => vec![zone.at("DTSTART", from), zone.at("DTEND", to)],
        When::Instants { from, to } => vec![
            Property::new("DTSTART", utc(from)),
            Property::new("DTEND", utc(to)),
        ],
    };
    let Some(Again { rule, last, except }) = &occasion.again else {
        return times;
    };
    let whole_days = matches!(occasion.when, When::Days { .. });
    // The end of a rule is in UTC wherever its begin has a zone.
    let until = if whole_days {
        day(last.date())
    } else {
        utc(instant(*last, zone.rules))
    };
    times.push(Property::new("RRULE", format!("{rule};UNTIL={until}")));
    times.extend(except.iter().map(|at| zone.at("EXDATE", *at)));
    times
}

/// A zone as documents name it.
struct Zone<'a> {
    rules: &'a TimeZone,
    name: &'a str,
    /// Whether times are told as instants: then no program has to know any zone.
    utc: bool,
}

impl<'a> Zone<'a> {
    fn of(zone: &'a TimeZone) -> Self {
        let name = zone.iana_name().unwrap_or("UTC");
        let utc = matches!(name, "UTC" | "Etc/UTC");
        Self {
            rules: zone,
            name,
            utc,
        }
    }

    /// A time on the wall.
    fn at(&self, property: &str, at: DateTime) -> Property {
        if self.utc {
            return Property::new(property, utc(instant(at, self.rules)));
        }
        with(property, &local(at), "TZID", self.name)
    }

    /// What the zone does with its clocks while there are events.
    fn component(&self, entries: &[Entry]) -> String {
        let mut days: Vec<Date> = Vec::new();
        for entry in entries {
            match entry.occasion.when {
                When::Local { from, to } => days.extend([from.date(), to.date()]),
                When::Days { .. } | When::Instants { .. } => {}
            }
            let last = entry.occasion.again.as_ref().map(|again| again.last.date());
            days.extend(last);
        }
        let today = Date::constant(2026, 1, 1);
        let first = days.iter().min().copied().unwrap_or(today);
        let last = days.iter().max().copied().unwrap_or(today);
        let mut lines = vec![
            Property::new("BEGIN", "VTIMEZONE"),
            Property::new("TZID", self.name),
        ];
        for one in observances(self.rules, first, last) {
            let kind = if one.daylight { "DAYLIGHT" } else { "STANDARD" };
            lines.extend([
                Property::new("BEGIN", kind),
                Property::new("DTSTART", local(one.starts)),
                Property::new("TZOFFSETFROM", offset(one.from)),
                Property::new("TZOFFSETTO", offset(one.to)),
                Property::new("TZNAME", one.name.as_str()),
            ]);
            lines.extend(one.rule.map(|rule| Property::new("RRULE", rule)));
            lines.extend(one.also.iter().map(|at| Property::new("RDATE", local(*at))));
            lines.push(Property::new("END", kind));
        }
        lines.push(Property::new("END", "VTIMEZONE"));
        lines
            .into_iter()
            .filter_map(|line| TryInto::<String>::try_into(line).ok())
            .collect()
    }
}

fn with(name: &str, value: &str, parameter: &str, of: &str) -> Property {
    Property::new(name, value)
        .add_parameter(parameter, of)
        .done()
}

/// `20261207`.
fn day(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

/// `20261207T090000`.
fn local(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

/// `20261207T080000Z`.
fn utc(at: Timestamp) -> String {
    format!("{}Z", local(civil(at, &TimeZone::UTC)))
}

/// `+0100`, with seconds where there are some.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let ahead = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (ahead / 3_600, ahead / 60 % 60, ahead % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{seconds:02}")
    }
}

/// A text without what no line may hold, at most so many characters.
fn clean(text: &str, longest: usize) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut kept = text
        .trim()
        .chars()
        .filter(|character| *character == '\n' || !character.is_control());
    let mut short: String = kept.by_ref().take(longest).collect();
    if kept.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn entry(summary: &str, when: When, again: Option<Again>) -> Entry {
        Entry {
            uid: "phase-2.atlas@1a2b.switchback".into(),
            sequence: 7,
            changed_at: Timestamp(1_795_356_000_000),
            category: "Phase",
            summary: summary.into(),
            description: "One; two, three\r\nfour \\".into(),
            url: "https://switchback.example.org/m/atlas/calendar/phases/2".into(),
            expected: false,
            occasion: Occasion {
                mark: None,
                when,
                again,
            },
        }
    }

    fn written(zone: &str, entries: Vec<Entry>) -> String {
        let zone = TimeZone::get(zone).unwrap();
        write(&Document {
            name: "Atlas, the move",
            zone: &zone,
            entries,
        })
    }

    /// Lines as a program puts them together again.
    fn lines(text: &str) -> Vec<String> {
        let unfolded = text.replace("\r\n ", "");
        unfolded
            .split_terminator("\r\n")
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn a_phase_is_whole_days_with_the_day_after_as_its_end() {
        let when = When::Days {
            first: date(2026, 12, 7),
            last: date(2026, 12, 20),
        };
        let text = written("Europe/Berlin", vec![entry("2 Workflow", when, None)]);
        let found = lines(&text);
        for line in [
            "UID:phase-2.atlas@1a2b.switchback",
            "SUMMARY:2 Workflow",
            "DESCRIPTION:One\\; two\\, three\\nfour \\\\",
            "DTSTART;VALUE=DATE:20261207",
            "DTEND;VALUE=DATE:20261221",
            "DTSTAMP:20261122T140000Z",
            "LAST-MODIFIED:20261122T140000Z",
            "SEQUENCE:7",
            "STATUS:CONFIRMED",
            "TRANSP:TRANSPARENT",
            "CATEGORIES:Phase",
            "URL:https://switchback.example.org/m/atlas/calendar/phases/2",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "X-PUBLISHED-TTL:PT1H",
            "X-WR-CALNAME:Atlas\\, the move",
            "NAME;VALUE=TEXT:Atlas\\, the move",
        ] {
            assert!(
                found.iter().any(|is| is == line),
                "{line} is not in\n{text}"
            );
        }
    }

    #[test]
    fn what_recurs_does_so_on_the_wall_of_a_zone_that_is_described() {
        let at = |month, day, hour| date(2027, month, day).at(hour, 0, 0, 0);
        let again = Again {
            rule: "FREQ=WEEKLY".into(),
            last: at(4, 3, 22),
            except: vec![at(3, 27, 22)],
        };
        let when = When::Local {
            from: at(3, 13, 22),
            to: at(3, 14, 6),
        };
        let berlin = written(
            "Europe/Berlin",
            vec![entry("Weekend", when, Some(again.clone()))],
        );
        let found = lines(&berlin);
        let zone: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .skip_while(|line| *line != "BEGIN:VTIMEZONE")
            .take_while(|line| *line != "BEGIN:VEVENT")
            .collect();
        assert_eq!(
            zone,
            [
                "BEGIN:VTIMEZONE",
                "TZID:Europe/Berlin",
                "BEGIN:STANDARD",
                "DTSTART:20261025T030000",
                "TZOFFSETFROM:+0200",
                "TZOFFSETTO:+0100",
                "TZNAME:CET",
                "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
                "END:STANDARD",
                "BEGIN:DAYLIGHT",
                "DTSTART:20270328T020000",
                "TZOFFSETFROM:+0100",
                "TZOFFSETTO:+0200",
                "TZNAME:CEST",
                "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
                "END:DAYLIGHT",
                "END:VTIMEZONE",
            ]
        );
        for line in [
            "DTSTART;TZID=Europe/Berlin:20270313T220000",
            "DTEND;TZID=Europe/Berlin:20270314T060000",
            "RRULE:FREQ=WEEKLY;UNTIL=20270403T200000Z",
            "EXDATE;TZID=Europe/Berlin:20270327T220000",
        ] {
            assert!(
                found.iter().any(|is| is == line),
                "{line} is not in\n{berlin}"
            );
        }
        let utc = written("UTC", vec![entry("Weekend", when, Some(again))]);
        let found = lines(&utc);
        for line in [
            "DTSTART:20270313T220000Z",
            "RRULE:FREQ=WEEKLY;UNTIL=20270403T220000Z",
            "EXDATE:20270327T220000Z",
        ] {
            assert!(found.iter().any(|is| is == line), "{line} is not in\n{utc}");
        }
    }

    #[test]
    fn no_line_is_too_long_and_no_text_begins_another() {
        let when = When::Days {
            first: date(2026, 12, 7),
            last: date(2026, 12, 7),
        };
        let names = [
            "🚚".repeat(100),
            format!("{} end", "word ".repeat(40)),
            "a\r\nEND:VEVENT\rBEGIN:VEVENT\nb\u{0}\u{7}c".to_owned(),
            "ü".repeat(400),
        ];
        for name in names {
            let text = written("Europe/Berlin", vec![entry(&name, when, None)]);
            for line in text.split("\r\n") {
                assert!(line.len() <= 75, "{} octets: {line}", line.len());
                assert!(!line.contains(['\r', '\n', '\u{0}']), "{line:?}");
            }
            assert_eq!(text.matches("\r\nBEGIN:VEVENT\r\n").count(), 1, "{text}");
            let summary = lines(&text).into_iter().find_map(|line| {
                let summary = line.strip_prefix("SUMMARY:")?;
                Some(summary.replace("\\n", "\n"))
            });
            assert_eq!(summary.unwrap(), clean(&name, LONGEST.0));
        }
    }

    #[test]
    fn a_calendar_without_anything_is_one_all_the_same() {
        let text = written("Asia/Kolkata", Vec::new());
        assert!(text.contains("TZOFFSETTO:+0530\r\n"), "{text}");
        assert!(
            text.ends_with("END:VTIMEZONE\r\nEND:VCALENDAR\r\n"),
            "{text}"
        );
    }
}
