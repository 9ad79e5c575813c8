"""Whichever address answers first, and TLS: what is begun is ended, also when nobody waits any more."""

import asyncio
import gc
import os
import socket
import ssl
import struct
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import httpx
import pytest
import trustme

from alertd.http import Reply, reach
from alertd.http.connection import Connection
from alertd.http.requests import Heads
from alertd.http.transport import Direct
from tests.http.asking import Talk, heard, nothing_left, outcome, request, saying, sockets, talking, turns

pytestmark = pytest.mark.anyio

CA = trustme.CA()
OK = b"HTTP/1.1 200 OK\r\n"
FINE = OK + b"Content-Length: 2\r\n\r\nok"
SAID = Reply(200, {"content-length": "2"}, b"ok")
LONG = b"x" * 5_000_000


@contextmanager
def door(family: int = socket.AF_INET) -> Iterator[reach.Address]:
    """An address at which somebody listens."""
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        one.listen(5)
        yield family, one.getsockname()


@contextmanager
def wall() -> Iterator[reach.Address]:
    """An address at which nobody answers: whoever listens has too much to do."""
    with socket.socket() as one, socket.socket() as waits, socket.socket() as waits_too:
        one.bind(("127.0.0.1", 0))
        one.listen(0)
        for other in (waits, waits_too):
            other.setblocking(False)
            other.connect_ex(one.getsockname())
        yield socket.AF_INET, one.getsockname()


def gap(family: int = socket.AF_INET) -> reach.Address:
    """An address at which nobody listens."""
    with door(family) as address:
        return address


async def reached(*addresses: reach.Address) -> int:
    """The port of the one that was reached."""
    with await reach.first(addresses) as one:
        port: int = one.getpeername()[1]
        return port


async def test_the_first_that_answers() -> None:
    with door() as one, door(socket.AF_INET6) as other, wall() as never:
        async with nothing_left():
            assert await reached(one) == one[1][1]
            assert await reached(one, other) == one[1][1]
            assert await reached(gap(), one) == one[1][1]
            assert await reached(gap(), gap(socket.AF_INET6), other) == other[1][1]
            assert await reached(never, other) == other[1][1]
            assert await reached(never, gap(), one) == one[1][1]
            assert await reached(gap(), never, one) == one[1][1]


async def test_one_that_is_slow_may_still_be_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connected(address: reach.Address) -> socket.socket:
        if address == slow:
            await second.wait()
        elif address == late:
            second.set()
            await asyncio.Event().wait()
        return await real(address)

    real, second = reach._connected, asyncio.Event()
    monkeypatch.setattr(reach, "_connected", connected)
    monkeypatch.setattr(reach, "_HEAD_START", 0.001)
    with door() as slow, door() as late:
        async with nothing_left():
            assert await reached(slow, late) == slow[1][1]


async def test_the_last_one_has_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connected(address: reach.Address) -> socket.socket:
        if address == slow:
            answers = asyncio.Event()
            asyncio.get_running_loop().call_later(0.1, answers.set)
            await answers.wait()
        return await real(address)

    real = reach._connected
    monkeypatch.setattr(reach, "_connected", connected)
    monkeypatch.setattr(reach, "_HEAD_START", 0.001)
    with door() as slow:
        async with nothing_left():
            assert await reached(gap(), slow) == slow[1][1]


async def test_two_at_once_leave_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connected(address: reach.Address) -> socket.socket:
        one = await real(address)
        made.append(address)
        while len(made) < 2:
            await turns(1)
        return one

    made: list[reach.Address] = []
    real = reach._connected
    monkeypatch.setattr(reach, "_connected", connected)
    monkeypatch.setattr(reach, "_HEAD_START", 0.001)
    with door() as one, door() as other:
        async with nothing_left():
            assert await reached(one, other) in (one[1][1], other[1][1])
        assert len(made) == 2


async def test_no_address_answers() -> None:
    async with nothing_left():
        with pytest.raises(ConnectionRefusedError):
            await reached(gap())
        with pytest.raises(OSError, match="no address") as caught:
            await reached(gap(), gap(socket.AF_INET6))
    causes = caught.value.__cause__
    assert isinstance(causes, ExceptionGroup)
    assert [type(one) for one in causes.exceptions] == [ConnectionRefusedError] * 2


