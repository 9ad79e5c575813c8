-- Silences, as they are now; those that ended are kept for a while, to be seen.
CREATE TABLE silences (
    id      TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    body    TEXT NOT NULL
);

CREATE INDEX silences_ended ON silences (ends_at);
