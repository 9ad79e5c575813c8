"""The whole daemon in one process: it stops in time, whatever hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from alertd import app as module
from alertd import meters
from alertd.app import App
from alertd.clock import SystemClock
from alertd.config import load, reload
from alertd.config.telemetry import Telemetry
from alertd.config.values import Overrides
from alertd.core.alerts import Alert, State, Transition
from alertd.core.labels import Labels
from alertd.errors import ConfigError
from alertd.events import Beat, Event, FilesMissing, Trouble
from alertd.store import open_store
from alertd.telemetry import export
from alertd.telemetry.traces import Nothing
from alertd.testing import RecordingObserver
from alertd.web.server import bind
from tests.servers import http_server, silence

pytestmark = pytest.mark.anyio

CONFIG = """
prometheus: {{url: "http://127.0.0.1:{port}", timeout: 60s}}
rule_files: [rules.yml]
storage: {{url: memory}}
"""
RULES = "groups: [{name: g, interval: 100ms, rules: [{alert: A, expr: up}]}]"


ALIVE = """
heartbeat: {{url: "{url}/alive", interval: 50ms}}
storage: {{url: memory}}
"""


class Listener(RecordingObserver):
    """`beat` is the first one."""

    def __init__(self) -> None:
        super().__init__()
        self.beat: asyncio.Future[Beat] = asyncio.get_running_loop().create_future()

    def notice(self, event: Event) -> None:
        super().notice(event)
        if isinstance(event, Beat) and not self.beat.done():
            self.beat.set_result(event)


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Listener]:
    """A daemon for as long as the context lasts, and what it observes."""
    observer = Listener()
    load_again = partial(reload, path, Overrides())
    daemon = App(load(path), load_again, open_store("memory"), observer, SystemClock())
    stop, started = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(daemon.run(bind("127.0.0.1", 0), stop, lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 10)
    yield observer
    stop.set()
    await asyncio.wait_for(task, 10)


@pytest.mark.parametrize(
    "section",
    [
        "remote_write: {url: 'http://p/', http_config: {tls_config: {ca_file: nowhere.pem}}}",
        "metrics: {exporter: otlp, endpoint: 'http://c', http_config: {tls_config: {ca_file: nowhere.pem}}}",
    ],
)
async def test_a_certificate_that_is_not_there_is_named(tmp_path: Path, section: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"storage: {{url: memory}}\ntelemetry:\n  {section}\n")
    with pytest.raises(ConfigError, match=rf"telemetry.{section.split(':')[0]}: .*nowhere.pem"):
        App(load(path), lambda one: one, open_store("memory"), RecordingObserver(), SystemClock())


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass
    writer.close()


async def test_a_prometheus_that_hangs_does_not_keep_it_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.5)
    monkeypatch.setattr(module, "_SOON", 0.5)
    server = await asyncio.start_server(hang, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "config.yaml").write_text(CONFIG.format(port=port))
    (tmp_path / "rules.yml").write_text(RULES)
    async with running(tmp_path / "config.yaml"):
        pass
    server.close()
    await server.wait_closed()


async def test_it_says_to_the_outside_that_it_lives(tmp_path: Path) -> None:
    async with http_server() as server:
        (tmp_path / "config.yaml").write_text(ALIVE.format(url=server.url))
        async with running(tmp_path / "config.yaml") as observer:
            beat = await asyncio.wait_for(observer.beat, 10)
        assert server.requests[0].path == "/alive"
    assert (beat.ailments, beat.error) == ((), "")


MUTING = """
route:
  receiver: nobody
  routes: [{receiver: nobody, mute_time_intervals: [always], active_time_intervals: [never]}]
