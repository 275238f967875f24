-- Checklists as people work them.

-- When around its phase an item is worked; only a list 'before' stands in the way of a promotion.
ALTER TABLE checklist_items ADD COLUMN moment TEXT CHECK (moment IN ('before', 'during', 'after'));
UPDATE checklist_items SET moment = CASE
    WHEN due LIKE 'Before the phase%' THEN 'before'
    WHEN due LIKE 'After the phase%' THEN 'after'
    ELSE 'during'
END WHERE kind IN ('day', 'phase');
-- What a conditional item waits for; where it is not said, the words of the plan say it.
ALTER TABLE checklist_items ADD COLUMN threshold TEXT CHECK (threshold IN ('hold', 'rollback'));
-- `due` holds the words of the plan. This is a time of day of daily items (09:00), else a day; empty where it has none.
ALTER TABLE checklist_items ADD COLUMN due_by TEXT NOT NULL DEFAULT '';
ALTER TABLE checklist_items ADD COLUMN evidence_required INTEGER NOT NULL DEFAULT 0 CHECK (evidence_required IN (0, 1));
-- The first day on which it is worked. Of items that are there already nobody knows; no zone is 12 hours behind.
ALTER TABLE checklist_items ADD COLUMN created_on TEXT NOT NULL DEFAULT '1970-01-01';
UPDATE checklist_items SET created_on = (
    SELECT date(m.created_at / 1000 - 43200, 'unixepoch') FROM migrations m WHERE m.id = checklist_items.migration_id
);
-- Whether a person added it: an import puts only away what an import brought.
ALTER TABLE checklist_items ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1));
ALTER TABLE checklist_items ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1);

-- The last word on an item, and on a day of it where it is worked by days. One row for each, so that of two people who
-- tick at once the second is told of the first; what was said before is in the audit log.
CREATE TABLE checklist_ticks (
    item_id INTEGER NOT NULL REFERENCES checklist_items (id),
    day TEXT NOT NULL CHECK (day = '' OR length(day) = 10),
    state TEXT NOT NULL CHECK (state IN ('done', 'skipped', 'taken_back')),
    by_id TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    said_on TEXT NOT NULL CHECK (length(said_on) = 10),
    evidence TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    sequence INTEGER NOT NULL,
    PRIMARY KEY (item_id, day),
    CHECK (state <> 'skipped' OR reason <> '')
) STRICT, WITHOUT ROWID;
