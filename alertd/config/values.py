"""A configuration as the rest of alertd knows it: frozen, complete, without a trace of YAML or pydantic's errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr

from alertd.config.confidential import Confidential
from alertd.config.http import HttpConfig
from alertd.config.metering import MetricsEntry, RemoteWriteEntry
from alertd.config.rules import RuleSet, matched
from alertd.config.telemetry import Telemetry
from alertd.config.templates import Templates
from alertd.config.watching import Stamp, stamp
from alertd.config.webmodels import LimitsEntry, TokenEntry, WebConfigFile
from alertd.core.flapping import FlapBounds
from alertd.core.history import Limits
from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import Interval
from alertd.core.labels import Labels
from alertd.core.matchers import Grammar
from alertd.core.routes import Route
from alertd.core.rules import Rule
from alertd.core.storms import StormBounds
from alertd.errors import Problem

Plugin = type[Any]


@dataclass(frozen=True)
class Overrides:
    """What the command line says; it wins over the file. None and () say nothing."""

    prometheus_url: str | None = None
    rules: tuple[str, ...] = ()
    listen: str | None = None
    storage: str | None = None
    external_url: str | None = None
    route_prefix: str | None = None
    web_config_file: str | None = None
    log_format: Literal["json", "console"] | None = None
    matchers: Grammar = Grammar.FALLBACK
    start_delay: timedelta = timedelta(0)


@dataclass(frozen=True)
class DatasourceConfig:
    """A Prometheus and how to ask it."""

    name: str
    url: str
    http: HttpConfig
    timeout: timedelta
    headers: Mapping[str, str] = field(repr=False)  # they may hold credentials
    query_params: Mapping[str, str]
    concurrency: int
    fusion: int
    compression: bool
    max_response_bytes: int
    hidden: tuple[str, ...] = field(default=(), repr=False, compare=False)  # what must not be shown of its answers


@dataclass(frozen=True)
class Evaluation:
    """How rules are evaluated that do not say otherwise."""

    interval: timedelta
    query_offset: timedelta
    cooldown: timedelta | None
    outage_tolerance: timedelta
    external_labels: Labels


@dataclass(frozen=True)
class Integration:
    """One way of one receiver to be told: a plugin and its configuration. `id` is `receiver/type[index]`."""

    id: str
    receiver: str
    type: str
    index: int
    send_resolved: bool
    plugin: Plugin
    config: BaseModel
    labels: Labels


@dataclass(frozen=True)
class Receiver:
    """Somebody to tell; without integrations, nobody."""

    name: str
    integrations: tuple[Integration, ...] = ()


@dataclass(frozen=True)
class Web:
    """Where alertd serves HTTP, whom, and how people reach it. `route_prefix` is empty or like `/alertd`.

    `config_file` holds what `toolkit` is, and may change while alertd runs.
    """

    host: str
    port: int
    external_url: str
    route_prefix: str
    config_file: Path | None = None
    toolkit: WebConfigFile = field(default_factory=WebConfigFile)
    tokens: tuple[TokenEntry, ...] = ()
    anonymous: Literal["none", "health", "read"] | None = None
    limits: LimitsEntry = field(default_factory=LimitsEntry)


@dataclass(frozen=True)
class Grpc:
    """Where alertd serves gRPC, and how much."""

    host: str
    port: int
    max_connections: int
    max_requests: int
    max_streams: int
    max_waiting: int


@dataclass(frozen=True)
class Log:
    """How alertd speaks about itself."""

    level: str
    format: Literal["json", "console"] | None  # None: as it fits where it is written
    levels: Mapping[str, str] = field(default_factory=dict)  # of loggers that have one of their own
    identity: Mapping[str, str] = field(default_factory=dict)  # what stands on every line


@dataclass(frozen=True)
class HeartbeatConfig:
    """What to ask for while all is well; one of `url` and `url_file`."""

    url: SecretStr | None
    url_file: str
    interval: timedelta
    timeout: timedelta
    http: HttpConfig


@dataclass(frozen=True)
class Config:
    """Everything that was configured. `original` is the file with its secrets hidden."""

    path: Path | None
    datasources: tuple[DatasourceConfig, ...]
    rule_patterns: tuple[str, ...]
    rule_base: Path
    stamp: Stamp  # what the files were just before they were read
    rules: RuleSet
    evaluation: Evaluation
    route: Route
    receivers: tuple[Receiver, ...]
    storage_url: str
    web: Web
    log: Log
    templates: Templates
    inhibit_rules: tuple[InhibitRule, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    history: Limits = field(default_factory=Limits)
    heartbeat: HeartbeatConfig | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    profiling: bool = False  # whether profiles can be taken
    metrics: MetricsEntry = field(default_factory=MetricsEntry)
    remote_write: RemoteWriteEntry | None = None
    grpc: Grpc | None = None
    flapping: FlapBounds = field(default_factory=FlapBounds)
    storms: StormBounds = field(default_factory=StormBounds)
    matchers: Grammar = Grammar.FALLBACK  # that of files and of the API
    start_delay: timedelta = timedelta(0)  # in which nothing is told after the start
    watch: timedelta = timedelta(0)  # how often the files are looked at; 0: never
    resolve_timeout: timedelta = timedelta(minutes=5)  # after which a posted alert ends that does not say when
    notes: tuple[Problem, ...] = ()
    original: str = ""
    confidential: Confidential = field(default_factory=Confidential)

    @property
    def enabled(self) -> list[Rule]:
        """The rules that are evaluated."""
        return [rule for group in self.rules.groups for rule in group.rules if rule.enabled]

    def look(self) -> Stamp:
        """What the files are now."""
        own = [self.path] if self.path else []
        return stamp([*own, *matched(self.rule_patterns, self.rule_base), *self.templates.matched()])
