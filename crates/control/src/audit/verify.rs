//! Checking the chain: in the store, where the columns must fit the body too, and in an export, without the store.

use domain::audit::{AuditEntry, ChainedEntry};
use domain::read::ChainState;
use domain::{Key, Timestamp};
use thiserror::Error;

use super::{FIRST_PREVIOUS, body_of, hash_of};
use crate::store::audit::AuditRecord;
use crate::store::{Connection, StoreError, audit, scans};

/// Walks a chain from its first entry on.
#[derive(Debug, Clone)]
pub struct Verifier {
    entries: u64,
    head: [u8; 32],
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            entries: 0,
            head: FIRST_PREVIOUS,
        }
    }
}

impl Verifier {
    /// Takes the next entry; says how it does not fit.
    pub fn take(
        &mut self,
        sequence: u64,
        previous: &[u8],
        hash: &[u8],
        body: &str,
    ) -> Result<(), String> {
        if sequence != self.entries + 1 {
            return Err(format!("entry {} is missing", self.entries + 1));
        }
        if previous != self.head {
            return Err("it does not follow from the entry before it".into());
        }
        let expected = hash_of(&self.head, body);
        if hash != expected {
            return Err("its hash does not fit its content".into());
        }
        self.entries = sequence;
        self.head = expected;
        Ok(())
    }

    /// How many entries were taken.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The chain as verified so far.
    pub fn state(&self, at: Timestamp) -> ChainState {
        ChainState::Verified {
            entries: self.entries,
            head: hex::encode(self.head),
            at,
        }
    }
}

const PAGE: u32 = 1_000;

/// Checks entries that `verifier` has not seen yet; `Some` when the chain is broken.
pub(crate) async fn verify_store(
    connection: &mut Connection,
    verifier: &mut Verifier,
) -> Result<Option<ChainState>, StoreError> {
    loop {
        scans::begin_statement(connection).await?;
        let records = audit::after(connection, verifier.entries(), PAGE).await?;
        for record in &records {
            if let Err(why) = check_record(verifier, record) {
                return Ok(Some(ChainState::Broken {
                    sequence: u64::try_from(record.sequence).unwrap_or_default(),
                    why,
                }));
            }
        }
        if records.len() < PAGE as usize {
            return Ok(None);
        }
    }
}

fn check_record(verifier: &mut Verifier, record: &AuditRecord) -> Result<(), String> {
    let sequence = u64::try_from(record.sequence).map_err(|error| error.to_string())?;
    verifier.take(sequence, &record.previous_hash, &record.hash, &record.body)?;
    let entry = record.entry().map_err(|error| error.to_string())?;
    match differing_column(record, &entry) {
        None => Ok(()),
        Some(column) => Err(format!("its column {column} does not fit its body")),
    }
}

fn differing_column(record: &AuditRecord, entry: &AuditEntry) -> Option<&'static str> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let targets = serde_json::to_string(&entry.targets).unwrap_or_default();
    [
        ("sequence", record.sequence == number(entry.sequence)),
        ("at", record.at == entry.at.0),
        ("actor_id", record.actor_id == entry.actor.id),
        ("actor_name", record.actor_name == entry.actor.name),
        ("action", record.action == entry.action),
        (
            "migration",
            record.migration.as_deref() == entry.migration.as_ref().map(Key::as_str),
        ),
        (
            "environment",
            record.environment.as_deref() == entry.environment.as_ref().map(Key::as_str),
        ),
        ("targets", record.targets == targets),
        (
            "revision_made",
            record.revision_made == entry.revision_made.map(number),
        ),
        ("reason", record.reason == entry.reason),
        ("outcome", record.outcome == entry.outcome.as_str()),
    ]
    .into_iter()
    .find_map(|(column, fits)| (!fits).then_some(column))
}

/// Why an export is not a whole, unbroken chain.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A line is no entry.
    #[error("line {line} is not an audit entry: {why}")]
    Unreadable {
        /// From 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// An entry does not fit.
    #[error("entry {sequence} (line {line}): {why}")]
    Broken {
        /// From 1.
        line: usize,
        /// Which entry.
        sequence: u64,
        /// How.
        why: String,
    },
    /// There is no entry at all.
    #[error("the export holds no entry")]
    Empty,
}

/// Checks an export of the whole log: one [`ChainedEntry`] as JSON a line. Answers how many entries, and the head.
pub fn verify_export(jsonl: &str) -> Result<(u64, String), ExportError> {
    let mut verifier = Verifier::default();
    for (line, text) in (1..)
        .zip(jsonl.lines())
        .filter(|(_, text)| !text.trim().is_empty())
    {
        let unreadable = |why: String| ExportError::Unreadable { line, why };
        let chained: ChainedEntry =
            serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        let body = body_of(&chained.entry).map_err(|error| unreadable(error.to_string()))?;
        let bytes = |hex_text: &str| hex::decode(hex_text).unwrap_or_default();
        verifier
            .take(
                chained.entry.sequence,
                &bytes(&chained.previous_hash),
                &bytes(&chained.hash),
                &body,
            )
            .map_err(|why| ExportError::Broken {
                line,
                sequence: chained.entry.sequence,
                why,
            })?;
    }
    match verifier.entries() {
        0 => Err(ExportError::Empty),
        entries => Ok((entries, hex::encode(verifier.head))),
    }
}
