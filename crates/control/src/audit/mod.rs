//! The chain of audit entries: one per server, append-only, each entry's hash covering the one before it.

mod chain;
mod verify;

pub use chain::{FIRST_PREVIOUS, body_of, hash_of};
pub use verify::{ExportError, Verifier, verify_export};

pub(crate) use chain::append;
pub(crate) use verify::verify_store;
