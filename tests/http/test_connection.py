"""A connection: answers that come in their own way, pressure in both directions, and ends in the middle."""

import asyncio
import gc
import weakref
from contextlib import suppress

import httpx
import pytest

from alertd.http import Reply
from alertd.http.reach import reach
from alertd.http.requests import Heads
from tests.http.asking import heard, nothing_left, outcome, request, saying, talking, turns, way_to

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
FINE = OK + b"Content-Length: 2\r\n\r\nok"
SAID = Reply(200, {"content-length": "2"}, b"ok")
ENDED = ("unreachable", "the server ended the connection before its answer was complete")
LONG = b"x" * 20_000_000


@pytest.mark.parametrize(
    "said",
    [
        FINE,
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + FINE,
        OK + b"\r\nok",
    ],
)
async def test_an_answer_in_two_parts(said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await heard(reader):
            place = next(places)
            for part in (said[:place], said[place:]):
                writer.write(part)
                await turns()
            if b"Length" not in said and b"chunked" not in said:
                break

    places = iter(range(1, len(said)))
    async with way_to(talk) as (way, url):
        for _ in range(1, len(said)):
            reply = await outcome(way, request(url))
            assert isinstance(reply, Reply)
            assert (reply.status, reply.body) == (200, b"ok")


@pytest.mark.parametrize("head", [b"Content-Length: %d\r\n\r\n" % len(LONG), b"\r\n"])
async def test_what_nobody_reads_stays_with_the_server(head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.transport.set_write_buffer_limits(0)
        writer.write(OK + head)
        for place in range(0, len(LONG), 100_000):
            writer.write(LONG[place : place + 100_000])
            await writer.drain()
            sent.append(100_000)
        writer.close()

    sent: list[int] = []
    async with way_to(talk) as (way, url):
        answer = await way.handle_async_request(request(url))
        before = -1
        while before != len(sent):
            before = len(sent)
            await turns(50)
        assert sum(sent) < len(LONG) - 1_000_000
        assert await answer.aread() == LONG
        await answer.aclose()


async def test_a_long_request_is_sent_as_it_is_taken() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await heard(reader))
        writer.write(FINE)

    taken: list[bytes] = []
    async with way_to(talk) as (way, url):
        assert await outcome(way, request(url, body=LONG)) == SAID
    assert taken[0].endswith(LONG)


REFUSED = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize("after", ["closes", "waits", "reads on"])
async def test_a_refusal_before_the_request_is_whole(after: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(REFUSED + b"no")
        if after == "waits":
            await asyncio.Event().wait()
        while after == "reads on" and await reader.read(1 << 20):
            pass

    talks: list[bytes] = []
    async with way_to(talk) as (way, url):
        for count in (1, 2):
            assert await outcome(way, request(url, body=LONG)) == Reply(413, {"content-length": "2"}, b"no")
            await turns(50)
            assert len(talks) == count


async def test_a_refusal_ends_the_request_before_it_is_whole_itself() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(REFUSED + b"n")
        await read.wait()
        writer.write(b"o")
        await asyncio.Event().wait()

    read = asyncio.Event()
    async with way_to(talk) as (way, url):
        answer = await way.handle_async_request(request(url, body=LONG))
        read.set()
        assert await answer.aread() == b"no"
        await answer.aclose()


async def test_what_the_server_does_not_take_waits() -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await asyncio.Event().wait()

    async with way_to(talk) as (way, url), asyncio.TaskGroup() as group:
        asking = group.create_task(outcome(way, request(url, body=LONG)))
        await turns(100)
        (busy,) = way._kept.values()
        assert busy._transport
        assert 0 < busy._transport.get_write_buffer_size() < 1_000_000
        asking.cancel()


async def test_what_waits_is_not_for_the_next_request() -> None:
    """An answer may be whole while the end of a request has not gone out."""
    async with nothing_left(), talking(saying(FINE, stays=True)) as url:
        way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        assert way._transport
        stuck = way._transport = Stuck(way._transport)
        await way.ask(Heads().head(request(url), 4), b"said")
        assert await way.read() == b"ok"
        stuck.size = 1
        way.release()
        assert not way.rested()


async def test_one_that_others_have_replaced_closes_when_it_is_free() -> None:
    async with nothing_left(), talking(saying(FINE, stays=True)) as url:
        way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        await way.ask(Heads().head(request(url), 4), b"said")
        way.retire()
        assert way.open
        assert await way.read() == b"ok"
        way.release()
        assert not way.open


async def test_nothing_is_sent_from_within_what_asyncio_says() -> None:
    """Where it is told that there is room, asyncio would end a connection twice that breaks at what is sent."""
    async with nothing_left(), talking(saying(FINE, stays=True)) as url:
        way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        way.pause_writing()
        asking = asyncio.ensure_future(way.ask(Heads().head(request(url), 4), b"said" + LONG))
        await turns(1)
        before = len(way._rest)
        way.resume_writing()
        assert len(way._rest) == before > 0
        await asking
        way.release()


async def test_one_that_breaks_is_closed_at_once() -> None:
    async with nothing_left(), talking(saying(FINE, stays=True)) as url:
        way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        assert way.open
        way.abort()
        assert not way.open


async def test_a_request_that_did_not_go_out_to_its_end_is_not_followed_by_another() -> None:
    async with nothing_left(), talking(saying(FINE, stays=True)) as url:
        way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
        way.pause_writing()
        await way.ask(Heads().head(request(url), 4), b"said" + LONG)
        assert await way.read() == b"ok"
        assert way._transport
        assert way._transport.get_write_buffer_size() == 0
        way.release()
        assert not way.rested()


async def test_a_closed_one_needs_no_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        for said in (FINE, b"", OK + b"Content-Length: 9\r\n\r\nhalf", b"rubbish"):
            async with talking(saying(said)) as url:
                way = await reach(b"127.0.0.1", httpx.URL(url).port or 0, None)
                with suppress(httpx.RemoteProtocolError):
                    await way.ask(Heads().head(request(url), 4), b"said")
                    while await way.read():
                        pass
                way.release()
                there = [weakref.ref(way), weakref.ref(way._answers)]
                del way
                await turns(30)
                assert [one() for one in there] == [None, None], said
    finally:
        gc.enable()


class Stuck(asyncio.Transport):
    """A real one, which says that so many bytes wait in it."""

    def __init__(self, real: asyncio.Transport) -> None:
        super().__init__()
        self.real, self.size = real, 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.real.write(data)

    def abort(self) -> None:
        self.real.abort()

    def is_closing(self) -> bool:
        return self.real.is_closing()

    def get_write_buffer_size(self) -> int:
        return self.size


async def test_an_answer_that_begins_early_ends_the_request_no_earlier() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n")
        await reader.readexactly(len(LONG))
        writer.write(b"1\r\nk\r\n0\r\n\r\n")

    async with way_to(talk) as (way, url):
        reply = await outcome(way, request(url, body=LONG))
        assert isinstance(reply, Reply)
        assert reply.body == b"ok"


async def test_a_server_that_breaks_off_while_it_is_told() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)

    async with way_to(talk) as (way, url):
        assert await outcome(way, request(url, body=LONG)) == ENDED


async def test_a_server_that_breaks_off_in_a_body_without_a_length() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(OK + b"\r\nhalf")
        await turns()
        writer.get_extra_info("socket").setsockopt(1, 13, bytes([1, 0, 0, 0, 0, 0, 0, 0]))  # SO_LINGER: reset at close

    async with way_to(talk) as (way, url):
        assert await outcome(way, request(url)) == ENDED
