"""What alertd tells of itself arrives: alerts as series in a real Prometheus, metrics at a collector; or nothing."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.e2e.conftest import CONFIG, RULES, Rig
from tests.e2e.rig import Alertd, Prometheus, _Served, get, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@contextmanager
def taking(rig: Rig, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that takes remote write."""
    folder.mkdir()
    one = Prometheus(folder, rig.exporter, flags=["--web.enable-remote-write-receiver"])
    try:
        yield one
    finally:
        one.stop()


def config(section: str) -> str:
    return CONFIG + "telemetry:\n" + section.replace("{", "{{").replace("}", "}}")


def states(server: Prometheus) -> dict[str, str]:
    """The states that ALERTS has now, each with its replica."""
    return {one["metric"]["alertstate"]: one["metric"]["replica"] for one in server.value('ALERTS{alertname="Broken"}')}


def test_alerts_are_series_and_end_with_them(rig: Rig, tmp_path: Path) -> None:
    with taking(rig, tmp_path / "store") as store:
        url = f"{store.url}/api/v1/write"
        daemon = rig.start(config=config(f"  remote_write: {{url: '{url}', labels: {{replica: a}}}}\n"))
        began = time.time()
        rig.exporter.set('broken{job="api"}', 1)
        until("the alert to be pending", lambda: states(store) == {"pending": "a"})
        until("the alert to fire, and to be pending no longer", lambda: states(store) == {"firing": "a"})
        (alerts,) = store.value('ALERTS{alertname="Broken"}')
        labels = {"alertname": "Broken", "job": "api", "severity": "critical", "replica": "a"}
        assert alerts["metric"].items() >= {"__name__": "ALERTS", "alertstate": "firing", **labels}.items()
        assert alerts["value"][1] == "1"
        (since,) = store.value('ALERTS_FOR_STATE{alertname="Broken"}')
        assert since["metric"].items() >= labels.items()
        assert "alertstate" not in since["metric"]
        assert began - 1 <= float(since["value"][1]) <= time.time()
        rig.exporter.set('broken{job="api"}', 0)
        gone = 'ALERTS{alertname="Broken"} or ALERTS_FOR_STATE{alertname="Broken"}'
        until("the series to end", lambda: not store.value(gone), patience=10)  # long before they would by themselves
        assert store.value('count_over_time(ALERTS{alertname="Broken",alertstate="firing"}[1m])')
        assert daemon.metric("alertd_remote_write_samples_total") > 4
        page = get(f"{daemon.url}/metrics")
        assert 'alertd_remote_write_samples_total{result="accepted"}' in page
        assert 'result="refused"' not in page


def test_a_rule_that_is_removed_ends_its_series(rig: Rig, tmp_path: Path) -> None:
    with taking(rig, tmp_path / "store") as store:
        url = f"{store.url}/api/v1/write"
        daemon = rig.start(config=config(f"  remote_write: {{url: '{url}', labels: {{replica: a}}}}\n"))
        rig.exporter.set('broken{job="api"}', 1)
        until("the alert to fire", lambda: states(store) == {"firing": "a"})
        daemon.rules.write_text(RULES.replace("Broken", "Other"))
        until("the old series to end", lambda: states(store) == {}, patience=20)


def test_a_server_that_is_not_there_delays_nothing(rig: Rig, tmp_path: Path) -> None:
    with taking(rig, tmp_path / "store") as store:
        store.stop()
        url = f"{store.url}/api/v1/write"
        daemon = rig.start(config=config(f"  remote_write: {{url: '{url}', labels: {{replica: a}}}}\n"))
        rig.exporter.set('broken{job="api"}', 1)
        until("somebody to be told", lambda: rig.hook.messages)
        until("samples to wait", lambda: daemon.metric("alertd_remote_write_pending_samples") > 0)
        assert daemon.metric("alertd_group_iterations_missed_total") == 0
        assert daemon.process.log.read_text().count('"samples_held_up"') == 1
        store.start()
        until("the alert to be there", lambda: states(store) == {"firing": "a"})
        until("all of them to be sent", lambda: daemon.metric("alertd_remote_write_pending_samples") == 0)
        assert store.value('count_over_time(ALERTS{alertname="Broken",alertstate="pending"}[2m])')


