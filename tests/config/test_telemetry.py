"""The section `telemetry`: it wins over the environment, which says the rest."""

from datetime import timedelta

import pytest

from alertd.config import telemetry
from alertd.config.telemetry import Traces
from alertd.config.values import Config

ON = "telemetry: {traces: {}}"


def traces(found: Config) -> Traces:
    assert found.telemetry.traces is not None
    return found.telemetry.traces


def test_nothing_is_exported_unless_somebody_asks_for_it(config) -> None:
    assert config("").telemetry.traces is None
    assert traces(config(ON)) == Traces("otlp")


def test_what_is_written(config) -> None:
    found = config("""\
        telemetry:
          service_name: pager
          environment: test
          instance: one
          traces:
            exporter: zipkin
            endpoint: http://zipkin:9411
            headers: {Authorization: hush-hush}
            ratio: 0.5
            batch_size: 10
            batch_delay: 1s
            queue: 20
        """)
    assert dict(found.telemetry.resource) == {
        "service.name": "pager", "service.instance.id": "one", "deployment.environment.name": "test",
    }  # fmt: skip
    headers = {"Authorization": "hush-hush"}
    endpoint = "http://zipkin:9411/api/v2/spans"
    assert traces(found) == Traces("zipkin", endpoint, headers, 0.5, True, 10, timedelta(seconds=1), 20)
    assert "hush" not in f"{found!r} {found.original}"


@pytest.mark.parametrize(
    ("exporter", "endpoint", "found"),
    [
        ("otlp", "http://x:4318/", "http://x:4318/v1/traces"),
        ("otlp", "http://x/own/path", "http://x/own/path"),
        ("otlp_grpc", "http://x:4317", "http://x:4317"),
    ],
)
def test_an_endpoint_has_the_usual_path(config, exporter: str, endpoint: str, found: str) -> None:
    text = f"telemetry: {{traces: {{exporter: {exporter}, endpoint: '{endpoint}'}}}}"
    assert traces(config(text)).endpoint == found


@pytest.mark.parametrize(
    ("variables", "exporter"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "otlp_grpc"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "TRUE"}, None),
        ({"OTEL_SERVICE_NAME": "x"}, None),
    ],
)
def test_the_environment_asks_for_an_exporter(
    config, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], exporter: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = config("").telemetry.traces
    assert (found and found.exporter) == exporter


def test_the_file_wins(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "7")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "250")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")
    said = traces(config(ON))
    assert (said.exporter, said.queue, said.batch_delay) == ("zipkin", 7, timedelta(milliseconds=250))
    assert (said.ratio, said.follows) == (0.25, False)
    assert config("telemetry: {traces: {exporter: none}}").telemetry.traces is None
    over = traces(config("telemetry: {traces: {exporter: otlp, queue: 9, ratio: 1, batch_delay: 1s}}"))
    assert (over.exporter, over.queue, over.ratio, over.batch_delay) == ("otlp", 9, 1.0, timedelta(seconds=1))


def test_who_it_is(config, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = dict(config("").telemetry.resource)
    assert usual.pop("service.instance.id").endswith(":9093")
    assert usual == {"service.name": "alertd"}
    monkeypatch.setenv("OTEL_SERVICE_NAME", "pager")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=7, team=ops")
    assert dict(config("").telemetry.resource) == {}
    assert dict(config("telemetry: {instance: one}").telemetry.resource) == {"service.instance.id": "one"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1e9"),
    ],
)
def test_what_the_environment_cannot_mean_is_noted(
    config, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    found = config("telemetry: {traces: {ratio: 1}}")
    note = found.notes[-1]
    assert f"{name}={value} is ignored" in str(note)
    assert traces(found) == Traces("otlp")


def test_an_exporter_that_is_not_installed_is_explained(config, said, reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_NEEDS", {name: ("nowhere.to.be.found", extra) for name, (_, extra) in NEEDS})
    (problem,) = said("telemetry: {traces: {exporter: otlp_grpc}}")
    assert problem.startswith("config.yaml:1:")
    assert "the exporter otlp_grpc is not installed" in problem
    assert "pip install 'alertd[otel-grpc]'" in problem
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    found = reading("")
    assert found.config is not None
    assert found.config.telemetry.traces is None
    assert "pip install 'alertd[otel]'" in str(found.notes[-1])


NEEDS = tuple(telemetry._NEEDS.items())


@pytest.mark.parametrize(
    "text",
    [
        "exporter: jaeger",
        "endpoint: http://me:hush@x",
        "endpoint: collector:4317",
        "ratio: 1.5",
        "ratio: -0.1",
        "queue: 0",
        "queue: 1000001",
        "batch_size: 0",
        "batch_delay: 0s",
        "sampler: all",
    ],
)
def test_what_cannot_be_is_refused(said, text: str) -> None:
    (problem,) = said(f"telemetry: {{traces: {{'{text.split(':')[0]}': '{text.partition(': ')[2]}'}}}}")
    assert "hush" not in problem
