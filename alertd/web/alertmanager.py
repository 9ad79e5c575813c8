"""Alertmanager's v2 API, the part that reads: status, receivers, alerts and their groups."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from alertd.core.labels import Labels
from alertd.core.look import Look
from alertd.core.matchers import Grammar
from alertd.web import filters, pages
from alertd.web.answers import answer, encoded, instant
from alertd.web.endpoints import Endpoint

JSON = "application/json"
_ALERTMANAGERS = frozenset(
    ("global", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals", "templates", "tracing")
)
_HIDDEN_URL = re.compile(r"(\s*(?:- )*\w*url: )(?:<secret>|(\$\{\w+\}))")
_SECTION = re.compile(r"([^\s#-][^:]*):")


@dataclass(frozen=True)
class Status:
    """What is to be known of the daemon. `peers` are the addresses of all instances by their names."""

    name: str
    peers: Mapping[str, str]
    started_at: datetime
    version: Mapping[str, str]
    config: str = field(repr=False)


@dataclass(frozen=True)
class View:
    """What these endpoints need from the app."""

    status: Callable[[], Status]
    look: Callable[[], Look]
    grammar: Callable[[], Grammar] = lambda: Grammar.FALLBACK


def endpoints(view: View) -> Sequence[Endpoint]:
    """Everything below `/api/v2` that changes nothing."""

    async def status(_: Request) -> Response:
        return answer(_status(view.status()))

    async def receivers(request: Request) -> Response:
        known = view.look().receivers
        names = filters.of(request, view.grammar()).names(known)
        return answer([_receiver(name, known[name]) for name in names])

    async def alerts(request: Request) -> Response:
        look, wanted = view.look(), filters.of(request, view.grammar())
        return await _made(lambda: pages.listed(look, wanted))

    async def groups(request: Request) -> Response:
        look, wanted = view.look(), filters.of(request, view.grammar())
        return await _made(lambda: pages.grouped(look, wanted))

    return (
        Endpoint("GET", "/api/v2/status", status),
        Endpoint("GET", "/api/v2/receivers", receivers),
        Endpoint("GET", "/api/v2/alerts", alerts),
        Endpoint("GET", "/api/v2/alerts/groups", groups),
    )


async def _made(make: Callable[[], Any]) -> Response:
    """What may take long is made in a thread, so that others are served meanwhile."""
    body = await asyncio.to_thread(lambda: encoded(make()))
    return Response(body, media_type=JSON)


def original(config: str) -> str:
    """The configuration as amtool reads it: what is not Alertmanager's is a comment, and a hidden URL looks like one.

    Alertmanager 0.25 knows no secret URLs of webhooks, and no version knows variables.
    """
    lines: list[str] = []
    foreign = False
    for line in config.splitlines():
        key = _SECTION.match(line)
        foreign = key[1] not in _ALERTMANAGERS if key else foreign
        lines.append(f"# {line}" if foreign else _readable(line))
    return "".join(f"{line}\n" for line in lines)


def _readable(line: str) -> str:
    match = _HIDDEN_URL.fullmatch(line)
    if match is None:
        return line
    key, variable = match.groups()
    return f"{key}http://<secret>" + (f"  # {variable}" if variable else "")


def _receiver(name: str, labels: Labels) -> dict[str, Any]:
    return {"name": name, "labels": dict(labels)} if labels else {"name": name}


def _status(status: Status) -> dict[str, Any]:
    peers = [{"name": name, "address": address} for name, address in status.peers.items()]
    return {
        "cluster": {"name": status.name, "status": "ready", "peers": peers},
        "config": {"original": original(status.config)},
        "uptime": instant(status.started_at),
        "versionInfo": dict(status.version),
    }
