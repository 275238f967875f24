//! Which modules a command is about.

use std::collections::BTreeSet;

use domain::{FlagState, Key, ModuleStatus, PhaseNumber, Refusal};
use serde::{Deserialize, Serialize};

use crate::snapshots::Published;
use crate::store::flags::FlagRecord;

/// One module, several, or those of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These, each of which must exist.
    Modules(Vec<Key>),
    /// The active ones of this phase.
    Phase(PhaseNumber),
}

impl Selection {
    /// As targets of an audit entry.
    pub(super) fn targets(&self) -> Vec<String> {
        match self {
            Self::Modules(keys) => keys.iter().map(ToString::to_string).collect(),
            Self::Phase(number) => vec![format!("phase {number}")],
        }
    }

    /// What bringing the selected modules to `state` would change in `published`; `None` where it names a module that
    /// memory does not know.
    pub(super) fn wanted(
        &self,
        published: &Published,
        state: FlagState,
    ) -> Option<Vec<(FlagState, FlagState)>> {
        let flags = &published.set.snapshot().flags;
        match self {
            Self::Modules(keys) => keys
                .iter()
                .map(|key| {
                    let flag = flags.iter().find(|flag| flag.module == *key)?;
                    Some((flag.state, state))
                })
                .collect(),
            Self::Phase(number) => Some(
                flags
                    .iter()
                    .filter(|flag| {
                        !flag.retired && published.phase_of(&flag.module) == Some(*number)
                    })
                    .map(|flag| (flag.state, state))
                    .collect(),
            ),
        }
    }

    /// Picks from the flags of an environment, in their order and each once.
    pub(crate) fn pick(&self, flags: Vec<FlagRecord>) -> Result<Vec<FlagRecord>, Refusal> {
        match self {
            Self::Modules(keys) => pick_modules(keys, flags),
            Self::Phase(number) => {
                let picked: Vec<_> = flags
                    .into_iter()
                    .filter(|flag| {
                        flag.phase == Some(*number) && flag.status == ModuleStatus::Active
                    })
                    .collect();
                if picked.is_empty() {
                    return Err(Refusal::not_found(
                        "active module in phase",
                        number.to_string(),
                    ));
                }
                Ok(picked)
            }
        }
    }
}

fn pick_modules(keys: &[Key], flags: Vec<FlagRecord>) -> Result<Vec<FlagRecord>, Refusal> {
    let mut missing: BTreeSet<&Key> = keys.iter().collect();
    if missing.is_empty() {
        return Err(Refusal::field(
            "modules",
            "Name at least one module, or a phase.",
        ));
    }
    let picked = flags
        .into_iter()
        .filter(|flag| missing.remove(&flag.module))
        .collect();
    match missing.first() {
        None => Ok(picked),
        Some(module) => Err(Refusal::not_found("module", module.as_str())),
    }
}
