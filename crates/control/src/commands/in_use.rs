//! What stands in the way of archiving: flags that serve new to somebody.

use domain::{ModuleStatus, Refusal};

use crate::command::Work;
use crate::error::Stopped;
use crate::store::flags::{self, ServingNew};

/// Modules named in a refusal before "and n more".
const NAMED: usize = 5;

/// Refuses while a module's own flags serve new. A retired module serves new for ever, so it stays.
pub(super) fn refuse_module(module: &domain::Key, serving: &[ServingNew]) -> Result<(), Refusal> {
    let own: Vec<&ServingNew> = serving
        .iter()
        .filter(|flag| flag.module == *module)
        .collect();
    let Some(first) = own.first() else {
        return Ok(());
    };
    let what = format!("The module {module}");
    let why = if first.status == ModuleStatus::Retired {
        "it is retired, and serves new for ever. It stays on record; nothing more is to be done."
            .to_owned()
    } else {
        let places: Vec<&str> = own.iter().map(|flag| flag.environment.as_str()).collect();
        format!(
            "it serves new in {}. Roll it back first; or retire it, if its old code is gone.",
            places.join(", ")
        )
    };
    Err(Refusal::InUse { what, why })
}

/// Refuses while active flags of a migration, or of one of its environments, serve new. Retired modules do not count:
/// nothing could ever bring them back to old.
pub(super) async fn refuse_place(
    work: &mut Work<'_>,
    what: &str,
    migration_id: i64,
    environment_id: Option<i64>,
) -> Result<(), Stopped> {
    let mut modules: Vec<String> = flags::serving_new(work.connection, migration_id)
        .await?
        .into_iter()
        .filter(|flag| flag.status == ModuleStatus::Active)
        .filter(|flag| environment_id.is_none_or(|id| flag.environment_id == id))
        .map(|flag| flag.module.to_string())
        .collect();
    modules.dedup();
    if modules.is_empty() {
        return Ok(());
    }
    let count = modules.len();
    let more = if count > NAMED {
        format!(" and {} more", count - NAMED)
    } else {
        String::new()
    };
    modules.truncate(NAMED);
    let verb = if count == 1 { "serves" } else { "serve" };
    let why = format!(
        "{}{more} {verb} new there. Roll back or retire first.",
        modules.join(", ")
    );
    Err(Refusal::InUse {
        what: what.to_owned(),
        why,
    }
    .into())
}
