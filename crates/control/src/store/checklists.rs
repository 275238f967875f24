//! Rows of `checklist_items` as people work them, and of `checklist_ticks`.

use domain::migration::Thresholds;
use domain::plan_items::ChecklistKind;
use domain::schedule::checklist::{Due, Item, List, Moment, Threshold, Tick, TickState};
use domain::schedule::civil;
use domain::{Migration, PhaseNumber, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::FromRow;

use super::{Connection, StoreError};

/// An item with what its rules do not look at.
#[derive(Debug, Clone)]
pub(crate) struct CheckRecord {
    pub(crate) id: i64,
    pub(crate) item: Item,
    /// When, in the plan's words.
    pub(crate) when: String,
    /// Commands to copy; empty when there are none.
    pub(crate) commands: String,
    pub(crate) version: i64,
}

/// The last word on an item, for a day of it where it is worked by days.
#[derive(Debug, Clone)]
pub(crate) struct TickRecord {
    pub(crate) tick: Tick,
    /// Its audit entry.
    pub(crate) sequence: u64,
}

/// What turns rows into items: the limits that conditions speak of, and the zone that days are in.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) limits: Thresholds,
    pub(crate) zone: TimeZone,
}

impl Reading {
    /// Of a migration.
    pub(crate) fn of(migration: &Migration) -> Self {
        Self {
            limits: migration.thresholds,
            zone: crate::civil::zone(migration),
        }
    }
}

#[derive(FromRow)]
struct ItemRow {
    id: i64,
    kind: String,
    phase: Option<i64>,
    moment: Option<String>,
    threshold: Option<String>,
    title: String,
    due: String,
    due_by: String,
    owner: String,
    commands: String,
    evidence_required: bool,
    created_on: String,
    archived_at: Option<i64>,
    version: i64,
}

impl ItemRow {
    fn read(self, reading: &Reading) -> Result<CheckRecord, StoreError> {
        let corrupt = |what: &str| StoreError::corrupt("checklist_items", what);
        let kind = ChecklistKind::parse(&self.kind).ok_or_else(|| corrupt(&self.kind))?;
        let phase = self.phase.and_then(|number| u32::try_from(number).ok());
        let moment = self.moment.as_deref().and_then(Moment::parse);
        let threshold = match self.threshold.as_deref() {
            Some(word) => Threshold::parse(word).ok_or_else(|| corrupt(word))?,
            None => Threshold::in_words(&self.title, &self.due, reading.limits),
        };
        let list = List::of(kind, phase, moment, threshold);
        let due = match (self.due_by.as_str(), list) {
            ("", _) => None,
            (text, List::Daily) => Some(Due::Time(text.parse().map_err(|_| corrupt(text))?)),
            (text, _) => Some(Due::Day(text.parse().map_err(|_| corrupt(text))?)),
        };
        Ok(CheckRecord {
            id: self.id,
            item: Item {
                id: self.id.to_string(),
                list,
                title: self.title,
                owner: self.owner,
                due,
                evidence_required: self.evidence_required,
                created: self
                    .created_on
                    .parse()
                    .map_err(|_| corrupt(&self.created_on))?,
                archived: self
                    .archived_at
                    .map(|at| civil(Timestamp(at), &reading.zone).date()),
            },
            when: self.due,
            commands: self.commands,
            version: self.version,
        })
    }
}

/// Items of a migration in reading order; of the archived ones those that were worked every day, and put away since
/// then, for the runs of the days before.
pub(crate) async fn items(
    connection: &mut Connection,
    migration_id: i64,
    reading: &Reading,
    since: Timestamp,
) -> Result<Vec<CheckRecord>, StoreError> {
    let rows: Vec<ItemRow> = sqlx::query_as(
        "SELECT c.id, c.kind, p.number AS phase, c.moment, c.threshold, c.title, c.due, c.due_by, c.owner, c.commands,
                c.evidence_required, c.created_on, c.archived_at, c.version
         FROM checklist_items c LEFT JOIN phases p ON p.id = c.phase_id
         WHERE c.migration_id = $1
           AND (c.archived_at IS NULL OR (c.kind = 'daily' AND c.archived_at >= $2))
         ORDER BY c.kind, p.number, c.position, c.id",
    )
    .bind(migration_id)
    .bind(since.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.read(reading)).collect()
}

