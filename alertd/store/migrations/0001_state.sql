-- The state of alertd. Instants are microseconds since 1970, UTC. Long JSON is a zlib blob, short JSON is text.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- An alert that ended is kept until everybody has been told, beside one of the same labels that begins anew.
CREATE TABLE alerts (
    rule   TEXT NOT NULL,
    labels TEXT NOT NULL,  -- Labels.key
    ended  INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (rule, labels, ended)
);

-- The outbox. A greater seq is newer, whatever the clock said. `current`: this row is, or may become, what was last
-- told, so it has a payload; the newest row of a (grp, integration) always is. A lease is held by this process only.
CREATE TABLE deliveries (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    grp          TEXT NOT NULL,
    integration  TEXT NOT NULL,
    at           INTEGER NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'silent', 'dead', 'superseded')),
    current      INTEGER NOT NULL DEFAULT 1,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER,
    lease_until  INTEGER,
    accepted_at  INTEGER,
    finished_at  INTEGER,
    needed_until INTEGER NOT NULL,  -- an open alert or a cooldown depends on it until then
    error        TEXT NOT NULL,
    CHECK ((status = 'pending') = (finished_at IS NULL)),
    CHECK (lease_until IS NULL OR status = 'pending')
);

-- Apart, so that a change of state never rewrites megabytes.
CREATE TABLE payloads (
    seq          INTEGER PRIMARY KEY,
    notification TEXT,
    told         TEXT NOT NULL
);

CREATE INDEX deliveries_current ON deliveries (grp, integration) WHERE current = 1;
CREATE INDEX deliveries_waiting ON deliveries (integration, next_at) WHERE status = 'pending' AND lease_until IS NULL;
CREATE INDEX deliveries_leased ON deliveries (integration, lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_finished ON deliveries (status, finished_at);

CREATE TRIGGER deliveries_outdated AFTER UPDATE OF current ON deliveries WHEN NEW.current = 0 BEGIN
    DELETE FROM payloads WHERE seq = NEW.seq;
END;

CREATE TRIGGER deliveries_pruned AFTER DELETE ON deliveries BEGIN
    DELETE FROM payloads WHERE seq = OLD.seq;
END;
