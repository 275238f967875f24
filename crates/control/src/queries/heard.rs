//! What is known in memory, or in `evidence.db`, of a module at this moment: a command freezes it with what it reads itself.

use domain::Key;
use domain::read::{Listening, ReceiptView};

use super::forms::listening;
use super::standing::load;
use crate::{Caller, Control, QueryError};

/// Who would hear of a change of a module, and who obeyed its last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Who listens.
    pub(crate) listening: Listening,
    /// The last change's sequence and its receipt.
    pub(crate) receipt: Option<(u64, ReceiptView)>,
}

/// The same, of one module in an environment.
pub(crate) async fn heard(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
    module: &Key,
) -> Result<Heard, QueryError> {
    let standing = load(control, caller, migration, environment).await?;
    let changed = standing
        .flags
        .iter()
        .find(|flag| flag.module == *module)
        .and_then(|flag| flag.changed_sequence);
    let receipt = match changed {
        None => None,
        Some(sequence) => control
            .receipt(migration, &standing.environment.environment.key, sequence)
            .await?
            .map(|receipt| (sequence, receipt)),
    };
    Ok(Heard {
        listening: listening(control, &standing),
        receipt,
    })
}
