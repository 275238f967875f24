//! A snapshot for callers without a client: shell variables, and a flag definition for flagd.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{CompiledFlag, FlagSet, Mode, Side};

/// Longest prefix of shell variables, in characters.
const MAX_PREFIX_LENGTH: usize = 32;

/// Begins the names of shell variables: 1 to 32 of `A-Z`, `0-9` and `_`, no digit first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvPrefix(String);

/// A text is not an [`EnvPrefix`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is 1 to 32 of A-Z, 0-9 and _, and begins with no digit")]
pub struct InvalidEnvPrefix;

impl EnvPrefix {
    /// Reads a prefix.
    ///
    /// # Errors
    /// [`InvalidEnvPrefix`]
    pub fn parse(text: &str) -> Result<Self, InvalidEnvPrefix> {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let fits = (1..=MAX_PREFIX_LENGTH).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with(|first: char| first.is_ascii_digit());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEnvPrefix)
        }
    }

    /// The one of a migration by default: its key in capitals.
    pub fn of_migration(set: &FlagSet) -> Self {
        let mut name = shouted(set.snapshot().migration.as_str());
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert(0, '_');
        }
        name.truncate(MAX_PREFIX_LENGTH);
        Self(name)
    }
}

/// Shell `export` lines, each with the flags in effect:
///
/// - `<PREFIX>_MODULE_<NAME>_MIGRATION` (`enabled`, unless the module is `old_only`), `_MODE` and `_PERCENTAGE` of each module;
/// - `<PREFIX>_MIGRATION_MODE` and `<PREFIX>_MIGRATION_PERCENTAGE` for callers that know one setting for all modules: the
///   lowest of the active modules that moved, so that following it never uses more new than a module allows.
///
/// Percentages are shares of one: 10 % is `0.1`.
pub fn env(set: &FlagSet, EnvPrefix(prefix): &EnvPrefix) -> String {
    let mut out = format!(
        "# {} {} {}\n",
        set.snapshot().migration,
        set.snapshot().environment,
        set.revision()
    );
    let lowest = set
        .iter()
        .map(CompiledFlag::mode)
        .filter(|flag| !flag.retired && flag.state.mode() != Mode::OldOnly)
        .min_by_key(|flag| flag.state.rank())
        .map_or(crate::FlagState::OLD_ONLY, |flag| flag.state);
    let mut line = |name: &str, value: &str| {
        let _writing_to_memory = writeln!(out, "export {prefix}_{name}={value}");
    };
    line("MIGRATION_MODE", lowest.mode().as_str());
    line(
        "MIGRATION_PERCENTAGE",
        &share(lowest.exposure().basis_points()),
    );
    for flag in set {
        let (name, state) = (shouted(flag.module().as_str()), flag.mode().state);
        let word = if state.mode() == Mode::OldOnly {
            "disabled"
        } else {
            "enabled"
        };
        line(&format!("MODULE_{name}_MIGRATION"), word);
        line(&format!("MODULE_{name}_MODE"), state.mode().as_str());
        line(
            &format!("MODULE_{name}_PERCENTAGE"),
            &share(state.exposure().basis_points()),
        );
    }
    out
}

/// A flag definition that flagd and its in-process evaluators read. Every subject falls into the bucket it has here: the
/// same hash over the same text, weights in basis points, new first.
pub fn flagd(set: &FlagSet) -> Value {
    let flags: Map<String, Value> = set
        .iter()
        .map(|flag| (flag.full_key().to_owned(), flagd_flag(flag)))
        .collect();
    json!({
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "metadata": {
            "flagSetId": format!("{}/{}", set.snapshot().migration, set.snapshot().environment),
            "version": set.revision().to_string(),
        },
        "flags": flags,
    })
}

fn flagd_flag(flag: &CompiledFlag) -> Value {
    let state = flag.mode().state;
    let default = match state.mode() {
        Mode::NewOnly => Side::New,
        Mode::OldOnly | Mode::BothValidate | Mode::GradualRollout => Side::Old,
    };
    let mut definition = json!({
        "state": "ENABLED",
        "variants": { "new": true, "old": false },
        "defaultVariant": default.as_str(),
        "metadata": {
            "mode": state.mode().as_str(),
            "exposure": state.exposure().basis_points(),
        },
    });
    if state.mode() == Mode::GradualRollout
        && let Some(definition) = definition.as_object_mut()
    {
        let exposure = state.exposure().basis_points();
        let subject = json!({ "var": "targetingKey" });
        let bucket = json!({ "cat": [format!("{}/", flag.full_key()), subject] });
        let split = json!({
            "fractional": [bucket, ["new", exposure], ["old", 10_000 - exposure]],
        });
        // Nobody can be put into a bucket without a name: old, as everywhere.
        definition.insert(
            "targeting".to_owned(),
            json!({ "if": [{ "!!": [subject] }, split, "old"] }),
        );
    }
    definition
}