receivers: [{name: nobody}]
inhibit_rules: [{name: zones, source_match: {alertname: ZoneDown}, target_matchers: [alertname=JobDown], equal: [zone]}]
time_intervals: [{name: always, time_intervals: [{}]}]
mute_time_intervals: [{name: never}]
storage: {url: memory}
"""


async def test_what_the_configuration_mutes_is_muted(tmp_path: Path) -> None:
    path, now = tmp_path / "config.yaml", SystemClock().now()
    path.write_text(MUTING)
    daemon = App(
        load(path), partial(reload, path, Overrides()), open_store("memory"), RecordingObserver(), SystemClock()
    )
    await daemon.engine.restore()
    source, target = (
        Alert(name, Labels({"alertname": name, "zone": "a"}), State.FIRING, now, fired_at=now)
        for name in ("ZoneDown", "JobDown")
    )
    daemon.engine.dispatcher.receive([Transition(None, source)], now)
    (route,) = daemon.config.route.routes
    verdict = daemon.engine.mutes.verdict(target, route, now)
    assert str(verdict) == (
        'inhibited by {alertname="ZoneDown", zone="a"} (zones); muted by the time interval always; '
        "outside the active time interval never"
    )


RATIO = """
storage: {{url: memory}}
receivers: [{{name: nobody}}]
telemetry: {{traces: {{exporter: otlp, ratio: {ratio}}}, metrics: {{enabled: {counts}}}}}
"""


class Followed(Nothing):
    """Remembers which share was wanted."""

    def __init__(self) -> None:
        self.ratios: list[float] = []

    def follow(self, config: Telemetry) -> None:
        assert config.traces
        self.ratios.append(config.traces.ratio)


async def test_a_reload_changes_the_share_of_traces_and_names_what_needs_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, tracer = tmp_path / "config.yaml", Followed()
    path.write_text(RATIO.format(ratio=0.5, counts="true"))
    load_again = partial(reload, path, Overrides())
    daemon = App(load(path), load_again, open_store("memory"), RecordingObserver(), SystemClock(), tracer)
    await daemon.engine.restore()
    path.write_text(RATIO.format(ratio=0.25, counts="true"))
    await daemon.reload()
    assert tracer.ratios == [0.25]
    assert [record for record in caplog.records if getattr(record, "event", "") == "telemetry_kept"] == []
    path.write_text(RATIO.format(ratio=0.25, counts="false"))
    await daemon.reload()
    (record,) = [record for record in caplog.records if getattr(record, "event", "") == "telemetry_kept"]
    assert record.fields == {"changed": "metrics"}


async def test_a_pattern_that_matches_no_file_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("rule_files: [rules.yml]\nstorage: {url: memory}\n")
    async with running(tmp_path / "config.yaml") as observer:
        assert [one for one in observer.events if isinstance(one, FilesMissing)] == [
            FilesMissing("rules.yml", "check the path")
        ]


async def test_a_rule_file_that_is_gone_is_told_by_the_reload(tmp_path: Path) -> None:
    path, rules, observer = tmp_path / "config.yaml", tmp_path / "rules.yml", RecordingObserver()
    path.write_text(CONFIG.format(port=1))
    rules.write_text(RULES)
    daemon = App(load(path), partial(reload, path, Overrides()), open_store("memory"), observer, SystemClock())
    await daemon.engine.restore()
    assert await daemon.reload() == ()
    rules.unlink()
    assert list(map(str, await daemon.reload())) == [
        '- rules.yml, group "g": A',
        "rules.yml: no file matches (check the path)",
    ]
    assert [one for one in observer.events if isinstance(one, FilesMissing)] == [
        FilesMissing("rules.yml", "check the path")
    ]


EXPORTING = """
storage: {{url: memory}}
telemetry: {{metrics: {{exporter: otlp, endpoint: "{url}", interval: 1h}}}}
"""


async def test_what_was_counted_last_is_sent_before_it_ends(tmp_path: Path) -> None:
    async with http_server() as server:
        (tmp_path / "config.yaml").write_text(EXPORTING.format(url=server.url))
        async with running(tmp_path / "config.yaml"):
            assert server.requests == []
        assert [request.path for request in server.requests] == ["/v1/metrics"]


async def test_a_collector_that_hangs_does_not_keep_it_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters, "_LAST_WORDS", 0.2)
    async with http_server() as server:
        server.otherwise = silence
        (tmp_path / "config.yaml").write_text(EXPORTING.format(url=server.url))
        async with running(tmp_path / "config.yaml"):
            pass
        assert len(server.requests) == 1


async def test_a_bug_in_the_last_words_is_named_and_the_state_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("no such metric")

    monkeypatch.setattr(export, "encode", broken)
    (tmp_path / "config.yaml").write_text(EXPORTING.format(url="http://127.0.0.1:1"))
    async with running(tmp_path / "config.yaml") as observer:
        pass
    (trouble,) = (event for event in observer.events if isinstance(event, Trouble))
    assert (trouble.where, trouble.error) == ("the last metrics were not sent", "RuntimeError: no such metric")
