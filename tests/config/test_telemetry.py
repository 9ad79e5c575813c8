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


@pytest.mark.parametrize(
    ("name", "seconds"), [("OTEL_EXPORTER_OTLP_TIMEOUT", 7), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", 3)]
)
def test_how_long_an_answer_may_take(config, monkeypatch: pytest.MonkeyPatch, name: str, seconds: int) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "7000")
    monkeypatch.setenv(name, f"{seconds}000")
    assert traces(config(ON)).timeout == timedelta(seconds=seconds)


def sent(found: Config) -> str | None:
    """Where metrics are sent to, if they are."""
    return found.metrics.endpoint if found.metrics.exporter == "otlp" else None


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318"}, "http://x:4318/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x/base/"}, "http://x/base/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x:4318/"}, "http://x:4318/"),
        (
            {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://m/own", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"},
            "http://m/own",
        ),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, "http://localhost:4318/v1/metrics"),
        ({"OTEL_METRICS_EXPORTER": "prometheus, otlp"}, "http://localhost:4318/v1/metrics"),
        ({"OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, None),
        ({"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, None),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, None),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, None),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
            },
            "http://x/v1/metrics",
        ),
    ],
)
def test_the_environment_asks_for_metrics(
    config, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], endpoint: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert sent(config("")) == endpoint


def test_of_metrics_the_file_wins_too(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://env:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-one=general-hush")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "X-One=hush%20hush%20hush, x-two = 2")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "3000")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "5000")
    said = config("")
    assert (said.metrics.interval, said.metrics.timeout) == (timedelta(seconds=5), timedelta(seconds=3))
    shown = {name: value.get_secret_value() for name, value in said.metrics.headers.items()}
    assert shown == {"X-One": "hush hush hush", "x-two": "2"}
    assert "hush hush hush" in said.confidential.values
    written = "exporter: otlp, endpoint: 'http://file', interval: 1m, timeout: 10s, headers: {x-one: 1}"
    over = config(f"telemetry: {{metrics: {{{written}}}}}")
    assert sent(over) == "http://file/v1/metrics"
    assert (over.metrics.interval, over.metrics.timeout) == (timedelta(minutes=1), timedelta(seconds=10))
    assert {name: value.get_secret_value() for name, value in over.metrics.headers.items()} == {
        "x-one": "1",
        "x-two": "2",
    }
    assert sent(config("telemetry: {metrics: {exporter: otlp}}")) == "http://env:4318/v1/metrics"
    assert sent(config("telemetry: {metrics: {exporter: none}}")) is None
    assert sent(config("telemetry: {metrics: {enabled: false}}")) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hush@x"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "collector:4317"),
        ("OTEL_METRICS_EXPORTER", "statsd"),
    ],
)
def test_what_the_environment_cannot_mean_sends_no_metrics(
    config, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    found = config("telemetry: {traces: {exporter: none}}")
    assert sent(found) is None
    (note,) = [str(one) for one in found.notes if name in str(one)]
    assert "is ignored" in note
    assert "hush" not in note


def test_metrics_over_grpc_are_not_possible_and_that_is_noted(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert any("metrics are not sent: alertd sends them over HTTP" in str(one) for one in config("").notes)


def test_whoever_sends_metrics_says_where_to(said) -> None:
    (problem,) = said("telemetry: {metrics: {exporter: otlp}}")
    assert "needs an endpoint" in problem
