//! Checklists: today's run with what was left over, the lists around phases, what is done once or when a limit is
//! crossed.

use std::collections::HashMap;

use domain::read::{
    CheckRow, Checklists, ChecklistsView, ConditionalList, DayRow, PhaseLists, TickRow,
};
use domain::schedule::checklist::{
    DailyRun, Due, Item, List, Moment, RUN_DAYS, Threshold, Tick, TickState, active, daily_runs,
    due_instant, shown, streak,
};
use domain::schedule::instant_of_end;
use domain::{Key, Migration, Permission, Phase, Refusal, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time};

use super::overview::is_current;
use super::standing::load;
use crate::civil;
use crate::control::authorise;
use crate::store::checklists::{CheckRecord, Reading, TickRecord, due_text};
use crate::store::migrations::{self, MigrationRecord};
use crate::store::{Connection, StoreError, checklists as rows, phases};
use crate::{Caller, Control, QueryError};

/// Days of the history.
const HISTORY_DAYS: usize = 30;

/// The page of checklists. Items that are worked by days are shown for `day`, which is today unless it is chosen;
/// `crossed` is the highest limit of errors that is crossed, as far as is known.
pub async fn checklists_view(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    day: Option<Date>,
    crossed: Option<Threshold>,
) -> Result<ChecklistsView, QueryError> {
    let mut standing = load(control, caller, migration, environment).await?;
    let now = standing.frame.now;
    let moment = &mut standing.transaction;
    let lists = read(moment, &standing.migration, now, day, crossed).await?;
    Ok(ChecklistsView {
        frame: standing.frame,
        lists,
    })
}

/// The same without what stands around it.
pub async fn checklists(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    day: Option<Date>,
    crossed: Option<Threshold>,
) -> Result<Checklists, QueryError> {
    authorise(caller, Permission::View(migration))?;
    let mut moment = control.inner().store.read_moment().await?;
    let record = migrations::by_key(&mut moment, migration)
        .await?
        .ok_or_else(|| Refusal::not_found("migration", migration.as_str()))?;
    let now = control.clock().now();
    Ok(read(&mut moment, &record, now, day, crossed).await?)
}

/// How many items of today's run are left, of how many; `None` on a day without a run.
pub(super) async fn left_today(
    connection: &mut Connection,
    record: &MigrationRecord,
    now: Timestamp,
) -> Result<Option<(u32, usize)>, StoreError> {
    if record.migration.archived_at.is_some() {
        return Ok(None);
    }
    let worked = Worked::load(connection, record, now).await?;
    let runs = worked.runs(&record.migration);
    let today = runs.last().filter(|run| run.today && !run.items.is_empty());
    Ok(today.map(|run| (run.left, run.items.len())))
}

async fn read(
    connection: &mut Connection,
    record: &MigrationRecord,
    now: Timestamp,
    day: Option<Date>,
    crossed: Option<Threshold>,
) -> Result<Checklists, StoreError> {
    let worked = Worked::load(connection, record, now).await?;
    let phases: Vec<Phase> = phases::of_migration(connection, record.id)
        .await?
        .into_iter()
        .map(|record| record.phase)
        .filter(|phase| phase.archived_at.is_none())
        .collect();
    let migration = &record.migration;
    let runs = worked.runs(migration);
    let day = day.unwrap_or(worked.today).min(worked.today);
    let run = runs.iter().find(|run| run.day == day);
    let of = |list: List| worked.list(list, day);
    Ok(Checklists {
        zone: migration.zone.clone(),
        today: worked.today.to_string(),
        day: day.to_string(),
        begins: migration
            .start
            .filter(|start| *start > worked.today)
            .map(|start| start.to_string()),
        daily: run.map(|run| worked.daily(run)).unwrap_or_default(),
        streak: streak(&runs),
        // Days before the first item say nothing.
        history: worked_days(&runs)
            .iter()
            .rev()
            .take(HISTORY_DAYS)
            .map(line)
            .collect(),
        phases: phases
            .iter()
            .map(|phase| {
                let of = |moment| {
                    let phase = phase.number;
                    of(List::Phase { phase, moment })
                };
                PhaseLists {
                    number: phase.number,
                    name: phase.name.clone(),
                    current: is_current(phase, Some(worked.today)),
                    before: of(Moment::Before),
                    during: of(Moment::During),
                    after: of(Moment::After),
                }
            })
            .collect(),
        once: of(List::Once),
        conditional: Threshold::ALL
            .into_iter()
            .map(|threshold| ConditionalList {
                threshold,
                limit_basis_points: threshold.limit(migration.thresholds),
                crossed: shown(threshold, crossed),
                items: of(List::Conditional(threshold)),
            })
            .collect(),
    })
}

