"""The sign of life: one request, and a word about what went wrong that holds no secret."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alertd.config.http import HttpConfig
from alertd.config.values import HeartbeatConfig
from alertd.telemetry.heartbeat import Heartbeat
from alertd.testing import ManualClock
from tests.servers import answer, http_server

pytestmark = pytest.mark.anyio


async def beat(url: str, **changes: Any) -> str:
    given = {"url": SecretStr(url), "url_file": "", "timeout": timedelta(seconds=5), **changes}
    one = Heartbeat(HeartbeatConfig(interval=timedelta(minutes=1), http=HttpConfig(), **given), ManualClock())
    try:
        return await one.beat()
    finally:
        await one.aclose()


async def test_it_asks_for_the_url(tmp_path: Path) -> None:
    async with http_server() as server:
        assert await beat(f"{server.url}/ping/hush") == ""
        path = tmp_path / "url"
        path.write_text(f"{server.url}/other\n")
        assert await beat("", url_file=str(path)) == ""
        assert [(one.method, one.path) for one in server.requests] == [("GET", "/ping/hush"), ("GET", "/other")]


async def test_what_goes_wrong_is_said_without_the_url(tmp_path: Path) -> None:
    async with http_server() as server:
        server.otherwise = answer(503)
        assert await beat(f"{server.url}/hush") == "the answer has the status 503"
        url = f"{server.url}/hush"
    said = await beat(url)
    assert "connect" in said
    assert "hush" not in said
    assert "cannot read" in await beat("", url_file=str(tmp_path / "gone"))
    (tmp_path / "bad").write_bytes(b"\xff")
    assert "not text" in await beat("", url_file=str(tmp_path / "bad"))
