//! The way to a data directory: in process when nobody else has it, else through the control socket of who does.

use std::path::PathBuf;

use control::store::{CONTROL_SOCKET, STATE_FILE, StoreError};
use control::{Clock, Control, Options};
use domain::{Actor, Authentication};

use super::Context;
use super::api::Api;
use super::exit::Failure;
use crate::config::{DataFlags, DataSettings};
use crate::middleware::edge::Edge;
use crate::middleware::request::new_request_id;
use crate::state::{AppState, Setting};
use crate::{os_user, router};

/// Whether a data directory that is not there yet is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// No: there would be nothing to read.
    Reading,
    /// No: what would change is found out against an empty one, which is removed again.
    Preview,
    /// Yes.
    Writing,
}

/// Opens the way.
///
/// # Errors
/// When there is no data, or it cannot be used.
pub async fn connect(flags: &DataFlags, wants: Wants, context: &Context) -> Result<Api, Failure> {
    let settings = DataSettings::settle(flags.clone(), None, &context.file)
        .map_err(|error| Failure::usage(format!("{error:#}")))?;
    let is_there = settings.data_dir.join(STATE_FILE).exists();
    let (directory, scratch) = match wants {
        Wants::Reading if !is_there => {
            return Err(Failure::failed(format!(
                "there is no Switchback data in {}. Say where it is with --data-dir or SWITCHBACK_DATA_DIR.",
                settings.data_dir.display()
            )));
        }
        Wants::Preview if !is_there => {
            let scratch = std::env::temp_dir().join(format!("switchback-{}", new_request_id()));
            (scratch.clone(), Some(scratch))
        }
        _ => (settings.data_dir.clone(), None),
    };
    let options = Options {
        data_dir: directory.clone(),
        clock: Clock::System,
        demo: false,
    };
    match Control::open(options).await {
        Ok(control) => Ok(in_process(control, &settings, scratch)),
        Err(StoreError::Locked(_)) => Api::socket(&directory.join(CONTROL_SOCKET)),
        Err(error) => Err(Failure::failed(error.to_string())),
    }
}

fn in_process(control: Control, settings: &DataSettings, scratch: Option<PathBuf>) -> Api {
    let actor = Actor::local(&os_user::current(), Authentication::DataDirectory);
    let state = AppState::new(control.clone(), Setting::in_process(settings.link_base()));
    let edge = Edge::new(state.clone(), router::local(&state));
    Api::InProcess {
        edge: Box::new(edge),
        control,
        actor,
        scratch,
    }
}
