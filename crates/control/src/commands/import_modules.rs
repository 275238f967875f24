//! Adds and edits modules from a table: all rows or none. What a row leaves empty blanks nothing.

use std::collections::{HashMap, HashSet};

use domain::migration::MAX_NAME;
use domain::refusal::FieldError;
use domain::{Key, Module, ModuleStatus, Permission, PhaseNumber, Refusal};
use plan::ModuleRow;
use serde_json::{Map, Value, json};

use super::edited::Edited;
use super::input::Input;
use super::scope;
use crate::command::{Aim, Command, Effect, Work};
use crate::error::Stopped;
use crate::feed::Topic;
use crate::store::audit;
use crate::store::migrations::MigrationRecord;
use crate::store::modules::{self, ModuleRecord};
use crate::store::phases::{self, PhaseRecord};

/// Wrong lines told at once.
const MAX_ERRORS: usize = 100;

/// A table to be imported.
#[derive(Debug, Clone)]
pub struct ImportModules {
    /// The migration.
    pub migration: Key,
    /// Checked rows; `phase` names a phase by number or name.
    pub rows: Vec<ModuleRow>,
    /// Why; may be empty.
    pub reason: String,
}

impl ImportModules {
    /// Reads a table with commas, semicolons or tabs between its columns; each wrong line is told.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the field `table` for every wrong line.
    pub fn from_table(migration: Key, table: &str, reason: String) -> Result<Self, Refusal> {
        let wrong = |error: &plan::LineError| FieldError {
            field: "table".to_owned(),
            message: format!("{error}."),
        };
        match plan::parse_modules_csv(table.as_bytes()) {
            Ok(rows) => Ok(Self {
                migration,
                rows,
                reason,
            }),
            Err(errors) => Err(Refusal::Invalid {
                fields: errors.iter().map(wrong).collect(),
            }),
        }
    }
}

impl Command for ImportModules {
    fn permission(&self) -> Permission<'_> {
        Permission::Administer(&self.migration)
    }

    fn action(&self) -> &'static str {
        "modules.import"
    }

    fn reason(&self) -> &str {
        &self.reason
    }

    async fn apply(self, work: &mut Work<'_>) -> Result<Effect, Stopped> {
        let mut input = Input::default();
        let reason = input.optional_reason(&self.reason);
        input.require(
            !self.rows.is_empty(),
            "table",
            "The table has no rows: add a line for each module.",
        );
        input.finish()?;
        let migration = scope::migration(work, &self.migration).await?;
        let table = Table::read(work, &migration).await?;
        let Sorted {
            new,
            edits,
            unchanged,
        } = table.sort(self.rows)?;
        if new.is_empty() && edits.is_empty() {
            return Err(no_change(work, &table).await?.into());
        }
        scope::room_for_modules(work, u32::try_from(new.len()).unwrap_or(u32::MAX)).await?;
        // Phases are kept with the snapshots, so these are made anew even where no flag changes.
        let snapshots = scope::open_environments(work, &migration).await?;
        if !new.is_empty() {
            work.make_revision();
        }
        let summary = format!(
            "imported a table of modules: {} created, {} changed",
            new.len(),
            edits.len()
        );
        let created: Vec<Key> = new.iter().map(|module| module.key.clone()).collect();
        let (mut before, mut after, mut rows) = (Map::new(), Map::new(), Vec::new());
        let (sequence, now) = (work.sequence, work.now);
        for module in &new {
            let phase = table.phase_id(module.phase);
            rows.push(
                modules::insert(work.connection, migration.id, module, phase, sequence, now)
                    .await?,
            );
        }
        for Edit { id, module, edited } in edits {
            let phase = table.phase_id(module.phase);
            modules::update(work.connection, id, &module, phase, sequence).await?;
            let (was, is) = edited.into_values();
            before.insert(module.key.to_string(), was);
            after.insert(module.key.to_string(), is);
            rows.push(id);
        }
        let edited = after.keys().cloned();
        Ok(Effect {
            action: "modules.import",
            aim: Aim {
                migration: Some(self.migration),
                environment: None,
                targets: created
                    .iter()
                    .map(ToString::to_string)
                    .chain(edited)
                    .collect(),
            },
            before: json!({ "edited": Value::Object(before) }),
            after: json!({ "created": created, "edited": Value::Object(after) }),
            reason,
            summary,
            unchanged,
            modules: rows,
            topics: vec![Topic::Flags, Topic::Structure],
            snapshots,
            ..Effect::default()
        })
    }
}

