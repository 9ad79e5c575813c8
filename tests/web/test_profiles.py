"""Profiles over HTTP: off unless enabled, for those who are near or known, one at a time, within bounds."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from alertd.config.webmodels import TokenEntry, WebConfigFile
from alertd.errors import ProfileError
from alertd.web import endpoints
from alertd.web.profiles import Profiles
from alertd.web.server import guarded

from .listener import Listener, hashed

pytestmark = pytest.mark.anyio

TOKENS = (TokenEntry(name="t", token=SecretStr("letmein-please"), access="read"),)
SHOWN = {"Authorization": "Bearer letmein-please"}


@dataclass
class FakeProfiler:
    """Says what it was asked for."""

    busy: bool = False
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def processor(self, seconds: float, hz: int, form: str, gone: Any) -> bytes:
        if self.busy:
            raise ProfileError("a cpu profile is being taken")
        assert not await gone()
        self.asked.append(("cpu", seconds, hz, form))
        return b"cpu"

    async def memory(self, seconds: float, form: str, gone: Any) -> bytes:
        assert not await gone()
        self.asked.append(("heap", seconds, form))
        return b"heap"

    async def waiting(self, form: str) -> bytes:
        self.asked.append(("goroutine", form))
        return b"waiting"

    def command(self) -> bytes:
        return b"alertd\0run"


@dataclass
class Site:
    """Profiles behind a listener's guards; `peer` is who asks."""

    profiler: FakeProfiler | None = field(default_factory=FakeProfiler)
    listener: Listener = field(default_factory=Listener)
    peer: str = "127.0.0.1"

    async def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        routes = endpoints.routes(Profiles(lambda: self.profiler).endpoints())
        app = guarded(routes, "", self.listener.settings())
        transport = httpx.ASGITransport(app, client=(self.peer, 4000))
        async with httpx.AsyncClient(transport=transport, base_url="http://alertd") as client:
            return await client.request(method, f"/debug/pprof/{path}", headers=headers)


async def test_it_is_off_and_says_how_to_switch_it_on() -> None:
    for path in ("", "profile", "heap", "allocs", "goroutine", "cmdline", "symbol"):
        answer = await Site(profiler=None).ask(path)
        assert answer.status_code == 404
        assert "telemetry.profiling.enabled: true" in answer.text


async def test_what_is_asked_for_is_taken() -> None:
    site = Site()
    answer = await site.ask("profile?seconds=2&hz=50")
    assert (answer.content, answer.headers["content-type"]) == (b"cpu", "application/octet-stream")
    assert answer.headers["content-disposition"] == 'attachment; filename="alertd-profile.pb.gz"'
    assert (await site.ask("profile?format=speedscope")).headers["content-type"] == "application/json"
    assert (await site.ask("heap?seconds=1.5&format=folded")).content == b"heap"
    assert (await site.ask("allocs")).content == b"heap"
    assert (await site.ask("goroutine")).headers["content-type"] == "application/octet-stream"
    assert (await site.ask("goroutine?debug=2")).headers["content-type"].startswith("text/plain")
    assert site.profiler is not None
    assert site.profiler.asked == [
        ("cpu", 2.0, 50, "pprof"),
        ("cpu", 30.0, 100, "speedscope"),
        ("heap", 1.5, "folded"),
        ("heap", 5.0, "pprof"),
        ("goroutine", "pprof"),
        ("goroutine", "text"),
    ]
    assert (await site.ask("cmdline")).content == b"alertd\0run"
    assert (await site.ask("symbol")).text == (await site.ask("symbol", "POST")).text == "num_symbols: 0\n"


async def test_the_page_leads_to_all_of_them() -> None:
    page = (await Site().ask("")).text
    for path in ("profile?seconds=30", "heap?seconds=5", "goroutine?debug=2", "cmdline"):
        assert f'href="{path}"' in page


@pytest.mark.parametrize(
    "query",
    [
        "profile?seconds=0", "profile?seconds=301", "profile?seconds=nan", "profile?seconds=x", "profile?hz=0",
        "profile?hz=501", "profile?hz=inf", "profile?format=svg", "heap?seconds=-1", "heap?format=",
        "goroutine?format=x",
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(query: str) -> None:
    answer = await Site().ask(query)
    assert answer.status_code == 400
    assert "must be" in answer.text


async def test_a_second_one_has_to_wait() -> None:
    answer = await Site(FakeProfiler(busy=True)).ask("profile")
    assert (answer.status_code, answer.text) == (409, "a cpu profile is being taken\n")


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
async def test_who_asks_from_this_machine_is_answered(peer: str) -> None:
    assert (await Site(peer=peer).ask("cmdline")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.1", {}),
        ("10.0.0.1", {"Authorization": "Bearer whatever"}),
        ("::ffff:10.0.0.1", {}),
        ("a name", {}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
async def test_nobody_else_is(peer: str, headers: dict[str, str]) -> None:
    for path in ("", "profile", "goroutine"):
        assert (await Site(peer=peer).ask(path, **headers)).status_code == 403


async def test_who_is_known_is_answered_from_everywhere() -> None:
    listener = Listener()
    listener.configure(tokens=TOKENS, anonymous="read")
    site = Site(listener=listener, peer="10.0.0.1")
    assert (await site.ask("cmdline", **SHOWN)).status_code == 200
    assert (await site.ask("cmdline")).status_code == 403
    assert (await site.ask("cmdline", Authorization="Bearer wrong")).status_code == 401
    listener.configure(WebConfigFile(basic_auth_users={"ann": hashed("secret")}), tokens=())
    assert (await site.ask("cmdline", Authorization="Basic YW5uOnNlY3JldA==")).status_code == 200
