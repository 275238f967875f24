//! What pages are made of. Components only show: fetching and commanding is the pages' business.
//!
//! Classes and markup are those of the sheets in `style/`, one sheet a component.

mod banner;
mod chips;
mod code_block;
mod dialog;
mod diff;
mod field;
mod form;
mod frame;
mod framed;
mod icon;
mod pager;
mod problem;
mod reasons;
mod receipt;
mod rows;
mod steps;
mod time;
mod track;

pub use banner::{done, empty, flash_banner};
pub use chips::chips;
pub use code_block::{CodeBlock, CopyButton};
pub use dialog::{Dialog, opens_dialog};
pub use diff::{DiffLine, diff, flag_changes};
pub use field::{Choice, Field, Hint, Select};
pub use form::{
    CommandAction, CommandForm, FormState, Hidden, Lock, lock, lock_unless, server_lock,
};
pub use frame::{Door, Rail, ServerFrame, Zone};
#[cfg(feature = "hydrate")]
pub(crate) use frame::{LiveMark, LostBanner, SingleKeysButton, ZoneMenu};
pub(crate) use framed::provide_last_frame;
pub use framed::{Framed, framed, served};
pub use icon::icon;
pub use pager::{PageLink, pager};
pub use problem::{problem, problem_page};
pub use reasons::Reasons;
pub use receipt::receipt;
pub use rows::{KeyValue, badge, key_values, state};
pub use steps::steps;
pub use time::Time;
pub use track::{Size, sum_track, track};
