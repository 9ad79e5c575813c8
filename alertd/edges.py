"""The connections a configuration needs: opened, kept over a reload that does not change them, closed when retired."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from socket import gethostname
from typing import Any

from alertd import __version__
from alertd.conditions.gate import Gate, HttpGate
from alertd.config.values import Config, DatasourceConfig, Integration
from alertd.core.rendering import notification_data
from alertd.core.rules import Rule
from alertd.datasources.fused import FusedDatasource
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.engine.watched import Counted, Watched
from alertd.errors import ConfigError, Problem
from alertd.ports import Clock, Context, Datasource, Notifier, Observer, Tracer
from alertd.telemetry.heartbeat import Heartbeat

Edge = Datasource | Notifier | Gate | Heartbeat


@dataclass(frozen=True)
class Edges:
    """Datasources by name (the first one also by none), gates to them for conditions, notifiers by integration."""

    datasources: Mapping[str, Datasource] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    heartbeat: Heartbeat | None = None
    opened: Mapping[str, tuple[object, Edge]] = field(default_factory=dict)  # with what each was opened for

    def beyond(self, other: "Edges") -> list[Edge]:
        """Those that the other configuration has no use for."""
        kept = {id(edge) for _, edge in other.opened.values()}
        return [edge for _, edge in self.opened.values() if id(edge) not in kept]


def open_edges(config: Config, before: Edges, observer: Observer, clock: Clock) -> Edges:
    """Everything the configuration names; nothing is contacted yet. Raises ConfigError, as for a missing CA."""
    opened: dict[str, tuple[object, Edge]] = {}

    def edge(name: str, purpose: object, make: Callable[[], Any]) -> Any:
        known = before.opened.get(name)
        found = known[1] if known and known[0] == purpose else _made(name, make, config)
        opened[name] = (purpose, found)
        return found

    sources: dict[str, Datasource] = {}
    gates: dict[str, Gate] = {}
    for one in config.datasources:
        source = edge(f"datasource {one.name}", one, partial(_watched, one, observer, clock))
        sources[one.name] = source
        sources.setdefault("", source)
        gate = edge(f"gate {one.name}", one, partial(HttpGate, one, clock, observer)) if scripted(config) else None
        gates |= {one.name: gate, "": gates.get("", gate)} if gate else {}
    context = _context(config, observer, clock)
    notifiers = {
        one.id: edge(
            f"integration {one.id}",
            (one.plugin, one.config, context.external_url, config.templates.files),
            partial(_notifier, one, context),
        )
        for receiver in config.receivers
        for one in receiver.integrations
    }
    sign = config.heartbeat
    heartbeat = edge("heartbeat", sign, partial(Heartbeat, sign, clock)) if sign else None
    return Edges(sources, gates, notifiers, heartbeat, opened)


def scripted(config: Config) -> list[Rule]:
    """The rules with conditions in Python."""
    return [rule for group in config.rules.groups for rule in group.rules if rule.script and rule.enabled]


def _made(name: str, make: Callable[[], Any], config: Config) -> Any:
    try:
        return make()
    except (OSError, ValueError) as problem:  # a certificate or key that cannot be read or used
        raise ConfigError([Problem(f"{name}: {problem}", str(config.path or ""))]) from None


def _watched(one: DatasourceConfig, observer: Observer, clock: Clock) -> Watched:
    server: Datasource = PrometheusDatasource(
        name=one.name,
        url=one.url,
        clock=clock,
        http=one.http,
        timeout=one.timeout,
        headers=one.headers,
        query_params=one.query_params,
        concurrency=one.concurrency,
        max_response_bytes=one.max_response_bytes,
        compressed=one.compression,
        tracer=observer,
        hidden=one.hidden,
    )
    server = Counted(server, observer)
    return Watched(FusedDatasource(server, one.fusion, clock) if one.fusion > 1 else server, observer, clock)


def _notifier(one: Integration, context: Context) -> Notifier:
    notifier: Notifier = one.plugin(one.config, context)
    return notifier


def _context(config: Config, tracer: Tracer, clock: Clock) -> Context:
    templates = config.templates.compiled
    return Context(
        clock,
        config.web.external_url,
        gethostname(),
        __version__,
        render=lambda text, notification: templates.text(text, notification_data(notification)),
        render_html=lambda text, notification: templates.html(text, notification_data(notification)),
        defined=templates.names,
        tracer=tracer,
    )
