//! Refusals of authenticated actors are audited too: the first of an actor and minute at once, the rest of that minute
//! as one entry when it is over, so that a broken script cannot flood the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::audit::{AuditActor, AuditEntry, Outcome};
use domain::{Refusal, Timestamp};
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

/// One actor's minute.
#[derive(Debug)]
struct Minute {
    number: i64,
    last: Option<Draft>,
    more: HashMap<(&'static str, &'static str), u32>,
}

/// Minutes of actors that were refused.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    minutes: Mutex<HashMap<String, Minute>>,
}

/// Actors watched at once; beyond it every refusal is an entry of its own.
const MAX_ACTORS: usize = 10_000;

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
        match minutes.get_mut(&caller.actor.id) {
            Some(minute) if minute.number == minute_number => {
                *minute.more.entry((draft.action, code)).or_default() += 1;
                minute.last = Some(draft);
                None
            }
            Some(minute) if !minute.more.is_empty() => {
                // The minute before has not been written yet: this one joins it.
                *minute.more.entry((draft.action, code)).or_default() += 1;
                let summed = sum_up(minute).unwrap_or(draft);
                *minute = Minute {
                    number: minute_number,
                    last: None,
                    more: HashMap::new(),
                };
                Some(summed)
            }
            _ => {
                if minutes.len() < MAX_ACTORS {
                    let minute = Minute {
                        number: minute_number,
                        last: None,
                        more: HashMap::new(),
                    };
                    minutes.insert(caller.actor.id.clone(), minute);
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
