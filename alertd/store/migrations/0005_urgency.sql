-- What is urgent goes first, however much else waits.
ALTER TABLE deliveries ADD COLUMN urgency INTEGER NOT NULL DEFAULT 2;  -- alertd.core.severity; 2 is a warning

DROP INDEX deliveries_waiting;

CREATE INDEX deliveries_waiting ON deliveries (integration, urgency, next_at)
WHERE status = 'pending' AND lease_until IS NULL;
