-- What was decided, for `alertd why`: rows are only added, and deleted from the oldest on.
CREATE TABLE history (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    subject TEXT NOT NULL,
    what    TEXT NOT NULL,
    facts   TEXT NOT NULL
);

CREATE INDEX history_subject ON history (subject, at);

-- The alerts that those rows are about, so that their labels are kept once.
CREATE TABLE history_alerts (
    labels TEXT PRIMARY KEY,  -- Labels.key
    name   TEXT NOT NULL,
    rule   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    body   TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX history_alerts_name ON history_alerts (name, at);
CREATE INDEX history_alerts_at ON history_alerts (at);