/// The runs from the first on that has items.
fn worked_days(runs: &[DailyRun]) -> &[DailyRun] {
    let first = runs.iter().position(|run| !run.items.is_empty());
    first
        .and_then(|first| runs.get(first..))
        .unwrap_or_default()
}

fn line(run: &DailyRun) -> DayRow {
    DayRow {
        day: run.day.to_string(),
        items: u32::try_from(run.items.len()).unwrap_or(u32::MAX),
        done: run.done,
        skipped: run.skipped,
        left: run.left,
    }
}

/// Items and ticks of a migration, as far back as runs are looked at.
struct Worked {
    reading: Reading,
    now: Timestamp,
    today: Date,
    records: Vec<CheckRecord>,
    ticks: Vec<TickRecord>,
}

impl Worked {
    async fn load(
        connection: &mut Connection,
        record: &MigrationRecord,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let reading = Reading::of(&record.migration);
        let today = civil::today(&record.migration, now);
        let horizon = today.checked_sub(RUN_DAYS.days()).unwrap_or(today);
        let since = due_instant(horizon, Time::midnight(), &reading.zone);
        Ok(Self {
            records: rows::items(connection, record.id, &reading, since).await?,
            ticks: rows::ticks(connection, record.id, horizon).await?,
            reading,
            now,
            today,
        })
    }

    fn runs(&self, migration: &Migration) -> Vec<DailyRun> {
        let items: Vec<Item> = self
            .records
            .iter()
            .map(|record| record.item.clone())
            .collect();
        let ticks: Vec<Tick> = self
            .ticks
            .iter()
            .map(|record| record.tick.clone())
            .collect();
        let (first, last) = active(migration.start, &items, self.today);
        let closed = migration
            .archived_at
            .map_or(last, |at| civil::today(migration, at));
        daily_runs(&items, &ticks, (first, closed), self.today)
    }

    /// The items of a daily run.
    fn daily(&self, run: &DailyRun) -> Vec<CheckRow> {
        let records: HashMap<&str, &CheckRecord> = self
            .records
            .iter()
            .map(|record| (record.item.id.as_str(), record))
            .collect();
        run.items
            .iter()
            .filter_map(|item| {
                let record = records.get(item.item.as_str())?;
                let mut row = self.row(record, Some(run.day));
                row.left_since = item.left_since.map(|day| day.to_string());
                Some(row)
            })
            .collect()
    }

    /// The items of any other list.
    fn list(&self, list: List, day: Date) -> Vec<CheckRow> {
        self.records
            .iter()
            .filter(|record| record.item.list == list && record.item.archived.is_none())
            .filter(|record| !list.by_day() || record.item.created <= day)
            .map(|record| self.row(record, list.by_day().then_some(day)))
            .collect()
    }

    fn row(&self, record: &CheckRecord, day: Option<Date>) -> CheckRow {
        let item = &record.item;
        let said = self
            .ticks
            .iter()
            .find(|tick| tick.tick.item == item.id && day.is_none_or(|day| tick.tick.day == day));
        CheckRow {
            id: record.id,
            title: item.title.clone(),
            owner: item.owner.clone(),
            when: record.when.clone(),
            due: due_text(item.due),
            overdue: said.is_none() && self.is_over(item.due, day),
            evidence_required: item.evidence_required,
            commands: record.commands.clone(),
            day: day.map(|day| day.to_string()),
            left_since: None,
            tick: said.map(tick_row),
            version: record.version,
        }
    }

    fn is_over(&self, due: Option<Due>, day: Option<Date>) -> bool {
        let zone = &self.reading.zone;
        match due {
            None => false,
            Some(Due::Time(time)) => due_instant(day.unwrap_or(self.today), time, zone) < self.now,
            // A day is due until its end.
            Some(Due::Day(day)) => instant_of_end(day.to_datetime(Time::MAX), zone) < self.now,
        }
    }
}

fn tick_row(record: &TickRecord) -> TickRow {
    let tick = &record.tick;
    let (skipped, reason) = match &tick.state {
        TickState::Done => (false, String::new()),
        TickState::Skipped { reason } => (true, reason.clone()),
    };
    TickRow {
        skipped,
        by: tick.by.clone(),
        at: tick.at,
        evidence: tick.evidence.clone(),
        reason,
        sequence: record.sequence,
    }
}
