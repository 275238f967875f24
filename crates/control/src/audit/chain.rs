//! An entry's body, its hash, and appending it.

use domain::audit::AuditEntry;
use sha2::{Digest as _, Sha256};

use crate::store::{Connection, StoreError, audit};

/// What stands before the first entry's hash: 32 zero bytes.
pub const FIRST_PREVIOUS: [u8; 32] = [0; 32];

/// What every hash begins with, so that no other use of SHA-256 can be mistaken for an entry's.
const DOMAIN: &[u8] = b"switchback-audit-v1\0";

/// The entry in RFC 8785 form: the same bytes wherever it is written.
pub fn body_of(entry: &AuditEntry) -> Result<String, StoreError> {
    Ok(serde_jcs::to_string(entry)?)
}

/// `SHA-256("switchback-audit-v1\0" || previous || body)`.
pub fn hash_of(previous: &[u8; 32], body: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(previous);
    hasher.update(body.as_bytes());
    hasher.finalize().into()
}

/// Appends an entry whose sequence must be the next one, and answers its hash: the next entry's previous one.
pub(crate) async fn append(
    connection: &mut Connection,
    entry: &AuditEntry,
    previous: &[u8; 32],
) -> Result<[u8; 32], StoreError> {
    let body = body_of(entry)?;
    let hash = hash_of(previous, &body);
    audit::append(connection, entry, &body, previous, &hash).await?;
    Ok(hash)
}
