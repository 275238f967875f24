//! Handlers, one subject a file. Which address leads to which is in [`crate::routes`] alone.

pub mod acks;
pub mod api;
pub mod assets;
pub mod calendar_feeds;
pub mod data_plane;
pub mod description;
pub mod encoding;
pub mod evidence;
pub mod evidence_exports;
pub mod exports;
pub mod flags;
pub mod health;
pub mod import;
pub mod issue_exports;
pub mod live;
pub mod ofrep;
pub mod pages;
pub mod problem;
pub mod sign_in;
pub mod stream;
