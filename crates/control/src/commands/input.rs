//! Checks of what people type. All wrong fields are told at once.

use domain::migration::{MAX_MODULES, MAX_NAME, MAX_REASON, MAX_TEXT};
use domain::refusal::FieldError;
use domain::{Refusal, Thresholds};
use jiff::civil::Date;

/// Longest watch over a phase, in days.
const MAX_DAYS: u32 = 3_650;

/// Collects what is wrong with an input.
#[derive(Debug, Default)]
pub(super) struct Input {
    errors: Vec<FieldError>,
}

impl Input {
    /// A reason that must be given.
    pub(super) fn reason(&mut self, reason: &str) -> String {
        let reason = reason.trim();
        if reason.is_empty() {
            self.wrong("reason", "Say why: the reason is kept in the audit log.");
        }
        self.optional_reason(reason)
    }

    /// A reason that may be left out.
    pub(super) fn optional_reason(&mut self, reason: &str) -> String {
        self.limited("reason", reason, MAX_REASON)
    }

    /// A name that must be given.
    pub(super) fn name(&mut self, field: &str, name: &str) -> String {
        if name.trim().is_empty() {
            self.wrong(
                field,
                format!("The {field} is empty: give it one that people recognise."),
            );
        }
        self.limited(field, name, MAX_NAME)
    }

    /// A text that may be empty: owner, path, notes, description.
    pub(super) fn text(&mut self, field: &str, text: &str) -> String {
        self.limited(field, text, MAX_TEXT)
    }

    /// A text whose length `domain` judges: without white space around it, and without NUL.
    pub(super) fn plain(&mut self, field: &str, text: &str) -> String {
        self.limited(field, text, usize::MAX)
    }

    /// What a rule of `domain` found wrong with fields; any other refusal is answered at once.
    pub(super) fn judged(&mut self, judged: Result<(), Refusal>) -> Result<(), Refusal> {
        match judged {
            Err(Refusal::Invalid { fields }) => {
                self.errors.extend(fields);
                Ok(())
            }
            other => other,
        }
    }

    /// A time zone known to the zone database.
    pub(super) fn zone(&mut self, zone: &str) -> String {
        let zone = zone.trim();
        if jiff::tz::TimeZone::get(zone).is_err() {
            self.wrong(
                "zone",
                format!("{zone:?} is no time zone. Use an IANA name such as UTC or Europe/Berlin."),
            );
        }
        zone.to_owned()
    }

    /// A day that calendars of people hold.
    pub(super) fn date(&mut self, field: &str, date: Option<Date>) {
        if let Some(date) = date {
            let holds = (1970..=2200).contains(&date.year());
            self.require(
                holds,
                field,
                "Choose a date between 1970-01-01 and 2200-12-31.",
            );
        }
    }

    /// A window of days, its end inclusive.
    pub(super) fn window(&mut self, start: Option<Date>, end: Option<Date>) {
        self.date("start", start);
        self.date("end", end);
        if let (Some(start), Some(end)) = (start, end) {
            let message = format!(
                "The last day, {end}, is before the first, {start}. Put it on or after it."
            );
            self.require(end >= start, "end", &message);
        }
    }

    /// A number of modules that a server can keep.
    pub(super) fn expected_modules(&mut self, modules: Option<u32>) {
        let message = format!("A server keeps at most {MAX_MODULES} modules: expect no more.");
        self.require(
            modules.is_none_or(|modules| modules <= MAX_MODULES),
            "expected_modules",
            &message,
        );
    }

    /// Days that a phase is watched.
    pub(super) fn validation_days(&mut self, days: Option<u32>) {
        let message = format!("At most {MAX_DAYS} days can be watched.");
        self.require(
            days.is_none_or(|days| days <= MAX_DAYS),
            "validation_days",
            &message,
        );
    }

    /// Limits on errors: in basis points, rolling back not before holding.
    pub(super) fn thresholds(&mut self, thresholds: Thresholds) {
        let Thresholds {
            hold_basis_points: hold,
            rollback_basis_points: rollback,
        } = thresholds;
        self.require(hold <= 10_000, "hold", "A share is at most 100 %.");
        self.require(rollback <= 10_000, "rollback", "A share is at most 100 %.");
        self.require(
            hold <= rollback,
            "rollback",
            "The limit for rolling back is under the one for holding. Put it at or above it.",
        );
    }

    /// A condition between fields.
    pub(super) fn require(&mut self, holds: bool, field: &str, message: &str) {
        if !holds {
            self.wrong(field, message);
        }
    }

    /// One more wrong field.
    pub(super) fn wrong(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    /// Refuses when anything was wrong.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid {
                fields: self.errors,
            })
        }
    }

    fn limited(&mut self, field: &str, text: &str, most: usize) -> String {
        let text = text.trim();
        let length = text.chars().count();
        if length > most {
            self.wrong(
                field,
                format!(
                    "The {field} has {length} characters; at most {most} are kept. Shorten it."
                ),
            );
        }
        if text.contains('\0') {
            self.wrong(
                field,
                format!("The {field} contains a NUL character. Remove it."),
            );
        }
        text.to_owned()
    }
}
