"""The section `log`, and the loggers whose levels can be set one by one: the list from which docs/config.md is made."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from alertd.config.fields import Strict
from alertd.spelling import suggest

Level = Literal["debug", "info", "warning", "error"]

LOGGERS: Mapping[str, str] = {
    "alertd": "everything that alertd says itself",
    "alertd.engine": "all of the next four, and what goes wrong in the daemon's own loops",
    "alertd.engine.rules": "evaluations of rules and groups",
    "alertd.engine.alerts": "changes of alerts",
    "alertd.engine.groups": "what is to be told, or muted",
    "alertd.engine.silences": "silences that are made, changed or ended",
    "alertd.datasources": "whether datasources answer",
    "alertd.conditions": "what conditions in Python write",
    "alertd.notifiers": "attempts to tell somebody, and what came of them",
    "alertd.store": "the state on the disk",
    "alertd.config": "reloads",
    "alertd.web": "requests that are answered",
    "alertd.rpc": "gRPC: calls that ended, and what its health service says",
    "alertd.telemetry": "the heartbeat, and what goes wrong while alertd watches itself",
    "asyncio": "Python's event loop",
    "concurrent.futures": "work that is done in threads",
    "py.warnings": "warnings of Python and its libraries",
    "apscheduler": "what rings when a group is due; `warning` unless set",
    "grpc": "gRPC's library",
    "httpx": "requests, where `proxy_from_environment` is set; `warning` unless set",
    "httpcore": "requests through proxies and their connections, at `debug`; `warning` unless set",
    "opentelemetry": "what exports traces",
    "uvicorn": "the HTTP server; `warning` unless set",
}
QUIET = frozenset(name for name, what in LOGGERS.items() if "`warning` unless set" in what)


class LogEntry(Strict):
    """How alertd speaks about itself."""

    level: Level = Field(default="info", description="The least that is written.")
    levels: Mapping[str, Level] = Field(
        default_factory=dict, description="The least that a logger writes, by its name."
    )
    format: Literal["json", "console"] | None = Field(
        default=None, description="One JSON object a line, or text for people; text on a terminal if not given."
    )

    @field_validator("levels")
    @classmethod
    def _known(cls, levels: Mapping[str, Level]) -> Mapping[str, Level]:
        for name in levels:
            library = not name.startswith("alertd.") and name.partition(".")[0] in LOGGERS
            if name not in LOGGERS and not library:
                raise ValueError(f"no logger has the name {name[:100]!r} ({suggest(name, LOGGERS)})")
        return levels