async def test_nobody_waits_any_more() -> None:
    with wall() as one, wall() as other, door() as third:
        for addresses in ((one,), (one, other), (one, third), (third, one), (third, other, one)):
            for turn in range(8):
                async with nothing_left(), asyncio.TaskGroup() as group:
                    trying = group.create_task(reached(*addresses))
                    await turns(turn)
                    trying.cancel()


def test_families_take_turns() -> None:
    def families(*ports: int) -> list[int]:
        addresses = [(socket.AF_INET6 if port > 5 else socket.AF_INET, ("", port)) for port in ports]
        return [place[1] for _, place in reach._in_turn(addresses)]

    assert families(6, 7, 1, 2) == [6, 1, 7, 2]
    assert families(1, 2, 3, 6) == [1, 6, 2, 3]
    assert families(1, 2) == [1, 2]
    assert families() == []


async def test_hosts_by_name() -> None:
    for host in ("localhost", "127.0.0.1", "127.1", "::1"):
        addresses = await reach._addresses(host.encode(), 80)
        assert {place[:2] for _, place in addresses} <= {("127.0.0.1", 80), ("::1", 80)}
    with pytest.raises(socket.gaierror):
        await reach._addresses(b"no.invalid", 80)


async def test_what_is_sent_does_not_wait_for_more() -> None:
    async with talking(saying(FINE, stays=True)) as url:
        way = await reach.reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        assert way._transport
        assert way._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        way.abort()


# TLS


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


def serving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("127.0.0.1").configure_cert(context)
    return context


@asynccontextmanager
async def secure(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Direct, str]]:
    """A way, and the URL of a server that begins TLS, and then talks like this."""

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(context or serving())
        await talk(reader, writer)

    async with nothing_left(), talking(begin) as url, Direct(trusting()) as way:
        yield way, url.replace("http:", "https:")


async def test_a_connection_with_tls_is_kept() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(writer)
        while True:
            await heard(reader)
            writer.write(FINE)

    talks: list[asyncio.StreamWriter] = []
    async with secure(talk) as (way, url):
        assert [await outcome(way, request(url)) for _ in range(3)] == [SAID] * 3
    assert len(talks) == 1


