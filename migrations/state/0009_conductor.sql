-- Whether modules whose errors are proven to be over the limit are rolled back without waiting for a person.
ALTER TABLE migrations ADD COLUMN automatic_rollback INTEGER NOT NULL DEFAULT 1 CHECK (automatic_rollback IN (0, 1));
