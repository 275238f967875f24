-- evidence.db: what may be lost without losing a decision: sessions, drafts, last uses.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE token_uses (
    token_id TEXT PRIMARY KEY,
    last_used_at INTEGER NOT NULL
) STRICT;

CREATE TABLE readers (
    token_id TEXT NOT NULL,
    client TEXT NOT NULL,
    last_read_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (token_id, client)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_drafts (
    id TEXT PRIMARY KEY,
    actor_id TEXT NOT NULL,
    file_name TEXT NOT NULL,
    settings TEXT NOT NULL,
    digest TEXT NOT NULL,
    body BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX import_drafts_by_expiry ON import_drafts (expires_at);
