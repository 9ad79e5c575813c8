"""All SQL that runs after the migrations, named, so that it can be reviewed (and explained by tests) in one place.

Without statistics SQLite takes every index for as good as another; INDEXED BY says which one stays small.
"""

TOUCH = "INSERT INTO meta (key, value) VALUES ('alive_at', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"

ALIVE_AT = "SELECT value FROM meta WHERE key = 'alive_at'"

ALERTS = "SELECT rowid, body FROM alerts ORDER BY rowid"

WRITE_ALERT = """
INSERT INTO alerts (rule, labels, ended, body) VALUES (?, ?, ?, ?)
ON CONFLICT (rule, labels, ended) DO UPDATE SET body = excluded.body
"""

DELETE_ALERT_ROW = "DELETE FROM alerts WHERE rowid = ?"

DELETE_DELIVERY_ROW = "DELETE FROM deliveries WHERE seq = ?"

DELETE_SILENCE_ROW = "DELETE FROM silences WHERE rowid = ?"

DELETE_ALERT = "DELETE FROM alerts WHERE rule = ? AND labels = ? AND ended = ?"

SPELLS = """
SELECT labels, began, ended, posted FROM spells
WHERE ended > coalesce((SELECT value FROM meta WHERE key = 'alive_at'), 0) - ? ORDER BY ended
"""

WRITE_SPELL = "INSERT INTO spells (labels, began, ended, posted) VALUES (?, ?, ?, ?)"

SILENCES = "SELECT rowid, body FROM silences ORDER BY rowid"

WRITE_SILENCE = """
INSERT INTO silences (id, ends_at, body) VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body
"""

# What every integration was last told about every group (the one row that OUTDATE leaves), and the newer one that is to
# be told. Without the former, a pending row that dies after a restart would take the memory of what came before along.
TOLD = """
SELECT d.seq, d.id, d.grp, d.integration, d.at, d.status, d.attempts, d.next_at, d.accepted_at, d.error,
       p.notification, p.told, d.trace
FROM deliveries AS d INDEXED BY deliveries_current JOIN payloads AS p ON p.seq = d.seq
WHERE d.current = 1 AND (d.status IN ('sent', 'silent') OR d.status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM deliveries AS newer
    WHERE newer.grp = d.grp AND newer.integration = d.integration AND newer.current = 1 AND newer.seq > d.seq
      AND newer.status IN ('pending', 'sent', 'silent')))
ORDER BY d.seq
"""

THERE = "SELECT id FROM deliveries WHERE id IN ({many})"

NEWEST = "SELECT coalesce(max(seq), 0) FROM deliveries"

ADD = """
INSERT INTO deliveries (
    seq, id, grp, integration, at, status, attempts, next_at, accepted_at, finished_at, needed_until, error, urgency,
    trace)
VALUES {many}
"""

ADD_PAYLOAD = "INSERT INTO payloads (seq, notification, told) VALUES (?, ?, ?)"

ADD_PAYLOADS = "INSERT INTO payloads (seq, notification, told) VALUES {many}"

# Newer rows make obsolete what is dead, and what is pending but not under way.
SUPERSEDE = """
UPDATE deliveries NOT INDEXED SET status = 'superseded', current = 0, next_at = NULL, finished_at = at
WHERE seq IN (
    SELECT older.seq FROM deliveries AS new CROSS JOIN deliveries AS older INDEXED BY deliveries_current
    WHERE new.seq > ? AND older.grp = new.grp AND older.integration = new.integration AND older.current = 1
      AND older.seq < new.seq)
  AND (status = 'dead' OR status = 'pending' AND lease_until IS NULL)
"""

# What has been spoken over can never again be what was last told.
OUTDATE = """
UPDATE deliveries SET current = 0
WHERE grp = :grp AND integration = :integration AND current = 1 AND status IN ('sent', 'silent') AND seq < (
    SELECT max(seq) FROM deliveries
    WHERE grp = :grp AND integration = :integration AND current = 1 AND status IN ('sent', 'silent'))
"""

# The same for what rows that are new have spoken over, and what rows that were sent just now have.
OUTDATE_SINCE = """
UPDATE deliveries NOT INDEXED SET current = 0
WHERE seq IN (
    SELECT older.seq FROM deliveries AS new NOT INDEXED CROSS JOIN deliveries AS older INDEXED BY deliveries_current
    WHERE new.seq > ? AND new.current = 1 AND new.status IN ('sent', 'silent') AND older.grp = new.grp
      AND older.integration = new.integration AND older.current = 1 AND older.status IN ('sent', 'silent')
      AND older.seq < new.seq)
"""

