-- When calendar programs last read an address.
CREATE TABLE calendar_feed_reads (
    feed_id TEXT PRIMARY KEY,
    last_read_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
