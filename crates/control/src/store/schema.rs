//! Schema steps, each in a transaction of its own, only under the directory's lock. `PRAGMA user_version` counts them.

use super::{Connection, StoreError};

/// A file and its steps, oldest first.
pub(super) struct Schema {
    file: &'static str,
    steps: &'static [&'static str],
}

impl Schema {
    fn known(&self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX)
    }
}

/// Steps of `switchback.db`.
pub(super) const STATE: Schema = Schema {
    file: super::STATE_FILE,
    steps: &[
        include_str!("../../../../migrations/state/0001_first.sql"),
        include_str!("../../../../migrations/state/0002_overrun.sql"),
        include_str!("../../../../migrations/state/0003_schedule.sql"),
        include_str!("../../../../migrations/state/0004_issues.sql"),
        include_str!("../../../../migrations/state/0005_checklists.sql"),
        include_str!("../../../../migrations/state/0006_calendar_feeds.sql"),
        include_str!("../../../../migrations/state/0007_audit_words.sql"),
        include_str!("../../../../migrations/state/0008_flag_history.sql"),
        include_str!("../../../../migrations/state/0009_conductor.sql"),
    ],
};

/// Steps of `evidence.db`.
pub(super) const EVIDENCE: Schema = Schema {
    file: super::EVIDENCE_FILE,
    steps: &[
        include_str!("../../../../migrations/evidence/0001_first.sql"),
        include_str!("../../../../migrations/evidence/0002_instances.sql"),
        include_str!("../../../../migrations/evidence/0003_calendar_feeds.sql"),
        include_str!("../../../../migrations/evidence/0004_samples.sql"),
    ],
};

/// How many steps a file has had; refuses one that has had more than this program knows.
pub(super) async fn refuse_newer(
    connection: &mut Connection,
    schema: &Schema,
) -> Result<i64, StoreError> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await?;
    let known = schema.known();
    if found > known {
        return Err(StoreError::NewerVersion {
            file: schema.file,
            found,
            known,
        });
    }
    Ok(found)
}

/// What to say of a file that lacks steps, for whoever only reads it; refuses a newer one.
pub(super) async fn note_older(
    connection: &mut Connection,
    schema: &Schema,
) -> Result<Option<StoreError>, StoreError> {
    let (found, known) = (refuse_newer(connection, schema).await?, schema.known());
    Ok((found < known).then_some(StoreError::OlderVersion {
        file: schema.file,
        found,
        known,
    }))
}

/// Takes the steps that a file has not had yet.
pub(super) async fn bring_up_to_date(
    connection: &mut Connection,
    schema: &Schema,
) -> Result<(), StoreError> {
    let found = refuse_newer(connection, schema).await?;
    for (number, step) in (1i64..)
        .zip(schema.steps)
        .filter(|(number, _)| *number > found)
    {
        let script = format!("BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {number};\nCOMMIT;");
        if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(script))
            .execute(&mut *connection)
            .await
        {
            let _nothing_to_roll_back = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
            return Err(error.into());
        }
    }
    Ok(())
}
