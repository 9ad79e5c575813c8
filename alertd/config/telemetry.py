"""The section `telemetry`, with what OpenTelemetry's standard environment variables say where it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from alertd.config.extras import advice
from alertd.config.fields import Flag, Integer, PositiveDuration, Strict, Text, Url
from alertd.config.metering import MetricsEntry, RemoteWriteEntry
from alertd.config.problems import Place
from alertd.config.variables import Said

Exporter = Literal["otlp", "otlp_grpc", "zipkin", "console"]

_NEEDS: Mapping[str, tuple[str, str]] = {  # what an exporter imports, and the extra it comes with
    "otlp": ("opentelemetry.exporter.otlp.proto.http", "otel"),
    "otlp_grpc": ("opentelemetry.exporter.otlp.proto.grpc", "otel-grpc"),
    "zipkin": ("opentelemetry.exporter.zipkin.json", "zipkin"),
    "console": ("opentelemetry.sdk", "otel"),
}
_PATHS = {"otlp": "/v1/traces", "zipkin": "/api/v2/spans"}
_SAMPLERS = {
    "always_on": 1.0,
    "always_off": 0.0,
    "traceidratio": None,
    "parentbased_always_on": 1.0,
    "parentbased_always_off": 0.0,
    "parentbased_traceidratio": None,
}
_MOST_QUEUED = 100_000
_MOST_AT_ONCE = 10_000


def _bare(url: str) -> str:
    if urlsplit(url).username is not None:
        raise ValueError("credentials do not belong into the URL: write them under headers")
    return url


class TracesEntry(Strict):
    """Where traces are exported to, and how many of them."""

    exporter: Literal["otlp", "otlp_grpc", "zipkin", "console", "none"] | None = Field(
        default=None, description="How: otlp (over HTTP; the default), otlp_grpc, zipkin, console (standard output)."
    )
    endpoint: Annotated[Url, AfterValidator(_bare)] | None = Field(
        default=None, description="Where to; without a path the usual one is added."
    )
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="Headers to send along; secrets.")
    ratio: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Which share of the traces; what told somebody or failed is exported in any case."
    )
    batch_size: Annotated[Integer, Field(ge=1, le=_MOST_AT_ONCE)] | None = Field(
        default=None, description="How many spans are exported at once, at most."
    )
    batch_delay: PositiveDuration | None = Field(default=None, description="How long a span waits for others, at most.")
    queue: Annotated[Integer, Field(ge=1, le=_MOST_QUEUED)] | None = Field(
        default=None, description="How many spans may wait; more are dropped and counted."
    )


class ProfilingEntry(Strict):
    """Profiles of the running daemon, at /debug/pprof/."""

    enabled: Flag = Field(default=False, description="Whether they can be taken, by those who may.")


class TelemetryEntry(Strict):
    """What alertd tells others about its own work, and what it calls itself there."""

    service_name: Text = Field(default="", description="The service, as traces name it.")
    environment: Text = Field(default="", description="Where it is deployed, as in production.")
    instance: Text = Field(default="", description="Which one it is; as a rule host:port.")
    traces: TracesEntry | None = Field(default=None, description="Traces, from the evaluation to the delivery.")
    profiling: ProfilingEntry = Field(default=ProfilingEntry(), description="Profiles of the running daemon.")
    metrics: MetricsEntry = Field(default=MetricsEntry(), description="What is counted, and where it is sent.")
    remote_write: RemoteWriteEntry | None = Field(default=None, description="Who is told the states of alerts.")


@dataclass(frozen=True)
class Traces:
    """How traces are exported. Without an endpoint it is the exporter's own, which may be in the environment.

    `follows`: whether an alert that comes with a trace is traced as its sender decided.
    """

    exporter: Exporter
    endpoint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ratio: float = 1.0
    follows: bool = True
    batch_size: int = 512
    batch_delay: timedelta = timedelta(seconds=5)
    queue: int = 2048
    timeout: timedelta = timedelta(seconds=10)  # for OTLP


@dataclass(frozen=True)
class Telemetry:
    """What is told about alertd's work; `resource` names it, besides what the environment says."""

    resource: Mapping[str, str] = field(default_factory=dict)
    traces: Traces | None = None


