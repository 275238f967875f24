//! `--demo`: an invented migration half way through its plan, with a history to look at, and a token for a sample
//! service.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use control::commands::{ImportPlan, NewToken, RollBack, Selection, SetMode, create_token};
use control::{CommandError, Control, queries};
use domain::read::TokenKind;
use domain::{Exposure, FlagState, Key, Mode, Refusal};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use crate::startup::server;

const PLAN: &str = include_str!("../../examples/demo-plan.md");
const MIGRATION: &str = "atlas";
const NAME: &str = "Atlas order platform";
const ZONE: &str = "Europe/Berlin";
/// So many weeks of the plan are over: its second phase runs.
const WEEKS_GONE: i64 = 5;
/// The sample service's tokens, in the data directory: to read flags, and to report what it serves.
const TOKENS: [(TokenKind, &str); 2] = [
    (TokenKind::Sdk, "demo-sdk-token"),
    (TokenKind::Ingest, "demo-ingest-token"),
];

/// What happened so far, in order: modules, how far they were brought, and why.
const STORY: [(&[&str], Level, &str); 11] = [
    (
        &["order_intake", "order_ledger", "stock_allocation"],
        Level::Compare,
        "phase 1, compare",
    ),
    (
        &["order_intake", "order_ledger", "stock_allocation"],
        Level::Percent(10),
        "phase 1, first lorry",
    ),
    (
        &["order_intake", "order_ledger"],
        Level::Percent(50),
        "phase 1, half the yard",
    ),
    (
        &["stock_allocation"],
        Level::Old,
        "two orders were promised the same pallet",
    ),
    (
        &["order_intake", "order_ledger"],
        Level::New,
        "phase 1, everything",
    ),
    (
        &["stock_allocation"],
        Level::Compare,
        "the double promise is mended, comparing again",
    ),
    (
        &["stock_levels", "stock_reservations", "bin_locations"],
        Level::Compare,
        "phase 2, compare",
    ),
    (
        &["stock_levels", "bin_locations"],
        Level::Percent(10),
        "phase 2, first lorry",
    ),
    (
        &["stock_allocation"],
        Level::Percent(10),
        "a clean day of comparison",
    ),
    (
        &["stock_levels"],
        Level::Percent(50),
        "phase 2, half the yard",
    ),
    (&["pick_lists"], Level::Compare, "phase 2, compare"),
];

/// How far a module is brought.
#[derive(Clone, Copy)]
enum Level {
    Old,
    Compare,
    Percent(u16),
    New,
}

/// Makes the demonstration where it is not there yet.
///
/// # Errors
/// When the store does not take it, or the token cannot be written.
pub async fn ensure(control: &Control, directory: &Path) -> Result<()> {
    let migration = Key::parse(MIGRATION)?;
    match queries::migration(control, &server(), &migration).await {
        Ok(_) => {}
        Err(CommandError::Refused(Refusal::NotFound { .. })) => tell(control, &migration).await?,
        Err(error) => return Err(error.into()),
    }
    for (kind, file) in TOKENS {
        let file = directory.join(file);
        if !file.exists() {
            write_token(control, &migration, kind, &file).await?;
        }
    }
    Ok(())
}

async fn tell(control: &Control, migration: &Key) -> Result<()> {
    let plan = plan::parse_markdown(PLAN.as_bytes(), start(control)?)
        .context("the demonstration's plan")?;
    let import = ImportPlan {
        migration: migration.clone(),
        name: Some(NAME.into()),
        zone: ZONE.into(),
        plan,
        document: hex::encode(Sha256::digest(PLAN)),
        archive_absent: false,
        overriding: false,
        reason: "demonstration".into(),
    };
    control
        .execute(&server(), import)
        .await
        .context("the demonstration's plan")?;
    for (modules, level, reason) in STORY {
        let keys = modules
            .iter()
            .map(|module| Key::parse(module))
            .collect::<Result<Vec<_>, _>>()?;
        bring(control, migration, keys, level, reason)
            .await
            .with_context(|| format!("the demonstration: {reason}"))?;
    }
    Ok(())
}

async fn bring(
    control: &Control,
    migration: &Key,
    modules: Vec<Key>,
    level: Level,
    reason: &str,
) -> Result<()> {
    let (migration, reason) = (migration.clone(), reason.to_owned());
    let state = match level {
        Level::Old => {
            let selection = Selection::Modules(modules);
            let rollback = RollBack {
                migration,
                environment: None,
                selection,
                to: None,
                reason,
            };
            control.execute(&server(), rollback).await?;
            return Ok(());
        }
        Level::Compare => FlagState::BOTH_VALIDATE,
        Level::New => FlagState::NEW_ONLY,
        Level::Percent(percent) => FlagState::new(
            Mode::GradualRollout,
            Some(Exposure::from_basis_points(percent * 100)?),
        )?,
    };
    let mut expected = BTreeMap::new();
    for module in &modules {
        let view = queries::module(control, &server(), &migration, None, module).await?;
        expected.insert(module.clone(), view.row.version);
    }
    let selection = Selection::Modules(modules);
    let set = SetMode {
        migration,
        environment: None,
        selection,
        state,
        reason,
        expected,
    };
    control.execute(&server(), set).await?;
    Ok(())
}

/// The Monday on which the plan began.
fn start(control: &Control) -> Result<Date> {
    let now = jiff::Timestamp::from_millisecond(control.clock().now().0)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let since_monday = i64::from(today.weekday().to_monday_zero_offset());
    Ok(today.checked_sub((since_monday + 7 * WEEKS_GONE).days())?)
}

async fn write_token(
    control: &Control,
    migration: &Key,
    kind: TokenKind,
    file: &Path,
) -> Result<()> {
    let environments = queries::environments(control, &server(), migration).await?;
    let deciding = environments
        .into_iter()
        .find(|environment| environment.deciding);
    let new = NewToken {
        name: "sample service".into(),
        kind,
        migration: Some(migration.clone()),
        environment: deciding.map(|environment| environment.key),
        reason: "demonstration".into(),
    };
    let (_, token) = create_token(control, &server(), new).await?;
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| writeln!(open, "{token}"))
        .with_context(|| format!("cannot write {}", file.display()))
}