/// One item of a migration, archived or not.
pub(crate) async fn by_id(
    connection: &mut Connection,
    migration_id: i64,
    reading: &Reading,
    id: i64,
) -> Result<Option<CheckRecord>, StoreError> {
    let row: Option<ItemRow> = sqlx::query_as(
        "SELECT c.id, c.kind, p.number AS phase, c.moment, c.threshold, c.title, c.due, c.due_by, c.owner, c.commands,
                c.evidence_required, c.created_on, c.archived_at, c.version
         FROM checklist_items c LEFT JOIN phases p ON p.id = c.phase_id
         WHERE c.migration_id = $1 AND c.id = $2",
    )
    .bind(migration_id)
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.map(|row| row.read(reading)).transpose()
}

/// What is asked before something of a phase moves for the first time: the items of the list before it, not archived.
pub(crate) async fn before_phase(
    connection: &mut Connection,
    migration_id: i64,
    reading: &Reading,
    phase: PhaseNumber,
) -> Result<Vec<CheckRecord>, StoreError> {
    let rows: Vec<ItemRow> = sqlx::query_as(
        "SELECT c.id, c.kind, p.number AS phase, c.moment, c.threshold, c.title, c.due, c.due_by, c.owner, c.commands,
                c.evidence_required, c.created_on, c.archived_at, c.version
         FROM checklist_items c JOIN phases p ON p.id = c.phase_id
         WHERE c.migration_id = $1 AND p.number = $2 AND c.moment = 'before' AND c.archived_at IS NULL
         ORDER BY c.kind, c.position, c.id",
    )
    .bind(migration_id)
    .bind(phase)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.read(reading)).collect()
}

/// Adds an item at the end of its list and answers its row id.
pub(crate) async fn insert(
    connection: &mut Connection,
    migration_id: i64,
    phase_id: Option<i64>,
    record: &CheckRecord,
) -> Result<i64, StoreError> {
    let item = &record.item;
    let moment = item.list.around().map(|(_, moment)| moment.as_str());
    Ok(sqlx::query_scalar(
        "INSERT INTO checklist_items (migration_id, phase_id, kind, position, title, due, owner, commands, moment,
                                      threshold, due_by, evidence_required, created_on, by_hand)
         SELECT $1, $2, $3,
                1 + coalesce((SELECT max(position) FROM checklist_items
                              WHERE migration_id = $1 AND kind = $3 AND phase_id IS $2 AND archived_at IS NULL), 0),
                $4, $5, $6, $7, $8, $9, $10, $11, $12, 1
         RETURNING id",
    )
    .bind(migration_id)
    .bind(phase_id)
    .bind(item.list.kind().as_str())
    .bind(&item.title)
    .bind(&record.when)
    .bind(&item.owner)
    .bind(&record.commands)
    .bind(moment)
    .bind(item.list.threshold().map(Threshold::as_str))
    .bind(due_text(item.due))
    .bind(item.evidence_required)
    .bind(item.created.to_string())
    .fetch_one(connection)
    .await?)
}

/// Writes what may be edited, and the version.
pub(crate) async fn update(
    connection: &mut Connection,
    record: &CheckRecord,
) -> Result<(), StoreError> {
    let item = &record.item;
    sqlx::query(
        "UPDATE checklist_items SET title = $2, owner = $3, commands = $4, due_by = $5, evidence_required = $6,
                version = $7
         WHERE id = $1",
    )
    .bind(record.id)
    .bind(&item.title)
    .bind(&item.owner)
    .bind(&record.commands)
    .bind(due_text(item.due))
    .bind(item.evidence_required)
    .bind(record.version)
    .execute(connection)
    .await?;
    Ok(())
}

/// A time or a day as it is stored, and as it is sent: `09:00`, `2026-12-01`; empty for none.
pub(crate) fn due_text(due: Option<Due>) -> String {
    match due {
        None => String::new(),
        Some(Due::Time(time)) => time.strftime("%H:%M").to_string(),
        Some(Due::Day(day)) => day.to_string(),
    }
}

#[derive(FromRow)]
struct TickRow {
    item_id: i64,
    day: String,
    state: String,
    by_name: String,
    at: i64,
    said_on: String,
    evidence: String,
    reason: String,
    sequence: i64,
}

impl TryFrom<TickRow> for TickRecord {
    type Error = StoreError;

