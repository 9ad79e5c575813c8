"""What is counted and where it is sent, and who is told the states of alerts as series."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from alertd.config.fields import Flag, LabelMap, PositiveDuration, Strict, Url, without_password
from alertd.config.http import HttpConfig

Endpoint = Annotated[Url, AfterValidator(without_password)]


class MetricsEntry(Strict):
    """What is counted, and where it goes besides /metrics."""

    enabled: Flag = Field(default=True, description="Count; without it there is no /metrics either.")
    exporter: Literal["none", "otlp"] = Field(default="none", description="Whether metrics are sent, and how.")
    endpoint: Endpoint | None = Field(default=None, description="Where to; /v1/metrics is added to a bare host.")
    headers: Mapping[str, SecretStr] = Field(default_factory=dict, description="Headers to send along; secrets.")
    interval: PositiveDuration = Field(default=timedelta(minutes=1), description="How often.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=10), description="How long an answer may take.")
    http_config: HttpConfig = Field(default=HttpConfig(), description="TLS, authentication, proxy; as in Alertmanager.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.exporter == "otlp") is not (self.endpoint is not None):
            raise ValueError("exporter: otlp and endpoint belong together: give both, or neither")
        if self.exporter != "none" and not self.enabled:
            raise ValueError("nothing is counted that could be sent: enabled must be true")
        return self


class RemoteWriteEntry(Strict):
    """Where ALERTS and ALERTS_FOR_STATE are written, as a Prometheus with alerting rules has them."""

    url: Endpoint = Field(description="What takes Prometheus' remote write, like http://prometheus:9090/api/v1/write.")
    headers: Mapping[str, SecretStr] = Field(default_factory=dict, description="Headers to send along; secrets.")
    labels: LabelMap = Field(default_factory=dict, description="Labels for every series that lacks them.")
    timeout: PositiveDuration = Field(default=timedelta(seconds=30), description="How long an answer may take.")
    http_config: HttpConfig = Field(default=HttpConfig(), description="TLS, authentication, proxy; as in Alertmanager.")
