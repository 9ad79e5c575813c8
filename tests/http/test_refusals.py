"""Servers that answer before a request is whole: whoever wants the rest gets it, and what they said is heard."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from alertd.http import Reply
from alertd.http.connection import Connection
from alertd.http.reach import reach
from alertd.http.requests import Heads
from alertd.http.transport import Direct
from tests.http.asking import nothing_left, outcome, request, talking, turns

pytestmark = pytest.mark.anyio

CONTEXT = ssl.create_default_context()
REFUSED = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
NO = Reply(413, {"connection": "close", "content-length": "2"}, b"no")
LONG = b"x" * 20_000_000


@contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, threading.Event]]:
    """The URL of a server that does not wait for the loop, and closes after this; and whether it has closed one."""
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                one = listening.accept()[0]
            except OSError:
                return
            with one, suppress(OSError):
                talk(one)
            done.set()

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x", done
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def refuse(door: socket.socket) -> None:
    """Say no at the head, and close: what comes of the body resets the connection."""
    door.recv(200)
    door.sendall(REFUSED)


@pytest.mark.parametrize("size", [100_000, 1_000_000, 20_000_000])
async def test_a_server_that_refuses_and_closes_is_heard(size: int) -> None:
    with serving(refuse) as (url, _):
        for _ in range(5):
            async with Direct(CONTEXT) as way:
                assert await outcome(way, request(url, body=b"x" * size)) == NO


async def broken() -> Connection:
    """One that is sending when the server says no and resets it, which shows at the next piece that is sent."""
    with serving(refuse) as (url, done):
        way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        way.pause_writing()
        asking = asyncio.ensure_future(way.ask(Heads().head(request(url), 4), b"said" + LONG))
        await turns(1)
        done.wait()  # while the loop stands
        way.resume_writing()
        await asking
    return way


async def test_what_a_server_said_before_it_broke_is_heard() -> None:
    way = await broken()
    assert [await way.read() for _ in range(2)] == [b"no", b""]
    way.release()
    assert not way.rested()


async def test_nothing_is_sent_where_nobody_is(caplog: pytest.LogCaptureFixture) -> None:
    (await broken()).release()
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_who_says_that_it_is_wrong_may_want_the_rest() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n")
        await reader.readexactly(len(LONG))
        writer.write(b"no")
        await asyncio.Event().wait()

    async with nothing_left(), talking(talk) as url, Direct(CONTEXT) as way:
        assert await outcome(way, request(url, body=LONG)) == Reply(400, {"content-length": "2"}, b"no")
        (kept,) = way._kept.values()
        assert kept.rested()


@pytest.mark.parametrize("head", [b"1.1 413 No\r\nConnection: close\r\n", b"1.0 413 No\r\n"])
async def test_who_says_that_it_closes_wants_no_more(head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/" + head + b"Content-Length: 2\r\n\r\nn")
        await begun.wait()
        while await reader.read(1 << 20):
            pass

    begun = asyncio.Event()
    async with nothing_left(), talking(talk) as url, Direct(CONTEXT) as way:
        answer = await way.handle_async_request(request(url, body=LONG))
        (busy,) = way._kept.values()
        rest = len(busy._rest)
        begun.set()
        await turns(100)
        assert len(busy._rest) == rest > 0
        await answer.aclose()


async def test_an_answer_longer_than_what_may_wait_is_read_while_the_rest_is_sent() -> None:
    """A server that takes more only as its answer is taken."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.set_write_buffer_limits(0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG[1:])
        await writer.drain()
        await reader.readexactly(len(LONG))
        writer.write(LONG[:1])
        await asyncio.Event().wait()

    async with nothing_left(), talking(talk) as url, Direct(CONTEXT) as way:
        answer = await way.handle_async_request(request(url, body=LONG))
        assert await answer.aread() == LONG
        await answer.aclose()