    fn try_from(row: TickRow) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::corrupt("checklist_ticks", what);
        // Of items worked once it is the day on which it was said.
        let day = if row.day.is_empty() {
            &row.said_on
        } else {
            &row.day
        };
        Ok(Self {
            sequence: u64::try_from(row.sequence).map_err(|_| corrupt("sequence"))?,
            tick: Tick {
                item: row.item_id.to_string(),
                day: day.parse().map_err(|_| corrupt(day))?,
                state: match row.state.as_str() {
                    "done" => TickState::Done,
                    "skipped" => TickState::Skipped { reason: row.reason },
                    other => return Err(corrupt(other)),
                },
                by: row.by_name,
                at: Timestamp(row.at),
                evidence: Some(row.evidence).filter(|link| !link.is_empty()),
            },
        })
    }
}

/// What holds of a migration's items: of those worked by days from that day on.
pub(crate) async fn ticks(
    connection: &mut Connection,
    migration_id: i64,
    from: Date,
) -> Result<Vec<TickRecord>, StoreError> {
    let rows: Vec<TickRow> = sqlx::query_as(
        "SELECT t.item_id, t.day, t.state, t.by_name, t.at, t.said_on, t.evidence, t.reason, t.sequence
         FROM checklist_items c JOIN checklist_ticks t ON t.item_id = c.id
         WHERE c.migration_id = $1 AND t.state <> 'taken_back' AND (t.day = '' OR t.day >= $2)",
    )
    .bind(migration_id)
    .bind(from.to_string())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// What holds of an item, for a day of it or, with none, for good.
pub(crate) async fn tick(
    connection: &mut Connection,
    item: i64,
    day: Option<Date>,
) -> Result<Option<TickRecord>, StoreError> {
    let row: Option<TickRow> = sqlx::query_as(
        "SELECT item_id, day, state, by_name, at, said_on, evidence, reason, sequence
         FROM checklist_ticks WHERE item_id = $1 AND day = $2 AND state <> 'taken_back'",
    )
    .bind(item)
    .bind(day_text(day))
    .fetch_optional(connection)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Who says something about an item, when, and in which audit entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) by_id: &'a str,
    pub(crate) by_name: &'a str,
    pub(crate) at: Timestamp,
    /// The day of it in the migration's zone.
    pub(crate) on: Date,
    pub(crate) sequence: u64,
}

/// Keeps a tick. There must be none that holds: what is there was taken back.
pub(crate) async fn keep(
    connection: &mut Connection,
    item: i64,
    day: Option<Date>,
    state: &TickState,
    evidence: &str,
    said: Said<'_>,
) -> Result<(), StoreError> {
    let (word, reason) = match state {
        TickState::Done => ("done", ""),
        TickState::Skipped { reason } => ("skipped", reason.as_str()),
    };
    let kept = sqlx::query(
        "INSERT INTO checklist_ticks (item_id, day, state, by_id, by_name, at, said_on, evidence, reason, sequence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (item_id, day) DO UPDATE SET state = excluded.state, by_id = excluded.by_id,
             by_name = excluded.by_name, at = excluded.at, said_on = excluded.said_on, evidence = excluded.evidence,
             reason = excluded.reason, sequence = excluded.sequence
         WHERE checklist_ticks.state = 'taken_back'",
    )
    .bind(item)
    .bind(day_text(day))
    .bind(word)
    .bind(said.by_id)
    .bind(said.by_name)
    .bind(said.at.0)
    .bind(said.on.to_string())
    .bind(evidence)
    .bind(reason)
    .bind(i64::try_from(said.sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    if kept.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::corrupt(
            "checklist_ticks",
            "a tick was kept over another",
        ))
    }
}

/// Takes a tick back; the row stays for the next.
pub(crate) async fn take_back(
    connection: &mut Connection,
    item: i64,
    day: Option<Date>,
    said: Said<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE checklist_ticks SET state = 'taken_back', by_id = $3, by_name = $4, at = $5, said_on = $6,
                evidence = '', reason = '', sequence = $7
         WHERE item_id = $1 AND day = $2",
    )
    .bind(item)
    .bind(day_text(day))
    .bind(said.by_id)
    .bind(said.by_name)
    .bind(said.at.0)
    .bind(said.on.to_string())
    .bind(i64::try_from(said.sequence).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

fn day_text(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