OUTDATE_BEFORE = """
UPDATE deliveries NOT INDEXED SET current = 0
WHERE seq IN (
    SELECT older.seq FROM deliveries AS new CROSS JOIN deliveries AS older INDEXED BY deliveries_current
    WHERE new.id IN ({many}) AND older.grp = new.grp AND older.integration = new.integration AND older.current = 1
      AND older.status IN ('sent', 'silent') AND older.seq < new.seq)
"""

# At most one row of a group and integration waits, its newest: SUPERSEDE, SETTLE and SUPERSEDE_EXPIRED see to it.
CLAIM = """
SELECT d.seq, d.id, d.grp, d.integration, d.at, d.status, d.attempts, d.next_at, d.accepted_at, d.error, d.trace
FROM deliveries AS d
WHERE d.integration = ? AND d.urgency = ? AND d.status = 'pending' AND d.lease_until IS NULL AND d.next_at <= ?
  AND NOT EXISTS (
    SELECT 1 FROM deliveries AS sibling
    WHERE sibling.grp = d.grp AND sibling.integration = d.integration AND sibling.current = 1
      AND sibling.lease_until IS NOT NULL)
  AND EXISTS (SELECT 1 FROM payloads AS p WHERE p.seq = d.seq)
ORDER BY d.next_at, d.seq LIMIT ?
"""

PAYLOAD = "SELECT notification, told FROM payloads WHERE seq = ?"

LEASE = "UPDATE deliveries SET lease_until = ? WHERE seq IN ({many})"

SHIFT_WAITING = """
UPDATE deliveries INDEXED BY deliveries_waiting SET next_at = next_at + :by
WHERE status = 'pending' AND lease_until IS NULL
"""

SHIFT_LEASED = """
UPDATE deliveries INDEXED BY deliveries_leased SET next_at = next_at + :by, lease_until = lease_until + :by
WHERE lease_until IS NOT NULL
"""

LEASED_INTEGRATIONS = "SELECT DISTINCT integration FROM deliveries WHERE lease_until IS NOT NULL"

SUPERSEDE_EXPIRED = """
UPDATE deliveries SET status = 'superseded', current = 0, next_at = NULL, lease_until = NULL, finished_at = at
WHERE integration = ? AND lease_until <= ? AND EXISTS (
    SELECT 1 FROM deliveries AS newer
    WHERE newer.grp = deliveries.grp AND newer.integration = deliveries.integration AND newer.current = 1
      AND newer.seq > deliveries.seq)
"""

# What became of the attempt, nobody knows: it counts as one.
RELEASE_EXPIRED = """
UPDATE deliveries SET lease_until = NULL, attempts = attempts + 1 WHERE integration = ? AND lease_until <= ?
"""

SUPERSEDE_GIVEN_BACK = """
UPDATE deliveries SET status = 'superseded', current = 0, next_at = NULL, lease_until = NULL, finished_at = at
WHERE id IN ({many}) AND lease_until IS NOT NULL AND EXISTS (
    SELECT 1 FROM deliveries AS newer
    WHERE newer.grp = deliveries.grp AND newer.integration = deliveries.integration AND newer.current = 1
      AND newer.seq > deliveries.seq)
"""

GIVE_BACK = "UPDATE deliveries SET lease_until = NULL WHERE id IN ({many}) AND lease_until IS NOT NULL"

# `newer` and `older`: whether there are rows of the same group and integration that count.
FIND = """
SELECT d.seq, d.status, d.current, EXISTS (
    SELECT 1 FROM deliveries AS newer
    WHERE newer.grp = d.grp AND newer.integration = d.integration AND newer.current = 1 AND newer.seq > d.seq),
  EXISTS (
    SELECT 1 FROM deliveries AS older
    WHERE older.grp = d.grp AND older.integration = d.integration AND older.current = 1 AND older.seq < d.seq)
FROM deliveries AS d WHERE d.id = ?
"""

SETTLE = """
UPDATE deliveries SET status = ?, current = ?, attempts = ?, next_at = ?, lease_until = NULL, accepted_at = ?,
       finished_at = ?, error = ?
WHERE seq = ?
"""

