-- What calendar programs read says of everything which audit entry changed it last.

-- The audit entry that changed the phase last.
ALTER TABLE phases ADD COLUMN changed_sequence INTEGER;
-- Entries that change what has no row of its own in a calendar: templates, daily checks, the migration's name and zone,
-- and which environment decides.
CREATE INDEX audit_of_plans ON audit (migration, sequence) WHERE outcome = 'committed'
    AND action IN ('migration.create', 'migration.edit', 'environment.edit', 'plan.import', 'check.add', 'check.edit', 'check.archive');
