//! What stands around every page.

use domain::Key;
use domain::read::Frame;

use super::standing::load;
use crate::{Caller, Control, QueryError};

/// The frame of a migration's pages, for pages that need nothing else.
pub async fn frame(
    control: &Control,
    caller: &Caller,
    migration: &Key,
    environment: Option<&Key>,
) -> Result<Frame, QueryError> {
    Ok(load(control, caller, migration, environment).await?.frame)
}
