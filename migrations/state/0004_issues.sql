-- The issue log. Issues are numbered per migration; what was written stays: a comment is never edited, a link is taken
-- away by saying when.

CREATE TABLE issues (
    id INTEGER PRIMARY KEY,
    migration_id INTEGER NOT NULL REFERENCES migrations (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    body TEXT NOT NULL CHECK (length(body) <= 65536),
    severity TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
    status TEXT NOT NULL CHECK (status IN ('open', 'mitigated', 'resolved')),
    module_id INTEGER REFERENCES modules (id),
    owner TEXT NOT NULL,
    due TEXT,
    -- When it was noticed, which may be before somebody wrote it down.
    noticed_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    opened_by TEXT NOT NULL,
    resolution TEXT NOT NULL DEFAULT '' CHECK (length(resolution) <= 65536),
    resolved_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    -- The audit entry that counted the version up last.
    changed_sequence INTEGER NOT NULL,
    UNIQUE (migration_id, number),
    CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK ((status = 'resolved') = (resolution <> ''))
) STRICT;
-- What is still to be done, and what keeps a module from being promoted.
CREATE INDEX issues_unresolved ON issues (migration_id, severity, module_id) WHERE status <> 'resolved';
CREATE INDEX issues_by_module ON issues (module_id, number) WHERE module_id IS NOT NULL;

CREATE TABLE issue_labels (
    issue_id INTEGER NOT NULL REFERENCES issues (id),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 40),
    PRIMARY KEY (issue_id, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX issue_labels_by_label ON issue_labels (label, issue_id);

CREATE TABLE issue_comments (
    id INTEGER PRIMARY KEY,
    issue_id INTEGER NOT NULL REFERENCES issues (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    written_at INTEGER NOT NULL,
    written_by TEXT NOT NULL,
    body TEXT NOT NULL CHECK (length(body) BETWEEN 1 AND 65536),
    UNIQUE (issue_id, number)
) STRICT;

CREATE TABLE issue_links (
    id INTEGER PRIMARY KEY,
    issue_id INTEGER NOT NULL REFERENCES issues (id),
    other_id INTEGER NOT NULL REFERENCES issues (id),
    kind TEXT NOT NULL CHECK (kind IN ('blocks', 'causes', 'duplicates', 'relates')),
    linked_at INTEGER NOT NULL,
    removed_at INTEGER,
    CHECK (issue_id <> other_id)
) STRICT;
CREATE UNIQUE INDEX issue_links_once ON issue_links (issue_id, other_id, kind) WHERE removed_at IS NULL;
CREATE INDEX issue_links_by_other ON issue_links (other_id) WHERE removed_at IS NULL;

-- Evidence as it was at one moment, by the shape of its kind. Later kinds need no new column.
CREATE TABLE issue_attachments (
    id INTEGER PRIMARY KEY,
    issue_id INTEGER NOT NULL REFERENCES issues (id),
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    about TEXT NOT NULL,
    frozen_at INTEGER NOT NULL,
    evidence TEXT NOT NULL CHECK (json_valid(evidence))
) STRICT;
CREATE INDEX issue_attachments_by_issue ON issue_attachments (issue_id);

-- Frozen is frozen, and what was said was said.
CREATE TRIGGER issue_attachments_never_updated BEFORE UPDATE ON issue_attachments BEGIN
    SELECT RAISE(ABORT, 'frozen evidence never changes');
END;
CREATE TRIGGER issue_attachments_never_deleted BEFORE DELETE ON issue_attachments BEGIN
    SELECT RAISE(ABORT, 'frozen evidence is never deleted');
END;
CREATE TRIGGER issue_comments_never_updated BEFORE UPDATE ON issue_comments BEGIN
    SELECT RAISE(ABORT, 'a comment never changes');
END;
CREATE TRIGGER issue_comments_never_deleted BEFORE DELETE ON issue_comments BEGIN
    SELECT RAISE(ABORT, 'a comment is never deleted');
END;

-- Which audit entries are about an issue, for its timeline. The entry is appended after what it records.
CREATE TABLE audit_issues (
    issue_id INTEGER NOT NULL REFERENCES issues (id),
    sequence INTEGER NOT NULL REFERENCES audit (sequence) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (issue_id, sequence)
) STRICT, WITHOUT ROWID;

-- A kill switch is about every module, and so part of the timeline of each issue.
CREATE INDEX audit_of_kill_switches ON audit (migration, at) WHERE action IN ('kill_switch.on', 'kill_switch.off');

-- Words of an issue: its row id is the issue's. The texts themselves are not kept twice; the store writes an issue's row
-- anew with each change of its texts.
CREATE VIRTUAL TABLE issue_words USING fts5 (
    title, labels, body, comments,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
