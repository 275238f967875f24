//! Moving flags: set, roll back, kill switch, resume, retire, undo.

use domain::Committed;
use leptos::prelude::*;

use crate::error::AppError;

/// Brings modules to a mode. `new_only` wants the key typed: the module's, or for several the migration's.
#[server(prefix = "/fn", endpoint = "set_mode", output = crate::codec::PageJson)]
pub async fn set_mode(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] modules: String,
    #[server(default)] phase: String,
    #[server(default)] mode: String,
    #[server(default)] exposure: String,
    #[server(default)] reason: String,
    #[server(default)] expected: String,
    #[server(default)] confirm: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let answer = super::Answer {
        form: "set_mode",
        back: at.back_to_set(&modules, &phase),
        fields: vec![
            ("mode", mode.clone()),
            ("exposure", exposure.clone()),
            ("reason", reason.clone()),
        ],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let command = match edge::set_mode(&at, &modules, &phase, &mode, &exposure, &confirm) {
        Ok(command) => control::commands::SetMode {
            expected: edge::versions(&expected),
            reason,
            ..command
        },
        Err(error) => return Err(answer.refused(error)),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.after(&modules)
    })
}

/// Rolls modules back to `old_only`, or to `to` when that is given. Needs a reason and nothing else.
#[server(prefix = "/fn", endpoint = "roll_back", output = crate::codec::PageJson)]
pub async fn roll_back(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] modules: String,
    #[server(default)] phase: String,
    #[server(default)] to: String,
    #[server(default)] reason: String,
    #[server(default)] reason_text: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let answer = super::Answer {
        form: "roll_back",
        back: at.back_to_rollback(&modules, &phase),
        fields: vec![("reason_text", reason_text.clone()), ("to", to.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let (selection, to) = match (selection(&modules, &phase), edge::rollback_target(&to)) {
        (Ok(selection), Ok(to)) => (selection, to),
        (Err(error), _) | (_, Err(error)) => return Err(answer.refused(error)),
    };
    let command = control::commands::RollBack {
        migration: at.migration.clone(),
        environment: at.environment.clone(),
        selection,
        to,
        reason: edge::chosen_reason(&reason, &reason_text),
    };
    answer.done(context.control.execute(&caller, command).await, |done| {
        at.to_change(done)
    })
}

/// Sends everything active to old. Wants the migration's key typed.
#[server(prefix = "/fn", endpoint = "press_kill_switch", output = crate::codec::PageJson)]
pub async fn press_kill_switch(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] confirm: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let answer = super::Answer {
        form: "press_kill_switch",
        back: at.links.page("kill-switch"),
        fields: vec![("confirm", confirm.clone()), ("reason", reason.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    if let Err(error) = edge::confirmed(&confirm, at.migration.as_str(), "migration") {
        return Err(answer.refused(error));
    }
    let command = control::commands::PressKillSwitch {
        migration: at.migration.clone(),
        environment: at.environment.clone(),
        reason,
    };
    answer.done(context.control.execute(&caller, command).await, |done| {
        at.to_change(done)
    })
}

/// Lifts the kill switch: `from` is `stored` (the list with `digest`) or `old` (all lowered to `old_only` first).
#[server(prefix = "/fn", endpoint = "resume", output = crate::codec::PageJson)]
pub async fn resume(
    migration: String,
    #[server(default)] environment: String,
    #[server(default)] digest: String,
    #[server(default)] from: String,
    #[server(default)] reason: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let answer = super::Answer {
        form: "resume",
        back: at.links.page("resume"),
        fields: vec![("from", from.clone()), ("reason", reason.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let from_old = from == "old";
    let command = control::commands::Resume {
        migration: at.migration.clone(),
        environment: at.environment.clone(),
        digest: (!from_old).then_some(digest),
        from_old,
        reason,
    };
    answer.done(context.control.execute(&caller, command).await, |done| {
        at.to_change(done)
    })
}

/// Attests that a module's old code is gone: new is served for ever.
#[server(prefix = "/fn", endpoint = "retire", output = crate::codec::PageJson)]
pub async fn retire(
    migration: String,
    #[server(default)] environment: String,
    module: String,
    #[server(default)] reason: String,
    #[server(default)] expected: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let module = super::key("module", &module)?;
    let answer = super::Answer {
        form: "retire",
        back: at.links.module(&module),
        fields: vec![("reason", reason.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let command = control::commands::RetireModule {
        migration: at.migration.clone(),
        module: module.clone(),
        reason,
        expected: edge::versions(&expected).get(&module).copied(),
    };
    answer.done(context.control.execute(&caller, command).await, |_| {
        at.links.module(&module)
    })
}

/// Brings what an entry changed back to what it was before: flags by a new change, judged by rank like any other, and
/// the fields of an edit by an edit. `revision` is that of the change on whose page the form stood; 0 on the entry's.
#[server(prefix = "/fn", endpoint = "undo", output = crate::codec::PageJson)]
pub async fn undo(
    migration: String,
    #[server(default)] environment: String,
    sequence: u64,
    #[server(default)] revision: u64,
    #[server(default)] reason: String,
    #[server(default)] expected: String,
) -> Result<Committed, AppError> {
    let at = edge::At::read(&migration, &environment)?;
    let answer = super::Answer {
        form: "undo",
        back: match revision {
            0 => at.links.audit_entry(sequence),
            revision => at.links.change(revision),
        },
        fields: vec![("reason", reason.clone())],
    };
    let (answer, context, caller) = answer.signed_in()?;
    let wanted = control::commands::Undo {
        migration: at.migration.clone(),
        sequence,
        reason,
        expected: edge::versions(&expected),
    };
    let done = control::commands::undo(&context.control, &caller, wanted).await;
    answer.done(done, |done| match done.revision_number {
        Some(revision) => at.links.change(revision),
        None => at.links.audit_entry(done.sequence),
    })
}

#[cfg(feature = "ssr")]
pub(crate) use edge::selection;

#[cfg(feature = "ssr")]
mod edge {
    use std::collections::BTreeMap;

    use control::commands::{Selection, SetMode};
    use domain::{Committed, Exposure, FlagState, Key, Mode, Refusal};

    use crate::address::{Links, encoded};
    use crate::api::{environment, key, keys};
    use crate::error::AppError;

    /// Where a form was pressed.
    pub(super) struct At {
        pub migration: Key,
        pub environment: Option<Key>,
        pub links: Links,
    }

    impl At {
        pub(super) fn read(migration: &str, chosen: &str) -> Result<Self, AppError> {
            let migration = key("migration", migration)?;
            let environment = environment(chosen)?;
            let links = Links::to(&migration, environment.as_ref());
            Ok(Self {
                migration,
                environment,
                links,
            })
        }

        pub(super) fn back_to_set(&self, modules: &str, phase: &str) -> String {
            match one(modules) {
                Some(module) => self.links.module(&module),
                None => self.links.page(&format!("set?{}", chosen(modules, phase))),
            }
        }

        pub(super) fn back_to_rollback(&self, modules: &str, phase: &str) -> String {
            match one(modules) {
                Some(module) => self.links.rollback(&module),
                None => self
                    .links
                    .page(&format!("rollback?{}", chosen(modules, phase))),
            }
        }

        pub(super) fn after(&self, modules: &str) -> String {
            one(modules).map_or_else(
                || self.links.page("modules"),
                |module| self.links.module(&module),
            )
        }

        pub(super) fn to_change(&self, done: &Committed) -> String {
            done.revision_number.map_or_else(
                || self.links.overview(),
                |revision| self.links.change(revision),
            )
        }
    }

    fn one(modules: &str) -> Option<Key> {
        Key::parse(modules.trim()).ok()
    }

    fn chosen(modules: &str, phase: &str) -> String {
        if !phase.is_empty() {
            return format!("phase={}", encoded(phase));
        }
        let modules: Vec<_> = modules
            .split(',')
            .map(|module| format!("module={}", encoded(module)))
            .collect();
        modules.join("&")
    }

    /// The modules named, or a phase.
    pub(crate) fn selection(modules: &str, phase: &str) -> Result<Selection, AppError> {
        if let Ok(number) = phase.trim().parse() {
            return Ok(Selection::Phase(number));
        }
        let modules = keys(modules)?;
        if modules.is_empty() {
            return Err(Refusal::field("modules", "Choose at least one module.").into());
        }
        Ok(Selection::Modules(modules))
    }

    /// `config=3,temporal_core=7`: the version of each module as its form showed it.
    pub(super) fn versions(text: &str) -> BTreeMap<Key, i64> {
        text.split(',')
            .filter_map(|pair| {
                let (module, version) = pair.split_once('=')?;
                Some((
                    Key::parse(module.trim()).ok()?,
                    version.trim().parse().ok()?,
                ))
            })
            .collect()
    }

    pub(super) fn set_mode(
        at: &At,
        modules: &str,
        phase: &str,
        mode: &str,
        exposure: &str,
        confirm: &str,
    ) -> Result<SetMode, AppError> {
        let state = state(mode, exposure)?;
        if state.mode() == Mode::NewOnly {
            match one(modules) {
                Some(module) => confirmed(confirm, module.as_str(), "module")?,
                None => confirmed(confirm, at.migration.as_str(), "migration")?,
            }
        }
        Ok(SetMode {
            migration: at.migration.clone(),
            environment: at.environment.clone(),
            selection: selection(modules, phase)?,
            state,
            reason: String::new(),
            expected: BTreeMap::new(),
        })
    }

    fn state(mode: &str, exposure: &str) -> Result<FlagState, AppError> {
        let mode: Mode = mode
            .trim()
            .parse()
            .map_err(|_| Refusal::field("mode", "Choose a mode."))?;
        // The field is always there, with or without script; it only means something in gradual_rollout.
        let exposure = match (mode, exposure.trim()) {
            (Mode::GradualRollout, text) if !text.is_empty() => Some(
                Exposure::from_percent_str(text)
                    .map_err(|error| Refusal::field("exposure", sentence(&error.to_string())))?,
            ),
            _ => None,
        };
        FlagState::new(mode, exposure)
            .map_err(|error| Refusal::field("exposure", sentence(&error.to_string())).into())
    }

    /// Where a rollback goes: nothing said is `old_only`.
    pub(super) fn rollback_target(to: &str) -> Result<Option<FlagState>, AppError> {
        match to.trim() {
            "" => Ok(None),
            "both_validate" | "old_only" => state(to, "").map(Some),
            percent => state("gradual_rollout", percent).map(Some),
        }
    }

    /// What was typed counts before the button: Enter in the text presses the first button of the form.
    pub(super) fn chosen_reason(preset: &str, typed: &str) -> String {
        let typed = typed.trim();
        match (typed, preset.trim()) {
            ("", "other") => String::new(),
            ("", preset) => preset.to_owned(),
            (typed, _) => typed.to_owned(),
        }
    }

    /// Whether the key was typed.
    pub(super) fn confirmed(typed: &str, wanted: &str, what: &str) -> Result<(), AppError> {
        if typed.trim() == wanted {
            return Ok(());
        }
        Err(Refusal::field(
            "confirm",
            format!("Type the {what}'s key, {wanted}, to confirm."),
        )
        .into())
    }

    fn sentence(text: &str) -> String {
        let mut characters = text.chars();
        let first: String = characters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        format!("{first}{}.", characters.as_str())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_typed_reason_counts_before_the_button_that_enter_presses() {
            assert_eq!(chosen_reason("error rate", " memory leak "), "memory leak");
            assert_eq!(chosen_reason("error rate", ""), "error rate");
            assert_eq!(chosen_reason("other", ""), "");
        }

        #[test]
        fn new_only_wants_the_modules_key() {
            let at = At::read("arche", "").unwrap();
            let set = |confirm| set_mode(&at, "config", "", "new_only", "", confirm);
            assert!(set("config").is_ok());
            assert_eq!(set("arche").unwrap_err().status(), 400);
            assert!(set_mode(&at, "config", "", "both_validate", "", "").is_ok());
        }

        #[test]
        fn versions_are_read_by_module() {
            let seen = versions("config=3, temporal_core=7,broken");
            assert_eq!(seen.len(), 2);
            assert_eq!(seen.get(&Key::parse("config").unwrap()), Some(&3));
        }
    }
}
