"""The shape of config.yaml: alertd's own sections, beside Alertmanager's."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, SkipValidation, model_validator

from alertd.config.alertmanager import GlobalConfig, ReceiverEntry, RouteEntry
from alertd.config.fields import (
    Duration,
    Flag,
    Integer,
    LabelMap,
    Names,
    PositiveDuration,
    SecretUrl,
    Size,
    Strict,
    Text,
    TextMap,
    Url,
    without_password,
)
from alertd.config.http import HttpConfig
from alertd.config.inhibition import InhibitRule
from alertd.config.intervals import TimeInterval
from alertd.config.loggers import LogEntry
from alertd.config.telemetry import TelemetryEntry
from alertd.config.webmodels import WebSettings
from alertd.core.flapping import FlapBounds
from alertd.core.history import Limits
from alertd.core.rules import DEFAULT_INTERVAL
from alertd.core.storms import StormBounds

DEFAULT_PORT = 9093
DEFAULT_GRPC_PORT = 9094


def _several(value: Any) -> Any:
    if not isinstance(value, (dict, list)):
        raise ValueError("expected a mapping, or a list of them: write {url: 'http://localhost:9090'}")  # noqa: TRY004 - pydantic's
    return [value] if isinstance(value, dict) else value


def _listen(value: str) -> str:
    split_listen(value)
    return value


def split_listen(value: str) -> tuple[str, int]:
    """`host:port`, `:port` or `[::1]:port`. Raises ValueError with advice."""
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdigit() or not port.isascii() or int(port) > 65535:
        raise ValueError(
            f"not an address to listen on: {value[:100]!r} (write host:port, like 127.0.0.1:{DEFAULT_PORT})"
        )
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - what `:9093` means everywhere


def _storage(url: str) -> str:
    if url.rstrip(":/") == "memory" or (url.startswith("sqlite:///") and len(url) > len("sqlite:///")):
        return url
    raise ValueError("not a storage that alertd has: write sqlite:///file, sqlite:////absolute/file, or memory")


def _prefix(value: str) -> str:
    path = value.strip("/")
    if not path.isprintable() or set(path) & set(" ?#{}"):
        raise ValueError("not a path: write it like /alertd")
    return f"/{path}" if path else ""


StorageUrl = Annotated[str, AfterValidator(_storage)]
RoutePrefix = Annotated[str, AfterValidator(_prefix)]
Listen = Annotated[str, AfterValidator(_listen)]


class PrometheusEntry(Strict):
    """A Prometheus, or whatever speaks its API, and how to ask it."""

    name: Text = Field(default="prometheus", min_length=1, description="What rules call it in `datasource`.")
    url: Annotated[Url, AfterValidator(without_password)] = Field(description="Its address, without /api.")
    http_config: HttpConfig = Field(default=HttpConfig(), description="TLS, authentication, proxy; as in Alertmanager.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=30), description="How long a query may take.")
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="Headers to send with every query.")
    query_params: TextMap = Field(default_factory=dict, description="Parameters to send with every query.")
    concurrency: Integer = Field(default=8, ge=1, le=1000, description="How many queries may be under way at once.")
    fusion: Integer = Field(
        default=50, ge=1, le=1000, description="How many expressions are asked in one query; 1 for each by itself."
    )
    compression: Flag = Field(default=False, description="Ask for compressed answers, for a server far away.")
    max_response_bytes: Size = Field(default=64 << 20, description="The largest answer that is read.")


class EvaluationEntry(Strict):
    """How rules are evaluated that do not say otherwise."""

    interval: PositiveDuration = Field(default=DEFAULT_INTERVAL, description="How often groups are evaluated.")
    query_offset: Duration = Field(default=timedelta(0), description="How far in the past they ask, for late samples.")
    cooldown: Duration | None = Field(default=None, description="How long a receiver hears nothing new about an alert.")
    outage_tolerance: Duration = Field(
        default=timedelta(hours=1), description="After a longer downtime `for` starts again."
    )
    external_labels: LabelMap = Field(default_factory=dict, description="Labels for every alert that lacks them.")


class FlappingEntry(Strict):
    """From when on an alert that comes and goes is told as that, once, and then left alone until it calms."""

    window: Annotated[Duration, Field(le=timedelta(days=1))] = Field(
        default=FlapBounds().window, description="How far back changes count; at most 1d; 0s: alerts never flap."
    )
    high: Annotated[float, Field(ge=0, le=100)] = Field(
        default=FlapBounds().high, description="It flaps when more than this, in percent, has changed."
    )
    low: Annotated[float, Field(ge=0, le=100)] = Field(
        default=FlapBounds().low, description="It is calm when no more than this has."
    )
    posted: Flag = Field(default=False, description="Whether alerts that others post may flap, too.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not be greater than high: an alert that flaps could never calm")
        return self


class StormsEntry(Strict):
    """From when on a receiver is told of many new groups together."""

    groups: Integer = Field(
        default=StormBounds().groups, ge=0, description="How many groups of a receiver may begin in a window; 0: any."
    )
    window: PositiveDuration = Field(default=StormBounds().window, description="How long that is.")
    posted: Flag = Field(default=False, description="Whether alerts that others post count, and are gathered, too.")


class HistoryEntry(Strict):
    """How much is kept of what was decided, for `alertd why`."""

    retention: PositiveDuration = Field(default=Limits().retention, description="How long.")
    rows: Integer = Field(default=Limits().rows, ge=0, description="How many decisions at most; 0 keeps none.")


class StorageEntry(Strict):
    """Where the state is kept."""

    url: StorageUrl = Field(default="sqlite:///alertd.db", description="sqlite:///file, or memory to keep nothing.")
    history: HistoryEntry = Field(default=HistoryEntry(), description="What is kept of what was decided.")


class WebEntry(WebSettings):
    """Where alertd serves HTTP, and how people reach it."""

    listen: Listen = Field(default=f"127.0.0.1:{DEFAULT_PORT}", description="The address to listen on, host:port.")
    external_url: Url | None = Field(default=None, description="How people reach alertd, for links in messages.")
    route_prefix: RoutePrefix | None = Field(default=None, description="Serve below this path; that of external_url.")


class GrpcEntry(Strict):
    """Where alertd serves gRPC, and how much; whom, `web` says."""

    listen: Listen = Field(default=f"127.0.0.1:{DEFAULT_GRPC_PORT}", description="The address to listen on, host:port.")
    max_connections: Integer = Field(default=64, ge=1, le=10_000, description="Open at once.")
    max_requests: Integer = Field(default=64, ge=1, le=10_000, description="Answered at once, besides streams.")
    max_streams: Integer = Field(default=32, ge=1, le=10_000, description="Who may watch alerts at once, and health.")
    max_waiting: Integer = Field(
        default=1000, ge=1, le=1_000_000, description="Changes that wait for one who watches; more of them end it."
    )


class ReloadEntry(Strict):
    """When the files are read again, besides SIGHUP and POST /-/reload."""

    watch: Duration = Field(
        default=timedelta(seconds=5), description="How often to look whether they changed; 0s: never."
    )


class HeartbeatEntry(Strict):
    """A URL that is asked for while all is well, so that something else notices when alertd is dead."""

    url: SecretUrl | None = Field(default=None, description="What to ask for; a secret.")
    url_file: str = Field(default="", description="A file that holds it, read each time.")
    interval: PositiveDuration = Field(default=timedelta(minutes=1), description="How often.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=10), description="How long an answer may take.")
    http_config: HttpConfig = Field(default=HttpConfig(), description="TLS, authentication, proxy; as in Alertmanager.")

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        if bool(self.url) == bool(self.url_file):
            raise ValueError("give either url or url_file")
        return self


class ConfigFile(Strict):
    """config.yaml. An alertmanager.yml is one too."""

    prometheus: Annotated[list[PrometheusEntry], BeforeValidator(_several)] = Field(
        default_factory=list, description="The Prometheus to ask, or a list of named ones; the first is the default."
    )
    rule_files: Names = Field(default_factory=list, description="Rule files; globs, ** too, relative to this file.")
    evaluation: EvaluationEntry = Field(default=EvaluationEntry(), description="Defaults of the evaluation.")
    storage: StorageEntry = Field(default=StorageEntry(), description="Where the state is kept.")
    web: WebEntry = Field(default=WebEntry(), description="Where alertd serves HTTP.")
    grpc: GrpcEntry | None = Field(default=None, description="Where alertd serves gRPC; without it, nowhere.")
    log: LogEntry = Field(default=LogEntry(), description="How alertd speaks about itself.")
    reload: ReloadEntry = Field(default=ReloadEntry(), description="When the files are read again.")
    heartbeat: HeartbeatEntry | None = Field(default=None, description="Who is told that alertd lives.")
    telemetry: TelemetryEntry = Field(default=TelemetryEntry(), description="What is told about alertd's own work.")
    flapping: FlappingEntry = Field(default=FlappingEntry(), description="Alerts that come and go.")
    storms: StormsEntry = Field(default=StormsEntry(), description="Many alerts at once.")
    global_: GlobalConfig = Field(default=GlobalConfig(), alias="global", description="Defaults of receivers.")
    route: RouteEntry | None = Field(default=None, description="The routing tree; not needed with one receiver.")
    receivers: list[SkipValidation[ReceiverEntry]] = Field(default_factory=list, description="Who can be told.")
    inhibit_rules: list[InhibitRule] = Field(default_factory=list, description="Which alerts silence which.")
    time_intervals: list[TimeInterval] = Field(default_factory=list, description="Named times for routes.")
    mute_time_intervals: list[TimeInterval] = Field(default_factory=list, description="Older name of time_intervals.")
    templates: Names = Field(default_factory=list, description="Template files of notifications.")
    tracing: Any = Field(default=None, description="Alertmanager's; ignored.")
    event_recorder: Any = Field(default=None, description="Alertmanager's; ignored.")
