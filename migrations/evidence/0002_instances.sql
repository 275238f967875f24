-- Running instances of services, and who obeyed which change. A receipt outlives its instances: it is read with the audit entry.

CREATE TABLE instances (
    migration TEXT NOT NULL,
    environment TEXT NOT NULL,
    instance TEXT NOT NULL,
    service TEXT NOT NULL,
    sdk TEXT NOT NULL,
    token TEXT NOT NULL,
    epoch TEXT,
    revision INTEGER,
    applied_at INTEGER,
    last_seen_at INTEGER NOT NULL,
    PRIMARY KEY (migration, environment, instance),
    CHECK ((epoch IS NULL) = (revision IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    sequence INTEGER NOT NULL,
    migration TEXT NOT NULL,
    environment TEXT NOT NULL,
    epoch TEXT NOT NULL,
    revision INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    pushed_at INTEGER NOT NULL,
    expected INTEGER NOT NULL CHECK (expected >= 0),
    acknowledged INTEGER NOT NULL CHECK (acknowledged BETWEEN 0 AND expected),
    median_ms INTEGER,
    p99_ms INTEGER,
    slowest_ms INTEGER,
    behind TEXT NOT NULL,
    PRIMARY KEY (sequence, migration, environment)
) STRICT, WITHOUT ROWID;
