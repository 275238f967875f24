//! The state as the page and `/state` show it: numbers, and words for people.

use flags::{FlagState, Key, Mode};
use serde::Serialize;

use crate::state::{Link, Service};

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
    /// Whether the last question was answered.
    pub server_reachable: bool,
    /// What is wrong and what that means, for people.
    pub trouble: Option<String>,
    /// In the snapshot's order.
    pub modules: Vec<ModuleView>,
}

impl View {
    /// What a service shows now.
    pub fn of(service: &Service) -> Self {
        let (applied, link) = (service.applied(), service.link());
        let modules = applied.iter().flat_map(|applied| &applied.flags);
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
        let snapshot = applied.as_ref().map(|applied| applied.flags.snapshot());
        Self {
            migration: snapshot.map(|snapshot| snapshot.migration.clone()),
            environment: snapshot.map(|snapshot| snapshot.environment.clone()),
            epoch: snapshot.map(|snapshot| snapshot.revision.epoch.to_string()),
            revision: snapshot.map(|snapshot| snapshot.revision.number),
            kill_switch: snapshot.is_some_and(|snapshot| snapshot.kill_switch),
            last_applied_at: applied.as_ref().map(|applied| format!("{:.3}", applied.at)),
            server_reachable: matches!(*link, Link::Answering { .. } | Link::Refused { .. }),
            trouble: trouble(&link, applied.is_some()),
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

fn trouble(link: &Link, has_snapshot: bool) -> Option<String> {
    let (what, problem, since) = match link {
        Link::Unknown | Link::Answering { .. } => return None,
        Link::Refused { problem, since } => ("The server’s flags cannot be used", problem, since),
        Link::Away { problem, since } => ("No flags from the server", problem, since),
    };
    let meanwhile = if has_snapshot {
        "Serving by the last known revision."
    } else {
        "Serving old, the compiled-in default."
    };
    Some(format!(
        "{what} since {} UTC: {problem}. {meanwhile}",
        since.strftime("%H:%M:%S")
    ))
}