async fn no_change(work: &mut Work<'_>, table: &Table) -> Result<Refusal, Stopped> {
    let newest = table
        .modules
        .values()
        .filter_map(|record| record.changed_sequence)
        .max();
    let other = audit::other_change(work.connection, newest).await?;
    Ok(Refusal::NoChange {
        summary: "every module of the table already is as asked.".into(),
        other,
    })
}

struct Edit {
    id: i64,
    module: Module,
    edited: Edited,
}

#[derive(Default)]
struct Sorted {
    new: Vec<Module>,
    edits: Vec<Edit>,
    unchanged: Vec<Key>,
}

/// What the rows are compared with.
struct Table {
    /// By folded key, archived ones too.
    modules: HashMap<String, ModuleRecord>,
    phases: Vec<PhaseRecord>,
}

impl Table {
    async fn read(work: &mut Work<'_>, migration: &MigrationRecord) -> Result<Self, Stopped> {
        let all = modules::of_migration(work.connection, migration.id).await?;
        Ok(Self {
            modules: all
                .into_iter()
                .map(|record| (record.module.key.folded(), record))
                .collect(),
            phases: phases::of_migration(work.connection, migration.id).await?,
        })
    }

    fn sort(&self, rows: Vec<ModuleRow>) -> Result<Sorted, Refusal> {
        let (mut sorted, mut errors, mut seen) = (Sorted::default(), Vec::new(), HashSet::new());
        for row in rows {
            let line = row.line;
            let fresh = seen.insert(row.key.folded());
            let placed = if fresh {
                self.place(row, &mut sorted)
            } else {
                Err(format!(
                    "{} stands on another line already: keep one of them.",
                    row.key
                ))
            };
            if let Err(message) = placed
                && errors.len() < MAX_ERRORS
            {
                let field = format!("line {line}");
                errors.push(FieldError {
                    field,
                    message: format!("Line {line}: {message}"),
                });
            }
        }
        if errors.is_empty() {
            Ok(sorted)
        } else {
            Err(Refusal::Invalid { fields: errors })
        }
    }

    fn place(&self, row: ModuleRow, sorted: &mut Sorted) -> Result<(), String> {
        if row.name.chars().count() > MAX_NAME {
            return Err(format!(
                "the name is longer than {MAX_NAME} characters: shorten it."
            ));
        }
        let phase = row
            .phase
            .as_deref()
            .map(|text| self.phase_named(text))
            .transpose()?;
        let Some(record) = self.modules.get(&row.key.folded()) else {
            sorted.new.push(new_module(row, phase));
            return Ok(());
        };
        let mut module = record.module.clone();
        if module.status == ModuleStatus::Archived {
            return Err(format!(
                "{} was archived, and keys are never reused: choose another.",
                module.key
            ));
        }
        if module.key != row.key {
            return Err(format!(
                "{} counts as the module {}: write it like that, or choose another key.",
                row.key, module.key
            ));
        }
        // A row without a name is named like its key, which renames nothing.
        let name = Some(row.name).filter(|name| name != row.key.as_str());
        let mut edited = Edited::default();
        edited.set("name", &mut module.name, name);
        edited.set("phase", &mut module.phase, phase.map(Some));
        edited.set("owner", &mut module.owner, row.owner);
        edited.set("old_path", &mut module.old_path, row.old_path);
        edited.set("new_path", &mut module.new_path, row.new_path);
        if edited.is_empty() {
            sorted.unchanged.push(module.key);
        } else {
            module.version += 1;
            sorted.edits.push(Edit {
                id: record.id,
                module,
                edited,
            });
        }
        Ok(())
    }

