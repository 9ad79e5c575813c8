-- What caused a delivery, for whoever follows it: a traceparent of W3C, or nothing.
ALTER TABLE deliveries ADD COLUMN trace TEXT NOT NULL DEFAULT '';
