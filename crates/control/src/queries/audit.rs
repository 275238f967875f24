//! The audit log: search, one entry, export, verification.

use domain::audit::ChainedEntry;
use domain::read::{AuditFilter, AuditPage, AuditRow, ChainState};
use domain::{Key, Permission, Refusal, Timestamp};

use super::standing::{load, viewer};
use crate::audit::{Verifier, verify_store};
use crate::control::authorise;
use crate::store::StoreError;
use crate::store::audit::{self as entries, AuditRecord, AuditSearch};
use crate::{Caller, Control, QueryError};

/// Entries on one page.
const PAGE_ROWS: u32 = 50;
/// Entries read at once for an export.
const EXPORT_ROWS: u32 = 1_000;

/// The audit page of a migration, or of the whole server for its admins. `environment` is what the page is framed by;
/// only the filter narrows the entries.
pub async fn audit(
    control: &Control,
    caller: &Caller,
    migration: Option<&Key>,
    environment: Option<&Key>,
    filter: &AuditFilter,
) -> Result<AuditPage, QueryError> {
    let frame = if let Some(key) = migration {
        Some(load(control, caller, key, environment).await?.frame)
    } else {
        authorise(caller, Permission::AdministerServer)?;
        None
    };
    let (rows, next, not_understood) = search(control, migration, filter).await?;
    Ok(AuditPage {
        next,
        viewer: viewer(caller, migration),
        chain: chain_so_far(control).await?,
        filter: filter.clone(),
        frame,
        not_understood,
        rows,
    })
}

/// A page of a migration's entries alone, for a download: nothing around it is read, and the chain is not verified.
pub async fn audit_rows(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    filter: &AuditFilter,
) -> Result<(Vec<AuditRow>, Option<u64>), QueryError> {
    authorise(caller, Permission::View(migration))?;
    let (rows, next, _) = search(control, Some(migration), filter).await?;
    Ok((rows, next))
}

/// Entries that match, newest first; where the next page begins; and what of the filter was not understood.
async fn search(
    control: &Control,
    migration: Option<&Key>,
    filter: &AuditFilter,
) -> Result<(Vec<AuditRow>, Option<u64>, Vec<String>), QueryError> {
    let (mut wanted, not_understood) = read_query(&filter.q);
    wanted.migration = migration.map(ToString::to_string);
    wanted.before = filter.before;
    if let Some(environment) = &filter.environment {
        wanted.environment = Some(environment.to_string());
    }
    let mut connection = control.inner().store.scan().await?;
    let records = entries::search(&mut connection, &wanted, PAGE_ROWS + 1).await?;
    drop(connection);
    let more = records.len() > PAGE_ROWS as usize;
    let rows: Vec<AuditRow> = records
        .iter()
        .take(PAGE_ROWS as usize)
        .map(audit_row)
        .collect::<Result<_, StoreError>>()?;
    let next = rows.last().filter(|_| more).map(|row| row.sequence);
    Ok((rows, next, not_understood))
}

/// An entry as lists show it.
pub(super) fn audit_row(record: &AuditRecord) -> Result<AuditRow, StoreError> {
    let entry = record.entry()?;
    Ok(AuditRow {
        sequence: entry.sequence,
        at: entry.at,
        actor: entry.actor.name,
        actor_kind: entry.actor.kind,
        action: entry.action,
        environment: entry.environment,
        targets: entry.targets,
        reason: entry.reason,
        outcome: entry.outcome,
        summary: entry.summary,
        revision: entry.revision_made,
        before: entry.before,
        after: entry.after,
        source: entry.source,
        request_id: entry.request_id,
        hash: hex::encode(&record.hash),
    })
}

/// One entry, whole. Entries of a migration are for those who may see it, others for the server's admins.
pub async fn audit_entry(
    control: &Control,
    caller: &Caller,
    sequence: u64,
) -> Result<ChainedEntry, QueryError> {
    let not_found = || Refusal::not_found("audit entry", sequence.to_string());
    let mut connection = control.inner().store.read().await?;
    let chained = entries::by_sequence(&mut connection, sequence)
        .await?
        .ok_or_else(not_found)?
        .chained()?;
    let visible = match &chained.entry.migration {
        Some(migration) => caller.actor.may(Permission::View(migration)),
        None => caller.actor.may(Permission::AdministerServer),
    };
    if visible {
        Ok(chained)
    } else {
        Err(not_found().into())
    }
}

