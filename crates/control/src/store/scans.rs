//! Connections for what looks through the whole audit log: searching, verifying, exporting. They are few and their own,
//! so that no number of searches keeps a page of a rollback waiting, and a statement that takes too long is ended.

use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};

use super::{Connection, StoreError};

/// Scans at once.
pub(super) const SCANS: u32 = 2;
/// How long one statement may take: less than a request may.
const STATEMENT_TIME: Duration = Duration::from_secs(10);
/// Steps of `SQLite`'s virtual machine between two looks at the clock: a fraction of a millisecond.
const STEPS: i32 = 10_000;

/// A connection whose statements end by themselves, counted from now; see [`begin_statement`].
pub(super) async fn acquire(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, StoreError> {
    let mut connection = pool.acquire().await?;
    begin_statement(&mut connection).await?;
    Ok(connection)
}

/// Gives the next statement its whole time, where one scan is made of several.
pub(crate) async fn begin_statement(connection: &mut Connection) -> Result<(), StoreError> {
    limit(connection, STATEMENT_TIME).await
}

async fn limit(connection: &mut Connection, time: Duration) -> Result<(), StoreError> {
    let begun = Instant::now();
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS, move || begun.elapsed() < time);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, faults};
    use crate::testing::Server;
    use crate::{Unavailable, queries};

    #[tokio::test]
    async fn a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let mut connection = store.scan().await.unwrap();
        limit(&mut connection, Duration::from_millis(20))
            .await
            .unwrap();
        let ended = faults::count_for_ever(&mut connection).await.unwrap_err();
        assert_eq!(ended.unavailable(), Some(Unavailable::TooLong));
        begin_statement(&mut connection).await.unwrap();
        super::super::audit::head(&mut connection).await.unwrap();
    }

    #[tokio::test]
    async fn scans_take_no_connection_from_pages() {
        let server = Server::with_modules(&["a"]).await;
        let mut scans = Vec::new();
        for _ in 0..SCANS {
            scans.push(server.control.inner().store.scan().await.unwrap());
        }
        let mut readers = Vec::new();
        for _ in 0..super::super::READERS {
            readers.push(server.control.inner().store.read().await.unwrap());
        }
        let root = Server::root();
        let export = queries::audit_export(&server.control, &root, None, 0);
        let export = tokio::time::timeout(Duration::from_millis(100), export);
        assert!(export.await.is_err(), "an export did not wait for its turn");
        scans.clear();
        let export = queries::audit_export(&server.control, &root, None, 0);
        export.await.unwrap();
    }
}
