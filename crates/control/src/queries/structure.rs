//! What a migration is made of, as the API lists it.

use std::collections::BTreeMap;

use domain::{Environment, FlagState, Key, Migration, Module, Permission, Phase, Refusal};
use serde::Serialize;

use crate::control::authorise;
use crate::store::migrations::{self, MigrationRecord};
use crate::store::{
    Connection, environments as environment_rows, flags, modules, phases as phase_rows,
};
use crate::{Caller, Control, QueryError};

/// A module with its flag in every environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleWithFlags {
    /// The module.
    #[serde(flatten)]
    pub module: Module,
    /// Its flags by environment.
    pub flags: BTreeMap<Key, FlagState>,
}

async fn find(
    connection: &mut Connection,
    caller: &Caller,
    key: &Key,
) -> Result<MigrationRecord, QueryError> {
    authorise(caller, Permission::View(key))?;
    Ok(migrations::by_key(connection, key)
        .await?
        .ok_or_else(|| Refusal::not_found("migration", key.as_str()))?)
}

/// One migration.
pub async fn migration(
    control: &Control,
    caller: &Caller,
    key: &Key,
) -> Result<Migration, QueryError> {
    let mut connection = control.inner().store.read().await?;
    Ok(find(&mut connection, caller, key).await?.migration)
}

/// Its environments, deciding first, archived ones too.
pub async fn environments(
    control: &Control,
    caller: &Caller,
    key: &Key,
) -> Result<Vec<Environment>, QueryError> {
    let mut transaction = control.inner().store.read_moment().await?;
    let record = find(&mut transaction, caller, key).await?;
    Ok(environment_rows::of_migration(&mut transaction, record.id)
        .await?
        .into_iter()
        .map(|record| record.environment)
        .collect())
}

/// Its phases in order, archived ones too.
pub async fn phases(
    control: &Control,
    caller: &Caller,
    key: &Key,
) -> Result<Vec<Phase>, QueryError> {
    let mut transaction = control.inner().store.read_moment().await?;
    let record = find(&mut transaction, caller, key).await?;
    Ok(phase_rows::of_migration(&mut transaction, record.id)
        .await?
        .into_iter()
        .map(|record| record.phase)
        .collect())
}

/// Its modules by key with their flags everywhere, archived ones too.
pub async fn module_list(
    control: &Control,
    caller: &Caller,
    key: &Key,
) -> Result<Vec<ModuleWithFlags>, QueryError> {
    let mut transaction = control.inner().store.read_moment().await?;
    let record = find(&mut transaction, caller, key).await?;
    let mut by_module: BTreeMap<i64, BTreeMap<Key, FlagState>> = BTreeMap::new();
    for environment in environment_rows::of_migration(&mut transaction, record.id).await? {
        for flag in flags::of_environment(&mut transaction, environment.id).await? {
            by_module
                .entry(flag.module_id)
                .or_default()
                .insert(environment.environment.key.clone(), flag.state);
        }
    }
    Ok(modules::of_migration(&mut transaction, record.id)
        .await?
        .into_iter()
        .map(|record| ModuleWithFlags {
            flags: by_module.remove(&record.id).unwrap_or_default(),
            module: record.module,
        })
        .collect())
}