    /// A phase that is not archived, by number or name; capitals do not matter.
    fn phase_named(&self, text: &str) -> Result<PhaseNumber, String> {
        let wanted = text.trim().to_lowercase();
        let number = wanted
            .strip_prefix("phase ")
            .unwrap_or(&wanted)
            .trim()
            .parse::<PhaseNumber>()
            .ok();
        let open = || {
            self.phases
                .iter()
                .map(|record| &record.phase)
                .filter(|phase| phase.archived_at.is_none())
        };
        let named: Vec<PhaseNumber> = open()
            .filter(|phase| phase.name.trim().to_lowercase() == wanted)
            .map(|phase| phase.number)
            .collect();
        match (named.as_slice(), number) {
            ([only], _) => Ok(*only),
            ([], Some(number)) if open().any(|phase| phase.number == number) => Ok(number),
            ([], _) => Err(format!(
                "there is no open phase {text:?}: write the number or name of one, or create it first."
            )),
            _ => Err(format!(
                "several phases are called {text:?}: write the number."
            )),
        }
    }

    fn phase_id(&self, number: Option<PhaseNumber>) -> Option<i64> {
        let number = number?;
        self.phases
            .iter()
            .find(|record| record.phase.number == number)
            .map(|record| record.id)
    }
}

fn new_module(row: ModuleRow, phase: Option<PhaseNumber>) -> Module {
    Module {
        key: row.key,
        name: row.name,
        phase,
        owner: row.owner.unwrap_or_default(),
        old_path: row.old_path.unwrap_or_default(),
        new_path: row.new_path.unwrap_or_default(),
        status: ModuleStatus::Active,
        version: 1,
    }
}

#[cfg(test)]
mod tests {
    use domain::{Committed, FlagState};

    use super::*;
    use crate::CommandError;
    use crate::testing::{Server, key, refusal};

    async fn import(server: &Server, csv: &str) -> Result<Committed, CommandError> {
        let rows = plan::parse_modules_csv(csv.as_bytes()).unwrap();
        server
            .admin(ImportModules {
                migration: key("atlas"),
                rows,
                reason: String::new(),
            })
            .await
    }

    #[tokio::test]
    async fn rows_create_and_edit_and_what_they_leave_empty_stays() {
        let server = Server::with_modules(&["a", "b"]).await;
        server.phase(1).await;
        server.phase(2).await;
        server.set("a", FlagState::BOTH_VALIDATE).await;
        let done = import(
            &server,
            "key,name,phase,owner\na,Alpha,1,core\nc,,Phase 2,\n",
        )
        .await
        .unwrap();
        assert_eq!(
            done.summary,
            "imported a table of modules: 1 created, 1 changed"
        );
        let alpha = server.module("a").await;
        assert_eq!(
            (alpha.name.as_str(), alpha.phase, alpha.owner.as_str()),
            ("Alpha", Some(1), "core")
        );
        assert_eq!(
            (
                server.module("c").await.phase,
                server.module("c").await.name
            ),
            (Some(2), "c".into())
        );
        let entry = server.entry(done.sequence).await;
        assert_eq!(entry.after["created"], json!(["c"]));
        assert_eq!(
            entry.after["edited"]["a"],
            json!({ "name": "Alpha", "phase": 1, "owner": "core" })
        );
        assert_eq!(
            entry.before["edited"]["a"],
            json!({ "name": "a", "phase": null, "owner": "" })
        );
        // A later table without those columns blanks nothing, and moves no flag.
        let again = import(&server, "key,new_path\na,new/a.rs\nb,\n")
            .await
            .unwrap();
        assert_eq!((again.unchanged, again.revision), (vec![key("b")], None));
        let alpha = server.module("a").await;
        assert_eq!(
            (
                alpha.name.as_str(),
                alpha.owner.as_str(),
                alpha.new_path.as_str()
            ),
            ("Alpha", "core", "new/a.rs")
        );
        let states = server.flag_states().await;
        assert_eq!(states[0], (key("a"), FlagState::BOTH_VALIDATE));
        assert_eq!(states[2], (key("c"), FlagState::OLD_ONLY));
    }