# Of rows that are under way, are current, and have no newer one beside them; others are for FIND and SETTLE.
SEND = """
UPDATE deliveries SET status = 'sent', attempts = sent.attempts, next_at = NULL, lease_until = NULL,
       accepted_at = sent.at, finished_at = sent.at, error = ''
FROM (SELECT column1 AS id, column2 AS attempts, column3 AS at FROM (VALUES {many})) AS sent
WHERE deliveries.id = sent.id AND deliveries.status = 'pending' AND deliveries.current = 1 AND NOT EXISTS (
    SELECT 1 FROM deliveries AS newer
    WHERE newer.grp = deliveries.grp AND newer.integration = deliveries.integration AND newer.current = 1
      AND newer.seq > deliveries.seq)
"""

# Walks from one integration to the next along the index, and asks for each of the four ranks, so that a long queue
# costs no more than a short one.
DUE = """
WITH RECURSIVE ranks (urgency) AS (VALUES (1), (2), (3), (4)), waiting (integration) AS (
    SELECT min(integration) FROM deliveries INDEXED BY deliveries_waiting
    WHERE status = 'pending' AND lease_until IS NULL
    UNION ALL
    SELECT (SELECT min(d.integration) FROM deliveries AS d INDEXED BY deliveries_waiting
            WHERE d.status = 'pending' AND d.lease_until IS NULL AND d.integration > waiting.integration)
    FROM waiting WHERE waiting.integration IS NOT NULL
)
SELECT integration, (
    SELECT d.next_at FROM deliveries AS d INDEXED BY deliveries_waiting
    WHERE d.integration = waiting.integration AND d.urgency = ranks.urgency AND d.status = 'pending'
      AND d.lease_until IS NULL AND NOT EXISTS (
        SELECT 1 FROM deliveries AS sibling
        WHERE sibling.grp = d.grp AND sibling.integration = d.integration AND sibling.current = 1
          AND sibling.lease_until IS NOT NULL)
    ORDER BY d.next_at LIMIT 1)
FROM waiting CROSS JOIN ranks WHERE integration IS NOT NULL
UNION ALL
SELECT integration, min(lease_until) FROM deliveries WHERE lease_until IS NOT NULL GROUP BY integration
"""

COUNTS = "SELECT status, count(*) FROM deliveries GROUP BY status"

PRUNE = """
DELETE FROM deliveries WHERE seq IN (
    SELECT seq FROM deliveries
    WHERE status IN ('sent', 'silent', 'superseded', 'dead') AND finished_at < :before
      AND NOT (current = 1 AND status IN ('sent', 'silent') AND needed_until > :before)
    LIMIT :limit)
"""

PRUNE_SILENCES = """
DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_at < :before ORDER BY ends_at LIMIT :limit)
"""

PRUNE_SPELLS = """
DELETE FROM spells WHERE rowid IN (SELECT rowid FROM spells WHERE ended < :before ORDER BY ended LIMIT :limit)
"""

FREE_PAGES = "PRAGMA freelist_count"

SHRINK = "PRAGMA incremental_vacuum(1)"

REMEMBER = "INSERT INTO history (at, subject, what, facts) VALUES (?, ?, ?, ?)"

REMEMBER_ALERT = """
INSERT INTO history_alerts (labels, name, rule, at, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (labels) DO UPDATE SET rule = excluded.rule, at = excluded.at
"""

RECALL = """
SELECT seq, at, subject, what, facts FROM history
WHERE subject = ? AND at >= ? AND at <= ? ORDER BY at DESC, seq DESC LIMIT ?
"""

SEEN = "SELECT rule, at, body FROM history_alerts ORDER BY at DESC, labels DESC LIMIT ?"

SEEN_BY_NAME = "SELECT rule, at, body FROM history_alerts WHERE name = ? ORDER BY at DESC, labels DESC LIMIT ?"

# The oldest rows come first, so that a look at a few of them is enough.
FORGET = """
DELETE FROM history WHERE seq IN (SELECT seq FROM history ORDER BY seq LIMIT :limit)
  AND (at < :before OR seq <= (SELECT max(seq) FROM history) - :rows)
"""

OLDEST = "SELECT at FROM history ORDER BY seq LIMIT 1"

FORGET_ALERTS = """
DELETE FROM history_alerts WHERE labels IN (
    SELECT labels FROM history_alerts WHERE at < :before ORDER BY at LIMIT :limit)
"""
