//! A form's texts, read field by field, so that a refusal names every field that is wrong at once.

use domain::refusal::FieldError;
use domain::schedule::windows::Scope;
use domain::{Exposure, Key, Refusal, Timestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads texts and remembers what is wrong with them.
#[derive(Default)]
pub(super) struct Input {
    errors: Vec<FieldError>,
}

impl Input {
    fn wrong(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError {
            field: field.to_owned(),
            message: message.into(),
        });
    }

    /// A key that must be there.
    pub(super) fn key(&mut self, field: &str, text: &str) -> Option<Key> {
        match Key::parse(text.trim()) {
            Ok(key) => Some(key),
            Err(wrong) => {
                self.wrong(field, sentence(&wrong.to_string()));
                None
            }
        }
    }

    /// A key that may be left out.
    pub(super) fn optional_key(&mut self, field: &str, text: &str) -> Option<Key> {
        if text.trim().is_empty() {
            None
        } else {
            self.key(field, text)
        }
    }

    /// A day as date inputs send it, or nothing.
    pub(super) fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let date = text.parse::<Date>().ok();
        if date.is_none() {
            self.wrong(field, "This is no day: write it as 2026-11-16.");
        }
        date
    }

    /// A day that must be there.
    pub(super) fn needed_date(&mut self, field: &str, text: &str) -> Option<Date> {
        if text.trim().is_empty() {
            self.wrong(field, "Choose a day.");
        }
        self.date(field, text)
    }

    /// A civil time to the minute, as time inputs send it.
    pub(super) fn time(&mut self, field: &str, text: &str) -> Option<DateTime> {
        let time = text.trim().parse::<DateTime>().ok();
        if time.is_none() {
            self.wrong(field, "This is no time: write it as 2026-11-27T08:00.");
        }
        time
    }

    /// Which modules a window is about: nothing for all, a phase's number, or a module's key.
    pub(super) fn scope(&mut self, field: &str, text: &str) -> Option<Scope> {
        match text.trim() {
            "" => Some(Scope::Migration),
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                number.parse().ok().map(Scope::Phase)
            }
            key => self.key(field, key).map(Scope::Module),
        }
    }

    /// A moment of UTC as inputs of date and time send it, or nothing.
    pub(super) fn moment(&mut self, field: &str, text: &str) -> Option<Timestamp> {
        let text = text.trim().trim_end_matches('Z');
        if text.is_empty() {
            return None;
        }
        let moment = text
            .parse::<DateTime>()
            .and_then(|moment| TimeZone::UTC.to_timestamp(moment))
            .ok()
            .map(|moment| Timestamp(moment.as_millisecond()));
        if moment.is_none() {
            self.wrong(field, "This is no moment: write it as 2026-11-16T14:02.");
        }
        moment
    }

    /// A whole number, or nothing.
    pub(super) fn number(&mut self, field: &str, text: &str) -> Option<u32> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let number = text.parse::<u32>().ok();
        if number.is_none() {
            self.wrong(field, "This is no whole number: write it in digits.");
        }
        number
    }

    /// A percentage that must be there, in basis points.
    pub(super) fn percent(&mut self, field: &str, text: &str) -> Option<u16> {
        match Exposure::from_percent_str(text) {
            Ok(share) => Some(share.basis_points()),
            Err(wrong) => {
                self.wrong(field, sentence(&wrong.to_string()));
                None
            }
        }
    }

    /// One of several words.
    pub(super) fn word<T>(
        &mut self,
        field: &str,
        text: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            self.wrong(field, "Choose one of the list.");
        }
        value
    }

    /// The values read, if all could be.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub(super) fn finish<T>(self, values: Option<T>) -> Result<T, Refusal> {
        match values {
            Some(values) if self.errors.is_empty() => Ok(values),
            _ => Err(Refusal::Invalid {
                fields: self.errors,
            }),
        }
    }
}

/// `a key is missing: ...` as a sentence beside a field.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut input = Input::default();
        let (key, start) = (input.key("key", "Big"), input.date("start", "soon"));
        let Err(Refusal::Invalid { fields }) = input.finish(key.zip(start)) else {
            unreachable!("both are wrong")
        };
        let names: Vec<_> = fields.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["key", "start"]);
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        let mut input = Input::default();
        assert_eq!(input.date("start", " "), None);
        assert_eq!(input.number("expected", ""), None);
        assert_eq!(input.optional_key("scope", ""), None);
        assert_eq!(input.percent("hold", "0.5 %"), Some(50));
        assert!(input.finish(Some(())).is_ok());
    }
}
