"""What each endpoint is asked and answers: the table from which the OpenAPI document is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alertd.web.schemas import FLAG, TEXT, Schema, many, record, ref, success

JSON, PLAIN, PROFILE = "application/json", "text/plain; charset=utf-8", "application/octet-stream"
_WORD: Schema = {**TEXT, "minLength": 1}


@dataclass(frozen=True)
class Described:
    """One endpoint. `result` and `body` are schemas; `refusals` has a sentence a status."""

    summary: str
    tag: str
    parameters: Sequence[Mapping[str, Any]] = ()
    body: Schema | None = None
    result: Schema | None = None
    media_type: str = JSON
    refusals: Mapping[int, str] = field(default_factory=dict)


def _query(name: str, what: str, schema: Schema) -> Mapping[str, Any]:
    return {"name": name, "in": "query", "description": what, "schema": schema}


def _switch(name: str, what: str) -> Mapping[str, Any]:
    return _query(name, f"Whether {what} are wanted.", {**FLAG, "default": True})


def _upto(most: int) -> Schema:
    return {"type": "number", "minimum": 1, "maximum": most}


_FILTER = _query("filter", 'What labels must be like, one matcher each: severity="critical".', many(TEXT))
_WHO = (
    _query("receiver", "A regular expression for the whole name of a receiver.", TEXT),
    _query("receiver_matchers", "What labels of a receiver must be like, one matcher each.", many(TEXT)),
)
_STATES = (
    _switch("active", "alerts that nothing mutes"),
    _switch("silenced", "silenced alerts"),
    _switch("inhibited", "inhibited alerts"),
    _switch("muted", "alerts that their route mutes now"),
)
_ID = {"name": "silenceID", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_BAD = {400: "What was asked makes no sense; a sentence says why."}
_GONE = {404: "There is no such silence."}
_NOT_FOR_ALL = {
    400: "A parameter makes no sense.",
    403: "Neither credentials were shown nor was it asked from the same machine.",
    404: "Profiling is off.",
}
_ONE_AT_A_TIME = {409: "Another profile is being taken."}
_FORMAT = _query(
    "format", "pprof, speedscope or folded.", {"type": "string", "enum": ["pprof", "speedscope", "folded"]}
)
_BYTES: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
_UNSUITABLE = {422: "It has the wrong shape."}

DESCRIBED: Mapping[tuple[str, str], Described] = {
    ("GET", "/api/v2/status"): Described(
        "The instances that run, the version, and the configuration without its secrets.", "general",
        result=ref("alertmanagerStatus"),
    ),
    ("GET", "/api/v2/receivers"): Described(
        "Who can be told.", "receiver", parameters=_WHO, result=many(ref("receiver")), refusals=_BAD
    ),
    ("GET", "/api/v2/alerts"): Described(
        "The alerts that fire.", "alert", parameters=(_FILTER, *_WHO, *_STATES), result=many(ref("gettableAlert")),
        refusals=_BAD,
    ),
    ("POST", "/api/v2/alerts"): Described(
        "Alerts of others: new ones, and news about old ones.", "alert", body=many(ref("postableAlert")),
        refusals=_BAD | _UNSUITABLE | {415: "The body is not JSON."},
    ),
    ("GET", "/api/v2/alerts/groups"): Described(
        "The alerts that fire, as they are told together.", "alertgroup", parameters=(_FILTER, *_WHO, *_STATES),
        result=many(ref("alertGroup")), refusals=_BAD,
    ),
    ("GET", "/api/v2/silences"): Described(
        "All silences, those that ended not long ago too.", "silence", parameters=(_FILTER,),
        result=many(ref("gettableSilence")), refusals=_BAD,
    ),
    ("POST", "/api/v2/silences"): Described(
        "A new silence, or with its id another version of an old one.", "silence", body=ref("postableSilence"),
        result=ref("silenceID"), refusals=_BAD | _GONE | _UNSUITABLE | {415: "The body is not JSON."},
    ),
    ("GET", "/api/v2/silence/{silenceID}"): Described(
        "One silence.", "silence", parameters=(_ID,), result=ref("gettableSilence"), refusals=_GONE | _UNSUITABLE
    ),
    ("DELETE", "/api/v2/silence/{silenceID}"): Described(
        "Let a silence end now.", "silence", parameters=(_ID,), refusals=_BAD | _GONE | _UNSUITABLE
    ),
    ("GET", "/api/v2/openapi.json"): Described("This document.", "general", result={"type": "object"}),
    ("GET", "/api/v1/rules"): Described(
        "The alert rules in their groups, and how their last evaluation went.", "prometheus",
        parameters=(
            _query("type", "alert, which is all there is, or record.", TEXT),
            _query("rule_name[]", "Names of rules.", many(TEXT)),
            _query("rule_group[]", "Names of groups.", many(TEXT)),
            _query("file[]", "Names of rule files.", many(TEXT)),
            _query("exclude_alerts", "true: rules without their alerts.", TEXT),
        ),
        result=success(record({"groups": many(ref("ruleGroup"))})),
    ),
    ("GET", "/api/v1/alerts"): Described(
        "The alerts of the rules, those that only may come to fire too.", "prometheus",
        result=success(record({"alerts": many(ref("ruleAlert"))})),
    ),
    ("GET", "/api/v1/why"): Described(
        "Why somebody was told of an alert, or was not: what happened, in order, and what is so now.", "alert",
        parameters=(
            _query("alert", "The name of the alert.", TEXT),
            _FILTER,
            _query("fingerprint", "The fingerprint of the alert.", TEXT),
            _query("rule", "The name of a rule, in place of an alert.", TEXT),
            _query("at", "As of then: RFC 3339, or seconds since 1970. Left out: now, and what is to come.", TEXT),
            _query("since", "How long before that the story begins, like 1h; a day.", TEXT),
        ),
        result=success(ref("why")), refusals=_BAD | {500: "The history could not be read."},
    ),
    ("GET", "/"): Described(
        "A page for people: what can be read here, and how to ask why.", "general", result=TEXT, media_type="text/html"
    ),
    ("GET", "/-/healthy"): Described("Whether alertd runs.", "operation", result=_WORD, media_type=PLAIN),
    ("GET", "/-/ready"): Described(
        "Whether alertd has restored its state and works.", "operation", result=_WORD, media_type=PLAIN,
        refusals={503: "Not yet, or not any more."},
    ),
    **{
        (method, "/-/reload"): Described(
            "Read the configuration and the rules again; the answer has the changes.", "operation", result=TEXT,
            media_type=PLAIN, refusals={500: "Something is wrong with the files. The rest was taken over."},
        )
        for method in ("POST", "PUT")
    },
    ("GET", "/debug/pprof/"): Described(
        "A page with the profiles there are.", "profiles", result=TEXT, media_type="text/html; charset=utf-8",
        refusals=_NOT_FOR_ALL,
    ),
    ("GET", "/debug/pprof/profile"): Described(
        "What uses the processor, as a profile for pprof.", "profiles",
        parameters=(
            _query("seconds", "How long to look; 30.", _upto(300)),
            _query("hz", "How often in a second of processor time; 100.", _upto(500)),
            _FORMAT,
        ),
        result=_BYTES, media_type=PROFILE, refusals=_NOT_FOR_ALL | _ONE_AT_A_TIME,
    ),
    **{
        ("GET", f"/debug/pprof/{name}"): Described(
            "What is allocated and stays, as a profile for pprof.", "profiles",
            parameters=(_query("seconds", "How long to look; 5.", _upto(300)), _FORMAT),
            result=_BYTES, media_type=PROFILE, refusals=_NOT_FOR_ALL | _ONE_AT_A_TIME,
        )
        for name in ("heap", "allocs")
    },
    ("GET", "/debug/pprof/goroutine"): Described(
        "Where every thread and task is, as a profile for pprof.", "profiles",
        parameters=(_query("debug", "Anything but 0: as text.", TEXT), _FORMAT),
        result=_BYTES, media_type=PROFILE, refusals=_NOT_FOR_ALL,
    ),
    ("GET", "/debug/pprof/cmdline"): Described(
        "The command line.", "profiles", result=TEXT, media_type=PLAIN, refusals=_NOT_FOR_ALL
    ),
    **{
        (method, "/debug/pprof/symbol"): Described(
            "Names of addresses: there are none, because profiles have their names in them.", "profiles", result=_WORD,
            media_type=PLAIN, refusals=_NOT_FOR_ALL,
        )
        for method in ("GET", "POST")
    },
    ("GET", "/metrics"): Described("What alertd counts of itself.", "operation", result=TEXT, media_type="text/plain"),
}  # fmt: skip
