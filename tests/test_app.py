"""The whole daemon in one process: it stops in time, whatever hangs."""

import asyncio
from pathlib import Path

import pytest

from alertd import app as module
from alertd.app import App
from alertd.clock import SystemClock
from alertd.config import load, reload
from alertd.config.values import Overrides
from alertd.store import open_store
from alertd.testing import RecordingObserver
from alertd.web.server import bind

pytestmark = pytest.mark.anyio

CONFIG = """
prometheus: {{url: "http://127.0.0.1:{port}", timeout: 60s}}
rule_files: [rules.yml]
storage: {{url: memory}}
"""
RULES = "groups: [{name: g, interval: 100ms, rules: [{alert: A, expr: up}]}]"


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
    path, clock = tmp_path / "config.yaml", SystemClock()
    config = load(path)
    daemon = App(config, lambda last: reload(path, Overrides(), last), open_store("memory"), RecordingObserver(), clock)
    stop, started = asyncio.Event(), asyncio.Event()
    running = asyncio.ensure_future(daemon.run(bind("127.0.0.1", 0), stop, lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)
    server.close()
    await server.wait_closed()
