-- Changes of flags, for the bars of what was along time.
CREATE INDEX audit_of_flags ON audit (migration, environment, sequence)
    WHERE revision_made IS NOT NULL AND outcome = 'committed';