/// Entries after `after`, oldest first, at most a thousand: ask again from the last one until there are none.
/// The whole log is for the server's admins; of one migration it is for those who may see it.
pub async fn audit_export(
    control: &Control,
    caller: &Caller,
    migration: Option<&Key>,
    after: u64,
) -> Result<(Vec<ChainedEntry>, Option<u64>), QueryError> {
    match migration {
        Some(key) => authorise(caller, Permission::View(key))?,
        None => authorise(caller, Permission::AdministerServer)?,
    }
    let mut connection = control.inner().store.scan().await?;
    let records = entries::after(&mut connection, after, EXPORT_ROWS).await?;
    let next = records
        .last()
        .and_then(|record| u64::try_from(record.sequence).ok());
    let chained = records
        .iter()
        .filter(|record| {
            migration.is_none_or(|key| record.migration.as_deref() == Some(key.as_str()))
        })
        .map(AuditRecord::chained)
        .collect::<Result<_, StoreError>>()?;
    Ok((chained, next))
}

/// Verifies the whole chain, from its first entry on: what was found whole before may have been changed since. The
/// chain is the server's, so this is for its admins.
pub async fn audit_verify(control: &Control, caller: &Caller) -> Result<ChainState, QueryError> {
    authorise(caller, Permission::AdministerServer)?;
    let mut verifier = Verifier::default();
    let mut connection = control.inner().store.scan().await?;
    let broken = verify_store(&mut connection, &mut verifier).await?;
    Ok(broken.unwrap_or_else(|| verifier.state(control.clock().now())))
}

/// Verifies what was added to the chain since the last time, in this process; from the first entry on at first. Quick
/// enough for every showing of the audit page.
async fn chain_so_far(control: &Control) -> Result<ChainState, QueryError> {
    let inner = control.inner();
    let mut verifier = inner.verifier.lock().await;
    let mut connection = inner.store.scan().await?;
    let broken = verify_store(&mut connection, &mut verifier).await?;
    Ok(broken.unwrap_or_else(|| verifier.state(control.clock().now())))
}

/// Reads `actor:ada module:config some words` into a search, and says what was not understood.
fn read_query(query: &str) -> (AuditSearch, Vec<String>) {
    let mut search = AuditSearch::default();
    let (mut words, mut not_understood) = (Vec::new(), Vec::new());
    for word in query.split_whitespace() {
        let Some((qualifier, value)) = word.split_once(':') else {
            words.push(word);
            continue;
        };
        match (qualifier, value) {
            (_, "") => not_understood.push(word.to_owned()),
            ("actor", value) => search.actor = Some(contains(value)),
            ("action", value) => search.action = Some(format!("{}%", escape(value))),
            ("module" | "target", value) => search.target = Some(contains(&format!("\"{value}\""))),
            ("environment" | "env", value) => search.environment = Some(value.to_owned()),
            ("outcome", "committed" | "refused") => search.outcome = Some(value.to_owned()),
            ("before", value) => match instant(value) {
                Some(at) => search.before_instant = Some(at),
                None => not_understood.push(word.to_owned()),
            },
            ("after", value) => match instant(value) {
                Some(at) => search.after_instant = Some(at),
                None => not_understood.push(word.to_owned()),
            },
            _ => not_understood.push(word.to_owned()),
        }
    }
    if !words.is_empty() {
        search.text = Some(contains(&words.join(" ")));
    }
    (search, not_understood)
}

/// A LIKE pattern for what holds the text.
pub(super) fn contains(text: &str) -> String {
    format!("%{}%", escape(text))
}

