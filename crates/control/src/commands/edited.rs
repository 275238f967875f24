//! What an edit changes, field by field: the `before` and `after` of its audit entry hold exactly that.

use domain::Refusal;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::command::Work;
use crate::error::Stopped;
use crate::store::audit;

/// Fields that an edit changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Edited {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Edited {
    /// Brings a field to what is wanted; nothing wanted, or nothing new, leaves no trace.
    pub(super) fn set<T: PartialEq + Serialize>(
        &mut self,
        field: &str,
        current: &mut T,
        wanted: Option<T>,
    ) {
        let Some(wanted) = wanted.filter(|wanted| wanted != current) else {
            return;
        };
        self.before.insert(field.to_owned(), json!(current));
        self.after.insert(field.to_owned(), json!(wanted));
        *current = wanted;
    }

    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        self.after.is_empty()
    }

    /// Refuses an edit that changes nothing, telling who made it so.
    pub(super) async fn refuse_no_change(
        &self,
        work: &mut Work<'_>,
        what: &str,
        changed_sequence: Option<u64>,
    ) -> Result<(), Stopped> {
        if !self.is_empty() {
            return Ok(());
        }
        let other = audit::other_change(work.connection, changed_sequence).await?;
        let summary = format!("{what} already is as asked.");
        Err(Refusal::NoChange { summary, other }.into())
    }

    /// The changed fields in words: `name and owner`.
    pub(super) fn fields(&self) -> String {
        let names: Vec<String> = self
            .after
            .keys()
            .map(|name| name.replace('_', " "))
            .collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// The entry's `before` and `after`.
    pub(super) fn into_values(self) -> (Value, Value) {
        (Value::Object(self.before), Value::Object(self.after))
    }
}
