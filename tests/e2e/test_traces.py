"""The trace of an alert is complete, from the tick to every receiver, over a restart; and nobody waits for it."""

import json
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.collectors import Collected, OtlpHttp, Seen, Stalling, Zipkin
from tests.e2e.conftest import CONFIG, Rig
from tests.e2e.rig import Alertd, Process, free_port, until

pytestmark = pytest.mark.e2e

TELEMETRY = """
telemetry:
  environment: test
  traces: {{exporter: {exporter}, endpoint: "http://127.0.0.1:{port}", ratio: {ratio}, batch_delay: 200ms, {more}}}
"""


def config(exporter: str, port: int, ratio: float = 1, more: str = "") -> str:
    """The rig's, with traces; braces are doubled, since the rig fills in its ports."""
    text = TELEMETRY.format(exporter=exporter, port=port, ratio=ratio, more=more)
    return CONFIG + text.replace("{", "{{").replace("}", "}}")


@pytest.fixture(params=[OtlpHttp, Zipkin])
def collector(request: pytest.FixtureRequest) -> Iterator[Collected]:
    one = request.param()
    yield one
    one.close()


def sent(collector: Collected, name: str) -> list[Seen]:
    return collector.named("alertd.deliver", alertd_outcome="sent", alertd_integration=name)


def test_the_trace_of_an_alert_is_complete_over_a_restart(rig: Rig, collector: OtlpHttp | Zipkin) -> None:
    rig.hook.status = 503
    alertd = rig.start(config=config(collector.exporter, collector.port))
    rig.exporter.set('broken{job="api"}', 1)
    until("the receiver to refuse, and the mail to be sent", lambda: rig.hook.attempts and rig.mailbox.mails)
    assert alertd.stop() == 0
    until("the mail in the trace", lambda: sent(collector, "email[0]"))
    rig.hook.status = 200
    alertd.start()
    until("the message after the restart", lambda: rig.hook.messages)
    (told,) = until("its span", lambda: sent(collector, "webhook[0]"))
    check_the_line(collector, told)
    check_requests(rig, collector, told)
    (mail,) = sent(collector, "email[0]")
    assert (mail.parent, mail.trace) == (told.parent, told.trace)
    assert "smtp send" in collector.below(mail)
    check_logs(alertd, collector)


def check_the_line(collector: Collected, told: Seen) -> None:
    """Evaluation, query, database, flush and every attempt are one trace, each below what caused it."""
    flush = collector.above(told)
    evaluation = collector.above(flush)
    assert (flush.name, evaluation.name, evaluation.parent) == ("alertd.flush group", "alertd.evaluate group", "")
    assert {"alertd.query", "sqlite record"} <= set(collector.below(evaluation))
    assert "sqlite commit" in collector.below(flush)
    assert {"POST", "sqlite settle"} <= set(collector.below(told))
    attempts = [one for one in collector.named("alertd.deliver") if one.parent == flush.id]
    refused = [one for one in attempts if one.failed]
    assert refused
    assert all(one.attributes["error.type"] == "server_error" for one in refused)
    record = collector.child(evaluation, "sqlite record")
    assert record.attributes["db.system.name"] == "sqlite"
    assert "INSERT INTO alerts" in record.attributes["db.query.text"]
    assert record.begun < record.ended <= evaluation.ended
    assert flush.attributes["alertd.reason"] == "first notification"
    assert evaluation.attributes["alertd.group"] == "demo"
    assert evaluation.resource["service.name"] == "alertd"


def check_requests(rig: Rig, collector: Collected, told: Seen) -> None:
    asked = collector.child(collector.child(collector.above(collector.above(told)), "alertd.query"), "POST")
    assert (asked.kind, asked.attributes["url.full"]) == ("client", f"{rig.prometheus.url}/api/v1/query")
    assert int(asked.attributes["http.response.status_code"]) == 200
    posted = collector.child(told, "POST")
    assert posted.attributes["url.full"] == f"http://127.0.0.1:{rig.hook.port}/REDACTED"
    assert rig.hook.causes[-1] == f"00-{posted.trace}-{posted.id}-01"


