//! The way to a data directory: in process when nobody else has it, else through the control socket of who does.
//! What only reads is done in process whoever has it.

use std::path::PathBuf;

use control::evidence::Retention;
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

/// What a command wants of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// To read what is there: takes no lock and changes nothing, whoever has the directory.
    Reading,
    /// To work with what is there.
    Existing,
    /// To find out what would change, against an empty directory, removed again, where there is none.
    Preview,
    /// To write, making the directory where there is none.
    Writing,
}

/// The data directory, where there is data in it.
///
/// # Errors
/// When there is none.
pub fn existing(flags: &DataFlags, context: &Context) -> Result<DataSettings, Failure> {
    let settings = settle(flags, context)?;
    if settings.data_dir.join(STATE_FILE).exists() {
        return Ok(settings);
    }
    Err(Failure::failed(format!(
        "there is no Switchback data in {}. Say where it is with --data-dir or SWITCHBACK_DATA_DIR.",
        settings.data_dir.display()
    )))
}

fn settle(flags: &DataFlags, context: &Context) -> Result<DataSettings, Failure> {
    DataSettings::settle(flags.clone(), None, &context.file)
        .map_err(|error| Failure::usage(format!("{error:#}")))
}

/// Opens the way.
///
/// # Errors
/// When there is no data, or it cannot be used.
pub async fn connect(flags: &DataFlags, wants: Wants, context: &Context) -> Result<Api, Failure> {
    let settings = match wants {
        Wants::Reading | Wants::Existing => existing(flags, context)?,
        Wants::Preview | Wants::Writing => settle(flags, context)?,
    };
    let is_there = settings.data_dir.join(STATE_FILE).exists();
    let scratch = (wants == Wants::Preview && !is_there)
        .then(|| std::env::temp_dir().join(format!("switchback-{}", new_request_id())));
    let directory = scratch.as_ref().unwrap_or(&settings.data_dir).clone();
    let options = Options {
        data_dir: directory.clone(),
        clock: Clock::System,
        demo: false,
        retention: Retention::default(),
    };
    let opened = if wants == Wants::Reading {
        Control::open_read_only(options).await
    } else {
        Control::open(options).await
    };
    match opened {
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
