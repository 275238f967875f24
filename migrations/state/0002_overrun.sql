-- What an import finds a phase's overrun from: a document exported without it would change the phase when it is imported
-- again.

-- Whether the phase says that its work is that of the phase before, and takes as long.
ALTER TABLE phases ADD COLUMN same_process INTEGER NOT NULL DEFAULT 0 CHECK (same_process IN (0, 1));
-- How long what a day did must soak.
ALTER TABLE checklist_items ADD COLUMN soak_hours INTEGER CHECK (soak_hours >= 0);
