//! The state as the page and `/state` show it: numbers, and words for people.

use jiff::Timestamp;
use serde::Serialize;
use switchback_client::{FlagState, Flags, Key, Mode, Source};

use crate::link::{self, Connection};
use crate::state::Service;

/// `/state`.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// The migration; none before the first snapshot.
    pub migration: Option<Key>,
    /// The environment.
    pub environment: Option<Key>,
    /// The epoch of the revision.
    pub epoch: Option<String>,
    /// The revision in force.
    pub revision: Option<u64>,
    /// Whether everything active is on old.
    #[serde(rename = "killSwitch")]
    pub kill_switch: bool,
    /// When the revision came into force here, RFC 3339 in UTC.
    pub last_applied_at: Option<String>,
    /// Where the revision came from: `network`, `disk` or `compiled_in`, which is the program itself.
    pub source: &'static str,
    /// The same for people.
    pub source_label: &'static str,
    /// How changes arrive: `stream`, `polling` or `none`.
    pub connection: &'static str,
    /// The same for people.
    pub connection_label: &'static str,
    /// What this process calls itself in its receipts.
    pub instance: String,
    /// Whether the server answers.
    pub server_reachable: bool,
    /// What is wrong and what that means, for people.
    pub trouble: Option<String>,
    /// In the snapshot's order.
    pub modules: Vec<ModuleView>,
}

impl View {
    /// What a service shows now.
    pub fn of(service: &Service) -> Self {
        let (flags, status) = (service.client.flags(), service.client.status());
        let modules = flags.iter().flat_map(|flags| &**flags);
        let modules: Vec<ModuleView> = modules
            .map(|flag| {
                let (mode, served) = (flag.mode(), service.split(flag.module()));
                ModuleView {
                    key: flag.module().clone(),
                    mode: mode.state.mode(),
                    exposure: mode.state.exposure().basis_points(),
                    label: label(mode.state, mode.kill_switch, mode.retired),
                    served: ServedView {
                        old: served.old_count(),
                        new: served.new_count(),
                    },
                }
            })
            .collect();
        let snapshot = flags.as_ref().map(|flags| flags.snapshot());
        let applied = flags.as_ref().map(Flags::applied_at);
        let applied = applied.and_then(|at| Timestamp::try_from(at).ok());
        let source = flags.as_ref().map_or(Source::CompiledIn, Flags::source);
        let connection = Connection::of(&status);
        Self {
            migration: snapshot.map(|snapshot| snapshot.migration.clone()),
            environment: snapshot.map(|snapshot| snapshot.environment.clone()),
            epoch: snapshot.map(|snapshot| snapshot.revision.epoch.to_string()),
            revision: snapshot.map(|snapshot| snapshot.revision.number),
            kill_switch: snapshot.is_some_and(|snapshot| snapshot.kill_switch),
            last_applied_at: applied.map(|at| format!("{at:.3}")),
            source: link::source(source),
            source_label: link::source_label(source),
            connection: connection.as_str(),
            connection_label: connection.label(),
            instance: service.client.instance().to_owned(),
            server_reachable: link::is_reachable(&status),
            trouble: link::trouble(&status, Timestamp::now()).or_else(|| {
                let problem = service.unreported()?;
                Some(format!(
                    "Flags are obeyed, but what was served is not reported: {problem}."
                ))
            }),
            modules,
        }
    }
}

/// One module of `/state`.
#[derive(Clone, Debug, Serialize)]
pub struct ModuleView {
    /// The module.
    pub key: Key,
    /// The mode in effect.
    pub mode: Mode,
    /// The exposure in effect, basis points.
    pub exposure: u16,
    /// Both in words.
    pub label: String,
    /// The last requests.
    pub served: ServedView,
}

/// How the last requests of a module split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServedView {
    /// On old.
    pub old: u32,
    /// On new.
    pub new: u32,
}

fn label(state: FlagState, kill_switch: bool, retired: bool) -> String {
    match state.mode() {
        _ if kill_switch => "Old, killed".to_owned(),
        _ if retired => "New, old is gone".to_owned(),
        Mode::OldOnly => "Old only".to_owned(),
        Mode::BothValidate => "Comparing".to_owned(),
        Mode::NewOnly => "New only".to_owned(),
        Mode::GradualRollout => {
            let percent = f64::from(state.exposure().basis_points()) / 100.0;
            format!("{percent} % on new")
        }
    }
}
