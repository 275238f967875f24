-- Words of audit entries, for the search across a migration. A row id is the entry's sequence; the texts themselves are not
-- kept twice, and an entry never changes.
CREATE VIRTUAL TABLE audit_words USING fts5 (
    summary, actor, action, targets, reason,
    content = '', tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
INSERT INTO audit_words (rowid, summary, actor, action, targets, reason)
SELECT sequence, json_extract(body, '$.summary'), actor_name, action, targets, reason FROM audit;
CREATE TRIGGER audit_words_kept AFTER INSERT ON audit BEGIN
    INSERT INTO audit_words (rowid, summary, actor, action, targets, reason)
    VALUES (NEW.sequence, json_extract(NEW.body, '$.summary'), NEW.actor_name, NEW.action, NEW.targets, NEW.reason);
END;