class Collector(_Served):
    """Keeps the metrics of the newest request, decoded by OpenTelemetry's own library; `status` is its answer."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.resource: dict[str, str] = {}
        self.requests, self.status, self.pause = 0, 200, 0.0
        super().__init__(self._take)

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests += 1
        time.sleep(self.pause)
        assert handler.path == "/v1/metrics"
        (one,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
        self.resource = {pair.key: pair.value.string_value for pair in one.resource.attributes}
        self.found = {metric.name: metric for metric in one.scope_metrics[0].metrics}
        return self.status, {}, b""


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.close()


def test_exemplars_lead_to_traces(rig: Rig, tmp_path: Path) -> None:
    traces = config("  traces: {exporter: otlp, endpoint: 'http://127.0.0.1:1', batch_delay: 100ms}\n")
    daemon = rig.start(config=traces)
    (tmp_path / "watcher").mkdir()
    scraped = f"- {{job_name: alertd, static_configs: [{{targets: ['127.0.0.1:{daemon.port}']}}]}}\n"
    watcher = Prometheus(tmp_path / "watcher", rig.exporter, scraped, ["--enable-feature=exemplar-storage"])

    def traced(query: str) -> set[str]:
        asked = f"{watcher.url}/api/v1/query_exemplars?query={query}&start={time.time() - 300}&end={time.time() + 60}"
        found = json.loads(get(asked) or '{"data": []}')["data"]
        return {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}

    try:
        rig.exporter.set('broken{job="api"}', 1)
        until("somebody to be told", lambda: rig.hook.messages)
        for name in ("alertd_notification_latency_seconds_bucket", "alertd_group_duration_seconds_bucket"):
            found = until(f"exemplars of {name}", lambda name=name: traced(name))
            assert all(len(one) == 32 and int(one, 16) for one in found)
        accepted = traced('alertd_notifications_total{result="accepted"}')
        written = {span["trace_id"] for span in _lines(daemon) if "trace_id" in span}
        assert accepted
        assert accepted <= written  # the log has the same ids
    finally:
        watcher.stop()


def _lines(daemon: Alertd) -> list[dict[str, Any]]:
    return [json.loads(line) for line in daemon.process.log.read_text().splitlines() if line.startswith("{")]


def test_metrics_go_to_a_collector(rig: Rig, collector: Collector) -> None:
    where = f"endpoint: 'http://127.0.0.1:{collector.port}', interval: 200ms, timeout: 500ms"
    daemon = rig.start(config=config(f"  metrics: {{exporter: otlp, {where}}}\n"))
    rig.exporter.set('broken{job="api"}', 1)
    until("somebody to be told", lambda: rig.hook.messages)
    until("that to be exported", lambda: "alertd_notification_latency_seconds" in collector.found)
    assert collector.resource["service.name"] == "alertd"
    (point,) = collector.found["alertd_rule_evaluations_total"].sum.data_points
    assert point.as_double > 2
    scraped = get(f"{daemon.url}/metrics?names=none")
    assert {name for name in collector.found if f"# TYPE {name} " not in scraped} == set()


def test_a_collector_that_fails_or_hangs_delays_nothing(rig: Rig, collector: Collector) -> None:
    where = f"endpoint: 'http://127.0.0.1:{collector.port}', interval: 100ms, timeout: 300ms"
    collector.status = 503
    daemon = rig.start(config=config(f"  metrics: {{exporter: otlp, {where}}}\n"))
    until("exports to fail", lambda: collector.requests > 3)
    collector.pause = 2.0
    rig.exporter.set('broken{job="api"}', 1)
    until("somebody to be told", lambda: rig.hook.messages)
    assert daemon.metric("alertd_group_iterations_missed_total") == 0
    assert daemon.metric("alertd_otlp_exports_total") > 3
    collector.pause, collector.status = 0.0, 200
    until("it to go on", lambda: 'alertd_otlp_exports_total{result="success"}' in get(f"{daemon.url}/metrics"))
    told = [line["msg"] for line in _lines(daemon) if "exported" in line["msg"]]
    assert len(told) <= 3  # that it failed, that it failed otherwise, that it goes on
    assert told[-1] == "metrics are exported again"


def test_what_is_switched_off_is_not_there(rig: Rig) -> None:
    daemon = rig.start(config=config("  metrics: {enabled: false}\n"))
    rig.exporter.set('broken{job="api"}', 1)
    until("somebody to be told", lambda: rig.hook.messages)
    assert get(f"{daemon.url}/metrics") == ""
    maps = Path(f"/proc/{daemon.process.pid}/maps").read_text()
    assert "opentelemetry" not in maps
    assert daemon.stop() == 0


def test_nobody_makes_series_by_asking_oddly(rig: Rig) -> None:
    daemon = rig.start()
    get(f"{daemon.url}/metrics")

    def series() -> set[str]:
        page = get(f"{daemon.url}/metrics").splitlines()
        return {line.rpartition(" ")[0] for line in page if line.startswith("alertd_http") and "/metrics" not in line}

    _ask(daemon.port, "GET", "/nothing/here")
    _ask(daemon.port, "BREW", "/coffee")
    before = series()
    for number in range(50):
        _ask(daemon.port, "GET", f"/nothing/{number}?q={number}")
        _ask(daemon.port, f"BREW{number}", f"/coffee/{number}")
        _ask(daemon.port, "GET", f"/api/v2/silence/{number}")
        _ask(daemon.port, "GET", f"/metrics?names=x{number}")
    after = series() - before
    assert {line for line in after if '"/api/v2/silence/{silenceID}"' not in line} == set()
    assert not [line for line in before | after if "coffee" in line or "BREW" in line or "nothing" in line]


def _ask(port: int, method: str, path: str) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    connection.getresponse().read()
    connection.close()
