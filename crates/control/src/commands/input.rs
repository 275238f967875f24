//! Checks of what people type. All wrong fields are told at once.

use domain::Refusal;
use domain::migration::{MAX_NAME, MAX_REASON, MAX_TEXT};
use domain::refusal::FieldError;

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
            self.wrong(field, format!("The {field} is empty: give it one that people recognise."));
        }
        self.limited(field, name, MAX_NAME)
    }

    /// A text that may be empty: owner, path, notes, description.
    pub(super) fn text(&mut self, field: &str, text: &str) -> String {
        self.limited(field, text, MAX_TEXT)
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

    /// A condition between fields.
    pub(super) fn require(&mut self, holds: bool, field: &str, message: &str) {
        if !holds {
            self.wrong(field, message);
        }
    }

    /// One more wrong field.
    pub(super) fn wrong(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Refuses when anything was wrong.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid { fields: self.errors }) }
    }

    fn limited(&mut self, field: &str, text: &str, most: usize) -> String {
        let text = text.trim();
        let length = text.chars().count();
        if length > most {
            self.wrong(
                field,
                format!("The {field} has {length} characters; at most {most} are kept. Shorten it."),
            );
        }
        if text.contains('\0') {
            self.wrong(field, format!("The {field} contains a NUL character. Remove it."));
        }
        text.to_owned()
    }
}