fn shouted(key: &str) -> String {
    key.replace('-', "_").to_ascii_uppercase()
}

/// Basis points as a share of one, without superfluous zeros: 1000 is `0.1`.
fn share(basis_points: u16) -> String {
    let text = format!("{}.{:04}", basis_points / 10_000, basis_points % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exposure, Flag, FlagState, Key, Snapshot};

    fn set(kill_switch: bool, flags: &[(&str, FlagState, bool)]) -> FlagSet {
        FlagSet::compile(Snapshot {
            migration: Key::parse("ledger").unwrap(),
            environment: Key::parse("production").unwrap(),
            revision: "e:7".parse().unwrap(),
            kill_switch,
            flags: flags
                .iter()
                .map(|(module, state, retired)| Flag {
                    module: Key::parse(module).unwrap(),
                    state: *state,
                    retired: *retired,
                })
                .collect(),
        })
    }

    fn gradual(basis_points: u16) -> FlagState {
        let exposure = Exposure::from_basis_points(basis_points).unwrap();
        FlagState::new(Mode::GradualRollout, Some(exposure)).unwrap()
    }

    fn variables(set: &FlagSet) -> Vec<String> {
        env(set, &EnvPrefix::of_migration(set))
            .lines()
            .filter_map(|line| line.strip_prefix("export "))
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn what_holds_for_all_modules_is_the_lowest_of_those_that_moved() {
        let moved = set(
            false,
            &[
                ("a-b", gradual(2_500), false),
                ("c", FlagState::NEW_ONLY, false),
                ("d", FlagState::OLD_ONLY, false),
                ("e", FlagState::BOTH_VALIDATE, true),
            ],
        );
        assert_eq!(
            variables(&moved),
            [
                "LEDGER_MIGRATION_MODE=gradual_rollout",
                "LEDGER_MIGRATION_PERCENTAGE=0.25",
                "LEDGER_MODULE_A_B_MIGRATION=enabled",
                "LEDGER_MODULE_A_B_MODE=gradual_rollout",
                "LEDGER_MODULE_A_B_PERCENTAGE=0.25",
                "LEDGER_MODULE_C_MIGRATION=enabled",
                "LEDGER_MODULE_C_MODE=new_only",
                "LEDGER_MODULE_C_PERCENTAGE=1",
                "LEDGER_MODULE_D_MIGRATION=disabled",
                "LEDGER_MODULE_D_MODE=old_only",
                "LEDGER_MODULE_D_PERCENTAGE=0",
                "LEDGER_MODULE_E_MIGRATION=enabled",
                "LEDGER_MODULE_E_MODE=new_only",
                "LEDGER_MODULE_E_PERCENTAGE=1",
            ]
        );
        let killed = set(true, &[("c", FlagState::NEW_ONLY, false)]);
        assert_eq!(
            variables(&killed),
            [
                "LEDGER_MIGRATION_MODE=old_only",
                "LEDGER_MIGRATION_PERCENTAGE=0",
                "LEDGER_MODULE_C_MIGRATION=disabled",
                "LEDGER_MODULE_C_MODE=old_only",
                "LEDGER_MODULE_C_PERCENTAGE=0",
            ]
        );
    }

    #[test]
    fn a_share_has_no_superfluous_zeros() {
        for (basis_points, text) in [
            (0, "0"),
            (1, "0.0001"),
            (1_000, "0.1"),
            (9_999, "0.9999"),
            (10_000, "1"),
        ] {
            assert_eq!(share(basis_points), text);
        }
    }

    #[test]
    fn a_prefix_is_a_variables_name() {
        assert!(EnvPrefix::parse("ARCHE_2").is_ok());
        for text in ["", "a", "2A", "A B", "A=1", "A;rm", "$A", &"A".repeat(33)] {
            assert_eq!(EnvPrefix::parse(text), Err(InvalidEnvPrefix), "{text}");
        }
    }

    #[test]
    fn flagd_splits_in_basis_points_and_leaves_nobody_without_a_name_to_chance() {
        let definition = flagd(&set(false, &[("a", gradual(2_500), false)]));
        let flag = &definition["flags"]["ledger.a"];
        assert_eq!(flag["defaultVariant"], "old");
        let split = &flag["targeting"]["if"][1]["fractional"];
        assert_eq!(split[0]["cat"][0], "ledger.a/");
        assert_eq!(split[1], json!(["new", 2_500]));
        assert_eq!(split[2], json!(["old", 7_500]));
        let killed = flagd(&set(true, &[("a", gradual(2_500), false)]));
        assert!(killed["flags"]["ledger.a"].get("targeting").is_none());
    }
}
