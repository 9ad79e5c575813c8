"""History: what was decided, one small row a decision; `core.story` makes sentences of it.

A row is about one subject: an alert, a group, a rule, a datasource, a silence, or alertd itself. What is said of many
alerts at once (a message) is a row of their group that names them by `Labels.key`. Nothing is written about what is
quiet, and nothing twice in a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from alertd.core.labels import Labels, digest

ITSELF = "alertd"


class What(StrEnum):
    """What a row tells, and whom it is about."""

    STATE = "state"  # alert: pending, firing, resolved, gone
    GROUPED = "grouped"  # alert: it has to be told of in this group, at this instant
    MUTED = "muted"  # alert: by these, in this group; or audible again
    MESSAGE = "message"  # group: an integration is to be told of these alerts
    QUIET = "quiet"  # group: why an integration is not told of these alerts
    TRIED = "tried"  # group: a delivery was attempted
    WITHDRAWN = "withdrawn"  # group: a message that waited is not true any more
    RULE = "rule"  # rule: it fails, or works again
    ANSWERS = "answers"  # datasource: it does not, or does again
    SILENCE = "silence"  # silence: made, changed, ended
    STARTED = "started"  # alertd
    RELOADED = "reloaded"  # alertd
    LOST = "lost"  # alertd: so many rows were not written


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `facts` are what JSON can hold; the names in it are those of `engine.history`."""

    at: datetime
    subject: str
    what: What
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert that rows are about: the key of its rule, and when it was heard of last."""

    labels: Labels
    rule: str
    at: datetime


@dataclass(frozen=True)
class Limits:
    """How long rows are kept, and how many at most."""

    retention: timedelta = timedelta(days=30)
    rows: int = 200_000


def of_alert(labels: Labels) -> str:
    """The subject of rows about an alert."""
    return f"alert {labels.key}"


def of_group(key: str) -> str:
    """The subject of rows about an aggregation group."""
    return f"group {digest([key])}"


def of_rule(key: str) -> str:
    """The subject of rows about a rule."""
    return f"rule {key}"


def of_datasource(name: str) -> str:
    """The subject of rows about a datasource."""
    return f"datasource {name}"


def of_silence(silence_id: str) -> str:
    """The subject of rows about a silence."""
    return f"silence {silence_id}"
