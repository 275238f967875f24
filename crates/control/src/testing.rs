//! A server's inside for tests: a data directory that goes away, a clock that stands until it is stepped, and short
//! ways to what most tests begin with.

use std::collections::BTreeMap;

use domain::audit::AuditEntry;
use domain::read::{CheckRow, Checklists};
use domain::schedule::checklist::List;
use domain::{
    Actor, ActorKind, Authentication, Committed, Exposure, FlagState, Grant, Key, Mode, Refusal,
    Role, Scope, Thresholds, Timestamp,
};
use tempfile::TempDir;

use crate::command::Command;
use crate::commands::{
    AddCheck, AddUser, ArchiveCheck, ArchiveMigration, ArchiveModule, ArchiveUser,
    CreateEnvironment, CreateMigration, CreateModule, CreatePhase, EditModule, RetireModule,
    RollBack, Selection, SetMode,
};
use crate::evidence::Retention;
use crate::store::{audit, flags, migrations, modules};
use crate::{Caller, Clock, CommandError, Control, Options};

/// 2026-11-22 14:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_795_356_000_000);

/// A control with its data directory.
pub(crate) struct Server {
    pub(crate) control: Control,
    _directory: TempDir,
}

/// A key that is one.
pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

/// What was refused; panics for anything else.
pub(crate) fn refusal<T>(answer: Result<T, CommandError>) -> Refusal {
    match answer {
        Ok(_) => panic!("it was carried out"),
        Err(CommandError::Refused(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
    }
}

impl Server {
    /// An empty one.
    pub(crate) async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let clock = Clock::stepped(START);
        let control = Control::open(Options {
            data_dir,
            clock,
            demo: false,
            retention: Retention::default(),
        })
        .await
        .unwrap();
        Self {
            control,
            _directory: directory,
        }
    }

    /// With the migration `atlas`and these modules.
    pub(crate) async fn with_modules(names: &[&str]) -> Self {
        let server = Self::open().await;
        let command = CreateMigration {
            key: key("atlas"),
            name: "Atlas".into(),
            description: String::new(),
            zone: "UTC".into(),
            start: None,
            expected_modules: None,
            thresholds: Thresholds::default(),
            reason: String::new(),
        };
        server.admin(command).await.unwrap();
        for name in names {
            server.try_module(name).await.unwrap();
        }
        server
    }

    /// Admin of the whole server.
    pub(crate) fn root() -> Caller {
        Self::caller("root", Scope::All, Role::Admin)
    }

    /// Admin of one migration.
    pub(crate) fn admin_of(migration: &str) -> Caller {
        Self::caller("admin", Scope::Migration(key(migration)), Role::Admin)
    }

    /// Operator of one migration.
    pub(crate) fn operator_of(migration: &str) -> Caller {
        Self::caller("operator", Scope::Migration(key(migration)), Role::Operator)
    }

    /// Viewer of one migration.
    pub(crate) fn viewer_of(migration: &str) -> Caller {
        Self::caller("viewer", Scope::Migration(key(migration)), Role::Viewer)
    }

    fn caller(name: &str, scope: Scope, role: Role) -> Caller {
        let actor = Actor {
            id: name.into(),
            name: name.into(),
            kind: ActorKind::User,
            authentication: Authentication::Session,
            grants: vec![Grant { scope, role }],
        };
        Caller::new(actor, "request-1")
    }

    /// `gradual_rollout` at so many percent.
    pub(crate) fn percent(percent: u16) -> FlagState {
        let exposure = Exposure::from_basis_points(percent * 100).unwrap();
        FlagState::new(Mode::GradualRollout, Some(exposure)).unwrap()
    }

    /// Runs a command as admin of the whole server.
    pub(crate) async fn admin<C: Command>(&self, command: C) -> Result<Committed, CommandError> {
        self.control.execute(&Self::root(), command).await
    }

    /// An audit entry.
    pub(crate) async fn entry(&self, sequence: u64) -> AuditEntry {
        let mut connection = self.control.inner().store.read().await.unwrap();
        audit::by_sequence(&mut connection, sequence)
            .await
            .unwrap()
            .unwrap()
            .entry()
            .unwrap()
    }

    /// The module as stored.
    pub(crate) async fn module(&self, name: &str) -> domain::Module {
        let mut connection = self.control.inner().store.read().await.unwrap();
        let atlas = migrations::by_key(&mut connection, &key("atlas"))
            .await
            .unwrap()
            .unwrap();
        modules::by_key(&mut connection, atlas.id, &key(name))
            .await
            .unwrap()
            .unwrap()
            .module
    }

    /// The flags of the environment that decides, archived modules too.
    pub(crate) async fn flag_states(&self) -> Vec<(Key, FlagState)> {
        let mut connection = self.control.inner().store.read().await.unwrap();
        let atlas = migrations::by_key(&mut connection, &key("atlas"))
            .await
            .unwrap()
            .unwrap();
        let environments = crate::store::environments::of_migration(&mut connection, atlas.id)
            .await
            .unwrap();
        let all = flags::of_environment(&mut connection, environments[0].id)
            .await
            .unwrap();
        all.into_iter()
            .map(|flag| (flag.module, flag.state))
            .collect()
    }

    /// Creates a module of `atlas`, named like its key.
    pub(crate) async fn try_module(&self, name: &str) -> Result<Committed, CommandError> {
        self.admin(CreateModule {
            migration: key("atlas"),
            key: key(name),
            name: name.into(),
            phase: None,
            owner: String::new(),
            old_path: String::new(),
            new_path: String::new(),
            reason: String::new(),
        })
        .await
    }

    /// Creates an environment of `atlas`, named like its key.
    pub(crate) async fn try_environment(&self, name: &str) -> Result<Committed, CommandError> {
        self.admin(CreateEnvironment {
            migration: key("atlas"),
            key: key(name),
            name: name.into(),
            reason: String::new(),
        })
        .await
    }

    /// Creates an environment that can be created.
    pub(crate) async fn environment(&self, name: &str) {
        self.try_environment(name).await.unwrap();
    }

    /// Creates a phase of `atlas` without dates.
    pub(crate) async fn phase(&self, number: u32) {
        let command = CreatePhase {
            migration: key("atlas"),
            number: Some(number),
            name: format!("Phase {number}"),
            start: None,
            end: None,
            expected_modules: None,
            validation_days: None,
            notes: String::new(),
            reason: String::new(),
        };
        self.admin(command).await.unwrap();
    }

    /// Moves a module of `atlas` to a phase.
    pub(crate) async fn move_to_phase(&self, name: &str, phase: Option<u32>) {
        let command = EditModule {
            migration: key("atlas"),
            module: key(name),
            name: None,
            phase: Some(phase),
            owner: None,
            old_path: None,
            new_path: None,
            expected: Some(self.module(name).await.version),
            reason: String::new(),
        };
        self.admin(command).await.unwrap();
    }

    /// Sets a flag of `atlas` in the environment that decides, or another.
    async fn change(
        &self,
        environment: Option<&str>,
        name: &str,
        state: FlagState,
    ) -> Result<Committed, CommandError> {
        let version = self.module(name).await.version;
        self.admin(SetMode {
            migration: key("atlas"),
            environment: environment.map(key),
            selection: Selection::Modules(vec![key(name)]),
            state,
            reason: "test".into(),
            expected: BTreeMap::from([(key(name), version)]),
        })
        .await
    }

    /// Sets a flag in production.
    pub(crate) async fn try_set(
        &self,
        name: &str,
        state: FlagState,
    ) -> Result<Committed, CommandError> {
        self.change(None, name, state).await
    }

    /// Sets a flag in production that can be set.
    pub(crate) async fn set(&self, name: &str, state: FlagState) {
        self.change(None, name, state).await.unwrap();
    }

    /// A rollback of a module of `atlas` in production.
    pub(crate) fn rollback_of(name: &str) -> RollBack {
        RollBack {
            migration: key("atlas"),
            environment: None,
            selection: Selection::Modules(vec![key(name)]),
            to: None,
            reason: "test".into(),
        }
    }

    /// Rolls a module back in production.
    pub(crate) async fn roll_back(&self, name: &str) -> Result<Committed, CommandError> {
        self.admin(Self::rollback_of(name)).await
    }

    /// Sets a flag elsewhere.
    pub(crate) async fn set_in(&self, environment: &str, name: &str, state: FlagState) {
        self.change(Some(environment), name, state).await.unwrap();
    }

    /// Retires a module that is `new_only`.
    pub(crate) async fn retire(&self, name: &str) {
        let command = RetireModule {
            migration: key("atlas"),
            module: key(name),
            reason: "old code is gone".into(),
            expected: Some(self.module(name).await.version),
        };
        self.admin(command).await.unwrap();
    }

    /// Archives a module that serves old.
    pub(crate) async fn archive_module(&self, name: &str) {
        let command = ArchiveModule {
            migration: key("atlas"),
            module: key(name),
            expected: Some(self.module(name).await.version),
            reason: "not needed".into(),
        };
        self.admin(command).await.unwrap();
    }

    /// Archives `atlas`, which was not edited.
    pub(crate) async fn archive_migration(&self) {
        self.archive_migration_of_version(1).await;
    }

    /// Archives `atlas`.
    pub(crate) async fn archive_migration_of_version(&self, version: i64) {
        let command = ArchiveMigration {
            migration: key("atlas"),
            expected: Some(version),
            reason: "given up".into(),
        };
        self.admin(command).await.unwrap();
    }

    /// Adds a user of the whole server and answers their id.
    pub(crate) async fn user(&self, name: &str, role: Role) -> String {
        let command = AddUser {
            name: name.into(),
            role,
            migration: None,
            reason: String::new(),
        };
        self.admin(command).await.unwrap().subject.unwrap()
    }

    /// Adds a user who sees `atlas` alone, and answers them as a caller.
    pub(crate) async fn signed_in(&self, name: &str, role: Role) -> Caller {
        let command = AddUser {
            name: name.into(),
            role,
            migration: Some(key("atlas")),
            reason: String::new(),
        };
        let id = self.admin(command).await.unwrap().subject.unwrap();
        let actor = self.control.user_actor(&id).await.unwrap().unwrap();
        Caller::new(actor, "request-1")
    }

    /// Archives a user.
    pub(crate) async fn archive_user(&self, name: &str) {
        self.admin(ArchiveUser {
            name: name.into(),
            reason: "left".into(),
        })
        .await
        .unwrap();
    }

    /// Adds a checklist item of `atlas` and answers its id.
    pub(crate) async fn check(&self, list: List, title: &str) -> i64 {
        self.add_check(list, title, false).await
    }

    /// The same for one that asks for evidence.
    pub(crate) async fn check_with_evidence(&self, list: List, title: &str) -> i64 {
        self.add_check(list, title, true).await
    }

    async fn add_check(&self, list: List, title: &str, evidence_required: bool) -> i64 {
        let command = AddCheck {
            migration: key("atlas"),
            list,
            title: title.into(),
            owner: String::new(),
            due: None,
            commands: String::new(),
            evidence_required,
            reason: String::new(),
        };
        let added = self.admin(command).await.unwrap().subject.unwrap();
        added.parse().unwrap()
    }

    /// Archives a checklist item of that version.
    pub(crate) async fn archive_check(&self, item: i64, version: i64) {
        let command = ArchiveCheck {
            migration: key("atlas"),
            item,
            expected: Some(version),
            reason: "not needed".into(),
        };
        self.admin(command).await.unwrap();
    }

    /// The checklists of `atlas` as they stand now.
    pub(crate) async fn checklists(&self) -> Checklists {
        crate::queries::checklists(&self.control, &Self::root(), &key("atlas"), None, None)
            .await
            .unwrap()
    }

    /// An item of them.
    pub(crate) async fn check_row(&self, item: i64) -> CheckRow {
        let lists = self.checklists().await;
        lists.rows().find(|row| row.id == item).cloned().unwrap()
    }
}
