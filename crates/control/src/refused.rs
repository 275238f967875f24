//! Refusals of authenticated actors are audited too: the first of an actor, migration and minute at once, the rest of
//! that minute as one entry when it is over, so that a broken script cannot flood the log. Migrations are kept apart:
//! an entry stands in one migration's log and must not tell of another.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::audit::{AuditActor, AuditEntry, Outcome};
use domain::{Key, Refusal, Timestamp};
use serde_json::{Value, json};

use crate::Caller;
use crate::command::Aim;

/// What was asked for, kept aside before the command runs.
#[derive(Debug, Clone)]
pub(crate) struct RefusalRecord {
    pub(crate) action: &'static str,
    pub(crate) aim: Aim,
    pub(crate) reason: String,
}

/// An entry in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    caller: Caller,
    action: &'static str,
    aim: Aim,
    reason: String,
    after: Value,
    summary: String,
}

impl Draft {
    /// The entry, at its place in the chain.
    pub(crate) fn entry(&self, sequence: u64, epoch: &str, now: Timestamp) -> AuditEntry {
        AuditEntry {
            sequence,
            at: now,
            epoch: epoch.to_owned(),
            actor: AuditActor::from(&self.caller.actor),
            source: self.caller.source.map(|address| address.to_string()),
            request_id: self.caller.request_id.clone(),
            action: self.action.to_owned(),
            migration: self.aim.migration.clone(),
            environment: self.aim.environment.clone(),
            targets: self.aim.targets.clone(),
            before: Value::Null,
            after: self.after.clone(),
            revision_seen: self.caller.revision_seen,
            revision_made: None,
            reason: self.reason.clone(),
            outcome: Outcome::Refused,
            summary: self.summary.clone(),
        }
    }
}

/// Whose refusals are summed up, and in which migration.
type Whose = (String, Option<Key>);

/// One actor's minute in one migration.
#[derive(Debug)]
struct Minute {
    number: i64,
    last: Option<Draft>,
    more: HashMap<(&'static str, &'static str), u32>,
}

/// Minutes of actors that were refused.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    minutes: Mutex<HashMap<Whose, Minute>>,
}

/// Minutes watched at once; beyond it every refusal is an entry of its own.
const MAX_MINUTES: usize = 10_000;

impl Refused {
    /// Takes a refusal: the entry to write now, or `None` when it is counted for the end of the minute.
    pub(crate) fn note(
        &self,
        caller: &Caller,
        record: RefusalRecord,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Option<Draft> {
        let code = refusal.code();
        let draft = Draft {
            caller: caller.clone(),
            action: record.action,
            aim: record.aim,
            reason: record.reason,
            after: json!({ "refused": code }),
            summary: refusal.to_string(),
        };
        let minute_number = now.0.div_euclid(60_000);
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = (caller.actor.id.clone(), draft.aim.migration.clone());
        match minutes.get_mut(&whose) {
            Some(minute) if minute.number == minute_number => {
                *minute.more.entry((draft.action, code)).or_default() += 1;
                minute.last = Some(draft);
                None
            }
            Some(minute) if !minute.more.is_empty() => {
                // The minute before has not been written yet: this one joins it, and is its last.
                *minute.more.entry((draft.action, code)).or_default() += 1;
                minute.last = Some(draft);
                let summed = sum_up(minute);
                *minute = Minute {
                    number: minute_number,
                    last: None,
                    more: HashMap::new(),
                };
                summed
            }
            _ => {
                if minutes.len() < MAX_MINUTES {
                    let minute = Minute {
                        number: minute_number,
                        last: None,
                        more: HashMap::new(),
                    };
                    minutes.insert(whose, minute);
                }
                Some(draft)
            }
        }
    }

    /// Entries for minutes that are over at `now`; those without anything counted are forgotten.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Draft> {
        let minute_number = now.0.div_euclid(60_000);
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut drafts = Vec::new();
        minutes.retain(|_, minute| {
            if minute.number >= minute_number {
                return true;
            }
            drafts.extend(sum_up(minute));
            false
        });
        drafts
    }
}

fn sum_up(minute: &mut Minute) -> Option<Draft> {
    let mut draft = minute.last.take()?;
    let mut counts: Vec<_> = minute.more.drain().collect();
    counts.sort_unstable();
    let total: u32 = counts.iter().map(|(_, count)| count).sum();
    let list: Vec<Value> = counts
        .iter()
        .map(|((action, code), count)| json!({ "action": action, "refused": code, "count": count }))
        .collect();
    draft.summary = format!(
        "{total} more refused within the minute; the last: {}",
        draft.summary
    );
    draft.after = json!({ "refusals": list });
    Some(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Server, key};

    const MINUTE: i64 = 60_000;

    fn note(refused: &Refused, migration: &str, name: &str, minute: i64) -> Option<Draft> {
        let record = RefusalRecord {
            action: "flag.set",
            aim: Aim {
                migration: Some(key(migration)),
                ..Aim::default()
            },
            reason: String::new(),
        };
        let refusal = Refusal::Archived { what: name.into() };
        let caller = Server::operator_of(migration);
        refused.note(&caller, record, &refusal, Timestamp(minute * MINUTE))
    }

    fn entry(draft: &Draft) -> AuditEntry {
        draft.entry(1, "e", Timestamp(0))
    }

    #[test]
    fn each_migration_has_its_own_sum() {
        let refused = Refused::default();
        assert!(note(&refused, "atlas", "A1", 0).is_some());
        assert!(note(&refused, "borealis", "B1", 0).is_some());
        assert!(note(&refused, "atlas", "A2", 0).is_none());
        assert!(note(&refused, "borealis", "B2", 0).is_none());
        let mut entries: Vec<AuditEntry> =
            refused.due(Timestamp(MINUTE)).iter().map(entry).collect();
        entries.sort_by(|one, other| one.migration.cmp(&other.migration));
        let told: Vec<&str> = entries.iter().map(|entry| entry.summary.as_str()).collect();
        assert_eq!(
            told,
            [
                "1 more refused within the minute; the last: A2 is archived. Nothing changes in it any more.",
                "1 more refused within the minute; the last: B2 is archived. Nothing changes in it any more.",
            ]
        );
    }

    #[test]
    fn the_last_that_is_named_is_the_last_that_is_counted() {
        let refused = Refused::default();
        note(&refused, "atlas", "A1", 0);
        note(&refused, "atlas", "A2", 0);
        // The minute is over, but was not written yet.
        let joined = entry(&note(&refused, "atlas", "A3", 1).unwrap());
        assert_eq!(joined.after["refusals"][0]["count"], 2);
        assert!(
            joined.summary.contains("the last: A3"),
            "{}",
            joined.summary
        );
    }
}
