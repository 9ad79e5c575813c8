"""What is counted and where it is sent, and who is told the states of alerts as series."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from alertd.config.fields import Flag, LabelMap, PositiveDuration, Strict, Url, without_password
from alertd.config.http import HttpConfig
from alertd.config.variables import Said

Endpoint = Annotated[Url, AfterValidator(without_password)]
_URL: TypeAdapter[str] = TypeAdapter(Endpoint)
_USUAL, _PATH = "http://localhost:4318", "/v1/metrics"
_ELSEWHERE = ("prometheus", "none")  # /metrics is there in any case


class MetricsEntry(Strict):
    """What is counted, and where it goes besides /metrics."""

    enabled: Flag = Field(default=True, description="Count; without it there is no /metrics either.")
    exporter: Literal["none", "otlp"] | None = Field(default=None, description="Whether metrics are sent, and how.")
    endpoint: Endpoint | None = Field(default=None, description="Where to; /v1/metrics is added to a bare host.")
    headers: Mapping[str, SecretStr] = Field(default_factory=dict, description="Headers to send along; secrets.")
    interval: PositiveDuration = Field(default=timedelta(minutes=1), description="How often.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=10), description="How long an answer may take.")
    http_config: HttpConfig = Field(default=HttpConfig(), description="TLS, authentication, proxy; as in Alertmanager.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.endpoint is not None and self.exporter != "otlp":
            raise ValueError("an endpoint needs exporter: otlp")
        if self.exporter == "otlp" and not self.enabled:
            raise ValueError("nothing is counted that could be sent: enabled must be true")
        return self


class RemoteWriteEntry(Strict):
    """Where ALERTS and ALERTS_FOR_STATE are written, as a Prometheus with alerting rules has them."""

    url: Endpoint = Field(description="What takes Prometheus' remote write, like http://prometheus:9090/api/v1/write.")
    headers: Mapping[str, SecretStr] = Field(default_factory=dict, description="Headers to send along; secrets.")
    labels: LabelMap = Field(default_factory=dict, description="Labels for every series that lacks them.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=30), description="How long an answer may take.")
    http_config: HttpConfig = Field(default=HttpConfig(), description="TLS, authentication, proxy; as in Alertmanager.")


def completed(given: MetricsEntry, said: Said) -> MetricsEntry:
    """The section, with what OpenTelemetry's environment variables say where it says nothing."""
    silent = given.model_copy(update={"exporter": "none"})
    if said.nothing or given.exporter == "none" or not given.enabled:
        return silent
    where = _bare(given.endpoint) if given.endpoint else _endpoint(said)
    if given.exporter == "otlp" and not where:
        said.place.problem("where to? exporter: otlp needs an endpoint", "metrics", "exporter")
    if given.exporter is None and not _wanted(where, said):
        return silent
    named = given.model_fields_set
    return given.model_copy(
        update={
            "exporter": "otlp",
            "endpoint": where or _USUAL + _PATH,
            "headers": _headers(given, said),
            "interval": given.interval
            if "interval" in named
            else said.pause(given.interval, "OTEL_METRIC_EXPORT_INTERVAL"),
            "timeout": given.timeout if "timeout" in named else _timeout(said, given.timeout),
        }
    )


def _wanted(where: str, said: Said) -> bool:
    exporters = [one.strip() for one in said.text("OTEL_METRICS_EXPORTER").split(",") if one.strip()]
    for name in exporters:
        if name not in ("otlp", *_ELSEWHERE):
            said.place.note(f"OTEL_METRICS_EXPORTER={name[:100]} is ignored: alertd has otlp, {', '.join(_ELSEWHERE)}")
    if not ("otlp" in exporters if exporters else where):
        return False
    if said.text("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL") != "grpc":
        return True
    said.place.note("metrics are not sent: alertd sends them over HTTP, and the environment asks for gRPC")
    return False


def _endpoint(said: Said) -> str:
    """The first one in the environment that can be used: the signal's as it is, the general one with a path."""
    for name, path in (("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", _PATH)):
        url = said.text(name)
        if not url:
            continue
        try:
            return _URL.validate_python(url.rstrip("/") + path if path else url)
        except ValidationError:  # whose text would show what is in the URL
            said.place.note(f"{name} is ignored: not a URL that metrics can be sent to, without credentials")
    return ""


def _bare(endpoint: str) -> str:
    return endpoint if urlsplit(endpoint).path.strip("/") else endpoint.rstrip("/") + _PATH


def _headers(given: MetricsEntry, said: Said) -> Mapping[str, SecretStr]:
    own = {name.lower() for name in given.headers}
    others = said.headers("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
    return {**{name: SecretStr(value) for name, value in others if name.lower() not in own}, **given.headers}


def _timeout(said: Said, usual: timedelta) -> timedelta:
    return said.pause(usual, "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
