"""The values that the API takes and gives, as JSON Schema (2020-12), by the names that Alertmanager's clients know."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
LABELS: Schema = {"type": "object", "additionalProperties": TEXT}


def ref(name: str) -> Schema:
    """One of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def one_of(*values: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(values)}


def record(needed: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these members, and perhaps some more."""
    return {"type": "object", "required": list(needed), "properties": {**needed, **(more or {})}}


_SILENCE = {"matchers": ref("matchers"), "startsAt": INSTANT, "endsAt": INSTANT, "createdBy": TEXT, "comment": TEXT}
_RULE = {
    "state": one_of("firing", "pending", "inactive", "unknown"),
    "name": TEXT,
    "query": TEXT,
    "duration": NUMBER,
    "keepFiringFor": NUMBER,
    "labels": LABELS,
    "annotations": LABELS,
    "alerts": many(ref("ruleAlert")),
    "health": TEXT,
    "evaluationTime": NUMBER,
    "lastEvaluation": TEXT,
    "type": one_of("alerting"),
}
_GROUP = {
    "name": TEXT,
    "file": TEXT,
    "rules": many(ref("rule")),
    "interval": NUMBER,
    "limit": {"type": "integer"},
    "evaluationTime": NUMBER,
    "lastEvaluation": TEXT,
}


def success(data: Schema) -> Schema:
    """Prometheus' wrapping of an answer."""
    return record({"status": one_of("success"), "data": data})


SCHEMAS: Mapping[str, Schema] = {
    "alertmanagerStatus": record(
        {
            "cluster": ref("clusterStatus"),
            "config": record({"original": TEXT}),
            "uptime": INSTANT,
            "versionInfo": ref("versionInfo"),
        }
    ),
    "clusterStatus": record(
        {"status": one_of("ready", "settling", "disabled")},
        {"name": TEXT, "peers": many(record({"name": TEXT, "address": TEXT}))},
    ),
    "versionInfo": record(
        dict.fromkeys(("version", "revision", "branch", "buildUser", "buildDate", "goVersion"), TEXT)
    ),
    "receiver": record({"name": TEXT}, {"labels": LABELS}),
    "alertStatus": record(
        {
            "state": one_of("unprocessed", "active", "suppressed"),
            "silencedBy": many(TEXT),
            "inhibitedBy": many(TEXT),
            "mutedBy": many(TEXT),
        }
    ),
    "gettableAlert": record(
        {
            "labels": LABELS,
            "annotations": LABELS,
            "receivers": many(ref("receiver")),
            "fingerprint": TEXT,
            "startsAt": INSTANT,
            "updatedAt": INSTANT,
            "endsAt": INSTANT,
            "status": ref("alertStatus"),
        },
        {"generatorURL": TEXT},
    ),
    "postableAlert": record(
        {"labels": {**LABELS, "minProperties": 1}},
        {"annotations": LABELS, "startsAt": INSTANT, "endsAt": INSTANT, "generatorURL": TEXT},
    ),
    "alertGroup": record(
        {"labels": LABELS, "receiver": ref("receiver"), "alerts": many(ref("gettableAlert"))}, {"routeLabels": LABELS}
    ),
    "matcher": record(
        {"name": TEXT, "value": TEXT, "isRegex": FLAG}, {"isEqual": {"type": "boolean", "default": True}}
    ),
    "matchers": {**many(ref("matcher")), "minItems": 1},
    "gettableSilence": record(
        {
            "id": TEXT,
            "status": record({"state": one_of("expired", "active", "pending")}),
            "updatedAt": INSTANT,
            **_SILENCE,
        },
        {"annotations": LABELS},
    ),
    "postableSilence": record(_SILENCE, {"id": TEXT, "annotations": LABELS}),
    "silenceID": record({"silenceID": TEXT}),
    "failure": record({"status": one_of("error"), "errorType": TEXT, "error": TEXT}),
    "refusal": record({"code": {"type": "integer"}, "message": TEXT}),
    "sentence": record({"at": INSTANT, "kind": TEXT, "text": TEXT}),
    "why": record(
        {
            "found": FLAG,
            "alerts": many(record({"labels": LABELS, "fingerprint": TEXT, "story": many(ref("sentence"))})),
            "rules": many(record({"title": TEXT, "story": many(ref("sentence"))})),
            "answer": many(TEXT),
            "more": {"type": "integer"},
        }
    ),
    "rule": record(_RULE, {"lastError": TEXT}),
    "ruleGroup": record(_GROUP),
    "ruleAlert": record(
        {"labels": LABELS, "annotations": LABELS, "state": TEXT, "activeAt": TEXT, "value": TEXT},
        {"keepFiringSince": TEXT},
    ),
}
