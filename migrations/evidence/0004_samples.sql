-- What services saw of old and new: by the minute for some days, by the hour for some months, by the day for good.

-- A module in an environment. Keys are never reused.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    migration TEXT NOT NULL,
    environment TEXT NOT NULL,
    module TEXT NOT NULL,
    UNIQUE (migration, environment, module)
) STRICT;

-- `at` is the start of the minute, hour or day (UTC), `minutes` how many minutes of it had a use, `latency` a sketch.
CREATE TABLE samples (
    resolution TEXT NOT NULL CHECK (resolution IN ('minute', 'hour', 'day')),
    series_id INTEGER NOT NULL REFERENCES series (id),
    side TEXT NOT NULL CHECK (side IN ('old', 'new')),
    at INTEGER NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes BETWEEN 0 AND 1440),
    uses INTEGER NOT NULL CHECK (uses >= 0),
    errors INTEGER NOT NULL CHECK (errors BETWEEN 0 AND uses),
    latency BLOB NOT NULL,
    PRIMARY KEY (resolution, series_id, side, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX samples_by_age ON samples (resolution, at);

-- `found` is what comparisons of that time found, added up, as JSON.
CREATE TABLE comparisons (
    resolution TEXT NOT NULL CHECK (resolution IN ('minute', 'hour', 'day')),
    series_id INTEGER NOT NULL REFERENCES series (id),
    at INTEGER NOT NULL,
    found TEXT NOT NULL,
    PRIMARY KEY (resolution, series_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX comparisons_by_age ON comparisons (resolution, at);

-- One place in which answers differed: its last example, and since when it is seen.
CREATE TABLE mismatches (
    series_id INTEGER NOT NULL REFERENCES series (id),
    path TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (series_id, path)
) STRICT, WITHOUT ROWID;

-- Reports that were counted: what is sent again is not counted again.
CREATE TABLE batches (
    migration TEXT NOT NULL,
    environment TEXT NOT NULL,
    batch TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (migration, environment, batch)
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_by_age ON batches (taken_at);
