//! Opens an issue, and freezes how its module stands at that moment.

use domain::issues::{IssueStatus, Severity, check_issue};
use domain::read::{LastChange, StandingEvidence};
use domain::{Committed, Key, Permission, Timestamp};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::input::Input;
use super::issue_parts::{aim_at, labels, note, target};
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::queries::Heard;
use crate::store::environments::EnvironmentRecord;
use crate::store::flags;
use crate::store::issues::{self, Issue, IssueRecord};
use crate::store::{audit, words};
use crate::{Caller, CommandError, Control, queries};

/// The kind of evidence that says how a module stands.
pub(crate) const STANDING: &str = "standing";

/// How far ahead of the server a clock may be that says when something was noticed, milliseconds.
const CLOCKS_DIFFER: i64 = 60_000;

/// An issue to be opened.
#[derive(Debug, Clone)]
pub struct OpenIssue {
    /// The migration.
    pub migration: Key,
    /// What it is called.
    pub title: String,
    /// What happened, as Markdown; may be empty.
    pub body: String,
    /// How bad it is.
    pub severity: Severity,
    /// The module it is about.
    pub module: Option<Key>,
    /// Where that module's standing is frozen; the deciding environment without it.
    pub environment: Option<Key>,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// Labels; capitals become small.
    pub labels: Vec<String>,
    /// The day it should be resolved by, in the migration's zone.
    pub due: Option<Date>,
    /// When it was noticed; now without it.
    pub noticed_at: Option<Timestamp>,
    /// Why; may be empty.
    pub reason: String,
}

/// Opens an issue. Who listens and who obeyed the last change is known in memory alone, so it is looked at first.
///
/// # Errors
/// As [`Control::execute`].
pub async fn open_issue(
    control: &Control,
    caller: &Caller,
    open: OpenIssue,
) -> Result<Committed, CommandError> {
    let heard = match &open.module {
        None => None,
        // Whatever stands against looking stands against the command, which says it and records it.
        Some(module) => queries::heard(
            control,
            caller,
            &open.migration,
            open.environment.as_ref(),
            module,
        )
        .await
        .ok(),
    };
    control.execute(caller, Opening { open, heard }).await
}

/// The command behind [`open_issue`].
#[derive(Debug, Clone)]
struct Opening {
    open: OpenIssue,
    heard: Option<Heard>,
}

impl Command for Opening {
    fn permission(&self) -> Permission<'_> {
        Permission::Operate(&self.open.migration)
    }

    fn action(&self) -> &'static str {
        "issue.open"
    }

    fn reason(&self) -> &str {
        &self.open.reason
    }

    fn aim(&self) -> Aim {
        Aim {
            migration: Some(self.open.migration.clone()),
            environment: None,
            targets: self.open.module.iter().map(ToString::to_string).collect(),
        }
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let Self { open, heard } = self;
        let mut input = Input::default();
        let reason = input.optional_reason(&open.reason);
        let title = input.plain("title", &open.title);
        let body = input.plain("body", &open.body);
        let owner = input.text("owner", &open.owner);
        let labels = labels(&open.labels);
        input.judged(check_issue(&title, &body, &labels))?;
        input.date("due", open.due);
        let noticed_at = open.noticed_at.unwrap_or(work.now);
        let passed = (0..=work.now.plus(CLOCKS_DIFFER).0).contains(&noticed_at.0);
        input.require(
            passed,
            "noticed_at",
            "Say when it was noticed: a moment that has passed, since 1970.",
        );
        input.finish()?;
        let migration = scope::migration(work, &open.migration).await?;
        let module = match &open.module {
            None => None,
            Some(key) => Some(scope::open_module(work, &migration, key).await?),
        };
        // Without a module nothing is frozen, but an environment that is not there is still a mistake.
        let environment = match (&module, &open.environment) {
            (None, None) => None,
            (_, key) => Some(scope::environment(work, &migration, key.as_ref()).await?),
        };
        let issue = Issue {
            number: issues::next_number(work.connection, migration.id).await?,
            title,
            body,
            severity: open.severity,
            status: IssueStatus::Open,
            module: open.module,
            owner,
            labels,
            due: open.due,
            noticed_at,
            opened_at: work.now,
            opened_by: work.caller.actor.name.clone(),
            resolution: String::new(),
            resolved_at: None,
            version: 1,
        };
        let module_id = module.map(|module| module.id);
        let sequence = work.sequence;
        let id = issues::insert(work.connection, migration.id, module_id, &issue, sequence).await?;
        issues::set_labels(work.connection, id, &issue.labels).await?;
        let record = IssueRecord {
            id,
            module_id,
            changed_sequence: Some(sequence),
            issue,
        };
        let evidence = match (&record.issue.module, environment) {
            (Some(module), Some(environment)) => {
                freeze(work, &record, &environment, module, heard).await?
            }
            _ => Value::Null,
        };
        words::index(work.connection, id).await?;
        note(work, &record).await?;
        Ok(effect(&open.migration, &record, &evidence, reason))
    }
}

fn effect(migration: &Key, record: &IssueRecord, evidence: &Value, reason: String) -> Effect {
    let issue = &record.issue;
    let about = issue
        .module
        .as_ref()
        .map_or_else(String::new, |module| format!(" about {module}"));
    Effect {
        action: "issue.open",
        aim: aim_at(migration, record),
        after: json!({
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "severity": issue.severity,
            "status": issue.status,
            "module": issue.module,
            "owner": issue.owner,
            "labels": issue.labels,
            "due": issue.due,
            "noticed_at": issue.noticed_at,
            "evidence": evidence,
        }),
        reason,
        summary: format!(
            "opened {}{about}, {}: {}",
            target(issue.number),
            issue.severity.as_str(),
            issue.title
        ),
        subject: Some(issue.number.to_string()),
        version: Some(1),
        modules: record.module_id.into_iter().collect(),
        topics: vec![Topic::Issues],
        ..Effect::default()
    }
}

/// Keeps how the module stands now, and answers it.
async fn freeze(
    work: &mut Work<'_>,
    record: &IssueRecord,
    environment: &EnvironmentRecord,
    module: &Key,
    heard: Option<Heard>,
) -> Result<Value, Stopped> {
    let Some(flag) = flags::of_module(work.connection, environment.id, module).await? else {
        return Ok(Value::Null);
    };
    let heard = heard.unwrap_or_default();
    let last_change = match flag.changed_sequence {
        None => None,
        Some(sequence) => audit::by_sequence(work.connection, sequence)
            .await?
            .map(|found| found.entry())
            .transpose()?
            .map(|entry| LastChange {
                sequence,
                at: entry.at,
                by: entry.actor.name,
                summary: entry.summary,
                reason: entry.reason,
                // A change that came since it was looked at has nothing to do with that receipt.
                receipt: heard
                    .receipt
                    .filter(|(of, _)| *of == sequence)
                    .map(|(_, receipt)| receipt),
            }),
    };
    let standing = StandingEvidence {
        module: module.clone(),
        environment: environment.environment.key.clone(),
        state: flag.state,
        kill_switch: environment.environment.kill_switch,
        epoch: work.epoch.to_owned(),
        revision: environment.environment.revision,
        version: flag.version,
        listening: heard.listening,
        last_change,
    };
    let about = format!("{module} in {}", standing.environment);
    let evidence = json!(standing);
    let now = work.now;
    issues::attach(work.connection, record.id, STANDING, &about, &evidence, now).await?;
    Ok(json!([{ "kind": STANDING, "about": about, "evidence": evidence }]))
}

#[cfg(test)]
mod tests;