/// A LIKE pattern for what begins with the text.
pub(super) fn beginning(text: &str) -> String {
    format!("{}%", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}

/// A date (its first moment in UTC) or an RFC 3339 instant.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(Timestamp(zoned.timestamp().as_millisecond()));
    }
    let instant = text.parse::<jiff::Timestamp>().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use domain::FlagState;

    use super::*;
    use crate::audit::{FIRST_PREVIOUS, hash_of};
    use crate::testing::{Server, key, refusal};

    #[tokio::test]
    async fn rows_for_a_download_verify_nothing_and_are_for_those_who_see_the_migration() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        server.set("a", Server::percent(10)).await;
        server.set_in("staging", "a", Server::percent(20)).await;
        let atlas = key("atlas");
        let (control, viewer) = (&server.control, Server::viewer_of("atlas"));
        let all = AuditFilter::default();
        // Held as by a verification of a long log: a download waits for none.
        let verifying = control.inner().verifier.lock().await;
        let (rows, next) = audit_rows(control, &viewer, &atlas, &all).await.unwrap();
        drop(verifying);
        assert_eq!(next, None);
        let page = audit(control, &viewer, Some(&atlas), None, &all)
            .await
            .unwrap();
        assert_eq!(rows, page.rows);
        let staging = key("staging");
        let narrowed = AuditFilter {
            environment: Some(staging.clone()),
            ..AuditFilter::default()
        };
        let (rows, _) = audit_rows(control, &viewer, &atlas, &narrowed)
            .await
            .unwrap();
        assert!(!rows.is_empty());
        assert!(
            rows.iter()
                .all(|row| row.environment.as_ref() == Some(&staging))
        );
        let stranger = Server::viewer_of("other");
        let refused = audit_rows(control, &stranger, &atlas, &all).await;
        assert_eq!(refusal(refused).code(), "not-found");
    }

    #[test]
    fn qualifiers_narrow_and_the_rest_is_free_text() {
        let (search, not_understood) = read_query(
            "actor:ada module:tax_table too 100% before:2026-11-01 mood:bad action:flag.",
        );
        assert_eq!(search.actor.as_deref(), Some("%ada%"));
        assert_eq!(search.target.as_deref(), Some(r#"%"tax\_table"%"#));
        assert_eq!(search.text.as_deref(), Some(r"%too 100\%%"));
        assert_eq!(search.action.as_deref(), Some("flag.%"));
        assert_eq!(search.before_instant, Some(Timestamp(1_793_491_200_000)));
        assert_eq!(not_understood, ["mood:bad"]);
    }

    #[tokio::test]
    async fn the_whole_chain_is_verified_whatever_was_found_before() {
        let server = Server::with_modules(&["a"]).await;
        // Memory of another chain, as if the entries had been changed after they were looked at.
        let mut other = Verifier::default();
        let first = hash_of(&FIRST_PREVIOUS, "{}");
        other.take(1, &FIRST_PREVIOUS, &first, "{}").unwrap();
        *server.control.inner().verifier.lock().await = other;
        let root = Server::root();
        let filter = AuditFilter::default();
        let page = audit(&server.control, &root, None, None, &filter)
            .await
            .unwrap();
        assert!(matches!(page.chain, ChainState::Broken { sequence: 2, .. }));
        let whole = audit_verify(&server.control, &root).await.unwrap();
        let head = server.control.head_sequence();
        assert!(matches!(whole, ChainState::Verified { entries, .. } if entries == head));
    }

    #[tokio::test]
    async fn the_servers_chain_is_not_for_one_migrations_admin() {
        let server = Server::with_modules(&["a"]).await;
        let refused = audit_verify(&server.control, &Server::admin_of("atlas")).await;
        assert_eq!(refusal(refused).code(), "forbidden");
    }

    #[tokio::test]
    async fn an_environment_narrows_the_log_to_its_entries() {
        let server = Server::with_modules(&["a"]).await;
        server.environment("staging").await;
        let both = FlagState::BOTH_VALIDATE;
        server.set("a", both).await;
        server.set_in("staging", "a", both).await;
        let root = Server::root();
        let filter = AuditFilter {
            environment: Some(key("staging")),
            ..AuditFilter::default()
        };
        for migration in [None, Some(&key("atlas"))] {
            let page = audit(&server.control, &root, migration, None, &filter)
                .await
                .unwrap();
            assert!(!page.rows.is_empty());
            for row in page.rows {
                assert_eq!(row.environment, Some(key("staging")), "{}", row.summary);
            }
        }
    }
}
