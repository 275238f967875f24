-- switchback.db: state and audit. Instants are milliseconds UTC; dates and daily times are civil text in the migration's zone.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    created_at INTEGER NOT NULL,
    archived_at INTEGER
) STRICT;

CREATE TABLE migrations (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    folded_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description TEXT NOT NULL DEFAULT '',
    zone TEXT NOT NULL,
    start_date TEXT,
    expected_modules INTEGER CHECK (expected_modules >= 0),
    hold_basis_points INTEGER NOT NULL CHECK (hold_basis_points BETWEEN 0 AND 10000),
    rollback_basis_points INTEGER NOT NULL CHECK (rollback_basis_points BETWEEN hold_basis_points AND 10000),
    plan_digest TEXT,
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1)
) STRICT;

CREATE TABLE grants (
    user_id TEXT NOT NULL REFERENCES users (id),
    migration_id INTEGER REFERENCES migrations (id),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'approver'))
) STRICT;
CREATE UNIQUE INDEX grants_once ON grants (user_id, coalesce(migration_id, 0));

CREATE TABLE environments (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    key TEXT NOT NULL,
    folded_key TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    deciding INTEGER NOT NULL CHECK (deciding IN (0, 1)),
    kill_switch INTEGER NOT NULL DEFAULT 0 CHECK (kill_switch IN (0, 1)),
    kill_sequence INTEGER,
    revision INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0),
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (migration_id, folded_key)
) STRICT;
CREATE UNIQUE INDEX environments_one_deciding ON environments (migration_id) WHERE deciding = 1;

CREATE TABLE phases (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    start_date TEXT,
    end_date TEXT CHECK (end_date IS NULL OR start_date IS NULL OR end_date >= start_date),
    expected_modules INTEGER CHECK (expected_modules >= 0),
    validation_days INTEGER CHECK (validation_days >= 0),
    overrun_days INTEGER NOT NULL DEFAULT 0 CHECK (overrun_days >= 0),
    notes TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (migration_id, number)
) STRICT;

CREATE TABLE modules (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    key TEXT NOT NULL,
    folded_key TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    phase_id INTEGER REFERENCES phases (id),
    owner TEXT NOT NULL DEFAULT '',
    old_path TEXT NOT NULL DEFAULT '',
    new_path TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired', 'archived')),
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    changed_sequence INTEGER,
    UNIQUE (migration_id, folded_key)
) STRICT;

CREATE TABLE flags (
    module_id INTEGER NOT NULL REFERENCES modules (id),
    environment_id INTEGER NOT NULL REFERENCES environments (id),
    mode TEXT NOT NULL CHECK (mode IN ('old_only', 'both_validate', 'gradual_rollout', 'new_only')),
    exposure INTEGER NOT NULL,
    changed_at INTEGER,
    changed_sequence INTEGER,
    PRIMARY KEY (module_id, environment_id),
    CHECK (
        (mode IN ('old_only', 'both_validate') AND exposure = 0)
        OR (mode = 'gradual_rollout' AND exposure BETWEEN 1 AND 9999)
        OR (mode = 'new_only' AND exposure = 10000)
    )
) STRICT, WITHOUT ROWID;
CREATE INDEX flags_by_environment ON flags (environment_id);

CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    phase_id INTEGER REFERENCES phases (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    mode TEXT NOT NULL,
    exposure INTEGER NOT NULL,
    soak_hours INTEGER NOT NULL CHECK (soak_hours >= 0),
    label TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX steps_by_migration ON steps (migration_id, position);

CREATE TABLE checklist_items (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    phase_id INTEGER REFERENCES phases (id),
    kind TEXT NOT NULL CHECK (kind IN ('preparation', 'daily', 'day', 'conditional', 'phase')),
    position INTEGER NOT NULL CHECK (position >= 1),
    title TEXT NOT NULL,
    due TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    commands TEXT NOT NULL DEFAULT '',
    archived_at INTEGER
) STRICT;
CREATE INDEX checklist_items_by_migration ON checklist_items (migration_id, kind, position);

CREATE TABLE criteria (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    threshold INTEGER,
    days INTEGER,
    archived_at INTEGER
) STRICT;
CREATE INDEX criteria_by_migration ON criteria (migration_id, position);

CREATE TABLE runbook_entries (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    commands TEXT NOT NULL DEFAULT '',
    archived_at INTEGER
) STRICT;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind TEXT NOT NULL CHECK (kind IN ('admin', 'operator', 'viewer', 'sdk', 'ingest')),
    migration_id INTEGER REFERENCES migrations (id),
    environment_id INTEGER REFERENCES environments (id),
    hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    CHECK (kind NOT IN ('sdk', 'ingest') OR (migration_id IS NOT NULL AND environment_id IS NOT NULL))
) STRICT;

CREATE TABLE sign_in_links (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    consumed_at INTEGER
) STRICT;

CREATE TABLE idempotency (
    actor_id TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (actor_id, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- What the feed has to announce; written with the change, removed after it was announced.
CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    event TEXT NOT NULL
) STRICT;

-- One chain per server. Columns repeat parts of `body` for queries; `verify` compares them with it.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    migration TEXT,
    environment TEXT,
    targets TEXT NOT NULL,
    revision_made INTEGER,
    reason TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('committed', 'refused')),
    body TEXT NOT NULL,
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_by_migration ON audit (migration, sequence);
CREATE INDEX audit_by_revision ON audit (revision_made) WHERE revision_made IS NOT NULL;

-- Which modules an entry is about, for a module's history.
CREATE TABLE audit_modules (
    module_id INTEGER NOT NULL REFERENCES modules (id),
    sequence INTEGER NOT NULL REFERENCES audit (sequence),
    PRIMARY KEY (module_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_never_updated BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_only_next BEFORE INSERT ON audit
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit) BEGIN
    SELECT RAISE(ABORT, 'the audit log takes only the next sequence');
END;
