-- The plan on a calendar: what phases wait for, when promotions wait, days to remember.

-- Where the phase was to be when the plan was agreed on: what is expected now is compared with it.
ALTER TABLE phases ADD COLUMN baseline_start TEXT;
ALTER TABLE phases ADD COLUMN baseline_end TEXT;
UPDATE phases SET baseline_start = start_date, baseline_end = end_date;

-- A phase does not start before what it needs has ended.
CREATE TABLE phase_dependencies (
    phase_id INTEGER NOT NULL REFERENCES phases (id),
    needs_id INTEGER NOT NULL REFERENCES phases (id),
    PRIMARY KEY (phase_id, needs_id),
    CHECK (phase_id <> needs_id)
) STRICT, WITHOUT ROWID;

-- Freezes and change windows: civil times in the migration's zone, the end not included. Without phase and module a window
-- is about the whole migration.
CREATE TABLE windows (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    kind TEXT NOT NULL CHECK (kind IN ('freeze', 'change')),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    phase_id INTEGER REFERENCES phases (id),
    module_id INTEGER REFERENCES modules (id),
    starts TEXT NOT NULL,
    ends TEXT NOT NULL CHECK (ends > starts),
    recurrence TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    changed_sequence INTEGER,
    CHECK (phase_id IS NULL OR module_id IS NULL)
) STRICT;
CREATE INDEX windows_by_migration ON windows (migration_id);

CREATE TABLE milestones (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    day TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    changed_sequence INTEGER
) STRICT;
CREATE INDEX milestones_by_migration ON milestones (migration_id);

-- Secret addresses of calendars, by person; only a hash of the secret is kept.
CREATE TABLE calendar_feeds (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX calendar_feeds_by_user ON calendar_feeds (user_id);