def build(given: TelemetryEntry, name: str, environment: Mapping[str, str], place: Place) -> Telemetry:
    """The section, completed by the environment. `name` is the instance if nobody names it.

    An exporter that is not installed is a problem, and a note if only the environment asks for it.
    """
    return Telemetry(_resource(given, name, environment), _traces(given.traces, environment, place))


def _resource(given: TelemetryEntry, name: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    pairs = environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    known = {pair.partition("=")[0].strip() for pair in pairs}
    if environment.get("OTEL_SERVICE_NAME"):
        known.add("service.name")
    named = {
        "service.name": given.service_name,
        "service.instance.id": given.instance,
        "deployment.environment.name": given.environment,
    }
    usual = {"service.name": "alertd", "service.instance.id": name}
    found = {key: value or ("" if key in known else usual.get(key, "")) for key, value in named.items()}
    return {key: value for key, value in found.items() if value}


def _traces(given: TracesEntry | None, environment: Mapping[str, str], place: Place) -> Traces | None:
    entry = given or TracesEntry()
    said = Said(environment, place)
    exporter = _exporter(given, environment, place)
    if exporter is None or said.nothing:
        return None
    if missing := _missing(exporter):
        say = place.problem if given else place.note
        say(
            f"the exporter {exporter} is not installed",
            *(("traces", "exporter") if given else ()),
            hint=advice(missing),
        )
        return None
    usual = Traces(exporter)
    ratio, follows = _sampler(environment, said)
    return Traces(
        exporter=exporter,
        endpoint=_with_path(entry.endpoint, exporter),
        headers={key: value.get_secret_value() for key, value in entry.headers.items()},
        ratio=ratio if entry.ratio is None else entry.ratio,
        follows=follows,
        batch_size=entry.batch_size or said.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", usual.batch_size, _MOST_AT_ONCE),
        batch_delay=entry.batch_delay or said.pause(usual.batch_delay, "OTEL_BSP_SCHEDULE_DELAY"),
        queue=entry.queue or said.number("OTEL_BSP_MAX_QUEUE_SIZE", usual.queue, _MOST_QUEUED),
        timeout=said.pause(usual.timeout, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"),
    )


def _exporter(given: TracesEntry | None, environment: Mapping[str, str], place: Place) -> Exporter | None:
    if given is not None and given.exporter is not None:
        return None if given.exporter == "none" else given.exporter
    wanted = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    over = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    otlp: Exporter = "otlp_grpc" if over.strip() == "grpc" else "otlp"
    known: Mapping[str, Exporter | None] = {"otlp": otlp, "zipkin": "zipkin", "console": "console", "none": None}
    if wanted in known:
        return known[wanted]
    if wanted:
        place.note(f"OTEL_TRACES_EXPORTER={wanted[:100]} is ignored: alertd has {', '.join(known)}")
    return otlp if endpoint or given is not None else None


def _missing(exporter: Exporter) -> str:
    """The extra to install; "" if all is there."""
    module, extra = _NEEDS[exporter]
    try:
        return "" if find_spec(module) and find_spec("opentelemetry.sdk") else extra
    except ImportError:
        return extra


def _with_path(endpoint: str | None, exporter: Exporter) -> str:
    if not endpoint or urlsplit(endpoint).path.strip("/"):
        return endpoint or ""
    return endpoint.rstrip("/") + _PATHS.get(exporter, "")


def _sampler(environment: Mapping[str, str], said: Said) -> tuple[float, bool]:
    name = environment.get("OTEL_TRACES_SAMPLER", "").strip() or "parentbased_always_on"
    if name not in _SAMPLERS:
        said.ignore("OTEL_TRACES_SAMPLER", f"alertd has {', '.join(_SAMPLERS)}")
        return 1.0, True
    fixed = _SAMPLERS[name]
    ratio = said.ratio("OTEL_TRACES_SAMPLER_ARG") if fixed is None else fixed
    return ratio, name.startswith("parentbased_")