    #[tokio::test]
    async fn the_same_table_twice_changes_nothing() {
        let server = Server::with_modules(&[]).await;
        let table = "key,name,owner\na,Alpha,core\nb,Beta,\n";
        let first = import(&server, table).await.unwrap().sequence;
        let again = refusal(import(&server, table).await);
        assert_eq!(
            (again.code(), again.other_change().unwrap().sequence),
            ("no-change", first)
        );
    }

    #[tokio::test]
    async fn one_wrong_line_refuses_the_whole_and_each_is_named() {
        let server = Server::with_modules(&["a-b", "gone"]).await;
        server.archive_module("gone").await;
        let long = "n".repeat(201);
        let table = format!("key,name,phase\nnew,,\na_b,,\ngone,,\nlost,,9\nlong,{long},\n");
        let Refusal::Invalid { fields } = refusal(import(&server, &table).await) else {
            panic!()
        };
        let names: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(names, ["line 3", "line 4", "line 5", "line 6"]);
        assert!(fields[0].message.contains("a-b"), "{fields:?}");
        assert_eq!(server.flag_states().await.len(), 2);
    }

    #[tokio::test]
    async fn two_phases_of_one_name_need_the_number_and_an_archived_one_is_none() {
        let server = Server::with_modules(&[]).await;
        server.phase(1).await;
        server.phase(2).await;
        let rename = super::super::EditPhase {
            migration: key("atlas"),
            number: 2,
            name: Some("Phase 1".into()),
            start: None,
            end: None,
            expected_modules: None,
            validation_days: None,
            notes: None,
            overriding: false,
            expected: Some(1),
            reason: String::new(),
        };
        server.admin(rename).await.unwrap();
        assert_eq!(
            refusal(import(&server, "key,phase\na,phase 1\n").await).code(),
            "invalid"
        );
        import(&server, "key,phase\na,2\n").await.unwrap();
        let archive = super::super::ArchivePhase {
            migration: key("atlas"),
            number: 1,
            expected: Some(1),
            reason: "merged".into(),
        };
        server.admin(archive).await.unwrap();
        assert_eq!(
            refusal(import(&server, "key,phase\nb,1\n").await).code(),
            "invalid"
        );
    }

    #[tokio::test]
    async fn empty_tables_weak_roles_and_archived_migrations_are_refused() {
        let server = Server::with_modules(&[]).await;
        assert_eq!(refusal(import(&server, "key\n").await).code(), "invalid");
        let rows = plan::parse_modules_csv(b"key\na\n").unwrap();
        let command = ImportModules {
            migration: key("atlas"),
            rows,
            reason: String::new(),
        };
        let operator = Server::operator_of("atlas");
        assert_eq!(
            refusal(server.control.execute(&operator, command).await).code(),
            "forbidden"
        );
        server.archive_migration().await;
        assert_eq!(
            refusal(import(&server, "key\na\n").await).code(),
            "archived"
        );
    }

    #[tokio::test]
    async fn a_server_keeps_ten_thousand_modules_and_no_more() {
        let server = Server::with_modules(&["first"]).await;
        let table = |range: std::ops::Range<u32>| {
            range.fold("key\n".to_owned(), |table, number| {
                format!("{table}m{number}\n")
            })
        };
        assert_eq!(
            refusal(import(&server, &table(0..10_000)).await).code(),
            "in-use"
        );
        import(&server, &table(0..9_999)).await.unwrap();
        let more = refusal(server.try_module("last").await);
        assert_eq!(more.code(), "in-use");
        assert!(more.to_string().contains("10000"), "{more}");
    }
}