@asynccontextmanager
async def free() -> AsyncIterator[tuple[Connection, str]]:
    """A connection with TLS on which one request has been answered; it is still to be released."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(FINE)
        await asyncio.Event().wait()

    async with secure(talk) as (_, url):
        way = await reach.reach(b"127.0.0.1", httpx.URL(url).port or 0, trusting())
        await way.ask(Heads().head(request(url), 4), b"said")
        assert await way.read() == b"ok"
        yield way, url
        way.abort()
        await turns()


async def test_one_whose_socket_is_gone_is_not_used_though_tls_does_not_know_yet() -> None:
    async with free() as (way, _):
        way.release()
        assert way.rested()
        assert way._socket
        way._socket.abort()
        while way._transport:
            assert not way.rested()
            await turns(1)


async def test_what_waits_under_tls_is_not_for_the_next_request() -> None:
    class Stuck(asyncio.Transport):
        def get_write_buffer_size(self) -> int:
            return 1

        def is_closing(self) -> bool:
            return real is None or real.is_closing()

    async with free() as (way, _):
        real, way._socket = way._socket, Stuck()
        way.release()
        assert not way.rested()


@pytest.mark.parametrize("ends", ["untrusted", "in the middle", "nobody waits"])
async def test_tls_that_did_not_begin_leaves_nothing_for_the_collector(
    ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Seen(Connection):
        def __init__(self) -> None:
            super().__init__()
            there.extend((weakref.ref(self), weakref.ref(self._answers)))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if ends == "untrusted":
            await writer.start_tls(serving())
        elif ends == "in the middle":
            await reader.read(1 << 16)
        else:
            await asyncio.Event().wait()

    async def fail() -> None:
        async with Direct(ssl.create_default_context()) as way:
            result = await outcome(way, request(url.replace("http:", "https:")), 0.1 if ends == "nobody waits" else 10)
            assert result[0] == ("timeout" if ends == "nobody waits" else "tls")  # type: ignore[index]

    there: list[weakref.ref[object]] = []
    monkeypatch.setattr(reach, "Connection", Seen)
    gc.collect()
    gc.disable()
    try:
        async with talking(talk) as url:
            await fail()
            await turns(30)
            assert [one() for one in there] == [None, None]
    finally:
        gc.enable()


async def test_what_is_spoken_is_agreed_on() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoken.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await heard(reader)
        writer.write(FINE)

    spoken: list[str] = []
    context = serving()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with secure(talk, context) as (way, url):
        assert await outcome(way, request(url)) == SAID
    assert spoken == ["http/1.1"]


@pytest.mark.parametrize("goodbye", [False, True])
@pytest.mark.parametrize("head", [b"Content-Length: %d\r\n\r\n" % len(LONG), b"\r\n"])
async def test_long_bodies_both_ways(head: bytes, *, goodbye: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await heard(reader))
        writer.write(OK + head + LONG)
        await writer.drain()
        if goodbye:
            writer.close()
            await reader.read()
        else:
            while writer.transport._ssl_protocol._transport.get_write_buffer_size():  # type: ignore[attr-defined]
                await turns(1)
            writer.transport._ssl_protocol._transport.close()  # type: ignore[attr-defined]
            await turns(3)

    taken: list[bytes] = []
    async with secure(talk) as (way, url):
        answer = await way.handle_async_request(request(url, body=LONG))
        await turns(50)  # more comes than is taken
        assert await answer.aread() == LONG
        await answer.aclose()
    assert taken[0].endswith(LONG)


async def test_a_certificate_that_is_wanted_later() -> None:
    """Since TLS 1.3 the server says so when the client believes that all is well."""
    context = serving()
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    CA.configure_trust(context)

    def serve() -> None:
        with context.wrap_socket(listening.accept()[0], server_side=True, do_handshake_on_connect=False) as one:
            with suppress(ssl.SSLError):
                one.do_handshake()
            while os.read(one.fileno(), 1 << 16):  # what is not read resets the connection, and nobody hears why
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        for way in (Direct(trusting()), httpx.AsyncHTTPTransport(verify=trusting())):
            async with way:
                served = asyncio.ensure_future(asyncio.to_thread(serve))
                said = await outcome(way, request(url))
                await served
            assert said == (
                "tls",
                "TLS: the server wants a client certificate, or another one (tls_config.cert_file and key_file)",
            )


@pytest.mark.parametrize("reset", [False, True])
async def test_a_server_that_ends_while_tls_begins(*, reset: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 if reset else 1 << 16)
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with nothing_left(), talking(talk) as url, Direct(trusting()) as way:
        kind, words = await outcome(way, request(url.replace("http:", "https:")))  # type: ignore[misc]
    assert (kind, words[:30]) == (
        ("unreachable", "cannot connect: no route to th") if reset else ("tls", "TLS: the server ended the conn")
    )


async def test_nobody_waits_for_tls_any_more() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(silent) < 20:
            await asyncio.Event().wait()
        await writer.start_tls(serving())
        await heard(reader)

    silent: list[int] = []
    async with nothing_left(), talking(talk) as url, Direct(trusting()) as way:
        for turn in range(40):
            silent.append(turn)
            before = sockets()
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(outcome(way, request(url.replace("http:", "https:"))))
                await turns(turn % 20)
                asking.cancel()
            await turns()
            assert len(sockets()) - len(before) in (0, 1)  # the server's


async def test_a_context_that_cannot_be_used_any_more() -> None:
    class Gone(ssl.SSLContext):
        def wrap_bio(self, *_: object, **__: object) -> ssl.SSLObject:
            raise FileNotFoundError(2, "No such file", "/no/such")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()

    ended = asyncio.Event()
    async with nothing_left(), talking(talk) as url, Direct(Gone(ssl.PROTOCOL_TLS_CLIENT)) as way:
        with pytest.raises(httpx.ConnectError):
            await way.handle_async_request(request(url.replace("http:", "https:")))
        await ended.wait()