def check_logs(alertd: Alertd, collector: Collected) -> None:
    """Lines about what is traced carry its ids."""
    lines = [json.loads(line) for line in alertd.process.log.read_text().splitlines() if line.startswith("{")]
    known = {(one.trace, one.id): one.name for one in collector.spans}
    names = {line["msg"]: known.get((line.get("trace_id"), line.get("span_id"))) for line in lines}
    assert names["alert firing"] == "alertd.evaluate group"
    assert names["told"] == "alertd.deliver"


def test_what_told_somebody_is_exported_whatever_the_ratio(rig: Rig) -> None:
    collector = OtlpHttp()
    try:
        rig.start(config=config("otlp", collector.port, ratio=0, more="headers: {authorization: hush}"))
        time.sleep(2)  # evaluations in which nothing happens
        assert collector.spans == []
        rig.exporter.set('broken{job="api"}', 1)
        (told,) = until("its span", lambda: sent(collector, "webhook[0]"))
        check_the_line_is_there(collector, told)
        assert rig.hook.causes[-1].endswith("-01")
        assert collector.headers["authorization"] == "hush"
    finally:
        collector.close()


def check_the_line_is_there(collector: Collected, told: Seen) -> None:
    evaluation = collector.above(collector.above(told))
    assert evaluation.attributes["alertd.transitions"] == 1
    assert {"alertd.query", "sqlite record"} <= set(collector.below(evaluation))


RELOADING = """
storage: {{url: memory}}
receivers: [{{name: nobody}}]
reload: {{watch: 200ms}}
telemetry: {{traces: {{endpoint: "http://127.0.0.1:{port}", batch_delay: 200ms}}}}
"""


def test_a_reload_is_a_trace_whatever_asks_for_it(tmp_path: Path) -> None:
    collector = OtlpHttp()
    daemon = Alertd(tmp_path, RELOADING.format(port=collector.port), "groups: []\n")
    try:
        daemon.start()
        daemon.process.signal(signal.SIGHUP)
        (one,) = until("its span", lambda: collector.named("alertd.reload", alertd_reason="signal"))
        assert (one.parent, one.failed, collector.below(one)) == ("", False, ["alertd.load configuration"])
        urllib.request.urlopen(urllib.request.Request(f"{daemon.url}/-/reload", method="POST"), timeout=10).close()
        (one,) = until("its span", lambda: collector.named("alertd.reload", alertd_reason="request"))
        until("the request", lambda: collector.named("POST /-/reload"))
        assert collector.above(one).name == "POST /-/reload"
        daemon.config.write_text("nonsense: 1\n")
        (one,) = until("its span", lambda: collector.named("alertd.reload", alertd_reason="files"))
        assert (one.parent, one.failed) == ("", True)
    finally:
        daemon.close()
        collector.close()


@pytest.mark.parametrize("exporter", ["otlp", "otlp_grpc", "zipkin"])
def test_nobody_waits_for_who_does_not_take_traces(rig: Rig, exporter: str) -> None:
    stalling = Stalling()
    try:
        alertd = rig.start(config=config(exporter, stalling.port, more="queue: 20, batch_size: 5"))
        rig.exporter.set('broken{job="api"}', 1)
        until("the message", lambda: rig.hook.messages, patience=10)
        until("spans to be lost", lambda: alertd.metric("alertd_spans_lost_total") > 0)
        assert alertd.metric("alertd_group_iterations_missed_total") == 0
        assert alertd.metric("alertd_spans_exported_total") == 0
        begun, process = time.monotonic(), alertd.process
        assert alertd.stop() == 0
        assert time.monotonic() - begun < 10
        complaints = [line for line in process.log.read_text().splitlines() if '"traces are lost"' in line]
        assert len(complaints) <= 2
    finally:
        stalling.close()


def test_a_dead_collector_is_said_once_a_minute(rig: Rig) -> None:
    alertd = rig.start(config=config("otlp", free_port(), more="queue: 20, batch_size: 1"))
    until("spans to be lost", lambda: alertd.metric("alertd_spans_lost_total") > 20)
    assert alertd.metric("alertd_group_iterations_missed_total") == 0
    assert said(alertd.process) == 1


def said(process: Process) -> int:
    return process.log.read_text().count('"traces are lost"')
